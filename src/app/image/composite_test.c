// SPDX-License-Identifier: MIT
// Tests of compositing: against tone.h, both ways against one another, and at edges.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "image/composite.h"
#include "kernel/geometry/geometry.h"
#include "kernel/trace/trace.h"
#include "scene/normal.h"

#define W  104u
#define H  72u
#define LW 26u
#define LH 18u

static struct budget budget = {.limit_bytes = (size_t)64 << 20};
static uint8_t full[W * H * 16], low[W * H * 16], layer_at[16 + W * H * 8];
static uint8_t rgb[2][W * H * 3 + 1];

// The left part is near, the right part far; `split` is where, as a share of the width.
static void fill_geometry(uint8_t *out, uint32_t width, uint32_t height, float split)
{
    for (uint32_t y = 0; y < height; y++) {
        for (uint32_t x = 0; x < width; x++) {
            const bool is_left = ((float)x + 0.5f) / (float)width < split;
            const float lamp[3] = {y < height / 4 ? 2.0f : 0.01f, 0.02f, x < 5 ? 9.0f : 0.0f};
            const struct geometry_pixel p = {.depth = is_left ? 2.0f : 8.0f,
                                             .normal = normal_pack(vec_of(0, 0, 1)),
                                             .albedo = {200, (uint8_t)(60 + x % 90), 120},
                                             .id = is_left ? 1 : 2,
                                             .emission = geometry_emission_code(lamp)};
            geometry_pixel_put(out + ((size_t)y * width + x) * 16, &p);
        }
    }
}

static struct layer fill_layer(uint32_t width, uint32_t height, uint64_t seed)
{
    struct rng r = rng_seeded(seed);
    struct buffer b = buffer_of(layer_at, sizeof layer_at);
    assert_int_equal(layer_begin(&b, width, height), RC_OK);
    uint8_t *at = buffer_room(&b, (size_t)width * height * 8);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        const float light = (float)exp2(rng_unit(&r) * 8.0 - 5.0);
        const struct layer_pixel p = {{light, 0.7f * light, 0.3f}, 1, 0.0f};
        layer_pixel_put(at + i * 8, &p);
    }
    struct layer l;
    assert_int_equal(layer_open(&l, buffer_bytes(&b)), RC_OK);
    return l;
}

static void draw(const struct composite_size *size, enum composite_way way,
                 const struct layer *layer, const struct tone *tone, uint8_t *out)
{
    struct composite *c;
    const struct bytes f = bytes_of(full, (size_t)size->width * size->height * 16);
    const struct bytes l = bytes_of(low, (size_t)size->layer_width * size->layer_height * 16);
    assert_int_equal(composite_new(&c, size, way, &budget), RC_OK);
    assert_int_equal(composite_draw(c, layer, tone, out), RC_ABSENT);
    assert_int_equal(composite_geometry(c, f, l), RC_OK);
    out[(size_t)size->width * size->height * 3] = 77; // one past the end
    assert_int_equal(composite_draw(c, layer, tone, out), RC_OK);
    assert_int_equal(out[(size_t)size->width * size->height * 3], 77);
    composite_free(c);
    assert_int_equal(budget.used_bytes, 0);
}

// light * albedo + emission as sums, through tone_map.
static void by_tone_map(const struct layer *layer, const struct tone *tone, uint8_t *out)
{
    static uint64_t sum[W * H * 6];
    const struct bytes f = bytes_of(full, sizeof full);
    for (size_t i = 0; i < (size_t)W * H; i++) {
        const struct geometry_pixel g = geometry_pixel_at(f, i);
        const struct layer_pixel p = layer_pixel_at(layer, i);
        float emission[3];
        geometry_emission(g.emission, emission);
        for (size_t c = 0; c < 3; c++) {
            const float lit = p.light[c] * geometry_albedo(g.albedo[c]) + emission[c];
            sum[i * 6 + c] = (uint64_t)((double)lit * TRACE_UNIT * 100 + 0.5);
        }
    }
    const struct image_sums image = {sum, W, H, 100};
    assert_int_equal(tone_map(tone, &image, &budget, out), RC_OK);
}

static void a_layer_of_full_size_looks_as_by_tone_map(void **state)
{
    (void)state;
    const struct composite_size size = {W, H, W, H};
    const float glare[] = {0.0f, TONE_GLARE_DEFAULT, 0.8f};
    fill_geometry(full, W, H, 0.4f);
    memcpy(low, full, sizeof low);
    const struct layer l = fill_layer(W, H, 1);
    for (size_t k = 0; k < 3; k++) {
        const struct tone tone = {.exposure = 1.3f, .glare = glare[k]};
        draw(&size, COMPOSITE_BEST, &l, &tone, rgb[0]);
        by_tone_map(&l, &tone, rgb[1]);
        double sum = 0.0;
        for (size_t i = 0; i < (size_t)W * H * 3; i++) {
            const int apart = abs(rgb[0][i] - rgb[1][i]);
            assert_true(apart <= 1);
            sum += apart;
        }
        assert_true(sum / (W * H * 3) < 0.1);
    }
}

