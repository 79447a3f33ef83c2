// SPDX-License-Identifier: MIT
// Tests of the light layer: its curve against the formula, its form against strangers.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "kernel/layer.h"

static void every_code_comes_back_and_they_grow(void **state)
{
    (void)state;
    float last = -1.0f;
    for (uint32_t i = 0; i <= UINT16_MAX; i++) {
        const float light = layer_light((uint16_t)i);
        assert_true(light > last);
        assert_int_equal(layer_code(light), i);
        last = light;
    }
    assert_false(layer_light(0) > 0.0f);
    assert_true(last > LAYER_LIGHT_MAX && last < 1024.0f);
}

// By the definition: the octave of light + 1/64, and how far into it, in 4096 steps.
static void codes_are_those_of_the_formula(void **state)
{
    (void)state;
    for (double light = 1e-5; light < 1000.0; light *= 1.003) {
        const double lifted = (double)(float)light + 1.0 / 64;
        const double octave = floor(log2(lifted));
        const double code = (octave + 6) * 4096 + (lifted / exp2(octave) - 1) * 4096;
        assert_true(fabs(layer_code((float)light) - code) <= 0.51);
        assert_true(fabs((double)layer_light(layer_code((float)light)) - light) <=
                    lifted / 4096 / 2 + 1e-9);
    }
    assert_int_equal(layer_code(NAN), 0);
    assert_int_equal(layer_code(-1.0f), 0);
    assert_int_equal(layer_code(INFINITY), UINT16_MAX);
    assert_int_equal(layer_code(1e30f), UINT16_MAX);
}

static void pixels_come_back(void **state)
{
    (void)state;
    uint8_t at[LAYER_HEADER_BYTES + 2 * LAYER_PIXEL_BYTES];
    struct buffer b = buffer_of(at, sizeof at);
    const struct layer_pixel p = {{0.25f, 3.0f, 700.0f}, 17, 0.5f};
    assert_int_equal(layer_begin(&b, 2, 1), RC_OK);
    uint8_t *pixels = buffer_room(&b, 2 * LAYER_PIXEL_BYTES);
    memset(pixels, 0, 2 * LAYER_PIXEL_BYTES);
    layer_pixel_put(pixels + LAYER_PIXEL_BYTES, &p);
    struct layer l;
    assert_int_equal(layer_open(&l, buffer_bytes(&b)), RC_OK);
    struct layer_pixel back = layer_pixel_at(&l, 1);
    for (int i = 0; i < 3; i++)
        assert_true(fabsf(back.light[i] - p.light[i]) <= p.light[i] / 4096);
    assert_int_equal(back.history, 17);
    assert_true(fabsf(back.variance - 0.5f) < 0.5f / 64 + 0.001f);
    back = layer_pixel_at(&l, 0);
    assert_int_equal(back.history, 0);
    assert_false(back.light[0] > 0.0f || back.variance > 0.0f);
}

static void what_is_no_layer_is_refused(void **state)
{
    (void)state;
    uint8_t at[LAYER_HEADER_BYTES + 6 * LAYER_PIXEL_BYTES + 1] = {0};
    struct buffer b = buffer_of(at, sizeof at);
    struct layer l;
    struct bytes rest;
    assert_int_equal(layer_begin(&b, 3, 2), RC_OK);
    const size_t len = layer_bytes(3, 2);
    assert_int_equal(layer_open(&l, bytes_of(at, len)), RC_OK);
    assert_int_equal(layer_open_first(&l, bytes_of(at, len + 1), &rest), RC_OK);
    assert_int_equal(rest.len, 1);
    assert_int_equal(layer_open(&l, bytes_of(at, len + 1)), RC_MALFORMED);
    for (size_t i = 0; i < len; i++)
        assert_int_equal(layer_open(&l, bytes_of(at, i)), RC_MALFORMED);
    for (size_t i = 0; i < LAYER_HEADER_BYTES; i++) {
        at[i] ^= 0x80;
        assert_int_equal(layer_open(&l, bytes_of(at, len)), RC_MALFORMED);
        at[i] ^= 0x80;
    }
    assert_int_equal(layer_begin(&b, 0, 1), RC_MALFORMED);
    assert_int_equal(layer_begin(&b, LAYER_SIDE_MAX, LAYER_SIDE_MAX), RC_MALFORMED);
    struct buffer small = buffer_of(at, 15);
    assert_int_equal(layer_begin(&small, 1, 1), RC_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_code_comes_back_and_they_grow),
        cmocka_unit_test(codes_are_those_of_the_formula),
        cmocka_unit_test(pixels_come_back),
        cmocka_unit_test(what_is_no_layer_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
