// SPDX-License-Identifier: MIT
// Tests of tone mapping: the curve's fixed points, the transfer, and glare that keeps the light.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "base/attr.h"
#include "image/tone.h"
#include "kernel/trace/trace.h"

#define SIDE 64u

static void test_srgb(void **state)
{
    (void)state;
    assert_int_equal(tone_srgb(0.0f), 0);
    assert_int_equal(tone_srgb(-1.0f), 0);
    assert_int_equal(tone_srgb(NAN), 0);
    assert_int_equal(tone_srgb(1.0f), 255);
    assert_int_equal(tone_srgb(INFINITY), 255);
    assert_int_equal(tone_srgb(0.5f), 188);       // 255 * (1.055 * 0.5^(1/2.4) - 0.055) = 187.5
    assert_int_equal(tone_srgb(0.2140411f), 127); // just below the half
    assert_int_equal(tone_srgb(0.002f), 7);       // the straight part: 255 * 12.92 * 0.002 = 6.6
}

static void test_curve(void **state)
{
    (void)state;
    float grey[3] = {0.18f, 0.18f, 0.18f};
    tone_curve(grey);
    for (unsigned c = 0; c < 3; c++)
        assert_true(fabsf(grey[c] - 0.18f) < 1e-4f);
    float before = -1.0f;
    for (unsigned i = 0; i < 100; i++) { // rises, and stays below 1
        float x = 0.001f * (powf(1.13f, (float)i) - 1.0f);
        float c[3] = {x, x, x};
        tone_curve(c);
        assert_true(c[0] > before && c[0] <= 1.0f);
        before = c[0];
    }
    float neon[3] = {9.0f, 0.5f, 4.5f}; // keeps its colour
    tone_curve(neon);
    assert_true(neon[0] > 0.9f && neon[1] < 0.4f && neon[2] > neon[1] && neon[2] < neon[0]);
    float wild[3] = {NAN, INFINITY, -1.0f};
    tone_curve(wild);
    for (unsigned c = 0; c < 3; c++)
        assert_true(wild[c] >= 0.0f && wild[c] <= 1.0f);
}

static void map(const uint64_t *sum, float glare, uint8_t *rgb)
{
    struct budget budget = {.limit_bytes = 1 << 22};
    const struct image_sums image = {sum, SIDE, SIDE, 4};
    const struct tone tone = {.exposure = 1.0f, .glare = glare};
    assert_int_equal(tone_map(&tone, &image, &budget, rgb), RC_OK);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_flat_stays_flat(void **state)
{
    (void)state;
    static uint64_t sum[SIDE * SIDE * TRACE_LAYERS * 3];
    static uint8_t rgb[2][SIDE * SIDE * 3];
    for (size_t i = 0; i < ARRAY_COUNT(sum); i++)
        sum[i] = 4 * TRACE_UNIT / 10; // 0.1 a layer
    map(sum, 0.0f, rgb[0]);
    map(sum, 0.5f, rgb[1]);
    float wanted[3] = {0.2f, 0.2f, 0.2f};
    tone_curve(wanted);
    for (size_t i = 0; i < sizeof rgb[0]; i++) {
        assert_in_range(rgb[0][i], tone_srgb(wanted[0]) - 1, tone_srgb(wanted[0]) + 1);
        assert_in_range(rgb[1][i], rgb[0][i] - 1, rgb[0][i] + 1);
    }
}

// One bright pixel: around it light appears, itself gets darker, and far more near than far.
static void test_glare_spreads(void **state)
{
    (void)state;
    static uint64_t sum[SIDE * SIDE * TRACE_LAYERS * 3];
    static uint8_t rgb[2][SIDE * SIDE * 3];
    memset(sum, 0, sizeof sum);
    size_t middle = (size_t)(SIDE / 2) * SIDE + SIDE / 2;
    sum[middle * TRACE_LAYERS * 3] = (uint64_t)4 * 60 * TRACE_UNIT; // red, direct
    map(sum, 0.0f, rgb[0]);
    map(sum, 0.3f, rgb[1]);
    assert_true(rgb[0][middle * 3] > 240);
    assert_int_equal(rgb[0][(middle + 3) * 3], 0);
    assert_true(rgb[1][(middle + 3) * 3] > rgb[1][(middle + 10) * 3]);
    assert_true(rgb[1][(middle + 10) * 3] > 0);
    assert_int_equal(rgb[1][(middle + 3) * 3 + 1], 0); // no green from red
}

static void test_no_memory(void **state)
{
    (void)state;
    static uint64_t sum[SIDE * SIDE * TRACE_LAYERS * 3] = {0};
    static uint8_t rgb[SIDE * SIDE * 3];
    const struct image_sums image = {sum, SIDE, SIDE, 1};
    const struct tone tone = tone_default();
    for (size_t limit = 0; limit < 50000; limit += 9000) {
        struct budget budget = {.limit_bytes = limit};
        assert_int_equal(tone_map(&tone, &image, &budget, rgb), RC_NOMEM);
        assert_int_equal(budget.used_bytes, 0);
    }
}

static void test_odd_sizes(void **state)
{
    (void)state;
    static uint64_t sum[97 * TRACE_LAYERS * 3] = {0};
    static uint8_t rgb[97 * 3];
    static const uint32_t size[][2] = {{1, 1}, {97, 1}, {1, 97}, {13, 7}, {2, 48}};
    for (size_t i = 0; i < sizeof size / sizeof *size; i++) {
        struct budget budget = {.limit_bytes = 1 << 20};
        const struct image_sums image = {sum, size[i][0], size[i][1], 1};
        const struct tone tone = tone_default();
        assert_int_equal(tone_map(&tone, &image, &budget, rgb), RC_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_srgb),
        cmocka_unit_test(test_curve),
        cmocka_unit_test(test_flat_stays_flat),
        cmocka_unit_test(test_glare_spreads),
        cmocka_unit_test(test_no_memory),
        cmocka_unit_test(test_odd_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
