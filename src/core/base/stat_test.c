// SPDX-License-Identifier: MIT
// Quantiles against exact ones within the stated error; the registry's bounds.
#include "base/stat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define SAMPLES 2000

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void assert_near_exact(const struct quantiles *q, const uint64_t *sorted, size_t count)
{
    for (unsigned permille = 0; permille <= 1000; permille += 10) {
        const uint64_t rank = num_max(num_div_ceil(count * permille, 1000), 1);
        const double exact = (double)sorted[rank - 1];
        const double got = (double)quantiles_at(q, permille);
        assert_true(fabs(got - exact) <= QUANTILE_ERROR * exact);
    }
}

static void quantiles_are_within_their_error(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    static struct quantiles q;
    static uint64_t sample[SAMPLES];
    for (unsigned width = 1; width <= 64; width++) { // bits of the largest sample
        const size_t count = 1 + (size_t)rng_below(&r, SAMPLES);
        quantiles_init(&q);
        for (size_t i = 0; i < count; i++) {
            sample[i] = rng_u64(&r) >> (64 - width) >> rng_below(&r, width);
            quantiles_put(&q, sample[i]);
        }
        qsort(sample, count, sizeof *sample, by_size);
        assert_true(q.min == sample[0] && q.max == sample[count - 1] && q.count == count);
        assert_near_exact(&q, sample, count);
    }
}

static void every_octave_has_its_buckets(void **state)
{
    (void)state;
    static struct quantiles q;
    for (unsigned bit = 0; bit < 64; bit++)
        for (int off = 0; off <= 2; off++) {
            const uint64_t v = ((uint64_t)1 << bit) - 1 + (uint64_t)off;
            quantiles_init(&q);
            quantiles_put(&q, v);
            assert_true(quantiles_at(&q, 500) == v); // one sample: min and max hold it
            quantiles_put(&q, 0);
            quantiles_put(&q, UINT64_MAX);
            const double got = (double)quantiles_at(&q, 500);
            assert_true(fabs(got - (double)v) <= QUANTILE_ERROR * (double)v);
        }
}

static void nothing_has_no_quantile(void **state)
{
    (void)state;
    static struct quantiles q;
    quantiles_init(&q);
    assert_int_equal(quantiles_at(&q, 500), 0);
    quantiles_put(&q, UINT64_MAX);
    quantiles_put(&q, UINT64_MAX);
    assert_true(q.sum == UINT64_MAX); // it does not wrap
    assert_true(quantiles_at(&q, 0) == UINT64_MAX);
}

static void the_registry_is_walked_in_order(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 16);
    struct stats *s;
    assert_int_equal(stats_new(&s, arena, 3), RC_OK);
    counter_add(stats_counter(s, "tiles_done", "tiles done"), 3);
    gauge_set(stats_gauge(s, "helpers", "helpers present"), 4);
    quantiles_put(stats_quantiles(s, "wait_us", "wait for a helper, microseconds"), 17);
    assert_null(stats_counter(s, "one_more", "does not fit"));
    static const char *const name[] = {"tiles_done", "helpers", "wait_us"};
    struct stat_view v;
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_COUNT(name); i++) {
        assert_true(stats_next(s, &at, &v));
        assert_string_equal(v.name, name[i]);
        assert_int_equal(v.kind, (int)i);
        assert_true(v.kind != STAT_COUNTER || v.counter->count == 3);
        assert_true(v.kind != STAT_QUANTILES || v.quantiles->max == 17);
    }
    assert_false(stats_next(s, &at, &v));
    arena_free(arena);
}

static void a_spent_budget_is_said(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    struct stats *s;
    assert_int_equal(stats_new(&s, arena, STATS_COUNT_MAX), RC_NOMEM);
    assert_null(s);
    assert_int_equal(stats_new(&s, arena, 3), RC_OK);
    assert_null(stats_quantiles(s, "wait_us", "4 KiB do not fit"));
    assert_non_null(stats_counter(s, "wait_us", "and took neither room nor name"));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_their_error),
        cmocka_unit_test(every_octave_has_its_buckets),
        cmocka_unit_test(nothing_has_no_quantile),
        cmocka_unit_test(the_registry_is_walked_in_order),
        cmocka_unit_test(a_spent_budget_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
