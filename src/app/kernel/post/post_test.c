// SPDX-License-Identifier: MIT
// Tests of kernel `post`: on a wall whose light is known at every point, in parts, given rubbish.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/post/field.h"
#include "kernel/post/stage_test.h"

static struct post_stage stage;
static uint8_t tiles[sizeof stage.light];

static enum rc try_run(const struct post_params *p, const struct bytes *given, uint32_t count,
                       struct buffer *result)
{
    uint8_t at[2048];
    struct buffer params = buffer_of(at, sizeof at);
    assert_int_equal(post_params_encode(p, &params), RC_OK);
    const struct kernel_in in = {buffer_bytes(&params), given, count};
    struct buffer report = buffer_of(NULL, 0);
    return post_kernel.run(NULL, &in, result, &report);
}

static struct bytes run(const struct post_params *p, uint8_t *at, size_t cap)
{
    struct bytes given[POST_GIVEN_MAX];
    struct buffer result = buffer_of(at, cap);
    const uint32_t count = post_stage_given(&stage, tiles, given);
    assert_int_equal(count, post_given_count(&stage.params));
    assert_int_equal(try_run(p, given, count, &result), RC_OK);
    return buffer_bytes(&result);
}

static struct layer run_layer(void)
{
    struct layer l;
    struct bytes rest;
    struct bytes b = run(&stage.params, stage.result, sizeof stage.result);
    assert_int_equal(layer_open_first(&l, b, &rest), RC_OK);
    assert_int_equal(rest.len, stage.params.keeps_memory ? l.pixels.len + 16 : 0);
    return l;
}

// Root of the mean square of how far a rectangle's light is off the pattern, relative.
static double error_of(const struct layer *l, const struct post_tile *r)
{
    double sum = 0.0;
    for (uint32_t y = r->y; y < r->y + r->h; y++) {
        for (uint32_t x = r->x; x < r->x + r->w; x++) {
            float far;
            const float truth = post_stage_pattern(post_stage_at(&stage.params.camera, x, y, &far));
            const struct layer_pixel p = layer_pixel_at(l, (size_t)y * STAGE_W + x);
            for (int c = 0; c < 3; c++) {
                const double off = (double)(p.light[c] / truth) - 1.0;
                sum += off * off;
            }
        }
    }
    return sqrt(sum / (3.0 * r->w * r->h));
}

static const struct post_tile all = {0, 0, STAGE_W, STAGE_H, 1};

static void light_comes_out_without_emission_and_colour(void **state)
{
    (void)state;
    post_stage_init(&stage, 0.0f);
    stage.params.levels = 0;
    post_stage_light(&stage, 0.0f, 1);
    struct layer l = run_layer();
    assert_true(error_of(&l, &all) < 0.003);
    stage.params.levels = 4; // a smooth light stays as it is
    l = run_layer();
    assert_true(error_of(&l, &all) < 0.02);
}

static void noise_is_filtered(void **state)
{
    (void)state;
    post_stage_init(&stage, 0.0f);
    post_stage_light(&stage, 1.0f, 2);
    double error[5];
    for (uint32_t levels = 0; levels < 5; levels++) {
        stage.params.levels = levels;
        struct layer l = run_layer();
        error[levels] = error_of(&l, &all);
    }
    assert_true(error[0] > 0.25 && error[0] < 0.30); // 1 / sqrt(12)
    assert_true(error[1] < 0.6 * error[0]);
    assert_true(error[2] < 0.7 * error[1]);
    assert_true(error[3] < 0.06 && error[4] < 0.06);
}

// A noisy frame beside what is remembered: the mean counts the frames. The camera has moved by
// some pixels and a part of one.
static void the_frame_before_is_found_where_it_is_now(void **state)
{
    (void)state;
    post_stage_init(&stage, 0.23f);
    stage.params.has_before = true;
    stage.params.levels = 0;
    post_stage_light(&stage, 1.0f, 3);
    struct layer l = run_layer();
    const struct post_tile inner = {8, 8, STAGE_W - 24, STAGE_H - 16, 1};
    const double error = error_of(&l, &inner);
    assert_true(error > 0.02 && error < 0.045); // 1 / sqrt(12) / 9 = 0.032
    assert_int_equal(layer_pixel_at(&l, 40 * STAGE_W + 40).history, 9);
    stage.params.history_max = 4;
    l = run_layer();
    assert_int_equal(layer_pixel_at(&l, 40 * STAGE_W + 40).history, 4);
}

