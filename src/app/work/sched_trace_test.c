// SPDX-License-Identifier: MIT
// Tests of the scheduler's trace: told the same, it orders the same; told otherwise, that is seen.
#include "work/sched_trace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/seed_test.h"

#define HELPERS 5u
#define LINES   40000u
#define STEPS   3000

struct line {
    size_t from, len;
};

struct trace {
    char text[8u << 20];
    size_t len;
    struct line line[LINES];
    size_t count;
    uint64_t orders, events;
};

static struct trace trace;

static void keep(struct trace *t, const char *line, size_t len)
{
    assert_true(t->count < LINES && t->len + len <= sizeof t->text);
    memcpy(t->text + t->len, line, len);
    t->line[t->count++] = (struct line){t->len, len};
    t->len += len;
}

static void on_start(void *self, const struct sched_cfg *cfg)
{
    char room[SCHED_TRACE_BYTES];
    struct text line = text_of(room, sizeof room);
    sched_trace_cfg(&line, cfg);
    assert_false(line.is_cut);
    keep(self, room, line.len);
}

static void on_event(void *self, const struct sched_event *e)
{
    char room[SCHED_TRACE_BYTES];
    struct text line = text_of(room, sizeof room);
    sched_trace_event(&line, e);
    assert_false(line.is_cut);
    keep(self, room, line.len);
    ((struct trace *)self)->events++;
}

static void on_order(void *self, const struct sched_order *o)
{
    char room[SCHED_TRACE_BYTES];
    struct text line = text_of(room, sizeof room);
    sched_trace_order(&line, o);
    assert_false(line.is_cut);
    keep(self, room, line.len);
    ((struct trace *)self)->orders++;
}

static const struct sched_watch watch = {&trace, on_start, on_event, on_order};

static double odd(struct rng *r, double most) // with all its digits
{
    return rng_unit(r) * most;
}

static void step(struct sched *s, struct rng *r, uint64_t now_us, uint64_t *id)
{
    const uint32_t helper = (uint32_t)rng_below(r, HELPERS);
    const uint64_t task_id = *id - rng_below(r, num_min(*id, 10));
    const struct sched_task task = {.id = *id + 1,
                                    .type = (uint32_t)rng_below(r, 2),
                                    .size = 0.1 + odd(r, 2),
                                    .within_us = rng_below(r, 100000),
                                    .object = rng_below(r, 3)};
    const struct sched_answer a = {.task = task_id,
                                   .helper = helper,
                                   .is_right = rng_below(r, 8) > 0,
                                   .total_us = odd(r, 60000),
                                   .work_us = odd(r, 20000),
                                   .size = odd(r, 2)};
    const struct sched_intro intro = {.says = {.ping_us = odd(r, 40000), .right = odd(r, 9)},
                                      .slots = 1 + (uint32_t)rng_below(r, 2),
                                      .ahead = (uint32_t)rng_below(r, 2),
                                      .can = 3,
                                      .is_new = rng_below(r, 4) == 0};
    const uint64_t what = rng_below(r, 20);
    if (rng_below(r, 50) == 0)
        sched_hour(s, odd(r, 24));
    if (what < 7)
        *id += sched_submit(s, &task, now_us) == RC_OK;
    else if (what < 12)
        sched_answer(s, &a, now_us);
    else if (what < 14)
        sched_back(s, &a, now_us);
    else if (what == 14)
        sched_join(s, helper, &intro, now_us);
    else if (what == 15)
        sched_leave(s, helper, now_us);
    else if (what == 16)
        sched_rest(s, helper, rng_below(r, 3) == 0, now_us);
    else if (what == 17)
        sched_drop(s, task_id, helper, now_us);
    else if (what == 18)
        sched_forget(s, task_id, now_us);
    else
        sched_tick(s, now_us);
}

static void record(uint64_t seed)
{
    struct rng r = rng_seeded(seed);
    struct sched_cfg cfg = {.helpers_max = HELPERS,
                            .tasks_max = 64,
                            .types = 2,
                            .attempts_max = 3,
                            .give_up_us = SCHED_NEVER,
                            .late_min_us = 30000,
                            .policy = policy_at(rng_below(&r, 3)),
                            .seed = seed,
                            .watch = &watch};
    struct arena *arena = arena_new(sched_bytes(&cfg));
    struct sched *s;
    struct sched_order o;
    uint64_t now_us = 1;
    uint64_t id = 1;
    memset(&trace, 0, sizeof trace);
    on_start(&trace, &cfg);
    assert_int_equal(sched_new(&s, arena, &cfg), RC_OK);
    for (int i = 0; i < STEPS; i++) {
        step(s, &r, now_us += rng_below(&r, 9000), &id);
        while (rng_below(&r, 5) > 0 && sched_next(s, &o))
            continue;
    }
    arena_free(arena);
}

// The number of the first line that is refused; the count of all: none.
static size_t replay(enum rc *rc, struct err *err)
{
    struct sched_replay *p;
    assert_int_equal(sched_replay_new(&p), RC_OK);
    size_t i = 0;
    for (*rc = RC_OK; i < trace.count; i++) {
        const struct line *l = &trace.line[i];
        *rc = sched_replay_line(p, bytes_of(trace.text + l->from, l->len), err);
        if (*rc != RC_OK)
            break;
    }
    if (*rc == RC_OK) {
        assert_int_equal(sched_replay_stat(p).events, trace.events);
        assert_int_equal(sched_replay_stat(p).orders, trace.orders);
    }
    sched_replay_free(p);
    return i;
}

