// SPDX-License-Identifier: MIT
// Tests of the pool: results come back by copy, the bound holds, an early end is clean.
#include "os/pool.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>

struct world {
    struct loop *loop;
    struct pool *pool;
    pthread_t main_thread;
    uint64_t sum;
    unsigned done;
};

struct square {
    uint64_t value;
    uint64_t result;
    pthread_t main_thread;
    int was_elsewhere;
};

static void setup(struct world *w, size_t jobs_max)
{
    struct err err;
    *w = (struct world){.main_thread = pthread_self()};
    assert_int_equal(loop_new(&w->loop, &err), RC_OK);
    assert_int_equal(pool_new(&w->pool, w->loop, jobs_max), RC_OK);
}

static void square_work(void *block)
{
    struct square *s = block;
    s->result = s->value * s->value;
    s->was_elsewhere = !pthread_equal(s->main_thread, pthread_self());
}

static void square_done(void *self, void *block)
{
    struct world *w = self;
    const struct square *s = block;
    assert_true(pthread_equal(w->main_thread, pthread_self()));
    assert_true(s->was_elsewhere);
    w->sum += s->result;
    w->done++;
}

static enum rc run_square(struct world *w, uint64_t value)
{
    const struct square s = {.value = value, .main_thread = w->main_thread};
    const struct pool_job job = {
        .work = square_work, .done = square_done, .self = w, .block = &s, .block_bytes = sizeof s};
    return pool_run(w->pool, &job);
}

static void results_come_back_on_the_loop(void **state)
{
    (void)state;
    struct world w;
    setup(&w, 100);
    for (uint64_t i = 1; i <= 100; i++)
        assert_int_equal(run_square(&w, i), RC_OK);
    assert_int_equal(run_square(&w, 1), RC_FULL);
    loop_run(w.loop);
    assert_int_equal(w.done, 100);
    assert_int_equal(w.sum, 338350); // n (n + 1) (2 n + 1) / 6
    assert_int_equal(run_square(&w, 2), RC_OK);
    loop_run(w.loop);
    assert_int_equal(w.sum, 338354);
    pool_free(w.pool);
    loop_free(w.loop);
}

struct counts { // outlive loop_free, which waits for the jobs
    atomic_uint begun;
    unsigned dropped;
};

static void free_work(void *block)
{
    struct counts *counts = *(struct counts **)block;
    atomic_fetch_add(&counts->begun, 1);
}

static void count_dropped(void *block)
{
    (*(struct counts **)block)->dropped++;
}

static void never_done(void *self, void *block)
{
    (void)self;
    (void)block;
    fail_msg("done after pool_free");
}

static void an_early_end_is_clean(void **state)
{
    (void)state;
    struct world w;
    setup(&w, 1000);
    struct counts counts = {0};
    struct counts *at = &counts;
    const struct pool_job job = {.work = free_work,
                                 .done = never_done,
                                 .dropped = count_dropped,
                                 .block = &at,
                                 .block_bytes = sizeof(void *)};
    for (int i = 0; i < 1000; i++)
        assert_int_equal(pool_run(w.pool, &job), RC_OK);
    pool_free(w.pool);
    loop_free(w.loop);
    assert_true(atomic_load(&counts.begun) <= 1000);
    assert_int_equal(counts.dropped, 1000); // begun or not: each block's end is told
    pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(results_come_back_on_the_loop),
        cmocka_unit_test(an_early_end_is_clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
