// SPDX-License-Identifier: MIT
// Tests of the splitter: every pixel once, whatever is asked; and costs as even as promised.
//
// usage: split_test [SEED]. The seed is printed.
#include "work/split.h"

#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/num.h"
#include "base/rng.h"

#define TILES_MAX 8192u

static uint64_t seed = 20240607; // set by main alone
static struct split_tile tile[TILES_MAX];

static struct budget budget = {.limit_bytes = (size_t)1 << 28};

static struct cost *map_of(uint32_t width, uint32_t height, uint32_t cell)
{
    struct cost *c = NULL;
    assert_int_equal(cost_new(&c, &budget, width, height, cell), RC_OK);
    return c;
}

// Noise over four powers of ten, a bright spot and a free corner: rougher than frames are.
static void roughen(struct cost *c, struct rng *rng)
{
    for (uint32_t y = 0; y < c->cells_y; y++)
        for (uint32_t x = 0; x < c->cells_x; x++)
            cost_set(c, x, y, pow(10, 4 * rng_unit(rng)));
    uint64_t spot = rng_below(rng, (uint64_t)c->cells_x * c->cells_y);
    cost_set(c, (uint32_t)(spot % c->cells_x), (uint32_t)(spot / c->cells_x), 1e7);
    for (uint32_t y = 0; y < c->cells_y / 3; y++)
        for (uint32_t x = 0; x < c->cells_x / 3; x++)
            cost_set(c, x, y, 1e-9);
}

static void check_partition(const struct cost *c, uint32_t count)
{
    uint64_t area = 0;
    for (uint32_t i = 0; i < count; i++) {
        assert_true(rect_fits(tile[i].rect, c->width, c->height));
        area += rect_area(tile[i].rect);
        for (uint32_t k = 0; k < i; k++)
            assert_false(rect_meets(tile[i].rect, tile[k].rect));
    }
    assert_int_equal(area, (uint64_t)c->width * c->height);
}

// The same by painting, so that rect_meets need not be believed.
static void check_pixels(const struct cost *c, uint32_t count)
{
    static uint8_t painted[64 * 64];
    memset(painted, 0, sizeof painted);
    for (uint32_t i = 0; i < count; i++) {
        struct rect r = tile[i].rect;
        for (uint32_t y = r.y; y < r.y + r.h; y++)
            for (uint32_t x = r.x; x < r.x + r.w; x++)
                painted[y * 64 + x]++;
    }
    for (uint32_t y = 0; y < 64; y++)
        for (uint32_t x = 0; x < 64; x++)
            assert_int_equal(painted[y * 64 + x], x < c->width && y < c->height);
}

static void check_costs(const struct cost *c, uint32_t count)
{
    double whole = cost_of(c, (struct rect){0, 0, c->width, c->height});
    for (uint32_t i = 0; i < count; i++)
        if (fabs(tile[i].cost - cost_of(c, tile[i].rect)) > 1e-9 * whole)
            fail_msg("tile %u: %g, not %g", i, tile[i].cost, cost_of(c, tile[i].rect));
}

static void fill_weights(double *weight, uint32_t count, struct rng *rng)
{
    for (uint32_t i = 0; i < count; i++)
        weight[i] = pow(10, 6 * rng_unit(rng) - 3);
}

static void test_every_pixel_once(void **state)
{
    (void)state;
    static double weight[SPLIT_TARGETS_MAX];
    struct rng rng = rng_seeded(seed);
    for (unsigned round = 0; round < 1500; round++) {
        uint32_t width = 1 + (uint32_t)rng_below(&rng, 64);
        uint32_t height = 1 + (uint32_t)rng_below(&rng, 64);
        struct cost *c = map_of(width, height, 1 + (uint32_t)rng_below(&rng, 9));
        roughen(c, &rng);
        uint32_t count = 1 + (uint32_t)rng_below(&rng, round % 2 ? 20 : SPLIT_TARGETS_MAX);
        fill_weights(weight, count, &rng);
        uint64_t pixels_max = rng_below(&rng, 3) ? 0 : 1 + rng_below(&rng, 4096);
        struct split_cfg cfg = {count, round % 3 ? weight : NULL, pixels_max};
        uint32_t got = 0;
        assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_OK);
        check_pixels(c, got);
        check_costs(c, got);
        uint32_t made = (uint32_t)num_min(count, (uint64_t)width * height);
        assert_true(got == made || (got > made && pixels_max > 0));
        for (uint32_t i = 0; i < got; i++) {
            assert_true(pixels_max == 0 || rect_area(tile[i].rect) <= pixels_max);
            assert_true(i < made ? tile[i].target == i : tile[i].target < made);
        }
        cost_free(c);
    }
}

static void test_large_frames(void **state)
{
    (void)state;
    static const struct rect frame[] = {{0, 0, 1920, 1080},  {0, 0, 3840, 2160}, {0, 0, 16384, 1},
                                        {0, 0, 1, 16384},    {0, 0, 1919, 1079}, {0, 0, 7, 9001},
                                        {0, 0, 16384, 16384}};
    static const uint32_t counts[] = {1, 2, 3, 5, 8, 16, 17, 64, 1000};
    struct rng rng = rng_seeded(seed ^ 1);
    for (size_t i = 0; i < ARRAY_COUNT(frame); i++) {
        struct cost *c = map_of(frame[i].w, frame[i].h, 16);
        roughen(c, &rng);
        for (size_t k = 0; k < ARRAY_COUNT(counts); k++) {
            struct split_cfg cfg = {.count = counts[k]};
            uint32_t got = 0;
            assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_OK);
            assert_int_equal(got, counts[k]);
            check_partition(c, got);
        }
        cost_free(c);
    }
}

