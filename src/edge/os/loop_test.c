// SPDX-License-Identifier: MIT
// Tests of the loop: timers are never early, the hook runs, signals arrive.
#include "os/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>

#include "os/clock.h"

struct world {
    struct loop *loop;
    struct loop_timer *timer;
    uint64_t due_us;
    unsigned fired;
    unsigned hooks;
    int signal;
};

static struct world world_new(void)
{
    struct world w = {0};
    struct err err;
    assert_int_equal(loop_new(&w.loop, &err), RC_OK);
    return w;
}

static void on_due(void *self)
{
    struct world *w = self;
    assert_true(loop_now_us(w->loop) >= w->due_us);
    assert_true(clock_now_us() >= w->due_us);
    w->fired++;
    if (w->fired < 20) {
        w->due_us = loop_now_us(w->loop) + UINT64_C(100) * w->fired; // odd parts of a millisecond
        loop_timer_at(w->timer, w->due_us);
    }
}

static void timers_are_never_early(void **state)
{
    (void)state;
    struct world w = world_new();
    assert_int_equal(loop_timer_new(&w.timer, w.loop, on_due, &w), RC_OK);
    w.due_us = clock_now_us() + 1500;
    loop_timer_at(w.timer, w.due_us);
    loop_run(w.loop);
    assert_int_equal(w.fired, 20);
    loop_timer_free(w.timer);
    loop_free(w.loop);
}

static void a_timer_moves_and_is_disarmed(void **state)
{
    (void)state;
    struct world w = world_new();
    w.fired = 100; // on_due does not arm it again
    assert_int_equal(loop_timer_new(&w.timer, w.loop, on_due, &w), RC_OK);
    loop_timer_at(w.timer, UINT64_MAX - 1);
    loop_timer_at(w.timer, UINT64_MAX);
    loop_run(w.loop); // nothing to wait for
    assert_int_equal(w.fired, 100);
    loop_timer_at(w.timer, UINT64_MAX - 1);
    loop_timer_at(w.timer, 1); // long past
    loop_run(w.loop);
    assert_int_equal(w.fired, 101);
    loop_timer_free(w.timer);
    loop_timer_free(NULL);
    loop_free(w.loop);
}

static void on_hook(void *self)
{
    ((struct world *)self)->hooks++;
}

static void the_hook_runs_once_a_turn(void **state)
{
    (void)state;
    struct world w = world_new();
    assert_int_equal(loop_timer_new(&w.timer, w.loop, on_due, &w), RC_OK);
    loop_timer_at(w.timer, UINT64_MAX - 1); // something to wait for
    loop_set_sleep_hook(w.loop, on_hook, &w);
    loop_turn(w.loop, false);
    loop_turn(w.loop, false);
    assert_int_equal(w.hooks, 2);
    loop_set_sleep_hook(w.loop, NULL, NULL);
    loop_turn(w.loop, false);
    assert_int_equal(w.hooks, 2);
    loop_timer_free(w.timer);
    loop_free(w.loop);
}

static void time_stands_within_a_turn(void **state)
{
    (void)state;
    struct world w = world_new();
    const uint64_t now_us = loop_now_us(w.loop);
    while (clock_now_us() < now_us + 1000)
        continue;
    assert_int_equal(loop_now_us(w.loop), now_us);
    loop_turn(w.loop, false);
    assert_true(loop_now_us(w.loop) >= now_us + 1000);
    loop_free(w.loop);
}

static void sleep_is_counted_and_work_is_not(void **state)
{
    (void)state;
    struct world w = world_new();
    w.fired = 100; // on_due does not arm it again
    assert_int_equal(loop_timer_new(&w.timer, w.loop, on_due, &w), RC_OK);
    w.due_us = clock_now_us() + 30000;
    loop_timer_at(w.timer, w.due_us);
    const uint64_t start_us = clock_now_us();
    loop_run(w.loop);
    const uint64_t idle_us = loop_idle_us(w.loop);
    assert_in_range(idle_us, 20000, clock_now_us() - start_us);
    while (clock_now_us() < w.due_us + 20000) // busy
        ;
    assert_int_equal(loop_idle_us(w.loop), idle_us);
    loop_timer_free(w.timer);
    loop_free(w.loop);
}

static void on_signal(void *self, int number)
{
    struct world *w = self;
    w->signal = number;
    loop_stop(w->loop);
}

static void signals_reach_the_loop(void **state)
{
    (void)state;
    struct world w = world_new();
    assert_int_equal(loop_timer_new(&w.timer, w.loop, on_due, &w), RC_OK);
    loop_timer_at(w.timer, UINT64_MAX - 1); // keeps it running
    assert_int_equal(loop_on_signal(w.loop, on_signal, &w), RC_OK);
    assert_int_equal(raise(SIGTERM), 0);
    loop_run(w.loop);
    assert_int_equal(w.signal, SIGTERM);
    assert_int_equal(raise(SIGINT), 0);
    loop_run(w.loop);
    assert_int_equal(w.signal, SIGINT);
    loop_timer_free(w.timer);
    loop_free(w.loop);
}

static void signals_alone_do_not_keep_it_running(void **state)
{
    (void)state;
    struct world w = world_new();
    assert_int_equal(loop_on_signal(w.loop, on_signal, &w), RC_OK);
    loop_run(w.loop);
    loop_free(w.loop);
    loop_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_are_never_early),
        cmocka_unit_test(a_timer_moves_and_is_disarmed),
        cmocka_unit_test(the_hook_runs_once_a_turn),
        cmocka_unit_test(time_stands_within_a_turn),
        cmocka_unit_test(sleep_is_counted_and_work_is_not),
        cmocka_unit_test(signals_reach_the_loop),
        cmocka_unit_test(signals_alone_do_not_keep_it_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