static void a_missing_tile_is_taken_from_the_frame_before(void **state)
{
    (void)state;
    post_stage_init(&stage, 0.23f);
    post_stage_light(&stage, 0.0f, 4);
    stage.params.has_before = true;
    stage.params.tile_count = 3;
    const struct post_tile tile[3] = {
        {0, 0, 48, STAGE_H, 1}, {48, 0, 24, 32, 0}, {48, 32, 48, 32, 1}};
    memcpy(stage.params.tile, tile, sizeof tile);
    struct layer l = run_layer();
    assert_true(error_of(&l, &tile[1]) < 0.02);
    assert_int_equal(layer_pixel_at(&l, 10 * STAGE_W + 60).history, 8);
    // What the camera before did not see is not made up: its history is none.
    stage.params.before = post_stage_camera(-30.0f);
    post_stage_geometry(&stage.params.before, stage.geometry[1]);
    l = run_layer();
    assert_int_equal(layer_pixel_at(&l, 10 * STAGE_W + 60).history, 0);
    assert_true(error_of(&l, &tile[0]) < 0.02);
}

static void another_surface_is_not_remembered(void **state)
{
    (void)state;
    post_stage_init(&stage, 0.0f);
    post_stage_light(&stage, 0.0f, 5);
    stage.params.has_before = true;
    stage.params.levels = 0;
    for (int kind = 0; kind < 3; kind++) { // id, depth, normal
        post_stage_geometry(&stage.params.before, stage.geometry[1]);
        for (size_t i = 0; i < STAGE_N; i++) {
            uint8_t *at = stage.geometry[1] + i * GEOMETRY_PIXEL_BYTES;
            struct geometry_pixel g = geometry_pixel_at(bytes_of(at, GEOMETRY_PIXEL_BYTES), 0);
            g.id = kind == 0 ? 8 : g.id;
            g.depth *= kind == 1 ? 1.1f : 1.0f;
            g.normal = kind == 2 ? normal_pack(vec_of(0, 1, 0)) : g.normal;
            geometry_pixel_put(at, &g);
        }
        struct layer l = run_layer();
        assert_int_equal(layer_pixel_at(&l, 20 * STAGE_W + 20).history, 1);
    }
}

static void blocks_are_the_same_to_the_bit(void **state)
{
    (void)state;
    static uint8_t again[sizeof stage.result];
    static uint8_t blocks[POST_BLOCKS * POST_BLOCK * POST_BLOCK * 16];
    post_stage_init(&stage, 0.1f);
    post_stage_light(&stage, 2.0f, 6);
    stage.params.has_before = true;
    stage.params.keeps_memory = true;
    stage.params.levels = 2;
    struct bytes result = run(&stage.params, stage.result, sizeof stage.result);
    assert_true(bytes_equal(result, run(&stage.params, again, sizeof again)));
    uint8_t task_at[2048];
    struct buffer task = buffer_of(task_at, sizeof task_at);
    assert_int_equal(post_params_encode(&stage.params, &task), RC_OK);
    uint32_t caught = 0;
    for (uint64_t nonce = 0; nonce < 12; nonce++) {
        uint8_t part_at[2048];
        struct buffer part = buffer_of(part_at, sizeof part_at);
        struct post_params p;
        assert_int_equal(post_kernel.part(buffer_bytes(&task), nonce, &part), RC_OK);
        assert_int_equal(post_params_decode(&p, buffer_bytes(&part)), RC_OK);
        assert_int_equal(p.block_count, POST_BLOCKS);
        struct bytes made = run(&p, blocks, sizeof blocks);
        size_t min;
        size_t max;
        assert_int_equal(post_kernel.result_bounds(buffer_bytes(&part), &min, &max), RC_OK);
        assert_int_equal(min, made.len);
        struct kernel_verdict v;
        assert_int_equal(
            post_kernel.judge(buffer_bytes(&task), result, buffer_bytes(&part), made, &v), RC_OK);
        assert_int_equal(v.parts, POST_BLOCKS);
        assert_true(v.is_right);
        // One bit in every fourth pixel of the memory.
        memcpy(again, stage.result, result.len);
        for (size_t i = result.len / 2 + LAYER_HEADER_BYTES; i < result.len; i += 32)
            again[i] ^= 1;
        assert_int_equal(post_kernel.judge(buffer_bytes(&task), bytes_of(again, result.len),
                                           buffer_bytes(&part), made, &v),
                         RC_OK);
        caught += !v.is_right;
        again[0] ^= 1; // no layer
        assert_int_equal(post_kernel.judge(buffer_bytes(&task), bytes_of(again, result.len),
                                           buffer_bytes(&part), made, &v),
                         RC_MALFORMED);
    }
    assert_int_equal(caught, 12);
}

