// SPDX-License-Identifier: MIT
// Tests of edges: where plain interpolation will do, and whose light a pixel takes where it will
// not.
#include "image/composite_edges.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "kernel/geometry/geometry.h"
#include "scene/normal.h"

#define LOW  8u
#define FULL 32u

static struct budget budget = {.limit_bytes = 1 << 20};
static uint8_t full[FULL * FULL * GEOMETRY_PIXEL_BYTES], low[LOW * LOW * GEOMETRY_PIXEL_BYTES];
static int32_t first[FULL];
static float share[FULL];
static const struct grid grid = {first, share};

static void fill_grid(uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const float at = ((float)i + 0.5f) * (float)LOW / (float)count - 0.5f;
        first[i] = (int32_t)floorf(at);
        share[i] = at - (float)first[i];
    }
}

// Depth by column, as a share of the width from the left.
static void fill(uint8_t *out, uint32_t side, float (*depth_at)(float across))
{
    for (uint32_t i = 0; i < side * side; i++) {
        const float depth = depth_at(((float)(i % side) + 0.5f) / (float)side);
        const struct geometry_pixel p = {.depth = depth,
                                         .normal = normal_pack(vec_of(0, 0, 1)),
                                         .id = depth > 0 ? depth < 5 ? 1 : 2 : 0};
        geometry_pixel_put(out + (size_t)i * GEOMETRY_PIXEL_BYTES, &p);
    }
}

static struct edges find(uint32_t side, float (*depth_at)(float across))
{
    struct edges e = {.width = side,
                      .height = side,
                      .layer_width = LOW,
                      .layer_height = LOW,
                      .across = &grid,
                      .down = &grid};
    fill_grid(side);
    fill(full, side, depth_at);
    fill(low, LOW, depth_at);
    assert_int_equal(edges_new(&e, &budget), RC_OK);
    edges_find(&e, bytes_of(full, (size_t)side * side * GEOMETRY_PIXEL_BYTES),
               bytes_of(low, sizeof low));
    return e;
}

static void end(struct edges *e)
{
    edges_free(e);
    edges_free(e); // harmless
    assert_int_equal(budget.used_bytes, 0);
}

static float wall(float across)
{
    return 4.0f + 0.5f * across;
}

static float step(float across)
{
    return across < 0.55f ? 2.0f : 8.0f;
}

static float nothing(float across)
{
    (void)across;
    return 0;
}

static void one_surface_has_none(void **state)
{
    (void)state;
    struct edges e = find(FULL, wall);
    assert_int_equal(e.row[FULL], 0);
    end(&e);
    e = find(FULL, nothing); // no light is asked for
    assert_int_equal(e.row[FULL], 0);
    end(&e);
}

static void a_layer_of_the_pictures_size_has_none(void **state)
{
    (void)state;
    struct edges e = find(LOW, step);
    for (uint32_t y = 0; y <= LOW; y++)
        assert_int_equal(e.row[y], 0);
    end(&e);
}

static void each_takes_its_own_sides_light(void **state)
{
    (void)state;
    struct edges e = find(FULL, step);
    assert_true(e.row[FULL] >= 2 * FULL && e.row[FULL] < 8 * FULL); // about the step, in each row
    for (uint32_t y = 0; y < FULL; y++) {
        assert_true(e.row[y + 1] > e.row[y]);
        for (uint32_t n = e.row[y]; n < e.row[y + 1]; n++) {
            const struct edge *k = &e.at[n];
            const bool is_left = step(((float)k->x + 0.5f) / FULL) < 5;
            uint32_t sum = 0;
            uint32_t own = 0;
            assert_true(n == e.row[y] || k->x > e.at[n - 1].x); // from the left
            for (uint32_t i = 0; i < 4; i++) {
                const int32_t x = first[k->x] + (int32_t)(i % 2);
                const bool is_near = step(((float)x + 0.5f) / LOW) < 5;
                sum += k->weight[i];
                own += is_near == is_left ? k->weight[i] : 0;
            }
            assert_int_equal(sum, 255);
            assert_true(own >= 250);
        }
    }
    end(&e);
}

static void without_memory(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 8000; limit += 700) {
        struct budget small = {.limit_bytes = limit};
        struct edges e = {.width = FULL,
                          .height = FULL,
                          .layer_width = LOW,
                          .layer_height = LOW,
                          .across = &grid,
                          .down = &grid};
        assert_int_equal(edges_new(&e, &small), RC_NOMEM);
        assert_int_equal(small.used_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_surface_has_none),
        cmocka_unit_test(a_layer_of_the_pictures_size_has_none),
        cmocka_unit_test(each_takes_its_own_sides_light),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
