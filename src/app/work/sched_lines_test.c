// SPDX-License-Identifier: MIT
// Tests of the scheduler in lines: a conversation as another simulator would have it, and lines
// that make no sense.
#include "work/sched_lines.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "wire/json.h"

#define TWO_HELPERS                                                                                \
    "{\"ev\":\"start\",\"t\":0,\"max_attempts\":3,\"give_up_ms\":1000,"                            \
    "\"types\":[{\"name\":\"a\"},{\"name\":\"b\"}],\"peers\":["                                    \
    "{\"id\":0,\"cls\":\"x\",\"slots\":1,\"ping_ms\":10,\"can\":[\"a\",\"b\"],"                    \
    "\"claims_reliability\":1},"                                                                   \
    "{\"id\":1,\"cls\":\"y\",\"slots\":1,\"ping_ms\":20,\"can\":[\"a\"],"                          \
    "\"claims_reliability\":1}]}"

#define TASK(t, id, type)                                                                          \
    "{\"ev\":\"task\",\"t\":" t ",\"task\":" id ",\"type\":\"" type                                \
    "\",\"size\":1,\"deadline_ms\":900}"

static struct sched_lines *open(void)
{
    struct sched_lines *s = NULL;
    assert_int_equal(sched_lines_new(&s, &policy_ewma), RC_OK);
    return s;
}

struct said { // what a line was answered with
    uint32_t assigns, cancels, timers;
    uint64_t task, helper; // of the last assign
};

// All answers to the last line: orders, at most one timer, and done at the end.
static struct said listen(struct sched_lines *s)
{
    char room[SCHED_LINES_BYTES];
    struct said said = {.assigns = 0};
    bool is_done = false;
    for (struct text text = text_of(room, sizeof room); sched_lines_next(s, &text);
         text = text_of(room, sizeof room)) {
        struct json_node *line = NULL;
        struct bytes op;
        assert_false(is_done);
        assert_int_equal(json_open(&line, bytes_text(room), NULL), RC_OK);
        assert_true(json_get_text(json_get(line, "op"), &op));
        if (bytes_is(op, "assign")) {
            said.assigns++;
            assert_true(json_get_u64(json_get(line, "task"), UINT32_MAX, &said.task));
            assert_true(json_get_u64(json_get(line, "peer"), 1, &said.helper));
            assert_int_equal(json_get_count(json_get(line, "pred")), 3);
        }
        said.cancels += bytes_is(op, "cancel");
        said.timers += bytes_is(op, "timer");
        is_done = bytes_is(op, "done");
        json_free(line);
    }
    assert_true(is_done);
    assert_true(said.timers <= 1);
    return said;
}

static struct said say(struct sched_lines *s, const char *line)
{
    struct err err = {.text = ""};
    assert_int_equal(sched_lines_input(s, bytes_text(line), &err), RC_OK);
    return listen(s);
}

static void a_task_comes_and_is_answered(void **state)
{
    (void)state;
    struct sched_lines *s = open();
    assert_null(sched_lines_refine(s));
    assert_int_equal(say(s, TWO_HELPERS).assigns, 0);
    assert_non_null(sched_lines_refine(s));
    const struct said said = say(s, TASK("1", "7", "b")); // which only the first one can
    assert_int_equal(said.assigns, 1);
    assert_int_equal(said.task, 7);
    assert_int_equal(said.helper, 0);
    assert_int_equal(said.timers, 1); // silence would tell, too
    assert_int_equal(say(s, "{\"ev\":\"result\",\"t\":40,\"task\":7,\"peer\":0,\"ok\":true,"
                            "\"total_ms\":39,\"work_ms\":20}")
                         .assigns,
                     0);
    sched_lines_free(s);
}

