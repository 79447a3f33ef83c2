// SPDX-License-Identifier: MIT
// Tests of splits: predictions by hand, and choices among random costs.
#include "compute/splits.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define ROUNDS 300

static struct budget budget;
static struct splits *splits;

static int open_splits(void **state)
{
    (void)state;
    budget = (struct budget){.limit_bytes = (size_t)4 << 20};
    return splits_new(&splits, &budget) == RC_OK ? 0 : -1;
}

static int close_splits(void **state)
{
    (void)state;
    splits_free(splits, &budget);
    splits_free(NULL, &budget);
    return budget.used_bytes == 0 ? 0 : -1;
}

// Nearly all is light; four helpers, four tiles, no way.
static struct split_costs light_alone(void)
{
    return (struct split_costs){
        .helper_us = {10, 1000, 10}, .own_us = {10, 1000, 10}, .helpers = 4, .tiles = 4};
}

static bool is(double a, double b)
{
    return fabs(a - b) < 1e-6 * (1 + fabs(b));
}

static double predict(enum split split, const struct split_costs *c)
{
    return split_predict_us(splits, split, c);
}

static void names_there_and_back(void **state)
{
    (void)state;
    enum split split;
    for (uint32_t i = 0; i <= SPLIT_AUTO; i++) {
        assert_true(split_of(bytes_text(split_name((enum split)i)), &split));
        assert_int_equal(split, i);
    }
    assert_false(split_of(bytes_text("spatia"), &split));
    assert_false(split_of(bytes_text("spatially"), &split));
    assert_false(split_of(bytes_text(""), &split));
}

static void what_was_learnt_moves_slowly(void **state)
{
    (void)state;
    double us = 0;
    split_learn(&us, 100);
    assert_true(is(us, 100));
    split_learn(&us, 200);
    assert_true(us > 100 && us < 150);
    for (int i = 0; i < 50; i++)
        split_learn(&us, 200);
    assert_true(is(us, 200));
}

static void light_alone_by_hand(void **state)
{
    (void)state;
    const struct split_costs c = light_alone();
    // Each frame's light takes 250 of all helpers; behind the last one the gamer's post.
    assert_true(is(predict(SPLIT_SPATIAL, &c), (4 * 250 + 10) / 4.0));
    // Four whole lights side by side end together; then post after post.
    assert_true(is(predict(SPLIT_FUNCTIONAL, &c), (1000 + 4 * 10) / 4.0));
    // The helpers do geometry and post, too; no plan is shorter than all work on all of them.
    assert_true(predict(SPLIT_PIPELINE, &c) >= 4 * 1020 / 4.0 / 4 - 1e-6);
    assert_true(predict(SPLIT_HYBRID, &c) >= 4 * 1020 / 4.0 / 4 - 1e-6);
    assert_true(predict(SPLIT_HYBRID, &c) <= predict(SPLIT_PIPELINE, &c));
    assert_int_equal(split_choose(splits, &c, SPLIT_AUTO), SPLIT_SPATIAL);
}

static void a_weak_gamer_leaves_the_stages_to_helpers(void **state)
{
    (void)state;
    struct split_costs c = light_alone();
    c.own_us[STAGE_GEOMETRY] = c.own_us[STAGE_POST] = 1000;
    // All of it is the gamer's own: geometry and post of four frames, one after another.
    assert_true(predict(SPLIT_SPATIAL, &c) >= 2000 - 1e-6);
    assert_true(predict(SPLIT_FUNCTIONAL, &c) >= 2000 - 1e-6);
    assert_int_equal(split_choose(splits, &c, SPLIT_AUTO), SPLIT_HYBRID);
    assert_int_equal(split_choose(splits, &c, SPLIT_SPATIAL), SPLIT_HYBRID);
    c.tiles = 1; // then they are the same plan
    assert_true(is(predict(SPLIT_HYBRID, &c), predict(SPLIT_PIPELINE, &c)));
}

static void one_helper_is_best_left_to_light(void **state)
{
    (void)state;
    struct split_costs c = light_alone();
    c.helpers = 1;
    assert_true(is(predict(SPLIT_SPATIAL, &c), (4 * 1000 + 10) / 4.0));
    assert_true(is(predict(SPLIT_FUNCTIONAL, &c), (4 * 1000 + 10) / 4.0));
    assert_true(is(predict(SPLIT_PIPELINE, &c), 1020));
    assert_true(is(predict(SPLIT_HYBRID, &c), 1020));
    c.helpers = 0; // the hub itself
    assert_true(is(predict(SPLIT_HYBRID, &c), 1020));
}

static void the_way_counts_once_a_hop(void **state)
{
    (void)state;
    struct split_costs c = light_alone();
    c.helpers = 1;
    c.pictures_us = 5;
    c.way_us[STAGE_LIGHT] = 70;
    // The last light's way to the gamer, post, pictures: what was before hides behind light.
    assert_true(is(predict(SPLIT_FUNCTIONAL, &c), (4 * 1000 + 70 + 10 + 5) / 4.0));
    // Light stays where it is; the last layer's way counts.
    c.way_us[STAGE_POST] = 30;
    assert_true(is(predict(SPLIT_PIPELINE, &c), (4 * 1020 + 30 + 5) / 4.0));
}

