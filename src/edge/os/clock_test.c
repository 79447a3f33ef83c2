// SPDX-License-Identifier: MIT
// Tests of the clocks: they move forward, and they are the right clocks.
#include "os/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <time.h>

static void monotonic_moves_forward(void **state)
{
    (void)state;
    const uint64_t first_us = clock_now_us();
    uint64_t last_us = first_us;
    while (last_us < first_us + 2000) { // two milliseconds, in steps that never go back
        const uint64_t now_us = clock_now_us();
        assert_true(now_us >= last_us);
        last_us = now_us;
    }
}

static void both_agree_with_the_system(void **state)
{
    (void)state;
    struct timespec t;
    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &t), 0);
    const uint64_t before_us = (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
    assert_true(clock_now_us() >= before_us);
    assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
    assert_true(clock_wall_s() >= (uint64_t)t.tv_sec);
    assert_true(clock_wall_s() <= (uint64_t)t.tv_sec + 60);
}

static void ticks_grow_with_time(void **state)
{
    (void)state;
    const uint64_t from = clock_ticks();
    const uint64_t start_us = clock_now_us();
    while (clock_now_us() < start_us + 2000)
        continue;
    assert_true(clock_ticks() - from > 2000); // finer than microseconds
}

static void processor_time_is_spent_by_working(void **state)
{
    (void)state;
    const uint64_t from = clock_cpu_us();
    const uint64_t start_us = clock_now_us();
    while (clock_cpu_us() < from + 2000)
        continue;
    assert_true(clock_now_us() - start_us >= 1900); // no more than passes
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(monotonic_moves_forward),
                                       cmocka_unit_test(both_agree_with_the_system),
                                       cmocka_unit_test(ticks_grow_with_time),
                                       cmocka_unit_test(processor_time_is_spent_by_working)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
