// SPDX-License-Identifier: MIT
// Tests of shares: they sink under strangers' load alone, end somewhere, and come back.
#include "trust/share.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN SHARE_SPAN_US
#define MANY 200 // spans, more than any way takes

static uint32_t after(struct share *s, size_t spans, uint64_t idle_us, uint64_t strangers_us)
{
    uint32_t ppm = 0;
    for (size_t i = 0; i < spans; i++)
        ppm = share_next(s, SPAN, idle_us, strangers_us);
    return ppm;
}

static void with_time_left_anybody_may_have_all(void **state)
{
    (void)state;
    struct share s = share_first();
    assert_int_equal(after(&s, MANY, SPAN / 2, SPAN / 2), SHARE_WHOLE);
}

static void busy_strangers_sink_to_the_least(void **state)
{
    (void)state;
    struct share s = share_first();
    const uint32_t before = after(&s, 1, SPAN, 0);
    assert_true(after(&s, 1, 0, SPAN) < before);
    assert_int_equal(after(&s, MANY, 0, SPAN / 10), SHARE_MIN);
}

static void strangers_are_not_blamed_for_our_own_load(void **state)
{
    (void)state;
    struct share s = share_first();
    (void)after(&s, MANY, SPAN, 0);
    assert_int_equal(after(&s, MANY, 0, SPAN / 50), SHARE_WHOLE);
}

static void between_busy_and_free_nothing_moves(void **state)
{
    (void)state;
    struct share s = share_first();
    assert_int_equal(after(&s, MANY, SPAN / 5, SPAN / 2), SHARE_FIRST);
}

static void the_least_recovers(void **state)
{
    (void)state;
    struct share s = share_first();
    assert_int_equal(after(&s, MANY, 0, SPAN), SHARE_MIN);
    const uint32_t least = after(&s, 1, SPAN, 0);
    assert_true(least > SHARE_MIN);
    assert_int_equal(after(&s, 65, SPAN, 0), SHARE_WHOLE); // in some three seconds
}

// Strangers who take all that they get, at a cost to us of `times` what is counted: time is left.
static void it_settles(void **state)
{
    (void)state;
    for (uint64_t times = 1; times <= 8; times++) {
        struct share s = share_first();
        uint64_t ppm = SHARE_FIRST;
        for (size_t i = 0; i < MANY; i++) {
            const uint64_t asked = SPAN * ppm / SHARE_WHOLE * 20 * times; // 20 strangers
            const uint64_t cost = asked < SPAN ? asked : SPAN;
            ppm = share_next(&s, SPAN, SPAN - cost, cost / times);
        }
        assert_in_range(ppm * 20 * times, SHARE_WHOLE / 2, SHARE_WHOLE);
    }
}

static void long_spans_do_not_wrap(void **state)
{
    (void)state;
    struct share s = share_first();
    assert_int_equal(share_next(&s, UINT64_MAX, UINT64_MAX, 0), SHARE_FIRST * 9 / 8);
    assert_int_equal(share_next(&s, UINT64_MAX, 0, UINT64_MAX), SHARE_FIRST * 9 / 8 / 2);
    assert_in_range(share_next(&s, 0, 0, 0), SHARE_MIN, SHARE_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(with_time_left_anybody_may_have_all),
        cmocka_unit_test(busy_strangers_sink_to_the_least),
        cmocka_unit_test(strangers_are_not_blamed_for_our_own_load),
        cmocka_unit_test(between_busy_and_free_nothing_moves),
        cmocka_unit_test(the_least_recovers),
        cmocka_unit_test(it_settles),
        cmocka_unit_test(long_spans_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