static void subsystems_weigh_on_who_has_them(void **state)
{
    (void)state;
    struct split_costs c = light_alone();
    c.helpers = 8;
    c.others = 4;
    c.own_us[STAGE_OTHERS] = c.helper_us[STAGE_OTHERS] = 4000;
    assert_true(predict(SPLIT_SPATIAL, &c) >= 4000 - 1e-6);
    assert_true(predict(SPLIT_PIPELINE, &c) >= 4000 - 1e-6);
    assert_true(predict(SPLIT_HYBRID, &c) < 1000);
    assert_true(predict(SPLIT_FUNCTIONAL, &c) < 1000);
    assert_true(split_has_others(split_choose(splits, &c, SPLIT_AUTO)));
    c.others = UINT32_MAX; // more than a plan holds
    assert_true(predict(SPLIT_HYBRID, &c) < 1000);
    c.tiles = UINT32_MAX;
    c.helpers = UINT32_MAX;
    assert_true(isfinite(predict(SPLIT_HYBRID, &c)));
}

static void what_is_done_now_is_kept_unless_much_worse(void **state)
{
    (void)state;
    const struct split_costs c = light_alone();
    // functional is 3 % slower than spatial: not worth a change, but it is not begun with.
    assert_true(predict(SPLIT_FUNCTIONAL, &c) > predict(SPLIT_SPATIAL, &c));
    assert_true(predict(SPLIT_FUNCTIONAL, &c) * SPLITS_BETTER < predict(SPLIT_SPATIAL, &c));
    assert_int_equal(split_choose(splits, &c, SPLIT_FUNCTIONAL), SPLIT_FUNCTIONAL);
    assert_int_equal(split_choose(splits, &c, SPLIT_SPATIAL), SPLIT_SPATIAL);
}

static void nothing_known_yet(void **state)
{
    (void)state;
    const struct split_costs none = {0};
    for (uint32_t i = 0; i < SPLITS; i++)
        assert_true(predict((enum split)i, &none) >= SPLITS_DEFAULT_US - 1e-6);
    assert_true(split_choose(splits, &none, SPLIT_AUTO) < SPLIT_AUTO);
    struct split_costs bad = light_alone();
    bad.way_us[STAGE_LIGHT] = (double)NAN;
    assert_true(isinf(predict(SPLIT_SPATIAL, &bad)));
    assert_int_equal(split_choose(splits, &bad, SPLIT_PIPELINE), SPLIT_PIPELINE);
}

static double some_us(struct rng *r)
{
    return rng_below(r, 8) == 0 ? 0 : exp(rng_unit(r) * 10); // 1 us to 22 ms
}

static struct split_costs random_costs(struct rng *r)
{
    struct split_costs c = {.helpers = (uint32_t)rng_below(r, 12),
                            .tiles = (uint32_t)rng_below(r, 20),
                            .others = (uint32_t)rng_below(r, 5),
                            .pictures_us = some_us(r)};
    for (uint32_t i = 0; i < STAGES; i++) {
        c.helper_us[i] = i == STAGE_OTHERS ? some_us(r) : exp(rng_unit(r) * 10);
        c.own_us[i] = some_us(r);
        c.way_us[i] = some_us(r) / 4;
    }
    return c;
}

// From whatever was before, and with costs that move: near the best of the four.
static void choices_among_random_costs(void **state)
{
    (void)state;
    const uint64_t seed = test_seed();
    struct rng r = rng_seeded(seed);
    uint32_t chosen[SPLITS] = {0};
    enum split now = SPLIT_AUTO;
    for (int i = 0; i < ROUNDS; i++) {
        const struct split_costs c = random_costs(&r);
        double us[SPLITS];
        double best = (double)INFINITY;
        for (uint32_t s = 0; s < SPLITS; s++) {
            us[s] = predict((enum split)s, &c);
            assert_true(is(us[s], predict((enum split)s, &c))); // the same again
            assert_true(us[s] * SPLITS_AHEAD >= c.pictures_us);
            best = fmin(best, us[s]);
        }
        now = split_choose(splits, &c, rng_below(&r, 4) == 0 ? SPLIT_AUTO : now);
        assert_true(now < SPLIT_AUTO);
        assert_true(us[now] * SPLITS_BETTER <= best * (1 + 1e-9));
        assert_int_equal(split_choose(splits, &c, now), now); // settled
        chosen[now]++;
    }
    for (uint32_t s = 0; s < SPLITS; s++)
        assert_true(chosen[s] > 0); // each is the best for something
    struct split_costs unknown = random_costs(&r);
    unknown.helper_us[rng_below(&r, STAGE_OTHERS)] = 0;
    assert_int_equal(split_choose(splits, &unknown, SPLIT_SPATIAL), SPLIT_HYBRID); // to know more
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_there_and_back),
        cmocka_unit_test(what_was_learnt_moves_slowly),
        cmocka_unit_test(light_alone_by_hand),
        cmocka_unit_test(a_weak_gamer_leaves_the_stages_to_helpers),
        cmocka_unit_test(one_helper_is_best_left_to_light),
        cmocka_unit_test(the_way_counts_once_a_hop),
        cmocka_unit_test(subsystems_weigh_on_who_has_them),
        cmocka_unit_test(what_is_done_now_is_kept_unless_much_worse),
        cmocka_unit_test(nothing_known_yet),
        cmocka_unit_test(choices_among_random_costs),
    };
    return cmocka_run_group_tests(tests, open_splits, close_splits);
}
