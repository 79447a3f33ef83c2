// SPDX-License-Identifier: MIT
// Arithmetic at its edges, where it would wrap.
#include "base/num.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void sums_and_products_do_not_wrap(void **state)
{
    (void)state;
    size_t v = 77;
    assert_false(num_add(SIZE_MAX, 1, &v));
    assert_false(num_mul(SIZE_MAX / 2 + 1, 2, &v));
    assert_int_equal(v, 77);
    assert_true(num_add(SIZE_MAX - 1, 1, &v));
    assert_true(v == SIZE_MAX);
    assert_true(num_mul(SIZE_MAX / 2, 2, &v));
    assert_true(v == SIZE_MAX - 1);
    assert_true(num_mul(0, SIZE_MAX, &v));
    assert_int_equal(v, 0);
}

static void mixing_wraps(void **state)
{
    (void)state;
    assert_true(num_wrap_add(UINT64_MAX, 2) == 1);
    assert_true(num_wrap_mul(UINT64_MAX, UINT64_MAX) == 1);
    assert_true(num_wrap_shift(UINT64_MAX, 63) == (uint64_t)1 << 63);
    assert_true(num_wrap_shift(UINT64_MAX, 0) == UINT64_MAX);
    assert_true(num_wrap_shift(3, 1) == 6);
    assert_true(num_rotate(0x8000000000000001u, 1) == 3);
    assert_true(num_rotate(0x0123456789abcdefu, 60) == 0xf0123456789abcdeu);
}

static void ranges_hold(void **state)
{
    (void)state;
    assert_int_equal(num_min(2, 3), 2);
    assert_int_equal(num_max(2, 3), 3);
    assert_int_equal(num_clamp(1, 2, 4), 2);
    assert_int_equal(num_clamp(3, 2, 4), 3);
    assert_int_equal(num_clamp(9, 2, 4), 4);
    assert_int_equal(num_div_ceil(0, 7), 0);
    assert_int_equal(num_div_ceil(7, 7), 1);
    assert_int_equal(num_div_ceil(8, 7), 2);
    assert_true(num_div_ceil(UINT64_MAX, 2) == UINT64_MAX / 2 + 1);
}

static void time_stops_at_never(void **state)
{
    (void)state;
    assert_true(time_after(UINT64_MAX - 1, 2) == UINT64_MAX);
    assert_true(time_after(5, UINT64_MAX) == UINT64_MAX);
    assert_int_equal(time_after(5, 6), 11);
    assert_int_equal(time_since(5, 11), 6);
    assert_int_equal(time_since(11, 5), 0); // a clock that went backwards
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_and_products_do_not_wrap),
        cmocka_unit_test(mixing_wraps),
        cmocka_unit_test(ranges_hold),
        cmocka_unit_test(time_stops_at_never),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
