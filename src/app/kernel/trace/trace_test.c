// SPDX-License-Identifier: MIT
// Tests of kernel `trace`: the same bytes however the work is cut, and its refusals.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <xmmintrin.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/trace/stage_test.h"
#include "kernel/world/base.h"

#define SIDE 40ul

static struct stage stage;
static uint8_t whole[SIDE * SIDE * TRACE_PIXEL_BYTES];

// A room with every kind of material, a hundred lamps, haze and rain.
static void make_room(uint32_t samples)
{
    stage_init(&stage, (uint32_t)SIDE, samples);
    stage.sky = (struct scene_sky){
        .low = {0.3f, 0.2f, 0.4f}, .high = {0.1f, 0.2f, 0.5f}, .haze = {0.2f, 0.2f, 0.3f}};
    stage.sky.haze_per_m = 0.02f;
    struct scene_material wet = stage_grey(0.3f);
    wet.ior = 1.33f;
    wet.roughness = 0.2f;
    struct scene_material metal = stage_grey(0.8f);
    metal.metallic = 1.0f;
    metal.roughness = 0.5f;
    struct scene_material glass = stage_grey(0.9f);
    glass.transmission = 0.9f;
    glass.ior = 1.5f;
    struct scene_material rain = stage_grey(0.7f);
    rain.opacity = 0.3f;
    uint32_t floor = stage_material(&stage, wet);
    uint32_t box = stage_material(&stage, metal);
    uint32_t pane = stage_material(&stage, glass);
    uint32_t drop = stage_material(&stage, rain);
    stage_quad(&stage, (const float[3]){-9, -1, 9}, (const float[3]){18, 0, 0},
               (const float[3]){0, 0, -18}, floor);
    stage_box(&stage, (const float[3]){-1.0f, -0.4f, 0.0f}, 0.5f, box);
    stage_box(&stage, (const float[3]){0.6f, -0.4f, 1.0f}, 0.5f, pane);
    struct rng rng = rng_seeded(3);
    for (int i = 0; i < 100; i++) {
        struct scene_material lamp = stage_grey(0.2f);
        for (size_t k = 0; k < 3; k++)
            lamp.emission[k] = (float)rng_below(&rng, 20);
        uint32_t m = i < 50 ? stage_material(&stage, lamp) : drop;
        float at[3];
        for (size_t k = 0; k < 3; k++)
            at[k] = (float)rng_unit(&rng) * 4.0f - 2.0f;
        stage_quad(&stage, at, (const float[3]){0.1f, 0.02f, 0}, (const float[3]){0, 0.1f, 0.03f},
                   m);
    }
    assert_int_equal(stage_open(&stage), RC_OK);
}

static void add(uint8_t *to, struct bytes part, size_t pixel_to, size_t pixel_from)
{
    for (size_t i = 0; i < 6; i++) {
        struct bytes at = bytes_of(to + pixel_to * TRACE_PIXEL_BYTES, TRACE_PIXEL_BYTES);
        struct buffer b = buffer_of(to + pixel_to * TRACE_PIXEL_BYTES + i * 4, 4);
        buffer_u32le(&b, stage_word(at, i) + stage_word(part, pixel_from * 6 + i));
    }
}

static void render_whole(uint32_t samples)
{
    make_room(samples);
    struct bytes r = stage_run(&stage);
    assert_int_equal(r.len, sizeof whole);
    memcpy(whole, r.at, r.len);
    size_t lit = 0;
    for (size_t i = 0; i < r.len / 4; i++)
        lit += stage_word(r, i) > 0;
    assert_true(lit > r.len / 4 * 6 / 10); // all of the direct layer, some of the other
}

static void tiles_and_sample_ranges_add_up_to_the_frame(void **state)
{
    (void)state;
    render_whole(9);
    static uint8_t sum[sizeof whole];
    memset(sum, 0, sizeof sum);
    const uint32_t cut[] = {0, 1, 14, 33, (uint32_t)SIDE};
    const uint32_t range[] = {0, 2, 9};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < 4; i++) {
            for (size_t j = 0; j < 4; j++) {
                struct trace_params *p = &stage.params;
                p->x = cut[i];
                p->w = cut[i + 1] - cut[i];
                p->y = cut[j];
                p->h = cut[j + 1] - cut[j];
                p->sample_first = range[k];
                p->sample_count = range[k + 1] - range[k];
                struct bytes r = stage_run(&stage);
                assert_int_equal(r.len, (size_t)p->w * p->h * TRACE_PIXEL_BYTES);
                for (uint32_t n = 0; n < p->w * p->h; n++)
                    add(sum, r, (p->y + n / p->w) * SIDE + p->x + n % p->w, n);
            }
        }
    }
    stage_close(&stage);
    assert_memory_equal(sum, whole, sizeof whole);
}

