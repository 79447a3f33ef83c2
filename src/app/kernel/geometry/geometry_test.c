// SPDX-License-Identifier: MIT
// Tests of kernel `geometry`: against formulas, against kernel `trace`, in parts, with bad params.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kernel/geometry/geometry.h"
#include "kernel/geometry/look.h"
#include "kernel/trace/stage_test.h"
#include "kernel/world/base.h"
#include "scene/normal.h"

#define SIDE 32u

static struct stage stage;
static uint8_t result_at[SIDE * SIDE * 16], params_at[KERNEL_PARAMS_BYTES_MAX];

static struct geometry_params params_of(uint32_t side)
{
    return (struct geometry_params){.width = SIDE,
                                    .height = SIDE,
                                    .w = SIDE,
                                    .h = SIDE,
                                    .side = side,
                                    .camera = stage.params.camera};
}

static struct bytes run(const struct geometry_params *p, uint8_t *at)
{
    struct buffer params = buffer_of(params_at, sizeof params_at);
    struct buffer result = buffer_of(at, sizeof result_at);
    struct buffer report = buffer_of(NULL, 0);
    assert_int_equal(geometry_params_encode(p, &params), RC_OK);
    assert_int_equal(geometry_kernel.run(stage.state,
                                         &(struct kernel_in){.params = buffer_bytes(&params)},
                                         &result, &report),
                     RC_OK);
    size_t min;
    size_t max;
    assert_int_equal(geometry_kernel.result_bounds(buffer_bytes(&params), &min, &max), RC_OK);
    assert_int_equal(min, result.len);
    assert_int_equal(max, result.len);
    return buffer_bytes(&result);
}

static struct geometry_pixel pixel(struct bytes b, uint32_t x, uint32_t y)
{
    return geometry_pixel_at(b, (size_t)y * SIDE + x);
}

static void open_stage(void)
{
    assert_int_equal(stage_open(&stage), RC_OK);
    assert_non_null(world_base_loaded(stage.state));
}

// A wall across the view, five metres off.
static void wall(uint32_t material)
{
    stage_quad(&stage, (const float[3]){-9, -9, 0}, (const float[3]){18, 0, 0},
               (const float[3]){0, 18, 0}, material);
}

static void depth_and_normal_are_those_of_the_formula(void **state)
{
    (void)state;
    stage_init(&stage, SIDE, 1);
    wall(stage_material(&stage, stage_grey(0.5f)));
    open_stage();
    struct geometry_params p = params_of(1);
    struct bytes b = run(&p, result_at);
    const double high = tan(40.0 / 360.0 * 3.14159265358979); // half of 40 degrees
    for (uint32_t y = 0; y < SIDE; y++) {
        for (uint32_t x = 0; x < SIDE; x++) {
            const double dx = ((x + 0.5) / SIDE * 2 - 1) * high;
            const double dy = ((y + 0.5) / SIDE * 2 - 1) * high;
            struct geometry_pixel g = pixel(b, x, y);
            assert_true(fabs((double)g.depth - 5.0 * sqrt(1 + dx * dx + dy * dy)) < 1e-4);
            assert_true(vec_unit(normal_unpack(g.normal)).z > 0.9999f);
            assert_true(fabsf(geometry_albedo(g.albedo[0]) - 0.5f) < 0.005f);
            assert_int_equal(g.emission & 0x7ffffff, 0);
            assert_int_not_equal(g.id, 0);
        }
    }
    stage_close(&stage);
}

static void sky_and_haze_are_those_of_the_formula(void **state)
{
    (void)state;
    stage_init(&stage, SIDE, 1);
    stage.sky = (struct scene_sky){{0.2f, 0.3f, 0.4f}, {0.2f, 0.3f, 0.4f}, {1, 1, 1}, 0.1f};
    struct scene_material lamp = stage_grey(0.5f);
    lamp.emission[0] = 3.0f;
    stage_quad(&stage, (const float[3]){-9, -9, 0}, (const float[3]){9, 0, 0},
               (const float[3]){0, 18, 0}, stage_material(&stage, lamp)); // the left half
    open_stage();
    struct geometry_params p = params_of(1);
    struct bytes b = run(&p, result_at);
    float e[3];
    struct geometry_pixel left = pixel(b, 3, SIDE / 2);
    const double through = exp(-0.1 * (double)left.depth);
    geometry_emission(left.emission, e);
    assert_true(fabs((double)e[0] - (3.0 * through + 1.0 - through)) < 0.01);
    assert_true(fabs((double)e[1] - (1.0 - through)) < 0.01);
    assert_true(fabs((double)geometry_albedo(left.albedo[2]) - 0.5 * through) < 0.005);
    struct geometry_pixel right = pixel(b, SIDE - 3, SIDE / 2);
    geometry_emission(right.emission, e);
    assert_int_equal(right.id, 0);
    assert_false(right.depth > 0.0f);
    assert_true(fabs((double)e[2] - 1.0) < 0.01); // 300 m of haze hide the sky
    stage_close(&stage);
}

