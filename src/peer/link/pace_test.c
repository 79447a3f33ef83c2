// SPDX-License-Identifier: MIT
// Tests of the pace: it grows if used, gives way to delay and loss, and stays in its bounds.
#include "link/pace.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

static const struct pace_cfg plain = {.target_us = 20000,
                                      .rate_min = 1000,
                                      .rate_max = 10000000,
                                      .rate_first = 16000,
                                      .loss_permille = 50};

static void test_it_grows_only_if_it_is_used(void **state)
{
    (void)state;
    struct pace p = pace_new(&plain, 0);
    const struct pace_sample calm = {.rtt_us = 100000};
    pace_used(&p, 1000);
    assert_int_equal(pace_step(&p, &calm, 0), 32000);
    assert_int_equal(pace_step(&p, &calm, 100000), 32000); // not used
    assert_int_equal(pace_step(&p, &calm, 150000), 32000); // not yet
    pace_used(&p, 3200);
    assert_int_equal(pace_step(&p, &calm, 200000), 64000);
}

static void test_it_gives_way(void **state)
{
    (void)state;
    struct pace p = pace_new(&plain, 0);
    const struct pace_sample full = {.queue_us = 30000, .rtt_us = 50000, .rate_bytes_s = 12000};
    assert_int_equal(pace_step(&p, &full, 0), 8000); // its start is over: half, or what came
    const struct pace_sample over = {.queue_us = 25000, .rtt_us = 50000};
    assert_int_equal(pace_step(&p, &over, 50000), 7000); // a quarter over, an eighth less
    const struct pace_sample lossy = {.rtt_us = 50000, .loss_permille = 51};
    assert_int_equal(pace_step(&p, &lossy, 100000), 3500);
    const struct pace_sample calm = {.rtt_us = 50000, .loss_permille = 50};
    pace_used(&p, 1000);
    assert_int_equal(pace_step(&p, &calm, 150000), 3500 + 109 + 250); // by a 32nd, and a bit
}

// A line of some rate with a queue before it: the pace finds the rate and keeps the queue short.
static void test_it_finds_the_rate_of_a_line(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 200; round++) {
        const double line = (double)(20000 + rng_below(&dice, 2000000));
        const uint64_t base_us = 1000 + rng_below(&dice, 100000);
        struct pace p = pace_new(&plain, 0);
        uint64_t now_us = 0;
        double queue = 0; // bytes
        double sent = 0;
        double worst = 0;
        uint64_t rate = plain.rate_first;
        for (int i = 0; i < 60000; i++) { // a minute in milliseconds
            now_us += 1000;
            pace_used(&p, rate / 1000);
            queue += (double)rate / 1000;
            const double left = queue < line / 1000 ? queue : line / 1000;
            queue -= left;
            sent += i < 30000 ? 0 : left;
            const uint64_t queue_us = (uint64_t)(queue / line * 1e6);
            if (i > 30000 && (double)queue_us > worst)
                worst = (double)queue_us;
            const struct pace_sample s = {.queue_us = queue_us,
                                          .rtt_us = base_us + queue_us,
                                          .rate_bytes_s = (uint64_t)(left * 1000)};
            rate = pace_step(&p, &s, now_us);
        }
        assert_true(sent > 0.8 * line * 30);
        assert_true(worst < 60000);
    }
}

static void test_any_samples_stay_in_bounds(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 2000; round++) {
        struct pace_cfg cfg = plain;
        cfg.rate_max = UINT64_C(1) << rng_below(&dice, 41);
        cfg.rate_first = 1 + rng_below(&dice, cfg.rate_max);
        cfg.rate_min = 1 + rng_below(&dice, cfg.rate_first);
        cfg.target_us = 1 + rng_below(&dice, US_PER_S);
        struct pace p = pace_new(&cfg, 5);
        uint64_t now_us = 5;
        for (int i = 0; i < 100; i++) {
            const unsigned by = (unsigned)rng_below(&dice, 64);
            const struct pace_sample s = {rng_u64(&dice) >> by, rng_u64(&dice) >> by,
                                          rng_u64(&dice) >> by, rng_below(&dice, 1001)};
            pace_used(&p, rng_u64(&dice) >> by);
            now_us += rng_below(&dice, UINT64_C(1) << rng_below(&dice, 40));
            const uint64_t rate = pace_step(&p, &s, now_us);
            assert_true(rate >= cfg.rate_min && rate <= cfg.rate_max);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_grows_only_if_it_is_used),
        cmocka_unit_test(test_it_gives_way),
        cmocka_unit_test(test_it_finds_the_rate_of_a_line),
        cmocka_unit_test(test_any_samples_stay_in_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