static void single_pixels_equal_those_of_the_frame(void **state)
{
    (void)state;
    render_whole(5);
    struct trace_params *p = &stage.params;
    for (uint32_t from = 0; from < SIDE * SIDE; from += p->pixel_count) {
        p->pixel_count = (uint32_t)num_min(SIDE * SIDE - from, 333);
        for (uint32_t i = 0; i < p->pixel_count; i++) {
            size_t n =
                (size_t)(from + i) * 7 % (SIDE * SIDE); // 7 and the frame have no common divisor
            p->pixel[i] = (struct pixel){(uint16_t)(n % SIDE), (uint16_t)(n / SIDE)};
        }
        struct bytes r = stage_run(&stage);
        assert_int_equal(r.len, (size_t)p->pixel_count * TRACE_PIXEL_BYTES);
        for (uint32_t i = 0; i < p->pixel_count; i++) {
            size_t n = (size_t)(from + i) * 7 % (SIDE * SIDE);
            assert_memory_equal(r.at + (size_t)i * TRACE_PIXEL_BYTES, whole + n * TRACE_PIXEL_BYTES,
                                TRACE_PIXEL_BYTES);
        }
        assert_int_equal(stage.report.cells_x, 0);
    }
    stage_close(&stage);
}

static void the_same_again_in_another_process_state(void **state)
{
    (void)state;
    render_whole(3);
    stage_close(&stage);
    make_room(3);
    unsigned mode = _mm_getcsr();
    _mm_setcsr(mode | 0x6000); // round towards zero: the kernel must not care, and put it back
    struct bytes r = stage_run(&stage);
    assert_int_equal(_mm_getcsr() & 0xffc0u, (mode | 0x6000) & 0xffc0u);
    _mm_setcsr(mode);
    assert_memory_equal(r.at, whole, sizeof whole);
    stage.params.seed++;
    r = stage_run(&stage);
    assert_memory_not_equal(r.at, whole, sizeof whole);
    stage.params.seed--;
    stage.params.frame++;
    r = stage_run(&stage);
    assert_memory_not_equal(r.at, whole, sizeof whole);
    stage_close(&stage);
}

static void cost_covers_the_tile_and_depends_on_nothing_but_it(void **state)
{
    (void)state;
    make_room(4);
    assert_true(stage_run(&stage).len > 0);
    struct trace_report r = stage.report;
    assert_int_equal(r.cells_x, SIDE / 8);
    assert_int_equal(r.cells_y, SIDE / 8);
    assert_true(r.rays >= SIDE * SIDE * 4);
    assert_true(r.shadow_rays > 0);
    uint64_t all = 0;
    for (uint32_t i = 0; i < r.cells_x * r.cells_y; i++)
        all += trace_report_cost(&r, i % r.cells_x, i / r.cells_x);
    uint32_t corner = trace_report_cost(&r, 1, 2);
    assert_true(all > r.rays);
    // One cell alone costs what it did in the whole frame.
    stage.params.x = 8;
    stage.params.y = 16;
    stage.params.w = stage.params.h = 8;
    assert_true(stage_run(&stage).len > 0);
    assert_int_equal(trace_report_cost(&stage.report, 0, 0), corner);
    stage_close(&stage);
}

static uint64_t ticks_now; // of a clock that nobody but the test moves

static uint64_t ticks_of_test(void)
{
    // Every second pixel's pass takes ten times as long: a pass asks twice, before and after.
    static const uint64_t step[] = {0, 100, 0, 1000};
    static size_t turn;
    return ticks_now += step[turn++ % ARRAY_COUNT(step)];
}

static uint64_t ticks_stand_still(void)
{
    return 7;
}