static void the_same_orders_again(void **state)
{
    (void)state;
    const uint64_t seed = test_seed();
    for (uint64_t i = 0; i < 8; i++) {
        enum rc rc;
        struct err err = {.text = ""};
        record(seed + i);
        assert_true(trace.orders > 300 && trace.events > STEPS);
        assert_int_equal(replay(&rc, &err), trace.count);
        assert_int_equal(rc, RC_OK);
    }
}

static char *find(char *at, size_t len, const char *what)
{
    for (size_t i = 0; i + strlen(what) <= len; i++)
        if (memcmp(at + i, what, strlen(what)) == 0)
            return at + i;
    return NULL;
}

// One helper's word changed by a hair: sooner or later something else is ordered.
static void another_story_is_seen(void **state)
{
    (void)state;
    enum rc rc;
    struct err err = {.text = ""};
    record(test_seed());
    for (size_t i = 0; i < trace.count; i++) {
        char *at = trace.text + trace.line[i].from;
        char *us = find(at, trace.line[i].len, "\"total_us\":");
        if (us != NULL && us[11] >= '1' && us[11] <= '8')
            us[11]++;
    }
    assert_true(replay(&rc, &err) < trace.count);
    assert_int_equal(rc, RC_REFUSED);
    assert_non_null(strstr(err.text, "order"));
}

static void what_is_no_trace(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{}",
        "[]",
        "{\"is\":\"tick\",\"at_us\":1}", // before the settings
        "{\"is\":\"sched\",\"helpers_max\":1}",
        "{\"is\":\"sched\",\"helpers_max\":1,\"tasks_max\":1,\"types\":1,\"attempts_max\":0,"
        "\"give_up_us\":1,\"late_min_us\":1,\"policy\":\"ewma\",\"seed\":1}",
        "{\"is\":\"sched\",\"helpers_max\":1,\"tasks_max\":1,\"types\":1,\"attempts_max\":1,"
        "\"give_up_us\":1,\"late_min_us\":1,\"policy\":\"best\",\"seed\":1}",
    };
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct sched_replay *p;
        struct err err = {.text = ""};
        assert_int_equal(sched_replay_new(&p), RC_OK);
        assert_int_equal(sched_replay_line(p, bytes_text(bad[i]), &err), RC_MALFORMED);
        sched_replay_free(p);
    }
}

#define ANSWER(total_us, work_us, size)                                                            \
    "{\"is\":\"answer\",\"at_us\":9,\"task\":1,\"helper\":0,\"right\":true,\"total_us\":" total_us \
    ",\"work_us\":" work_us ",\"size\":" size "}"
#define SUBMIT(task, size)                                                                         \
    "{\"is\":\"submit\",\"at_us\":9,\"task\":" task ",\"type\":0,\"size\":" size                   \
    ",\"within_us\":1,\"object\":0}"

static void what_makes_no_sense(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"is\":\"tick\"}",
        "{\"is\":\"tick\",\"at_us\":4}", // time does not run backwards
        "{\"is\":\"leave\",\"at_us\":9,\"helper\":1}",
        "{\"is\":\"submit\",\"at_us\":9,\"task\":1,\"type\":1,\"size\":1,\"within_us\":1,"
        "\"object\":0}",
        "{\"is\":\"sched\",\"helpers_max\":1,\"tasks_max\":1,\"types\":1,\"attempts_max\":1,"
        "\"give_up_us\":1,\"late_min_us\":1,\"policy\":\"ewma\",\"seed\":1}",
        "{\"is\":\"nothing\"}",
        "{\"is\":\"hour\",\"at_us\":9,\"hour\":24}",
        ANSWER("1e300", "1", "1"),
        ANSWER("1", "-1", "1"),
        ANSWER("1", "1", "1e300"),
        SUBMIT("2", "1e300"),
        SUBMIT("2", "-1"),
    };
    struct sched_replay *p;
    struct err err = {.text = ""};
    assert_int_equal(sched_replay_new(&p), RC_OK);
    assert_int_equal(sched_replay_line(p, bytes_text(bad[4]), &err), RC_OK);
    assert_int_equal(sched_replay_line(p, bytes_text("{\"is\":\"tick\",\"at_us\":5}"), &err),
                     RC_OK);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(sched_replay_line(p, bytes_text(bad[i]), &err), RC_MALFORMED);
    assert_int_equal(sched_replay_line(p, bytes_text(SUBMIT("1", "1")), &err), RC_OK);
    assert_int_equal(sched_replay_line(p, bytes_text(SUBMIT("1", "1")), &err), RC_MALFORMED);
    assert_int_equal(
        sched_replay_line(p, bytes_text("{\"is\":\"late\",\"task\":1,\"helper\":0}"), &err),
        RC_REFUSED);
    sched_replay_free(p);
    sched_replay_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_orders_again),
        cmocka_unit_test(another_story_is_seen),
        cmocka_unit_test(what_is_no_trace),
        cmocka_unit_test(what_makes_no_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
