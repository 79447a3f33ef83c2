// SPDX-License-Identifier: MIT
// Tests of the cost map: probes, measured tiles, and numbers that lie.
#include "work/cost.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"

static struct budget budget_of(size_t limit_bytes)
{
    return (struct budget){.limit_bytes = limit_bytes};
}

static struct cost *map_of(struct budget *b, uint32_t width, uint32_t height, uint32_t cell)
{
    struct cost *c = NULL;
    assert_int_equal(cost_new(&c, b, width, height, cell), RC_OK);
    return c;
}

static void is_near(double a, double b)
{
    if (!(fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b))))
        fail_msg("%.17g is not near %.17g", a, b);
}

static struct bytes units_of(uint8_t *at, const uint32_t *unit, size_t count)
{
    struct buffer b = buffer_of(at, count * 4);
    for (size_t i = 0; i < count; i++)
        buffer_u32le(&b, unit[i]);
    assert_false(b.is_full);
    return buffer_bytes(&b);
}

static void test_flat_map(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = map_of(&b, 21, 10, 8); // 3 x 2 cells, cut at the right and bottom
    assert_int_equal(c->cells_x, 3);
    assert_int_equal(c->cells_y, 2);
    is_near(cost_of(c, (struct rect){0, 0, 21, 10}), 210);
    is_near(cost_of(c, (struct rect){20, 9, 1, 1}), 1);
    is_near(cost_of(c, (struct rect){3, 2, 11, 7}), 77);
    cost_set(c, 1, 0, 5); // x 8..15, y 0..7
    is_near(cost_of(c, (struct rect){0, 0, 21, 10}), 210 + 4 * 64);
    is_near(cost_of(c, (struct rect){7, 7, 2, 2}), 3 + 5);
    cost_free(c);
    cost_free(NULL);
    assert_int_equal(b.used_bytes, 0);
}

static void test_bounds_of_new(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = NULL;
    assert_int_equal(cost_new(&c, &b, 0, 1, 1), RC_CONFIG);
    assert_int_equal(cost_new(&c, &b, 1, 0, 1), RC_CONFIG);
    assert_int_equal(cost_new(&c, &b, COST_SIDE_MAX + 1, 1, 1), RC_CONFIG);
    assert_int_equal(cost_new(&c, &b, 1, COST_SIDE_MAX + 1, 1), RC_CONFIG);
    assert_int_equal(cost_new(&c, &b, 1, 1, 0), RC_CONFIG);
    assert_int_equal(cost_new(&c, &b, 1, 1, COST_CELL_MAX + 1), RC_CONFIG);
    assert_int_equal(cost_new(&c, &b, 4096, 4096, 1), RC_NOMEM);
    assert_null(c);
    b.limit_bytes = 0;
    assert_int_equal(cost_new(&c, &b, 1, 1, 1), RC_NOMEM);
    assert_int_equal(b.used_bytes, 0);
}

static void test_probe_of_one_colour_is_flat(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = map_of(&b, 100, 50, 8);
    uint32_t unit[12];
    uint8_t at[sizeof unit];
    for (size_t i = 0; i < 12; i++)
        unit[i] = 700;
    assert_int_equal(cost_from_probe(c, 4, 3, units_of(at, unit, 12)), RC_OK);
    for (size_t i = 0; i < (size_t)c->cells_x * c->cells_y; i++)
        is_near(c->density[i], 700);
    memset(unit, 0, sizeof unit); // says nothing: flat, and not free
    assert_int_equal(cost_from_probe(c, 4, 3, units_of(at, unit, 12)), RC_OK);
    for (size_t i = 0; i < (size_t)c->cells_x * c->cells_y; i++)
        is_near(c->density[i], 1);
    cost_free(c);
    assert_int_equal(b.used_bytes, 0);
}