// Largest of cost over weight, by their mean.
static double unevenness(const double *weight, uint32_t count)
{
    double most = 0;
    double cost = 0;
    double weights = 0;
    for (uint32_t i = 0; i < count; i++) {
        double w = weight != NULL ? weight[i] : 1;
        most = fmax(most, tile[i].cost / w);
        cost += tile[i].cost;
        weights += w;
    }
    return most / (cost / weights);
}

// As frames are: cost changes by three powers of ten over the frame, with noise of ten to one
// from cell to cell.
static void paint_frame(struct cost *c, struct rng *rng)
{
    double a = 1 + 4 * rng_unit(rng);
    double b = 1 + 4 * rng_unit(rng);
    for (uint32_t y = 0; y < c->cells_y; y++)
        for (uint32_t x = 0; x < c->cells_x; x++) {
            double wave = sin(a * x / c->cells_x * 3) * cos(b * y / c->cells_y * 3);
            cost_set(c, x, y, pow(10, 1.5 * wave + rng_unit(rng)));
        }
}

static void test_costs_are_even(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(seed ^ 2);
    double worst = 0;
    for (unsigned round = 0; round < 50; round++) {
        struct cost *c = map_of(1920, 1080, 8);
        paint_frame(c, &rng);
        struct split_cfg cfg = {.count = 16};
        uint32_t got = 0;
        assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_OK);
        worst = fmax(worst, unevenness(NULL, got));
        cost_free(c);
    }
    print_message("max/mean of 16 equal tiles, worst of 50 maps: %.4f\n", worst);
    assert_true(worst <= 1.03);
}

static void test_costs_follow_weights(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(seed ^ 3);
    double worst = 0;
    for (unsigned round = 0; round < 50; round++) {
        struct cost *c = map_of(1920, 1080, 8);
        paint_frame(c, &rng);
        double weight[16];
        for (unsigned i = 0; i < 16; i++)
            weight[i] = 0.25 + 4 * rng_unit(&rng);
        struct split_cfg cfg = {.count = 16, .weight = weight};
        uint32_t got = 0;
        assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_OK);
        worst = fmax(worst, unevenness(weight, got));
        cost_free(c);
    }
    print_message("the same for speeds of 1 to 17: %.4f\n", worst);
    assert_true(worst <= 1.08);
}

static void test_tiles_are_nearly_square(void **state)
{
    (void)state;
    struct cost *c = map_of(1920, 1080, 8);
    for (uint32_t count = 1; count <= 64; count++) {
        struct split_cfg cfg = {.count = count};
        uint32_t got = 0;
        assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_OK);
        for (uint32_t i = 0; i < got; i++) {
            double ratio = (double)tile[i].rect.w / tile[i].rect.h;
            assert_true(ratio < 3.01 && ratio > 1 / 3.01);
        }
    }
    cost_free(c);
}

static void test_shares_of_a_flat_frame(void **state)
{
    (void)state;
    // A flat frame of 100 x 1: shares are exact to the pixel.
    double weight[6] = {50, 10, 10, 10, 10, 10};
    struct cost *c = map_of(100, 1, 8);
    struct split_cfg cfg = {.count = 6, .weight = weight};
    uint32_t got = 0;
    assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_OK);
    assert_int_equal(got, 6);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(tile[i].rect.w, (uint32_t)weight[i]);
    double uneven[2] = {0.334, 0.666}; // 33.4 pixels: the nearest cut is at 33, not 34
    cfg = (struct split_cfg){.count = 2, .weight = uneven};
    assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_OK);
    assert_int_equal(tile[0].rect.w, 33);
    cost_free(c);
}

static void test_limits(void **state)
{
    (void)state;
    struct cost *c = map_of(64, 64, 8);
    double weight[2] = {1, 0};
    uint32_t got = 9;
    struct split_cfg cfg = {.count = 0};
    assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_CONFIG);
    assert_int_equal(got, 0);
    cfg.count = SPLIT_TARGETS_MAX + 1;
    assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_CONFIG);
    cfg = (struct split_cfg){.count = 2, .weight = weight};
    assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_CONFIG);
    weight[1] = (double)NAN;
    assert_int_equal(split_plan(c, &cfg, &budget, tile, TILES_MAX, &got), RC_CONFIG);
    cfg.weight = NULL;
    assert_int_equal(split_plan(c, &cfg, &budget, tile, 1, &got), RC_FULL);
    cfg.pixels_max = 1024;
    assert_int_equal(split_plan(c, &cfg, &budget, tile, 3, &got), RC_FULL);
    assert_int_equal(split_plan(c, &cfg, &budget, tile, 4, &got), RC_OK);
    assert_int_equal(got, 4);
    struct budget none = {.limit_bytes = 64};
    assert_int_equal(split_plan(c, &cfg, &none, tile, TILES_MAX, &got), RC_NOMEM);
    assert_int_equal(got, 0);
    cost_free(c);
    assert_int_equal(budget.used_bytes, 0);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    printf("seed %" PRIu64 "\n", seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_pixel_once),
        cmocka_unit_test(test_large_frames),
        cmocka_unit_test(test_costs_are_even),
        cmocka_unit_test(test_costs_follow_weights),
        cmocka_unit_test(test_tiles_are_nearly_square),
        cmocka_unit_test(test_shares_of_a_flat_frame),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
