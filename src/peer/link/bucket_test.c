// SPDX-License-Identifier: MIT
// Tests of the token bucket: its examples, its bound over any span, its rate, its clock, its debt.
#include "link/bucket.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

static struct bucket bucket_of(uint64_t rate_bytes_s, uint64_t burst_bytes, uint64_t now_us)
{
    struct bucket b;
    const struct bucket_cfg cfg = {.rate_bytes_s = rate_bytes_s, .burst_bytes = burst_bytes};
    assert_int_equal(bucket_init(&b, &cfg, now_us), RC_OK);
    return b;
}

static void test_settings_are_checked(void **state)
{
    (void)state;
    const struct bucket_cfg bad[] = {
        {0, 1},
        {1, 0},
        {BUCKET_RATE_BYTES_S_MAX + 1, 1},
        {1, BUCKET_BURST_BYTES_MAX + 1},
    };
    struct bucket b = {.seen_us = 7};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(bucket_init(&b, &bad[i], 0), RC_CONFIG);
    assert_int_equal(b.seen_us, 7); // untouched
}

static void test_take_all_or_none(void **state)
{
    (void)state;
    struct bucket b = bucket_of(1000, 500, 0); // a byte a millisecond
    assert_int_equal(bucket_take(&b, 501, 0), RC_REFUSED);
    assert_int_equal(bucket_wait_us(&b, 501, 0), UINT64_MAX);
    assert_int_equal(bucket_take(&b, 400, 0), RC_OK);
    assert_int_equal(bucket_take(&b, 101, 0), RC_AGAIN);
    assert_int_equal(bucket_wait_us(&b, 101, 0), 1000);
    assert_int_equal(bucket_take(&b, 101, 999), RC_AGAIN);
    assert_int_equal(bucket_take(&b, 101, 1000), RC_OK);
    assert_int_equal(bucket_take(&b, 0, 1000), RC_OK);
    assert_int_equal(bucket_wait_us(&b, 0, 1000), 0);
    assert_int_equal(bucket_take(&b, 500, 1000 * 1000), RC_OK); // never more than the burst
    assert_int_equal(bucket_take(&b, 1, 1000 * 1000), RC_AGAIN);
}

static void test_debt_is_paid_first(void **state)
{
    (void)state;
    struct bucket b = bucket_of(1000, 500, 0);
    bucket_charge(&b, 400, 0); // was there
    assert_int_equal(bucket_wait_us(&b, 1, 0), 0);
    bucket_charge(&b, 2100, 0); // 2000 more than there was
    assert_int_equal(bucket_wait_us(&b, 1, 0), 2001 * 1000);
    assert_int_equal(bucket_take(&b, 1, 2000 * 1000), RC_AGAIN);
    assert_int_equal(bucket_take(&b, 0, 2000 * 1000), RC_OK);
    assert_int_equal(bucket_take(&b, 1, 2001 * 1000), RC_OK);
    bucket_charge(&b, UINT64_MAX, 2001 * 1000);
    bucket_charge(&b, UINT64_MAX, 2001 * 1000);
    assert_int_equal(bucket_wait_us(&b, 500, 2001 * 1000), (BUCKET_DEBT_BYTES_MAX + 500) * 1000);
    bucket_charge(&b, 1, UINT64_MAX); // as far ahead as time goes: all is paid
    assert_int_equal(bucket_take(&b, 499, UINT64_MAX), RC_OK);
}

