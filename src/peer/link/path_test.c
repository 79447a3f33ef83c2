// SPDX-License-Identifier: MIT
// Tests of the path: by hand, and against simulated lines whose truth is known.
#include "link/path.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

static void test_nothing_is_known_at_first(void **state)
{
    (void)state;
    struct path p = path_new(5);
    const struct path_view v = path_view(&p, 10);
    assert_true(v.rtt_us == 0 && v.base_us == 0 && v.rate_bytes_s == 0 && v.rtt_count == 0);
}

static void test_round_trips_by_hand(void **state)
{
    (void)state;
    struct path p = path_new(0);
    struct path_stamp stamp;
    static const uint64_t rtt_us[] = {10000, 30000, 30000, 30000, 30000};
    uint64_t now_us = 0;
    for (size_t i = 0; i < ARRAY_COUNT(rtt_us); i++) {
        path_sent(&p, 1000, false, now_us, &stamp);
        now_us += rtt_us[i];
        path_acked(&p, &stamp, 1000, now_us);
    }
    struct path_view v = path_view(&p, now_us);
    assert_int_equal(v.base_us, 10000);
    assert_int_equal(v.queue_us, 20000);
    assert_in_range(v.jitter_us, 1000, 1250); // 20 ms once
    assert_in_range(v.rtt_us, 18000, 19000);
    assert_int_equal(v.rate_bytes_s, 100000); // one packet in 10 ms was the most
    path_sent(&p, 1000, false, now_us, &stamp);
    path_lost(&p, 1000);
    v = path_view(&p, now_us);
    assert_int_equal(v.loss_permille, 15); // a 64th
    v = path_view(&p, now_us + 20 * (uint64_t)US_PER_S);
    assert_int_equal(v.rate_bytes_s, 0); // of long ago
    v = path_view(&p, now_us + 11 * (uint64_t)PATH_BASE_SPAN_US);
    assert_int_equal(v.base_us, 30000);
}

// A peer went, another has its place: late acknowledgements of the first change nothing.
static void test_stamps_of_another_path(void **state)
{
    (void)state;
    struct path p = path_new(0);
    struct path_stamp stamp[2];
    path_sent(&p, 1000, true, 0, &stamp[0]);
    path_acked(&p, &stamp[0], 1000, 10000);
    path_sent(&p, 1000, true, 10000, &stamp[1]);
    p = path_new(10000);
    path_acked(&p, &stamp[0], 1000, 20000);
    path_acked(&p, &stamp[1], 1000, 20000);
    assert_int_equal(path_view(&p, 20000).rtt_count, 0);
}

#define FLIGHT 4096u

// A line of some rate, delay, jitter and loss, sent to a little faster than it is, without an end
// of the queue: what is measured is the truth.
static void test_the_truth_is_found(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 300; round++) {
        const uint64_t rate = 20000 + rng_below(&dice, 10000000);
        const uint64_t base_us = 2000 + rng_below(&dice, 200000);
        const uint64_t loss_permille = rng_below(&dice, 100);
        const uint64_t bytes = 200 + rng_below(&dice, 1273);
        const uint64_t wire_us = bytes * US_PER_S / rate + 1;
        struct path p = path_new(0);
        struct path_stamp stamp[FLIGHT];
        uint64_t due_us[FLIGHT];
        uint64_t free_us = 0;
        uint64_t now_us = 0;
        unsigned sent = 0;
        unsigned back = 0;
        while (back < 20000) {
            // In flight: what the line holds, and a queue of five packets.
            const uint64_t window =
                (base_us / wire_us + 6 < FLIGHT) ? base_us / wire_us + 6 : FLIGHT;
            if (sent - back < window) {
                path_sent(&p, bytes, true, now_us, &stamp[sent % FLIGHT]);
                free_us = num_max(free_us, now_us) + wire_us;
                due_us[sent % FLIGHT] = free_us + base_us;
                sent++;
                continue;
            }
            now_us = num_max(now_us, due_us[back % FLIGHT]);
            if (rng_below(&dice, 1000) < loss_permille)
                path_lost(&p, bytes);
            else
                path_acked(&p, &stamp[back % FLIGHT], bytes, now_us);
            back++;
        }
        const struct path_view v = path_view(&p, now_us);
        const double truth = (double)bytes * 1e6 / (double)wire_us;
        if (base_us / wire_us + 6 < FLIGHT) {
            assert_true((double)v.rate_bytes_s < 1.02 * truth);
            assert_true((double)v.rate_bytes_s > (0.98 - 2e-3 * (double)loss_permille) * truth);
        }
        assert_in_range(v.base_us, base_us, base_us + 7 * wire_us);
        assert_true(v.loss_permille <= loss_permille + 200);
    }
}

// An application that sends little does not make the path look slow.
static void test_little_to_send_is_no_slow_path(void **state)
{
    (void)state;
    struct path p = path_new(0);
    struct path_stamp stamp[10];
    for (unsigned i = 0; i < 10; i++)
        path_sent(&p, 1000, true, i * 100, &stamp[i]);
    for (unsigned i = 0; i < 10; i++)
        path_acked(&p, &stamp[i], 1000, 10000 + i * 1000);
    const uint64_t fast = path_view(&p, 20000).rate_bytes_s;
    assert_true(fast > 500000);
    for (uint64_t now_us = 20000; now_us < 5000000; now_us += 100000) {
        path_sent(&p, 100, false, now_us, &stamp[0]);
        path_acked(&p, &stamp[0], 100, now_us + 10000);
    }
    assert_int_equal(path_view(&p, 5000000).rate_bytes_s, fast);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nothing_is_known_at_first),
        cmocka_unit_test(test_round_trips_by_hand),
        cmocka_unit_test(test_stamps_of_another_path),
        cmocka_unit_test(test_the_truth_is_found),
        cmocka_unit_test(test_little_to_send_is_no_slow_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
