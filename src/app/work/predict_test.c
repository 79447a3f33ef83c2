// SPDX-License-Identifier: MIT
// Tests of predictions: newcomers, what is learned, how honest the intervals are, what liars gain.
#include "work/predict.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define HELPERS 4u
#define TYPES   3u

struct world {
    struct arena *arena;
    struct predict *p;
    struct rng rng;
};

static void open(struct world *w)
{
    w->arena = arena_new(predict_bytes(HELPERS) + 65536);
    assert_non_null(w->arena);
    w->p = predict_new(w->arena, HELPERS, TYPES);
    assert_non_null(w->p);
    w->rng = rng_seeded(test_seed());
    for (uint32_t i = 0; i < HELPERS; i++)
        predict_join(w->p, i,
                     &(struct predict_intro){.class = 1, .ping_us = 20000, .reliability = 0.9});
}

static void close(struct world *w)
{
    arena_free(w->arena);
}

static struct predict_forecast ask(const struct world *w, uint32_t helper, uint32_t type)
{
    struct predict_forecast f;
    predict_ask(w->p, helper, type, 1, &f);
    return f;
}

static void tell(struct world *w, uint32_t helper, uint32_t type, double net_us, double work_us)
{
    const struct predict_forecast f = ask(w, helper, type);
    predict_tell(w->p, helper,
                 &(struct predict_answer){.end = PREDICT_RIGHT,
                                          .type = type,
                                          .size = 1,
                                          .total_us = net_us + work_us,
                                          .work_us = work_us,
                                          .was_free = true,
                                          .forecast = &f});
}

static void fail_one(struct world *w, uint32_t helper, enum predict_end end)
{
    const struct predict_forecast f = ask(w, helper, 0);
    predict_tell(w->p, helper, &(struct predict_answer){.end = end, .size = 1, .forecast = &f});
}

static double noise(struct world *w, double sigma)
{
    const double u = fmax(1e-9, rng_unit(&w->rng));
    return exp(sigma * sqrt(-2 * log(u)) * cos(6.283185307 * rng_unit(&w->rng)));
}

static bool is_within(double x, double want, double share)
{
    return fabs(x - want) <= share * want;
}

static void a_newcomer_is_as_far_as_it_was_measured(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    const struct predict_forecast f = ask(&w, 0, 0);
    assert_true(is_within(f.net_us, 20000, 0.001));
    assert_true(f.work_us > 0 && f.spread_us > 0);
    assert_true(f.chance > 0.8 && f.chance < 0.95);
    close(&w);
}

static void ten_answers_are_enough(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    for (int i = 0; i < 10; i++)
        tell(&w, 0, 0, 31000 * noise(&w, 0.05), 7000 * noise(&w, 0.1));
    const struct predict_forecast f = ask(&w, 0, 0);
    assert_true(is_within(f.net_us, 31000, 0.1));
    assert_true(is_within(f.work_us, 7000, 0.2));
    predict_ask(w.p, 0, 0, 3, &(struct predict_forecast){.helper = 0});
    close(&w);
}

static void work_grows_with_size(void **state)
{
    (void)state;
    struct world w;
    struct predict_forecast f;
    open(&w);
    for (int i = 0; i < 30; i++)
        tell(&w, 0, 0, 20000, 5000);
    predict_ask(w.p, 0, 0, 4, &f);
    assert_true(is_within(f.work_us, 20000, 0.1));
    close(&w);
}

// Twice as slow at one type as others are: so it will be at another that it never did.
static void speed_carries_over_to_other_types(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    for (int i = 0; i < 40; i++) {
        tell(&w, 0, 0, 20000, 10000);
        tell(&w, 0, 1, 20000, 30000);
        tell(&w, 1, 0, 20000, 10000);
        tell(&w, 1, 1, 20000, 30000);
        tell(&w, 2, 0, 20000, 20000);
    }
    assert_true(ask(&w, 2, 1).work_us > 1.3 * ask(&w, 0, 1).work_us);
    close(&w);
}

static void an_outlier_is_no_trend(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    for (int i = 0; i < 50; i++)
        tell(&w, 0, 0, 20000, 5000);
    tell(&w, 0, 0, 20000, 500000);
    assert_true(ask(&w, 0, 0).work_us < 6500);
    for (int i = 0; i < 60; i++) // a trend is one
        tell(&w, 0, 0, 20000, 20000);
    assert_true(is_within(ask(&w, 0, 0).work_us, 20000, 0.15));
    close(&w);
}