static void test_another_rate_from_now_on(void **state)
{
    (void)state;
    struct bucket b = bucket_of(1000, 500, 0);
    const struct bucket_cfg fast = {.rate_bytes_s = 10000, .burst_bytes = 300};
    const struct bucket_cfg bad = {.rate_bytes_s = 0, .burst_bytes = 300};
    assert_int_equal(bucket_set(&b, &bad, 0), RC_CONFIG);
    assert_int_equal(bucket_take(&b, 500, 0), RC_OK);
    assert_int_equal(bucket_set(&b, &fast, 100 * 1000), RC_OK); // 100 bytes came at the old rate
    assert_int_equal(bucket_level_bytes(&b, 100 * 1000), 100);
    assert_int_equal(bucket_wait_us(&b, 100, 100 * 1000), 0);
    assert_int_equal(bucket_wait_us(&b, 300, 100 * 1000), 20 * 1000);
    bucket_charge(&b, 1100, 100 * 1000);
    assert_int_equal(bucket_set(&b, &fast, 100 * 1000), RC_OK); // what is owed stays owed
    assert_int_equal(bucket_wait_us(&b, 1, 100 * 1000), 100 * 1000 + 100);
    const struct bucket_cfg shallow = {.rate_bytes_s = 10000, .burst_bytes = 10};
    assert_int_equal(bucket_set(&b, &shallow, 300 * 1000), RC_OK);
    assert_int_equal(bucket_take(&b, 10, 300 * 1000), RC_OK);
    assert_int_equal(bucket_take(&b, 1, 300 * 1000), RC_AGAIN);
}

static void test_the_extremes_do_not_wrap(void **state)
{
    (void)state;
    struct bucket fast = bucket_of(BUCKET_RATE_BYTES_S_MAX, BUCKET_BURST_BYTES_MAX, 0);
    assert_int_equal(bucket_take(&fast, BUCKET_BURST_BYTES_MAX, 0), RC_OK);
    assert_int_equal(bucket_wait_us(&fast, BUCKET_BURST_BYTES_MAX, 0), US_PER_S);
    bucket_charge(&fast, UINT64_MAX, 0);
    assert_int_equal(bucket_wait_us(&fast, BUCKET_BURST_BYTES_MAX, 0), 2 * US_PER_S);
    assert_int_equal(bucket_take(&fast, BUCKET_BURST_BYTES_MAX, UINT64_MAX), RC_OK);
    struct bucket slow = bucket_of(1, BUCKET_BURST_BYTES_MAX, 0);
    bucket_charge(&slow, UINT64_MAX, 0);
    const uint64_t wait_us = bucket_wait_us(&slow, BUCKET_BURST_BYTES_MAX, 0);
    assert_int_equal(wait_us, (BUCKET_DEBT_BYTES_MAX + BUCKET_BURST_BYTES_MAX) * US_PER_S);
    struct bucket tiny = bucket_of(1, 1, 5);
    assert_int_equal(bucket_take(&tiny, 1, 5), RC_OK);
    assert_int_equal(bucket_wait_us(&tiny, 1, 5), US_PER_S);
    assert_int_equal(bucket_take(&tiny, 1, 5 + US_PER_S - 1), RC_AGAIN);
    assert_int_equal(bucket_take(&tiny, 1, 5 + US_PER_S), RC_OK);
}

static void test_a_clock_backwards_is_harmless(void **state)
{
    (void)state;
    struct bucket b = bucket_of(1000, 100, 10 * US_PER_S);
    assert_int_equal(bucket_take(&b, 100, 10 * US_PER_S), RC_OK);
    for (uint64_t i = 0; i < 1000; i++) // going back and forth wins nothing
        assert_int_equal(bucket_take(&b, 1, i % 2 ? 10 * US_PER_S : i), RC_AGAIN);
    assert_int_equal(bucket_wait_us(&b, 1, 9 * US_PER_S), US_PER_S + 1000);
    assert_int_equal(bucket_take(&b, 1, 10 * US_PER_S + 1000), RC_OK);
}