// Lamps behind a screen, in a mirror and through glass; nothing scatters, so that emission is all
// that kernel `trace` finds, too.
static void emission_is_what_the_path_tracer_sees(void **state)
{
    (void)state;
    enum { SAMPLES = 1024 };
    stage_init(&stage, SIDE, SAMPLES);
    stage.params.depth_max = 12;
    struct scene_material lamp = stage_grey(0.0f);
    struct scene_material screen = stage_grey(0.0f);
    struct scene_material mirror = stage_grey(0.8f);
    struct scene_material glass = stage_grey(0.9f);
    lamp.emission[0] = 2.0f;
    lamp.emission[1] = 0.5f;
    screen.opacity = 0.3f;
    screen.emission[2] = 1.0f;
    mirror.metallic = 1.0f;
    glass.transmission = 1.0f;
    glass.ior = 1.5f;
    const uint32_t lit = stage_material(&stage, lamp);
    wall(stage_material(&stage, mirror));
    stage_box(&stage, (const float[3]){-0.6f, 0.2f, 1.0f}, 0.4f, lit);
    stage_box(&stage, (const float[3]){0.3f, 0.9f, 7.0f}, 0.7f, lit); // behind the eye
    stage_quad(&stage, (const float[3]){-1, -1, 2}, (const float[3]){1.5f, 0, 0},
               (const float[3]){0, 1.5f, 0}, stage_material(&stage, screen));
    stage_box(&stage, (const float[3]){0.7f, -0.4f, 1.0f}, 0.3f, stage_material(&stage, glass));
    open_stage();
    struct geometry_params p = params_of(4);
    struct bytes b = run(&p, result_at);
    struct bytes traced = stage_run(&stage);
    assert_int_equal(traced.len, SIDE * SIDE * TRACE_PIXEL_BYTES);
    double sum[2][3] = {{0}};
    double apart = 0.0;
    for (size_t i = 0; i < (size_t)SIDE * SIDE; i++) {
        float e[3];
        geometry_emission(geometry_pixel_at(b, i).emission, e);
        for (size_t c = 0; c < 3; c++) {
            const double t =
                (stage_word(traced, i * 6 + c) + (double)stage_word(traced, i * 6 + 3 + c)) /
                TRACE_UNIT / SAMPLES;
            sum[0][c] += (double)e[c];
            sum[1][c] += t;
            apart += fabs((double)e[c] - t);
        }
    }
    for (size_t c = 0; c < 3; c++)
        assert_true(fabs(sum[0][c] - sum[1][c]) < 0.02 * sum[1][c]);
    assert_true(apart < 0.06 * (sum[1][0] + sum[1][1] + sum[1][2])); // edges: 16 rays and 1,024
    stage_close(&stage);
}

static void room_with_things(void)
{
    stage_init(&stage, SIDE, 1);
    stage.sky.high[1] = 1.0f;
    struct scene_material m = stage_grey(0.5f);
    m.roughness = 0.05f;
    m.ior = 1.5f;
    m.emission[1] = 0.3f;
    stage_box(&stage, (const float[3]){0, 0, 0}, 0.5f, stage_material(&stage, m));
    m.opacity = 0.4f;
    stage_box(&stage, (const float[3]){0.3f, 0.5f, 1}, 0.4f, stage_material(&stage, m));
    open_stage();
}

static void a_result_is_right_by_its_own_word_and_a_lie_is_not(void **state)
{
    (void)state;
    static uint8_t again_at[sizeof result_at];
    room_with_things();
    struct geometry_params p = params_of(2);
    struct bytes b = run(&p, result_at);
    assert_true(bytes_equal(b, run(&p, again_at)));

    uint8_t task_at[512];
    static uint8_t part_at[KERNEL_PARAMS_BYTES_MAX];
    static uint8_t part_result_at[GEOMETRY_PARTS * 16];
    struct buffer task = buffer_of(task_at, sizeof task_at);
    struct buffer part = buffer_of(part_at, sizeof part_at);
    struct buffer part_result = buffer_of(part_result_at, sizeof part_result_at);
    struct buffer report = buffer_of(NULL, 0);
    assert_int_equal(geometry_params_encode(&p, &task), RC_OK);
    assert_int_equal(geometry_kernel.part(buffer_bytes(&task), 77, &part), RC_OK);
    assert_int_equal(geometry_kernel.run(stage.state,
                                         &(struct kernel_in){.params = buffer_bytes(&part)},
                                         &part_result, &report),
                     RC_OK);
    struct kernel_verdict v;
    const struct bytes parts = buffer_bytes(&part_result);
    assert_int_equal(geometry_kernel.judge(buffer_bytes(&task), b, buffer_bytes(&part), parts, &v),
                     RC_OK);
    assert_int_equal(v.parts, GEOMETRY_PARTS);
    assert_int_equal(v.mismatches, 0);
    assert_true(v.is_right);

    // Each field alone, on every pixel. The field at 15 is the emission's exponent.
    for (size_t field = 0; field < 16; field += field == 11 ? 4 : 1) {
        if (field < 2 || field == 4 || field == 6)
            continue; // low bits: within the tolerance
        memcpy(again_at, result_at, sizeof again_at);
        for (size_t i = 0; i < b.len; i += 16)
            again_at[i + field] ^= 0x40;
        assert_int_equal(geometry_kernel.judge(buffer_bytes(&task), bytes_of(again_at, b.len),
                                               buffer_bytes(&part), parts, &v),
                         RC_OK);
        assert_false(v.is_right);
    }
    assert_int_equal(geometry_kernel.judge(buffer_bytes(&task), bytes_part(b, 0, b.len - 16),
                                           buffer_bytes(&part), parts, &v),
                     RC_MALFORMED);
    p.side = 1; // a part of another task
    task.len = 0;
    assert_int_equal(geometry_params_encode(&p, &task), RC_OK);
    assert_int_equal(geometry_kernel.judge(buffer_bytes(&task), b, buffer_bytes(&part), parts, &v),
                     RC_MALFORMED);
    stage_close(&stage);
}