static void who_is_down_loses_its_task(void **state)
{
    (void)state;
    struct sched_lines *s = open();
    say(s, TWO_HELPERS);
    const uint64_t first = say(s, TASK("1", "1", "a")).helper;
    const struct said said = say(s, first == 0 ? "{\"ev\":\"down\",\"t\":9,\"peer\":0}"
                                               : "{\"ev\":\"down\",\"t\":9,\"peer\":1}");
    assert_int_equal(said.assigns, 1);
    assert_int_equal(said.helper, 1 - first);
    assert_int_equal(say(s, TASK("10", "2", "b")).assigns, first == 0 ? 0 : 1);
    assert_int_equal(say(s, "{\"ev\":\"up\",\"t\":11,\"peer\":0}").assigns, first == 0 ? 1 : 0);
    sched_lines_free(s);
}

// A wrong answer goes to the other one; when that is silent, the first one is asked again.
static void errors_and_silence(void **state)
{
    (void)state;
    struct sched_lines *s = open();
    say(s, TWO_HELPERS);
    say(s, TASK("1", "1", "a"));
    const struct said said =
        say(s, "{\"ev\":\"result\",\"t\":30,\"task\":1,\"peer\":0,\"ok\":false,\"total_ms\":29,"
               "\"work_ms\":0}");
    assert_int_equal(said.assigns, 1);
    assert_int_equal(said.helper, 1);
    assert_int_equal(say(s, "{\"ev\":\"timer\",\"t\":999}").assigns, 0);  // each had its copy
    assert_int_equal(say(s, "{\"ev\":\"timer\",\"t\":1002}").cancels, 0); // it is over
    sched_lines_free(s);
}

static void what_makes_no_sense(void **state)
{
    (void)state;
    static const char *const before[] = {"",
                                         "{",
                                         "[]",
                                         "{\"ev\":\"timer\",\"t\":0}",
                                         TASK("0", "1", "a"),
                                         "{\"ev\":\"start\",\"t\":0}",
                                         "{\"ev\":\"start\",\"t\":0,\"max_attempts\":3,\"give_up_"
                                         "ms\":1,\"types\":[],\"peers\":[{}]}",
                                         "{\"ev\":\"start\",\"t\":-1,\"max_attempts\":3,\"give_up_"
                                         "ms\":1,\"types\":[],\"peers\":[]}"};
    static const char *const after[] = {
        TWO_HELPERS,
        TASK("4", "1", "a"), // time does not run backwards
        TASK("5", "9", "a"), // twice
        TASK("5", "1", "c"),
        TASK("5", "-1", "a"),
        TASK("1e300", "1", "a"),
        "{\"ev\":\"up\",\"t\":5,\"peer\":2}",
        "{\"ev\":\"nothing\",\"t\":5}",
        "{\"ev\":\"result\",\"t\":5,\"task\":1,\"peer\":0,\"ok\":1,\"total_ms\":1,\"work_ms\":1}",
        "{\"ev\":\"result\",\"t\":5,\"task\":1,\"peer\":0,\"ok\":true,\"total_ms\":-1}"};
    struct sched_lines *s = open();
    char room[SCHED_LINES_BYTES];
    struct text text = text_of(room, sizeof room);
    struct err err = {.text = ""};
    for (size_t i = 0; i < ARRAY_COUNT(before); i++) {
        assert_int_equal(sched_lines_input(s, bytes_text(before[i]), &err), RC_MALFORMED);
        assert_false(sched_lines_next(s, &text)); // nothing is owed
    }
    say(s, TWO_HELPERS);
    say(s, TASK("5", "9", "a"));
    for (size_t i = 0; i < ARRAY_COUNT(after); i++) {
        assert_int_equal(sched_lines_input(s, bytes_text(after[i]), &err), RC_MALFORMED);
        assert_false(sched_lines_next(s, &text));
    }
    assert_int_equal(say(s, TASK("6", "10", "a")).assigns, 1); // it goes on
    sched_lines_free(s);
    sched_lines_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_comes_and_is_answered),
        cmocka_unit_test(who_is_down_loses_its_task),
        cmocka_unit_test(errors_and_silence),
        cmocka_unit_test(what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