// Any calls at any times, also backwards: what was taken in all is never above burst + rate * t,
// and a wait that was announced is exact.
static void test_never_more_than_allowed(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 300; round++) {
        const uint64_t rate = 1 + rng_below(&dice, UINT64_C(1) << rng_below(&dice, 31));
        const uint64_t burst = 1 + rng_below(&dice, UINT64_C(1) << rng_below(&dice, 31));
        const uint64_t start_us = rng_below(&dice, UINT64_C(1) << 40);
        struct bucket b = bucket_of(rate, burst, start_us);
        uint64_t now_us = start_us;
        uint64_t latest_us = start_us;
        uint64_t taken = 0;
        for (int i = 0; i < 1000; i++) {
            now_us += rng_below(&dice, UINT64_C(1) << rng_below(&dice, 22));
            if (rng_below(&dice, 8) == 0)
                now_us -= num_min(now_us, rng_below(&dice, UINT64_C(1) << 22));
            latest_us = num_max(latest_us, now_us);
            const uint64_t len = rng_below(&dice, burst + 1);
            const uint64_t wait_us = bucket_wait_us(&b, len, now_us);
            const enum rc rc = bucket_take(&b, len, now_us);
            assert_int_equal(rc, wait_us == 0 ? RC_OK : RC_AGAIN);
            taken += rc == RC_OK ? len : 0;
            if (rc != RC_OK && rng_below(&dice, 2) == 0) {
                assert_int_equal(bucket_take(&b, len, now_us + wait_us - 1), RC_AGAIN);
                now_us += wait_us;
                latest_us = num_max(latest_us, now_us);
                assert_int_equal(bucket_take(&b, len, now_us), RC_OK);
                taken += len;
            }
            // One part in 2^53 is what a double may be off.
            const double allowed =
                (double)burst + (double)rate * (double)(latest_us - start_us) / (double)US_PER_S;
            assert_true((double)taken <= allowed * (1 + 1e-12));
        }
    }
}

// One who takes what it can get whenever it may: the rate over a minute is what was set.
static void test_the_long_run_rate(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 100; round++) {
        const uint64_t rate = 100 + rng_below(&dice, 1000000000);
        const uint64_t burst = 1 + rng_below(&dice, rate);
        const bool charges = round % 2;
        struct bucket b = bucket_of(rate, burst, 0);
        assert_int_equal(bucket_take(&b, burst, 0), RC_OK); // so that only refill counts
        const uint64_t end_us = UINT64_C(60) * US_PER_S;
        uint64_t now_us = 0;
        uint64_t taken = 0;
        uint64_t biggest = 0;
        while (now_us < end_us) {
            // Charged are also messages far above the burst, as long as a second's worth.
            const uint64_t len =
                1 + rng_below(&dice, charges ? rate / 4 : num_min(burst, rate / 4));
            now_us += bucket_wait_us(&b, charges ? 1 : len, now_us);
            if (charges)
                bucket_charge(&b, len, now_us);
            else
                assert_int_equal(bucket_take(&b, len, now_us), RC_OK);
            taken += len;
            biggest = num_max(biggest, len);
        }
        // The last one may be ahead (its debt) or behind (not yet taken), by its length.
        const double want = (double)rate * (double)now_us / (double)US_PER_S;
        assert_true((double)taken > want * 0.99 - (double)biggest);
        assert_true((double)taken < want * 1.01 + (double)(charges ? biggest : 0));
    }
}

// Asking often loses no fraction of a byte: after many odd steps, as after one.
static void test_small_steps_are_exact(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 50; round++) {
        const uint64_t rate = 1 + rng_below(&dice, 100000);
        struct bucket often = bucket_of(rate, 1000000000, 0);
        struct bucket once = often;
        bucket_charge(&often, 2000000000, 0);
        bucket_charge(&once, 2000000000, 0);
        uint64_t now_us = 0;
        for (int i = 0; i < 10000; i++) {
            now_us += rng_below(&dice, 100);
            (void)bucket_wait_us(&often, 1, now_us);
        }
        assert_int_equal(bucket_wait_us(&often, 1, now_us), bucket_wait_us(&once, 1, now_us));
        assert_int_equal(often.debt_bytes, once.debt_bytes);
        assert_int_equal(often.carry_byte_us, once.carry_byte_us);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_checked),
        cmocka_unit_test(test_take_all_or_none),
        cmocka_unit_test(test_debt_is_paid_first),
        cmocka_unit_test(test_another_rate_from_now_on),
        cmocka_unit_test(test_the_extremes_do_not_wrap),
        cmocka_unit_test(test_a_clock_backwards_is_harmless),
        cmocka_unit_test(test_never_more_than_allowed),
        cmocka_unit_test(test_the_long_run_rate),
        cmocka_unit_test(test_small_steps_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