static void test_probe_lands_where_it_looked(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = map_of(&b, 160, 80, 8); // 20 x 10 cells; a probe pixel is 16 x 16
    uint32_t unit[50] = {0};
    uint8_t at[sizeof unit];
    unit[1 * 10 + 7] = 1600; // its middle: x 120, y 24
    assert_int_equal(cost_from_probe(c, 10, 5, units_of(at, unit, 50)), RC_OK);
    size_t best = 0;
    double least = (double)INFINITY;
    double sum = 0;
    for (size_t i = 0; i < 200; i++) {
        best = c->density[i] > c->density[best] ? i : best;
        least = fmin(least, c->density[i]);
        sum += c->density[i];
    }
    assert_true(best % 20 == 14 || best % 20 == 15);
    assert_true(best / 20 == 2 || best / 20 == 3);
    // Spread over 3 x 3 blocks and interpolated: 1600 * 4 cells a block, and the floor besides.
    assert_true(sum > 6400 && sum < 6400 * (1 + COST_FLOOR) * 1.01);
    assert_true(least >= 6400 / 200.0 * COST_FLOOR * 0.99);
    is_near(c->density[3 * 20 + 14], c->density[2 * 20 + 15]); // the same on all sides
    cost_free(c);
}

static void test_probe_is_checked(void **state)
{
    (void)state;
    struct budget b = budget_of(4096);
    struct cost *c = map_of(&b, 16, 16, 8);
    uint8_t at[4 * 4096] = {1};
    assert_int_equal(cost_from_probe(c, 2, 2, bytes_of(at, 15)), RC_MALFORMED);
    assert_int_equal(cost_from_probe(c, 2, 2, bytes_of(at, 17)), RC_MALFORMED);
    assert_int_equal(cost_from_probe(c, 0, 2, bytes_of(at, 0)), RC_MALFORMED);
    assert_int_equal(cost_from_probe(c, COST_PROBE_MAX + 1, 0, bytes_of(at, 0)), RC_MALFORMED);
    assert_int_equal(cost_from_probe(c, 64, 64, bytes_of(at, sizeof at)), RC_NOMEM);
    is_near(cost_of(c, (struct rect){0, 0, 16, 16}), 256);
    assert_int_equal(cost_from_probe(c, 1, 1, bytes_of(at, 4)), RC_OK);
    cost_free(c);
}

static void test_measured_tile_costs_what_was_measured(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = map_of(&b, 64, 64, 8);
    // Not aligned with the map's cells: x 5..24, y 3..13; 3 x 2 cells of its own.
    uint32_t unit[6] = {10, 0, 30, 5, 500, 20};
    uint8_t at[sizeof unit];
    struct cost_tile t = {
        .tile = {5, 3, 20, 11}, .units = units_of(at, unit, 6), .cpu_us = 3000, .speed = 2.0};
    assert_int_equal(cost_measured(c, &t, 1.0), RC_OK);
    assert_true(c->is_measured);
    // Scaled first: what lies outside has the tile's mean.
    is_near(c->density[63], 6000.0 / (20 * 11));
    // The tile's cost, in the cells that it covers only in part, is spread over what it covers.
    double whole = cost_of(c, (struct rect){0, 0, 64, 64});
    double flat = 6000.0 / (20 * 11);
    double zero_cell = 8 * 8 * flat * COST_FLOOR; // the floor may add at most this
    double expected = 6000 + (64 * 64 - 220) * flat;
    assert_true(whole >= expected * (1 - 1e-9) && whole <= expected + zero_cell);
    // Its dearest cell is at x 13..20, y 11..13, a third of the map's cell there.
    assert_true(cost_of(c, (struct rect){16, 11, 5, 3}) > 2 * 15 * flat);
    assert_true(cost_of(c, (struct rect){13, 3, 3, 5}) < 0.5 * 15 * flat);
    cost_free(c);
}

static void test_aligned_tiles_rebuild_the_truth(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = map_of(&b, 50, 34, 8); // 7 x 5 cells
    const struct rect tile[4] = {
        {0, 0, 24, 16}, {24, 0, 26, 16}, {0, 16, 24, 18}, {24, 16, 26, 18}};
    struct rng rng = rng_seeded(3);
    double truth[35];
    for (size_t i = 0; i < 35; i++)
        truth[i] = 1 + (double)rng_below(&rng, 1000);
    for (size_t n = 0; n < 4; n++) {
        uint32_t unit[16];
        uint8_t at[sizeof unit];
        size_t count = 0;
        double sum = 0;
        for (uint32_t y = tile[n].y; y < tile[n].y + tile[n].h; y += 8) {
            for (uint32_t x = tile[n].x; x < tile[n].x + tile[n].w; x += 8) {
                uint32_t pixels = (50 - x < 8 ? 50 - x : 8) * (34 - y < 8 ? 34 - y : 8);
                double cost = truth[y / 8 * 7 + x / 8] * pixels;
                unit[count++] = (uint32_t)cost * 7; // in a unit of the tile's own
                sum += cost;
            }
        }
        struct cost_tile t = {tile[n], units_of(at, unit, count), (uint64_t)sum, 1.0};
        assert_int_equal(cost_measured(c, &t, 1.0), RC_OK);
    }
    for (size_t i = 0; i < 35; i++)
        if (fabs(c->density[i] - truth[i]) > 1e-6 * truth[i] && truth[i] > 12) // 12: the floor
            fail_msg("cell %zu: %g, not %g", i, c->density[i], truth[i]);
    cost_free(c);
}

