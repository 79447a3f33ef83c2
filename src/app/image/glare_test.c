// SPDX-License-Identifier: MIT
// Tests of glare: against its definition in two directions at once, and that light is kept.
#include "image/glare.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "base/attr.h"
#include "base/rng.h"

#define SIDE_MAX 128u

struct plane {
    uint32_t width, height;
    float at[SIDE_MAX * SIDE_MAX];
};

static struct plane level[GLARE_LEVELS_MAX];

static float pixel_at(const struct plane *p, int64_t x, int64_t y) // the border goes on
{
    const int64_t i = x < 0 ? 0 : x >= (int64_t)p->width ? (int64_t)p->width - 1 : x;
    const int64_t k = y < 0 ? 0 : y >= (int64_t)p->height ? (int64_t)p->height - 1 : y;
    return p->at[(size_t)k * p->width + (size_t)i];
}

// Every pixel the mean of 4 by 4 below it, weighted 1 3 3 1 both ways.
static void shrink(struct plane *out, const struct plane *in)
{
    static const float weight[4] = {0.125f, 0.375f, 0.375f, 0.125f};
    out->width = (in->width + 1) / 2;
    out->height = (in->height + 1) / 2;
    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < out->width; x++) {
            float sum = 0;
            for (int k = 0; k < 4; k++)
                for (int i = 0; i < 4; i++)
                    sum += weight[i] * weight[k] *
                           pixel_at(in, 2 * (int64_t)x + i - 1, 2 * (int64_t)y + k - 1);
            out->at[(size_t)y * out->width + x] = sum;
        }
}

// out = out * keep + in, twice as large and interpolated, * add.
static void widen(struct plane *out, const struct plane *in, float keep, float add)
{
    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < out->width; x++) {
            const int64_t i = x / 2;
            const int64_t k = y / 2;
            const int64_t i2 = i + (x % 2 ? 1 : -1);
            const int64_t k2 = k + (y % 2 ? 1 : -1);
            float *to = &out->at[(size_t)y * out->width + x];
            *to =
                *to * keep + add * (0.5625f * pixel_at(in, i, k) + 0.0625f * pixel_at(in, i2, k2) +
                                    0.1875f * (pixel_at(in, i2, k) + pixel_at(in, i, k2)));
        }
}

// level[0]: as glare_spread, by the definition.
static void by_definition(void)
{
    unsigned count = 1;
    while (level[count - 1].width >= 12 && level[count - 1].height >= 12) {
        shrink(&level[count], &level[count - 1]);
        count++;
    }
    const unsigned shown = count - 1 < GLARE_SHOWN ? count - 1 : GLARE_SHOWN;
    for (unsigned i = count - 1; i > 0; i--) {
        const unsigned above = count - i;
        const float mean = (float)above / (float)(above + 1);
        const bool is_shown = i > 1 && above < shown;
        widen(&level[i - 1], &level[i], is_shown ? 1 - mean : 0, is_shown ? mean : 1);
    }
}

static void fill(float *at, size_t count, uint64_t seed)
{
    struct rng r = rng_seeded(seed);
    for (size_t i = 0; i < count; i++)
        at[i] = (float)exp2(rng_unit(&r) * 12 - 6);
}

static void as_by_its_definition(void **state)
{
    (void)state;
    static float plane[SIDE_MAX * SIDE_MAX];
    static const uint32_t size[][2] = {{128, 72}, {97, 61}, {13, 128}, {128, 12},
                                       {12, 12},  {11, 90}, {1, 1},    {3, 2}};
    for (size_t i = 0; i < ARRAY_COUNT(size); i++) {
        const size_t count = (size_t)size[i][0] * size[i][1];
        struct budget budget = {.limit_bytes = 1 << 20};
        struct glare g;
        fill(plane, count, i);
        level[0].width = size[i][0];
        level[0].height = size[i][1];
        memcpy(level[0].at, plane, count * sizeof *plane);
        assert_int_equal(glare_new(&g, size[i][0], size[i][1], size[i][1], &budget), RC_OK);
        glare_spread(&g, plane);
        by_definition();
        for (size_t k = 0; k < count; k++)
            assert_true(fabsf(plane[k] - level[0].at[k]) <= 1e-5f * level[0].at[k]);
        glare_free(&g);
        assert_int_equal(budget.used_bytes, 0);
    }
}

// One bright pixel far from the border: all of its light is there still, and most of it near.
static void light_is_kept(void **state)
{
    (void)state;
    static float plane[SIDE_MAX * SIDE_MAX];
    struct budget budget = {.limit_bytes = 1 << 20};
    struct glare g;
    double sum = 0;
    memset(plane, 0, sizeof plane);
    plane[64 * SIDE_MAX + 64] = 1000;
    assert_int_equal(glare_new(&g, SIDE_MAX, SIDE_MAX, SIDE_MAX, &budget), RC_OK);
    glare_spread(&g, plane);
    for (size_t i = 0; i < ARRAY_COUNT(plane); i++) {
        assert_true(plane[i] >= 0);
        sum += (double)plane[i];
    }
    assert_true(fabs(sum - 1000) < 10); // the widest tents touch the border
    assert_true(plane[64 * SIDE_MAX + 70] > plane[64 * SIDE_MAX + 80]);
    assert_true(plane[64 * SIDE_MAX + 80] > plane[64 * SIDE_MAX + 110]);
    glare_free(&g);
}

// A layer of a quarter of the picture's size spreads light as wide as the picture would.
static void a_small_plane_stands_for_a_large_picture(void **state)
{
    (void)state;
    static float large[SIDE_MAX * SIDE_MAX];
    static float small[32 * 32];
    struct budget budget = {.limit_bytes = 1 << 20};
    struct glare g;
    for (uint32_t y = 0; y < SIDE_MAX; y++)
        for (uint32_t x = 0; x < SIDE_MAX; x++)
            large[y * SIDE_MAX + x] = x / 4 == 16 && y / 4 == 16 ? 100.0f : 0.0f;
    memset(small, 0, sizeof small);
    small[16 * 32 + 16] = 100;
    assert_int_equal(glare_new(&g, SIDE_MAX, SIDE_MAX, SIDE_MAX, &budget), RC_OK);
    glare_spread(&g, large);
    glare_free(&g);
    assert_int_equal(glare_new(&g, 32, 32, SIDE_MAX, &budget), RC_OK);
    glare_spread(&g, small);
    glare_free(&g);
    for (uint32_t x = 18; x < 22; x++) { // beyond the tents that a small plane has no levels for
        const float wide = large[(16 * 4 + 2) * SIDE_MAX + x * 4 + 2];
        const float near = small[16 * 32 + x];
        assert_true(wide > 0 && near > 0.6f * wide && near < 1.7f * wide);
    }
    assert_int_equal(budget.used_bytes, 0);
}

static void without_memory(void **state)
{
    (void)state;
    struct budget plenty = {.limit_bytes = 1 << 20};
    struct glare g;
    assert_int_equal(glare_new(&g, 64, 64, 64, &plenty), RC_OK);
    const size_t all = plenty.used_bytes;
    for (size_t limit = 0; limit < all; limit += 500) {
        struct budget small = {.limit_bytes = limit};
        struct glare none;
        assert_int_equal(glare_new(&none, 64, 64, 64, &small), RC_NOMEM);
        assert_int_equal(small.used_bytes, 0);
        glare_free(&none); // harmless
    }
    glare_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_by_its_definition),
        cmocka_unit_test(light_is_kept),
        cmocka_unit_test(a_small_plane_stands_for_a_large_picture),
        cmocka_unit_test(without_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
