// SPDX-License-Identifier: MIT
// Tests of what a load's course comes to, on courses small enough to be reckoned by hand.
#include "work/course.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define DEADLINE_US 100000u

static struct course_figures figures(const struct course_task *task, uint32_t count)
{
    struct course_figures f;
    struct arena *arena = arena_new(1 << 20);
    assert_non_null(arena);
    assert_int_equal(course_figures(&f, arena, task, count, DEADLINE_US), RC_OK);
    arena_free(arena);
    return f;
}

static void by_hand(void **state)
{
    (void)state;
    const struct course_task task[] = {
        {.fate = COURSE_ANSWERED, .latency_us = 10000, .copies = 1},
        {.fate = COURSE_UNDER_WAY, .latency_us = 999999999},
        {.fate = COURSE_ANSWERED, .latency_us = 100000, .copies = 3},
        {.fate = COURSE_ANSWERED, .latency_us = 100001, .copies = 2},
        {.fate = COURSE_FAILED, .latency_us = 50000},
        {.fate = COURSE_ANSWERED, .latency_us = 20000, .copies = 1},
    };
    const struct course_figures f = figures(task, 6);
    assert_int_equal(f.tasks, 5);
    assert_true(fabs(f.mean_us - 56000.2) < 1e-6);
    assert_int_equal(f.p50_us, 50000);
    assert_int_equal(f.p99_us, 100001);
    assert_int_equal(f.late, 2); // the third, and the one that failed early
    assert_int_equal(f.failed, 1);
    assert_int_equal(f.more_copies, 3);
    assert_int_equal(f.forecasts, 0);
    assert_false(course_is_late(&task[1], DEADLINE_US)); // not yet
}

static void of_nothing(void **state)
{
    (void)state;
    const struct course_task waits = {.fate = COURSE_UNDER_WAY};
    const struct course_figures f = figures(NULL, 0);
    assert_int_equal(f.tasks, 0);
    assert_false(f.mean_us > 0 || f.error > 0 || f.p99_us > 0);
    assert_int_equal(figures(&waits, 1).tasks, 0);
    assert_int_equal(course_median_us(&waits, 1, 0), 0);
    struct course_figures none;
    struct arena *arena = arena_new(1 << 20);
    assert_int_equal(course_figures(&none, arena, NULL, 1u << 30, DEADLINE_US), RC_NOMEM);
    arena_free(arena);
}

static void forecasts_are_held_to_account(void **state)
{
    (void)state;
    const struct course_task good = {.fate = COURSE_ANSWERED,
                                     .copy_us = 100,
                                     .has_forecast = true,
                                     .forecast_us = 110,
                                     .low_us = 90,
                                     .high_us = 100};
    struct course_task task[4] = {good, good, good, good};
    task[1].forecast_us = 50; // half of what it took, and the interval missed it
    task[1].high_us = 99;
    task[2].has_forecast = false;
    task[3].fate = COURSE_FAILED; // it was never seen how long it would have taken
    const struct course_figures f = figures(task, 4);
    assert_int_equal(f.forecasts, 2);
    assert_int_equal(f.within, 1);
    assert_true(fabs(f.error - 0.1) < 1e-9); // of 10 % and 50 %, the one that half do not exceed
}

// Against counting: as many are not above the median as are not below it.
static void medians_run_along(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(test_seed());
    struct course_task task[200];
    const uint32_t count = sizeof task / sizeof *task;
    for (uint32_t i = 0; i < count; i++)
        task[i] = (struct course_task){.fate = rng_below(&rng, 10) == 0 ? COURSE_UNDER_WAY
                                                                        : COURSE_ANSWERED,
                                       .latency_us = 1 + rng_below(&rng, 50)};
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t median = course_median_us(task, count, i);
        uint32_t below = 0;
        uint32_t above = 0;
        uint32_t all = 0;
        for (uint32_t k = 0; k < count; k++) {
            if (abs((int)k - (int)i) > COURSE_WINDOW / 2 || task[k].fate == COURSE_UNDER_WAY)
                continue;
            all++;
            below += task[k].latency_us < median;
            above += task[k].latency_us > median;
        }
        assert_true(2 * below <= all && 2 * above <= all);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_hand),
        cmocka_unit_test(of_nothing),
        cmocka_unit_test(forecasts_are_held_to_account),
        cmocka_unit_test(medians_run_along),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