static void bad_params_are_refused(void **state)
{
    (void)state;
    stage_init(&stage, SIDE, 1);
    struct geometry_params good = params_of(2);
    struct geometry_params bad[9];
    for (size_t i = 0; i < 9; i++)
        bad[i] = good;
    bad[0].width = 0;
    bad[1].height = PIXELS_SIDE_MAX + 1;
    bad[2].x = SIDE;
    bad[3].w = SIDE + 1;
    bad[4].side = 0;
    bad[5].side = GEOMETRY_SIDE_MAX + 1;
    bad[6].camera.fov_deg = NAN;
    bad[7].pixel_count = 1;
    bad[7].pixel[0].x = SIDE;
    bad[8].pixel_count = PARTS_MAX + 1;
    struct buffer out = buffer_of(params_at, sizeof params_at);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(geometry_params_encode(&bad[i], &out), RC_MALFORMED);
    assert_int_equal(geometry_params_encode(&good, &out), RC_OK);
    static struct geometry_params back;
    assert_int_equal(geometry_params_decode(&back, buffer_bytes(&out)), RC_OK);
    assert_int_equal(back.side, 2);
    assert_memory_equal(&back.camera, &good.camera, sizeof good.camera);
    for (size_t len = 0; len < out.len; len++)
        assert_int_equal(geometry_params_decode(&back, bytes_of(params_at, len)), RC_MALFORMED);
}

static void codes_come_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 256; i++)
        assert_int_equal(geometry_albedo_code(geometry_albedo((uint8_t)i)), i);
    struct rng r = rng_seeded(3);
    for (int i = 0; i < 100000; i++) {
        const double scale = exp2(rng_unit(&r) * 28.0 - 12.0);
        float in[3];
        float out[3];
        double most = 0.0;
        for (int c = 0; c < 3; c++) {
            in[c] = (float)fmin(rng_unit(&r) * scale, 65408.0);
            most = fmax(most, (double)in[c]);
        }
        geometry_emission(geometry_emission_code(in), out);
        // Nine bits of the largest: half a step of a 256th at most, and of the smallest exponent.
        for (int c = 0; c < 3; c++)
            assert_true(fabs((double)(in[c] - out[c])) <= most / 512 + 0x1p-25);
    }
    const float wild[3] = {NAN, INFINITY, -1.0f};
    float out[3];
    geometry_emission(geometry_emission_code(wild), out);
    assert_true(out[1] > 65407.0f);
    assert_false(out[0] > 0.0f || out[2] > 0.0f);
}

static void without_a_scene_there_is_nothing_to_see(void **state)
{
    (void)state;
    stage_init(&stage, SIDE, 1);
    assert_int_equal(world_base.open(&stage.state, NULL), RC_OK);
    assert_null(world_base_loaded(stage.state));
    struct geometry_params p = params_of(1);
    struct buffer params = buffer_of(params_at, sizeof params_at);
    struct buffer result = buffer_of(result_at, sizeof result_at);
    assert_int_equal(geometry_params_encode(&p, &params), RC_OK);
    const struct kernel_in in = {.params = buffer_bytes(&params)};
    assert_int_equal(geometry_kernel.run(stage.state, &in, &result, &result), RC_ABSENT);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(depth_and_normal_are_those_of_the_formula),
        cmocka_unit_test(sky_and_haze_are_those_of_the_formula),
        cmocka_unit_test(emission_is_what_the_path_tracer_sees),
        cmocka_unit_test(a_result_is_right_by_its_own_word_and_a_lie_is_not),
        cmocka_unit_test(bad_params_are_refused),
        cmocka_unit_test(codes_come_back),
        cmocka_unit_test(without_a_scene_there_is_nothing_to_see),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
