// SPDX-License-Identifier: MIT
// Tests of fitting: what can be learned is, the same rows give the same trees, also on a thread.
#include "os/fit.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"
#include "os/pool.h"

#define ROWS     1000u
#define FEATURES 3u

struct table {
    float row[ROWS * FEATURES];
    float want[ROWS];
    float said[ROWS];
};

// Slower where the first feature is high; the second is noise, the third never changes.
static void fill(struct table *t)
{
    struct rng rng = rng_seeded(test_seed());
    for (uint32_t i = 0; i < ROWS; i++) {
        t->row[i * FEATURES] = (float)rng_unit(&rng);
        t->row[i * FEATURES + 1] = (float)rng_unit(&rng);
        t->row[i * FEATURES + 2] = 7;
        t->want[i] = (t->row[i * FEATURES] > 0.7F ? 0.6F : 0.0F) + 0.1F * (float)rng_unit(&rng);
    }
}

static struct fit fit_of(struct table *t)
{
    return (struct fit){.row = t->row,
                        .want = t->want,
                        .row_count = ROWS,
                        .feature_count = FEATURES,
                        .said = t->said};
}

static void what_is_there_is_learned(void **state)
{
    (void)state;
    static struct table t;
    fill(&t);
    struct fit f = fit_of(&t);
    fit_work(&f);
    assert_int_equal(f.rc, RC_OK);
    assert_true(f.trees_bytes > 4 && f.trees_bytes <= FIT_BYTES_MAX);
    assert_int_equal(f.trees[0], FIT_TREES);
    double before = 0;
    double after = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        before += fabs((double)t.want[i]);
        after += fabs((double)(t.want[i] - t.said[i]));
    }
    assert_true(after < before / 4);
    struct fit again = fit_of(&t);
    fit_work(&again);
    assert_int_equal(again.trees_bytes, f.trees_bytes);
    assert_memory_equal(again.trees, f.trees, f.trees_bytes);
}

static void no_rows(void **state)
{
    (void)state;
    static struct table t;
    struct fit f = fit_of(&t);
    f.row_count = 0;
    fit_work(&f);
    assert_int_equal(f.rc, RC_CONFIG);
}

struct world {
    struct loop *loop;
    uint32_t trees_bytes;
};

static void fitted(void *self, void *block)
{
    struct world *w = self;
    const struct fit *f = block;
    assert_int_equal(f->rc, RC_OK);
    w->trees_bytes = f->trees_bytes;
    loop_stop(w->loop);
}

static void on_a_thread(void **state)
{
    (void)state;
    static struct table t;
    struct world w = {.trees_bytes = 0};
    struct pool *pool = NULL;
    struct err err;
    fill(&t);
    assert_int_equal(loop_new(&w.loop, &err), RC_OK);
    assert_int_equal(pool_new(&pool, w.loop, 1), RC_OK);
    const struct fit f = fit_of(&t);
    const struct pool_job job = {
        .work = fit_work, .done = fitted, .self = &w, .block = &f, .block_bytes = sizeof f};
    assert_int_equal(pool_run(pool, &job), RC_OK);
    loop_run(w.loop);
    assert_true(w.trees_bytes > 4);
    pool_free(pool);
    loop_free(w.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_there_is_learned),
        cmocka_unit_test(no_rows),
        cmocka_unit_test(on_a_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