static void both_ways_bring_the_same_bytes(void **state)
{
    (void)state;
    if (!__builtin_cpu_supports("avx2"))
        skip();
    static const struct composite_size size[] = {{W, H, LW, LH},    {W, H, W, H},   {W, H, 52, 36},
                                                 {101, 67, 26, 17}, {33, 9, 11, 3}, {1, 1, 1, 1},
                                                 {3, 2, 2, 2},      {97, 5, 96, 4}};
    const struct tone tone = tone_default();
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        fill_geometry(full, size[i].width, size[i].height, 0.47f);
        fill_geometry(low, size[i].layer_width, size[i].layer_height, 0.47f);
        const struct layer l = fill_layer(size[i].layer_width, size[i].layer_height, i);
        draw(&size[i], COMPOSITE_BEST, &l, &tone, rgb[0]);
        draw(&size[i], COMPOSITE_PLAIN, &l, &tone, rgb[1]);
        assert_memory_equal(rgb[0], rgb[1], (size_t)size[i].width * size[i].height * 3);
    }
}

// Bright light on the near side, none on the far one, the edge in the middle of a layer pixel:
// every pixel takes its own side's light.
static void light_does_not_cross_edges(void **state)
{
    (void)state;
    const struct composite_size size = {W, H, LW, LH};
    const struct tone tone = {.exposure = 1.0f};
    const float split = 10.5f / LW;
    fill_geometry(full, W, H, split);
    fill_geometry(low, LW, LH, split);
    struct layer l = fill_layer(LW, LH, 3);
    for (size_t i = 0; i < (size_t)LW * LH; i++) {
        const bool is_left = ((float)(i % LW) + 0.5f) / LW < split;
        const struct layer_pixel p = {{is_left ? 4.0f : 0.0f, 0.0f, 0.0f}, 1, 0.0f};
        layer_pixel_put(layer_at + 16 + i * 8, &p);
    }
    draw(&size, COMPOSITE_BEST, &l, &tone, rgb[0]);
    for (uint32_t y = H / 2; y < H; y++) {
        for (uint32_t x = 0; x < W; x++) {
            const uint8_t red = rgb[0][((size_t)y * W + x) * 3];
            if (((float)x + 0.5f) / W < split)
                assert_true(red > 190);
            else
                assert_true(red < 60);
        }
    }
}

static void what_does_not_fit_is_refused(void **state)
{
    (void)state;
    const struct composite_size size = {W, H, LW, LH};
    const struct tone tone = tone_default();
    struct composite *c;
    for (size_t limit = 0; limit < 400000; limit += 7000) {
        struct budget small = {.limit_bytes = limit};
        if (composite_new(&c, &size, COMPOSITE_BEST, &small) == RC_OK)
            composite_free(c);
        else
            assert_null(c);
        assert_int_equal(small.used_bytes, 0);
    }
    assert_int_equal(composite_new(&c, &size, COMPOSITE_BEST, &budget), RC_OK);
    const struct bytes f = bytes_of(full, sizeof full);
    const struct bytes l = bytes_of(low, (size_t)LW * LH * 16);
    assert_int_equal(composite_geometry(c, f, f), RC_MALFORMED);
    assert_int_equal(composite_geometry(c, l, l), RC_MALFORMED);
    assert_int_equal(composite_geometry(c, f, l), RC_OK);
    const struct layer other = fill_layer(LW, LH - 1, 1);
    assert_int_equal(composite_draw(c, &other, &tone, rgb[0]), RC_MALFORMED);
    composite_free(c);
    composite_free(NULL);
}

static void our_own_light_is_brighter_from_above(void **state)
{
    (void)state;
    const struct geometry_pixel up = {.depth = 1, .normal = normal_pack(vec_of(0, 1, 0)), .id = 1};
    const struct geometry_pixel down = {
        .depth = 1, .normal = normal_pack(vec_of(0, -1, 0)), .id = 1};
    geometry_pixel_put(low, &up);
    geometry_pixel_put(low + 16, &down);
    struct buffer b = buffer_of(layer_at, sizeof layer_at);
    assert_int_equal(composite_own_light(bytes_of(low, 32), 2, 1, &b), RC_OK);
    struct layer l;
    assert_int_equal(layer_open(&l, buffer_bytes(&b)), RC_OK);
    assert_true(layer_pixel_at(&l, 0).light[0] > 2.0f * layer_pixel_at(&l, 1).light[0]);
    assert_true(layer_pixel_at(&l, 1).light[0] > 0.1f);
    assert_int_equal(composite_own_light(bytes_of(low, 31), 2, 1, &b), RC_MALFORMED);
    struct buffer small = buffer_of(layer_at, 20);
    assert_int_equal(composite_own_light(bytes_of(low, 32), 2, 1, &small), RC_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_layer_of_full_size_looks_as_by_tone_map),
        cmocka_unit_test(both_ways_bring_the_same_bytes),
        cmocka_unit_test(light_does_not_cross_edges),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(our_own_light_is_brighter_from_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