static void failures_lower_the_chance_and_are_forgotten(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    const double before = ask(&w, 0, 0).chance;
    for (int i = 0; i < 20; i++)
        fail_one(&w, 0, i % 2 ? PREDICT_ERROR : PREDICT_SILENT);
    assert_true(ask(&w, 0, 0).chance < 0.35);
    for (int i = 0; i < 300; i++)
        tell(&w, 0, 0, 20000, 5000);
    assert_true(ask(&w, 0, 0).chance > before);
    const double now = ask(&w, 0, 0).chance;
    fail_one(&w, 0, PREDICT_SILENT);
    assert_true(ask(&w, 0, 0).chance < now);
    predict_unsilence(w.p, 0);
    assert_true(ask(&w, 0, 0).chance > now - 0.002);
    close(&w);
}

static void the_chance_to_be_in_time_is_a_distribution(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    for (int i = 0; i < 200; i++)
        tell(&w, 0, 0, 20000, 5000 * noise(&w, 0.2));
    const struct predict_forecast f = ask(&w, 0, 0);
    double before = 0;
    for (double left_us = 0; left_us < 100000; left_us += 500) {
        const double meets = predict_meets(w.p, &f, 0, left_us);
        assert_true(meets >= before && meets <= f.chance + 1e-9);
        if (left_us >= f.net_us + f.work_us) // before, what is less sure is also sooner by luck
            assert_true(predict_meets(w.p, &f, 10000, left_us) <= meets + 1e-9);
        before = meets;
    }
    assert_true(before > 0.99 * f.chance);
    const double late_us = predict_quantile_us(w.p, &f, 0, 0.98);
    assert_true(predict_meets(w.p, &f, 0, late_us) > 0.97 * f.chance);
    close(&w);
}

// Heavy tails, drift and all: four of five answers lie within.
static void intervals_hold_what_they_say(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    for (uint32_t helper = 0; helper < HELPERS; helper++) {
        int within = 0;
        int count = 0;
        for (int i = 0; i < 3000; i++) {
            double low_us = 0;
            double high_us = 0;
            const double drift = helper == 1 ? 1 + i / 1500.0 : 1;
            const double work_us =
                8000 * drift * noise(&w, 0.1 + 0.1 * helper) * (rng_unit(&w.rng) < 0.03 ? 4 : 1);
            const double net_us = 20000 - 3000 * log(fmax(1e-9, rng_unit(&w.rng)));
            const struct predict_forecast f = ask(&w, helper, 0);
            predict_interval(w.p, &f, 0, &low_us, &high_us);
            within += i >= 300 && net_us + work_us >= low_us && net_us + work_us <= high_us;
            count += i >= 300;
            tell(&w, helper, 0, net_us, work_us);
        }
        assert_true(within > 0.78 * count && within < 0.82 * count);
    }
    close(&w);
}

// A helper that is far away in the evening, asked now and then: known after some days.
static void an_hour_is_like_it_was_yesterday(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    for (int i = 0; i < 30 * 24; i++) {
        predict_hour(w.p, i % 24 + 0.5);
        if (i >= 25 * 24)
            assert_true(is_within(ask(&w, 0, 0).net_us, i % 24 == 20 ? 90000 : 30000, 0.2));
        tell(&w, 0, 0, (i % 24 == 20 ? 90000 : 30000) * noise(&w, 0.05), 5000);
    }
    for (int i = 0; i < 200; i++) // and then it never is
        tell(&w, 0, 0, 60000, 5000);
    for (int hour = 0; hour < 24; hour++) {
        predict_hour(w.p, hour);
        assert_true(is_within(ask(&w, 0, 0).net_us, 60000, 0.05));
        tell(&w, 0, 0, 60000, 5000);
    }
    close(&w);
}

static void budget_runs_out(void **state)
{
    (void)state;
    struct arena *tiny = arena_new(1);
    assert_null(predict_new(tiny, 1000, TYPES));
    arena_free(tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_newcomer_is_as_far_as_it_was_measured),
        cmocka_unit_test(ten_answers_are_enough),
        cmocka_unit_test(work_grows_with_size),
        cmocka_unit_test(speed_carries_over_to_other_types),
        cmocka_unit_test(an_outlier_is_no_trend),
        cmocka_unit_test(failures_lower_the_chance_and_are_forgotten),
        cmocka_unit_test(the_chance_to_be_in_time_is_a_distribution),
        cmocka_unit_test(intervals_hold_what_they_say),
        cmocka_unit_test(an_hour_is_like_it_was_yesterday),
        cmocka_unit_test(budget_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
