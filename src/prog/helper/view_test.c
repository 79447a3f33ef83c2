// SPDX-License-Identifier: MIT
// Tests of what a helper's owner sees: a line for each event, few of many tasks, the totals.
#include "prog/helper/view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/num.h"
#include "prog/said_test.h"

static const struct helper_event ran = {.kind = HELPER_EVENT_RAN,
                                        .task = 7,
                                        .kernel = "trace",
                                        .expected_us = 12000,
                                        .wall_us = 10500,
                                        .cpu_us = 10000};

static void says(struct helper_view *v, const struct helper_event *e, uint64_t now_us,
                 const char *wants)
{
    struct said said;
    said_begin(&said, &stdout);
    helper_view_event(v, e, "hub:8765", now_us);
    assert_string_equal(said_end(&said), wants);
    said_free(&said);
}

static void each_event_has_its_line(void **state)
{
    (void)state;
    struct helper_view v = {.is_quiet = false};
    struct helper_event e = {.kind = HELPER_EVENT_IN};
    says(&v, &e, 0, "Connected to hub hub:8765. Ready to help.\n");
    says(&v, &ran, 0, "task 7  trace  done in 10.5 ms (12.0 expected; 10.0 of one core)\n");
    e = (struct helper_event){
        .kind = HELPER_EVENT_FAILED, .task = 8, .kernel = "echo", .text = "crashed"};
    says(&v, &e, 0, "task 8  echo   failed: crashed\n");
    e = (struct helper_event){.kind = HELPER_EVENT_VERDICT, .task = 9, .text = "pixel 3"};
    says(&v, &e, 0, "task 9  judged WRONG: pixel 3\n");
    e.is_right = true;
    says(&v, &e, 0, "");
}

static void scripts_get_every_event(void **state)
{
    (void)state;
    struct helper_view v = {.is_json = true, .is_quiet = true};
    says(&v, &ran, 0,
         "{\"event\":\"done\",\"task\":7,\"expected_ms\":12,\"ms\":10.5,\"cpu_ms\":10,"
         "\"right\":false,\"text\":\"\"}\n");
}

static void of_many_tasks_a_second_the_first_have_a_line(void **state)
{
    (void)state;
    struct helper_view v = {.is_quiet = false};
    struct said said;
    said_begin(&said, &stdout);
    for (unsigned i = 0; i < 3 * HELPER_VIEW_TASKS_A_S; i++)
        helper_view_event(&v, &ran, "", 5 * US_PER_S + i);
    helper_view_event(&v, &ran, "", 6 * US_PER_S);
    size_t lines = 0;
    for (const char *at = said_end(&said); *at != 0; at++)
        lines += *at == '\n';
    assert_int_equal(lines, HELPER_VIEW_TASKS_A_S + 1);
    said_free(&said);
}

static void the_quiet_hear_of_failures_alone(void **state)
{
    (void)state;
    struct helper_view v = {.is_quiet = true};
    const struct helper_event e = {
        .kind = HELPER_EVENT_FAILED, .task = 8, .kernel = "echo", .text = "crashed"};
    says(&v, &ran, 0, "");
    says(&v, &e, 0, "task 8  echo   failed: crashed\n");
}

static void totals(struct helper_view *v, const struct helper_stat *stat, const char *wants)
{
    struct said said;
    said_begin(&said, &stdout);
    helper_view_total(v, stat, v->start_us + 60 * US_PER_S);
    assert_string_equal(said_end(&said), wants);
    said_free(&said);
}

static void totals_are_told_when_they_change(void **state)
{
    (void)state;
    struct helper_view v = {.start_us = 1000};
    struct helper_stat stat = {.tasks_done = 0};
    totals(&v, &stat, "");
    stat = (struct helper_stat){.tasks_done = 3, .results_right = 2, .cpu_us = 1500000};
    totals(&v, &stat,
           "total: 3 tasks completed, 2 judged right; lent 1.5 s of one core in 1 min 0 s\n");
    totals(&v, &stat, "");
    stat.tasks_failed = 1;
    stat.results_wrong = 1;
    totals(&v, &stat,
           "total: 3 tasks completed, 2 judged right, 1 wrong, 1 failed; lent 1.5 s of one core in "
           "1 min 0 s\n");
    v = (struct helper_view){.is_json = true};
    totals(&v, &stat,
           "{\"event\":\"total\",\"tasks\":3,\"failed\":1,\"right\":2,\"wrong\":1,\"cpu_s\":1.5,"
           "\"up_s\":60}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_has_its_line),
        cmocka_unit_test(scripts_get_every_event),
        cmocka_unit_test(of_many_tasks_a_second_the_first_have_a_line),
        cmocka_unit_test(the_quiet_hear_of_failures_alone),
        cmocka_unit_test(totals_are_told_when_they_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
