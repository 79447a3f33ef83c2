// SPDX-License-Identifier: MIT
// Tests of a helper's standing: two wrong results within the window bar, and nothing unbars.
#include "work/verify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

static void note(struct verify_record *r, uint32_t right, uint32_t wrong)
{
    for (uint32_t i = 0; i < right; i++)
        verify_note(r, true);
    for (uint32_t i = 0; i < wrong; i++)
        verify_note(r, false);
}

static void test_one_slip_is_forgiven(void **state)
{
    (void)state;
    struct verify_record r = {0};
    note(&r, 10, 1);
    assert_false(r.is_barred);
    note(&r, VERIFY_WINDOW, 1);
    assert_false(r.is_barred);
    assert_int_equal(r.strikes, 1);
    assert_int_equal(r.right, 10 + VERIFY_WINDOW);
    assert_int_equal(r.wrong, 2);
}

static void test_two_within_the_window_bar(void **state)
{
    (void)state;
    struct verify_record r = {0};
    note(&r, 5, 1);
    note(&r, VERIFY_WINDOW - 1, 0);
    assert_false(r.is_barred);
    note(&r, 0, 1);
    assert_true(r.is_barred);
    struct verify_record newcomer = {0};
    note(&newcomer, 0, 2);
    assert_true(newcomer.is_barred);
}

static void test_barred_for_good(void **state)
{
    (void)state;
    struct verify_record r = {0};
    note(&r, 0, 2);
    note(&r, 3 * VERIFY_WINDOW, 0);
    assert_true(r.is_barred);
    note(&r, 0, 5);
    assert_true(r.is_barred);
    assert_int_equal(r.strikes, VERIFY_STRIKES_MAX);
}

// A twin that remembers when each wrong result came.
static void test_as_a_naive_twin(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 200; round++) {
        struct verify_record r = {0};
        uint64_t last_wrong = UINT64_MAX;
        int is_barred = 0;
        uint64_t one_in = 200 + rng_below(&dice, 3000);
        for (uint64_t i = 0; i < 5000; i++) {
            int is_right = rng_below(&dice, one_in) != 0;
            verify_note(&r, is_right);
            if (!is_right) {
                is_barred |= last_wrong != UINT64_MAX && i - last_wrong <= VERIFY_WINDOW;
                last_wrong = i;
            }
            assert_int_equal(r.is_barred, is_barred);
            assert_int_equal(r.right + r.wrong, i + 1);
        }
    }
}

static void test_one_clean_draw_settles_it(void **state)
{
    (void)state;
    struct verify_draws d = {0};
    assert_int_equal(verify_draw(&d, 128, 0, true), VERIFY_RIGHT);
    assert_int_equal(d.parts, 128);
}

static void test_few_mismatches_ask_for_more(void **state)
{
    (void)state;
    struct verify_draws d = {0};
    assert_int_equal(verify_draw(&d, 128, 3, true), VERIFY_AGAIN);
    for (uint32_t i = 2; i < VERIFY_DRAWS_MAX; i++)
        assert_int_equal(verify_draw(&d, 128, 0, true), VERIFY_AGAIN);
    assert_int_equal(verify_draw(&d, 128, 1, true), VERIFY_RIGHT); // 4 of 1024 are forgiven
}

static void test_many_mismatches_are_wrong(void **state)
{
    (void)state;
    struct verify_draws d = {0};
    assert_int_equal(verify_draw(&d, 128, 4, false), VERIFY_WRONG); // by the kernel's own budget
    d = (struct verify_draws){0};
    assert_int_equal(verify_draw(&d, 128, 2, true), VERIFY_AGAIN);
    assert_int_equal(verify_draw(&d, 128, 3, true), VERIFY_WRONG); // 5 in all
}

static void test_draws_needed(void **state)
{
    (void)state;
    struct verify_record r = {0};
    assert_int_equal(verify_draws_needed(&r, 1), VERIFY_DRAWS_CLOSE); // a newcomer
    r.right = VERIFY_NEWCOMER;
    assert_int_equal(verify_draws_needed(&r, 1), 1);
    assert_int_equal(verify_draws_needed(&r, 5 * VERIFY_CLOSE_ONE_IN), VERIFY_DRAWS_CLOSE);
    r.strikes = 1;
    assert_int_equal(verify_draws_needed(&r, 1), VERIFY_DRAWS_CLOSE);
    struct verify_draws d = {.needed = 3};
    assert_int_equal(verify_draw(&d, 128, 0, true), VERIFY_AGAIN);
    assert_int_equal(verify_draw(&d, 128, 0, true), VERIFY_AGAIN);
    assert_int_equal(verify_draw(&d, 128, 0, true), VERIFY_RIGHT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_clean_draw_settles_it),
        cmocka_unit_test(test_draws_needed),
        cmocka_unit_test(test_few_mismatches_ask_for_more),
        cmocka_unit_test(test_many_mismatches_are_wrong),
        cmocka_unit_test(test_one_slip_is_forgiven),
        cmocka_unit_test(test_two_within_the_window_bar),
        cmocka_unit_test(test_barred_for_good),
        cmocka_unit_test(test_as_a_naive_twin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