// The sum of a probe's cost map, in odd and even columns; the result goes to `whole`.
static void probe(uint64_t (*ticks)(void), uint64_t column[2])
{
    stage.params.cell = 1;
    world_base.close(stage.state);
    assert_int_equal(world_base.open(&stage.state, ticks), RC_OK);
    assert_int_equal(world_base.load(stage.state, stage_object(&stage)), RC_OK);
    struct bytes r = stage_run(&stage);
    assert_int_equal(r.len, sizeof whole);
    memcpy(whole, r.at, sizeof whole);
    column[0] = column[1] = 0;
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++)
            column[x % 2] += trace_report_cost(&stage.report, x, y);
}

static void a_probe_spreads_its_units_by_time(void **state)
{
    (void)state;
    static uint8_t untimed[sizeof whole];
    uint64_t units[2];
    uint64_t timed[2];
    uint64_t still[2];
    make_room(8);
    probe(NULL, units);
    memcpy(untimed, whole, sizeof whole);
    probe(ticks_of_test, timed);
    assert_memory_equal(whole, untimed, sizeof whole);
    uint64_t all = units[0] + units[1];
    assert_in_range(timed[0] + timed[1], all - SIDE * SIDE, all + SIDE * SIDE); // rounded
    assert_true(timed[1] > 3 * timed[0]); // columns alternate, SIDE is even
    probe(ticks_stand_still, still);
    assert_memory_equal(whole, untimed, sizeof whole);
    assert_memory_equal(still, units, sizeof units);
    stage_close(&stage);
}

static void what_cannot_be_run_is_refused(void **state)
{
    (void)state;
    make_room(1);
    struct buffer params = buffer_of(stage.params_at, sizeof stage.params_at);
    assert_int_equal(trace_params_encode(&stage.params, &params), RC_OK);
    struct bytes good = buffer_bytes(&params);
    struct buffer small = buffer_of(stage.result_at, sizeof whole - 1);
    struct buffer report = buffer_of(stage.report_at, sizeof stage.report_at);
    assert_int_equal(
        trace_kernel.run(stage.state, &(struct kernel_in){.params = good}, &small, &report),
        RC_FULL);
    struct buffer result = buffer_of(stage.result_at, sizeof stage.result_at);
    struct buffer narrow = buffer_of(stage.report_at, 10);
    assert_int_equal(
        trace_kernel.run(stage.state, &(struct kernel_in){.params = good}, &result, &narrow),
        RC_FULL);
    result.len = 0;
    assert_int_equal(
        trace_kernel.run(stage.state,
                         &(struct kernel_in){.params = bytes_part(good, 0, good.len - 1)}, &result,
                         &report),
        RC_MALFORMED);
    // A bad object takes the place of the good one: nothing is loaded then.
    struct bytes object = stage_object(&stage);
    assert_int_equal(world_base.load(stage.state, bytes_part(object, 0, object.len - 1)),
                     RC_MALFORMED);
    assert_int_equal(
        trace_kernel.run(stage.state, &(struct kernel_in){.params = good}, &result, &report),
        RC_ABSENT);
    assert_int_equal(world_base.load(stage.state, object), RC_OK);
    assert_int_equal(
        trace_kernel.run(stage.state, &(struct kernel_in){.params = good}, &result, &report),
        RC_OK);
    stage_close(&stage);
    world_base.close(NULL);
}

static void a_bright_frame_fits_its_sums(void **state)
{
    (void)state;
    stage_init(&stage, 2, TRACE_SAMPLES_MAX);
    stage.sky.low[0] = stage.sky.high[0] = SCENE_EMISSION_MAX;
    stage.sky.low[1] = stage.sky.high[1] = 1.0f;
    assert_int_equal(stage_open(&stage), RC_OK); // no triangles at all
    struct bytes r = stage_run(&stage);
    assert_int_equal(stage_word(r, 0), TRACE_SAMPLES_MAX * (64u * TRACE_UNIT - 1));
    assert_int_equal(stage_word(r, 1), TRACE_SAMPLES_MAX * TRACE_UNIT);
    assert_int_equal(stage_word(r, 2), 0);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_and_sample_ranges_add_up_to_the_frame),
        cmocka_unit_test(single_pixels_equal_those_of_the_frame),
        cmocka_unit_test(the_same_again_in_another_process_state),
        cmocka_unit_test(cost_covers_the_tile_and_depends_on_nothing_but_it),
        cmocka_unit_test(a_probe_spreads_its_units_by_time),
        cmocka_unit_test(what_cannot_be_run_is_refused),
        cmocka_unit_test(a_bright_frame_fits_its_sums),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
