// SPDX-License-Identifier: MIT
// Tests of the window: against all samples kept, over many seeds.
#include "link/window.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define SAMPLES 200u

static void test_like_all_samples_kept(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 1000; round++) {
        const uint64_t span_us = 1 + rng_below(&dice, 1000);
        const bool is_min = round % 2;
        struct window w = is_min ? window_min(span_us) : window_max(span_us);
        uint64_t span[SAMPLES];
        uint64_t value[SAMPLES];
        uint64_t now_us = rng_below(&dice, 10000);
        for (unsigned n = 0; n < SAMPLES; n++) {
            now_us += rng_below(&dice, rng_below(&dice, 20) == 0 ? 20000 : 1000);
            span[n] = now_us / span_us;
            value[n] = rng_below(&dice, 100000);
            window_put(&w, value[n], now_us);
            uint64_t want = value[n];
            for (unsigned i = 0; i < n; i++)
                if (span[i] + WINDOW_SPANS > span[n])
                    want = is_min ? num_min(want, value[i]) : num_max(want, value[i]);
            uint64_t best = 0;
            assert_true(window_best(&w, &best, now_us));
            assert_int_equal(best, want);
        }
    }
}

static void test_samples_age(void **state)
{
    (void)state;
    struct window w = window_max(100);
    uint64_t best = 7;
    assert_false(window_best(&w, &best, 50));
    assert_int_equal(best, 7);
    window_put(&w, 5, 150);
    window_put(&w, 9, 10); // backwards: as at 150
    assert_true(window_best(&w, &best, 1099));
    assert_int_equal(best, 9);
    assert_false(window_best(&w, &best, 1100));
    window_put(&w, 1, UINT64_MAX);
    assert_true(window_best(&w, &best, 0));
    assert_int_equal(best, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_like_all_samples_kept),
        cmocka_unit_test(test_samples_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