static void test_share_blends(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = map_of(&b, 16, 8, 8);
    uint8_t at[8] = {0};
    struct cost_tile t = {{0, 0, 16, 8}, bytes_of(at, 8), 128, 1.0}; // units say nothing: flat
    assert_int_equal(cost_measured(c, &t, 1.0), RC_OK);
    is_near(c->density[0], 1);
    t.cpu_us = 1280;
    assert_int_equal(cost_measured(c, &t, 0.25), RC_OK);
    is_near(c->density[0], 0.75 + 2.5);
    t = (struct cost_tile){{0, 0, 4, 8}, bytes_of(at, 4), 32 * 100, 1.0}; // half of cell 0
    assert_int_equal(cost_measured(c, &t, 0.5), RC_OK);
    is_near(c->density[0], 0.75 * 3.25 + 0.25 * 100);
    is_near(c->density[1], 3.25);
    cost_free(c);
}

static void test_measured_is_checked(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = map_of(&b, 32, 32, 8);
    uint8_t at[64] = {1};
    const struct cost_tile good = {{8, 8, 16, 16}, bytes_of(at, 16), 10, 1.0};
    struct cost_tile bad[10];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = good;
    bad[0].tile.w = 25;
    bad[1].tile.h = 0;
    bad[2].tile.x = UINT32_MAX;
    bad[3].units.len = 12;
    bad[4].units.len = 20;
    bad[5].cpu_us = 0;
    bad[6].cpu_us = COST_US_MAX + 1;
    bad[7].speed = 0;
    bad[8].speed = (double)NAN;
    bad[9].speed = (double)INFINITY;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(cost_measured(c, &bad[i], 1.0), RC_MALFORMED);
    assert_false(c->is_measured);
    is_near(cost_of(c, (struct rect){0, 0, 32, 32}), 32 * 32);
    assert_int_equal(cost_measured(c, &good, 1.0), RC_OK);
    cost_free(c);
}

static void test_liars_leave_a_sound_map(void **state)
{
    (void)state;
    struct budget b = budget_of(1 << 20);
    struct cost *c = map_of(&b, 37, 29, 4);
    struct rng rng = rng_seeded(5);
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t at[400];
        struct cost_tile t = {.cpu_us = 1 + rng_below(&rng, round % 2 ? COST_US_MAX : 3),
                              .speed = round % 3 ? COST_SPEED_MAX : COST_SPEED_MIN};
        t.tile.w = 1 + (uint32_t)rng_below(&rng, 37);
        t.tile.h = 1 + (uint32_t)rng_below(&rng, 29);
        t.tile.x = (uint32_t)rng_below(&rng, 37 - t.tile.w + 1);
        t.tile.y = (uint32_t)rng_below(&rng, 29 - t.tile.h + 1);
        for (size_t i = 0; i < sizeof at; i++)
            at[i] = rng_below(&rng, 2) ? 0xff : 0;
        t.units = bytes_of(at, (size_t)((t.tile.w + 3) / 4) * ((t.tile.h + 3) / 4) * 4);
        assert_int_equal(cost_measured(c, &t, rng_unit(&rng)), RC_OK);
        for (size_t i = 0; i < (size_t)c->cells_x * c->cells_y; i++)
            assert_true(isfinite(c->density[i]) && c->density[i] > 0);
    }
    cost_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_flat_map),
        cmocka_unit_test(test_bounds_of_new),
        cmocka_unit_test(test_probe_of_one_colour_is_flat),
        cmocka_unit_test(test_probe_lands_where_it_looked),
        cmocka_unit_test(test_probe_is_checked),
        cmocka_unit_test(test_measured_tile_costs_what_was_measured),
        cmocka_unit_test(test_aligned_tiles_rebuild_the_truth),
        cmocka_unit_test(test_share_blends),
        cmocka_unit_test(test_measured_is_checked),
        cmocka_unit_test(test_liars_leave_a_sound_map),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
