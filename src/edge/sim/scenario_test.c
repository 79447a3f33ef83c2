// SPDX-License-Identifier: MIT
// Tests of scenarios: what is read, what may be left out, and what an error names.
#include "sim/scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD                                                                                       \
    "{\"schema\":\"shoal-scenario/1\",\"name\":\"n\",\"seed\":1,\"n_tasks\":10,"                   \
    "\"max_attempts\":3,\"give_up_ms\":1000,"
#define PEER "\"class\":\"fast\",\"count\":2,\"rtt_ms\":[5,9],\"reliability\":0.9,\"speed\":"
#define TASKS                                                                                      \
    "\"tasks\":[{\"name\":\"a\",\"deadline_ms\":30,\"work_ms\":4},"                                \
    "{\"name\":\"b\",\"deadline_ms\":50,\"work_ms\":9,\"share\":3}],"
#define RATE "\"arrivals\":{\"pattern\":\"poisson\",\"rate_per_s\":100}}"

static enum rc read(struct fleet_cfg *cfg, const char *text, struct err *err)
{
    return scenario_read(cfg, bytes_text(text), err);
}

static void what_is_left_out_is_usual(void **state)
{
    (void)state;
    struct fleet_cfg cfg;
    struct err err;
    const char *text = HEAD TASKS "\"peers\":[{" PEER "{\"a\":2}}]," RATE;
    assert_int_equal(read(&cfg, text, &err), RC_OK);
    assert_string_equal(cfg.name, "n");
    assert_true(cfg.task_count == 10 && cfg.attempts_max == 3 && cfg.type_count == 2);
    assert_true(cfg.group_count == 1 && cfg.group[0].count == 2);
    const struct fleet_group *g = &cfg.group[0];
    assert_true(g->rtt_ms.low >= 5 && g->rtt_ms.high <= 9 && g->slots.low >= 1);
    assert_true(g->speed[0].low >= 2 && g->speed[1].high <= 0); // b cannot be done
    assert_true(g->up_ms <= 0 && g->drift_to <= 0 && g->hot_slow <= 0 && g->busy_width_h <= 0);
    assert_true(cfg.type[1].share >= 3 && cfg.type[0].share >= 1 && cfg.pattern == FLEET_POISSON);
}

static void all_that_there_is(void **state)
{
    (void)state;
    struct fleet_cfg cfg;
    struct err err;
    const char *text = HEAD TASKS
        "\"peers\":[{" PEER
        "{\"*\":[1,2]},\"congestion\":{\"amp\":1,\"peak_hour\":20,\"width_h\":2},"
        "\"thermal\":{\"busy_ms\":100,\"slow\":2},\"drift\":{\"at_ms\":5,\"over_ms\":6,\"to\":3},"
        "\"churn\":{\"up_ms\":100,\"down_ms\":50}}],"
        "\"arrivals\":{\"pattern\":\"frames\",\"fps\":30,\"per_frame\":{\"a\":4}}}";
    assert_int_equal(read(&cfg, text, &err), RC_OK);
    const struct fleet_group *g = &cfg.group[0];
    assert_true(g->speed[1].high >= 2 && g->busy_peak_hour >= 20 && g->hot_slow >= 2);
    assert_true(g->drift_to >= 3 && g->up_ms >= 100 && g->down_ms >= 50);
    assert_true(cfg.pattern == FLEET_FRAMES && cfg.type[0].per_frame == 4);
    assert_int_equal(cfg.type[1].per_frame, 0);
}

static void errors_name_what_is_wrong(void **state)
{
    (void)state;
    struct fleet_cfg cfg;
    struct err err;
    static const struct {
        const char *text, *word;
    } bad[] = {
        {"{", "JSON"},
        {"{}", "schema"},
        {HEAD "\"peers\":[]," RATE, "tasks"},
        {HEAD TASKS RATE, "peers"},
        {HEAD TASKS "\"peers\":[{" PEER "{\"a\":[2,1]}}]," RATE, "speed"},
        {HEAD TASKS "\"peers\":[{\"class\":\"x\",\"count\":0}]," RATE, "count"},
        {HEAD TASKS "\"peers\":[{" PEER "{}}],\"arrivals\":{\"pattern\":\"rush\"}}", "rate_per_s"},
        {HEAD TASKS "\"peers\":[{" PEER "{}}],\"arrivals\":{}}", "pattern"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(read(&cfg, bad[i].text, &err), RC_MALFORMED);
        if (strstr(err.text, bad[i].word) == NULL)
            fail_msg("%s: not in: %s", bad[i].word, err.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_is_usual),
        cmocka_unit_test(all_that_there_is),
        cmocka_unit_test(errors_name_what_is_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
