// SPDX-License-Identifier: MIT
// Tests of the planning policy: who is chosen, why, and against a naive twin.
#include "work/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/seed_test.h"

static size_t choose(const struct plan_candidate *c, size_t count)
{
    return plan_fastest.choose(c, count, 1);
}

static void test_nobody(void **state)
{
    (void)state;
    assert_true(choose(NULL, 0) == PLAN_NONE);
    assert_string_equal(plan_fastest.name, "fastest");
}

static void test_the_fastest(void **state)
{
    (void)state;
    const struct plan_candidate c[] = {{.work_us = 300, .free_slots = 1},
                                       {.work_us = 100, .free_slots = 1},
                                       {.work_us = 200, .free_slots = 9}};
    assert_int_equal(choose(c, ARRAY_COUNT(c)), 1);
}

static void test_equals_by_free_slots_then_order(void **state)
{
    (void)state;
    struct plan_candidate c[] = {{.work_us = 100, .free_slots = 1},
                                 {.work_us = 100, .free_slots = 3},
                                 {.work_us = 100, .free_slots = 3}};
    assert_int_equal(choose(c, ARRAY_COUNT(c)), 1);
    c[0].free_slots = 3;
    assert_int_equal(choose(c, ARRAY_COUNT(c)), 0);
}

static void test_failures_cost_time(void **state)
{
    (void)state;
    // Laplace: P(right) is 10 / 21 for the first, 1 / 2 for a newcomer.
    struct plan_candidate c[] = {
        {.work_us = 100, .free_slots = 1, .results_right = 9, .results_wrong = 10},
        {.work_us = 104, .free_slots = 1}}; // 208 us are to be expected, against 210
    assert_int_equal(choose(c, 2), 1);
    c[1].work_us = 106;
    assert_int_equal(choose(c, 2), 0);
}

static void test_extremes(void **state)
{
    (void)state;
    const struct plan_candidate c[] = {{.work_us = UINT64_MAX,
                                        .free_slots = UINT32_MAX,
                                        .results_right = UINT32_MAX,
                                        .results_wrong = UINT32_MAX},
                                       {.work_us = 0, .free_slots = 1, .results_wrong = 100}};
    assert_int_equal(choose(c, 2), 1); // no work at all is never too long
    assert_int_equal(choose(c, 1), 0);
}

// a is better than b, in whole numbers: work / P(right), compared crosswise.
static bool is_sooner(const struct plan_candidate *a, const struct plan_candidate *b)
{
    uint64_t x = a->work_us * (a->results_right + a->results_wrong + 2) * (b->results_right + 1);
    uint64_t y = b->work_us * (b->results_right + b->results_wrong + 2) * (a->results_right + 1);
    return x < y - y / 1000; // clear of rounding
}

static void test_no_other_would_be_sooner(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (int round = 0; round < 2000; round++) {
        struct plan_candidate c[8];
        size_t count = 1 + rng_below(&r, 8);
        for (size_t i = 0; i < count; i++)
            c[i] =
                (struct plan_candidate){.work_us = 1 + rng_below(&r, 1000),
                                        .free_slots = 1 + (uint32_t)rng_below(&r, 4),
                                        .slots = 4,
                                        .results_right = (uint32_t)rng_below(&r, PLAN_RESULTS - 10),
                                        .results_wrong = (uint32_t)rng_below(&r, 10)};
        size_t chosen = choose(c, count);
        assert_true(chosen < count);
        assert_int_equal(plan_fastest.choose(c, count, (uint64_t)round), chosen);
        for (size_t i = 0; i < count; i++)
            assert_false(is_sooner(&c[i], &c[chosen]));
    }
}

static void test_more_work_earns_no_more(void **state)
{
    (void)state;
    struct plan_candidate c[2] = {
        {.work_us = 100, .free_slots = 1, .slots = 1, .results_right = 100000},
        {.work_us = 100, .free_slots = 2, .slots = 2, .results_right = 2 * PLAN_RESULTS}};
    assert_int_equal(choose(c, 2), 1); // as good as equal: the one with more room
    c[1].results_wrong = 2 * PLAN_RESULTS;
    assert_int_equal(choose(c, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nobody),
        cmocka_unit_test(test_the_fastest),
        cmocka_unit_test(test_equals_by_free_slots_then_order),
        cmocka_unit_test(test_failures_cost_time),
        cmocka_unit_test(test_extremes),
        cmocka_unit_test(test_more_work_earns_no_more),
        cmocka_unit_test(test_no_other_would_be_sooner),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