static void bad_params_are_refused(void **state)
{
    (void)state;
    post_stage_init(&stage, 0.0f);
    struct post_params bad[10];
    for (size_t i = 0; i < 10; i++)
        bad[i] = stage.params;
    bad[0].width = 0;
    bad[1].width = bad[1].height = LAYER_SIDE_MAX;
    bad[2].levels = POST_LEVELS_MAX + 1;
    bad[3].history_max = 0;
    bad[4].tile_count = 0;
    bad[5].tile_count = 2;
    bad[5].tile[1] = (struct post_tile){95, 63, 1, 1, 1}; // overlaps the first
    bad[6].tile[0].w = STAGE_W + 1;
    bad[7].block_count = 1;
    bad[7].block[0].x = STAGE_W / POST_BLOCK;
    bad[8].block_count = 2; // twice the same
    bad[9].before.fov_deg = 0.0f;
    uint8_t at[2048];
    struct buffer b = buffer_of(at, sizeof at);
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(post_params_encode(&bad[i], &b), RC_MALFORMED);
    assert_int_equal(post_params_encode(&stage.params, &b), RC_OK);
    struct post_params back;
    for (size_t len = 0; len < b.len; len++)
        assert_int_equal(post_params_decode(&back, bytes_of(at, len)), RC_MALFORMED);
    assert_int_equal(post_params_decode(&back, buffer_bytes(&b)), RC_OK);
    assert_int_equal(back.tile[0].w, STAGE_W);
}

static void inputs_of_other_sizes_are_refused(void **state)
{
    (void)state;
    post_stage_init(&stage, 0.0f);
    stage.params.has_before = true;
    struct bytes given[POST_GIVEN_MAX];
    const uint32_t count = post_stage_given(&stage, tiles, given);
    assert_int_equal(count, 4);
    for (uint32_t i = 0; i < count; i++) {
        struct buffer result = buffer_of(stage.result, sizeof stage.result);
        given[i].len--;
        assert_int_equal(try_run(&stage.params, given, count, &result), RC_MALFORMED);
        given[i].len++;
    }
    struct buffer small = buffer_of(stage.result, layer_bytes(STAGE_W, STAGE_H) - 1);
    assert_int_equal(try_run(&stage.params, given, count, &small), RC_FULL);
    struct buffer result = buffer_of(stage.result, sizeof stage.result);
    assert_int_equal(try_run(&stage.params, given, count - 1, &result), RC_MALFORMED);
    assert_int_equal(try_run(&stage.params, NULL, 0, &result), RC_MALFORMED);
}

// Any bits in geometry, light and layer: something comes out, the same twice.
static void rubbish_in_brings_rubbish_out(void **state)
{
    (void)state;
    static uint8_t again[sizeof stage.result];
    struct rng r = rng_seeded(9);
    post_stage_init(&stage, 0.1f);
    stage.params.has_before = true;
    for (size_t i = 0; i < sizeof stage.light; i++)
        stage.light[i] = (uint8_t)rng_u64(&r);
    for (size_t i = 0; i < sizeof stage.geometry[0]; i++) {
        stage.geometry[0][i] = (uint8_t)rng_u64(&r);
        stage.geometry[1][i] = (uint8_t)rng_u64(&r);
    }
    for (size_t i = LAYER_HEADER_BYTES; i < sizeof stage.before; i++)
        stage.before[i] = (uint8_t)rng_u64(&r);
    struct bytes b = run(&stage.params, stage.result, sizeof stage.result);
    assert_true(bytes_equal(b, run(&stage.params, again, sizeof again)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(light_comes_out_without_emission_and_colour),
        cmocka_unit_test(noise_is_filtered),
        cmocka_unit_test(the_frame_before_is_found_where_it_is_now),
        cmocka_unit_test(a_missing_tile_is_taken_from_the_frame_before),
        cmocka_unit_test(another_surface_is_not_remembered),
        cmocka_unit_test(blocks_are_the_same_to_the_bit),
        cmocka_unit_test(bad_params_are_refused),
        cmocka_unit_test(inputs_of_other_sizes_are_refused),
        cmocka_unit_test(rubbish_in_brings_rubbish_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
