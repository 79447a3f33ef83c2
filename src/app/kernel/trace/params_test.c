// SPDX-License-Identifier: MIT
// Tests of the params' and the report's wire forms.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/trace/trace.h"
#include "scene/scene.h"

static uint8_t room[KERNEL_PARAMS_BYTES_MAX];

static struct trace_params good(void)
{
    return (struct trace_params){
        .seed = UINT64_MAX - 1,
        .frame = 3,
        .width = 640,
        .height = 360,
        .x = 600,
        .y = 300,
        .w = 40,
        .h = 60,
        .sample_first = 100,
        .sample_count = TRACE_SAMPLES_MAX,
        .depth_max = TRACE_DEPTH_MAX,
        .cell = 64,
        .camera = {.eye = {1, 2, 3}, .target = {4, 5, 6}, .up = {0, 1, 0}, .fov_deg = 45.5f},
        .pixel_count = 2,
        .pixel = {{600, 300}, {639, 359}}};
}

static enum rc encode(const struct trace_params *p, struct bytes *out)
{
    struct buffer b = buffer_of(room, sizeof room);
    enum rc rc = trace_params_encode(p, &b);
    *out = buffer_bytes(&b);
    return rc;
}

static void params_come_back_as_they_went(void **state)
{
    (void)state;
    struct trace_params p = good();
    struct trace_params back;
    struct bytes wire;
    assert_int_equal(encode(&p, &wire), RC_OK);
    assert_int_equal(trace_params_decode(&back, wire), RC_OK);
    assert_memory_equal(&back, &p, sizeof p);
    for (uint32_t i = 0; i < PARTS_MAX; i++)
        p.pixel[i] = (struct pixel){(uint16_t)(600 + i % 40), (uint16_t)(300 + i / 40)};
    p.pixel_count = PARTS_MAX;
    assert_int_equal(encode(&p, &wire), RC_OK);
    assert_int_equal(trace_params_decode(&back, wire), RC_OK);
    assert_memory_equal(&back, &p, sizeof p);
}

static void every_cut_is_malformed(void **state)
{
    (void)state;
    struct trace_params p = good();
    struct trace_params back = {.frame = 77};
    struct bytes wire;
    assert_int_equal(encode(&p, &wire), RC_OK);
    for (size_t len = 0; len < wire.len; len++)
        assert_int_equal(trace_params_decode(&back, bytes_part(wire, 0, len)), RC_MALFORMED);
    assert_int_equal(back.frame, 77); // untouched
    struct buffer small = buffer_of(room, wire.len - 1);
    assert_int_equal(trace_params_encode(&p, &small), RC_FULL);
}

static void each_field_out_of_range_is_refused(void **state)
{
    (void)state;
    const struct trace_params fine = good();
    struct trace_params bad[24];
    size_t n = 0;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = fine;
    bad[n++].width = PIXELS_SIDE_MAX + 1;
    bad[n++].height = 0;
    bad[n++].x = 640;
    bad[n++].w = 41;
    bad[n++].w = 0;
    bad[n++].h = 61;
    bad[n++].y = UINT32_MAX;
    bad[n++].sample_count = 0;
    bad[n++].sample_count = TRACE_SAMPLES_MAX + 1;
    bad[n++].sample_first = UINT32_MAX;
    bad[n++].depth_max = 0;
    bad[n++].depth_max = TRACE_DEPTH_MAX + 1;
    bad[n++].cell = 0;
    bad[n++].cell = 65;
    bad[n++].camera.eye[1] = NAN;
    bad[n++].camera.target[2] = 2e6f;
    bad[n++].camera.up[0] = -INFINITY;
    bad[n++].camera.fov_deg = 171.0f;
    bad[n++].pixel_count = PARTS_MAX + 1;
    bad[n++].pixel[0].x = 599;
    bad[n++].pixel[1].y = 360;
    for (size_t i = 0; i < n; i++) {
        struct bytes wire;
        if (encode(&bad[i], &wire) != RC_MALFORMED)
            fail_msg("case %zu was taken", i);
    }
    // More pixels, or more cells, than a task may have.
    struct trace_params large = fine;
    struct bytes wire;
    large.x = large.y = large.pixel_count = 0;
    large.width = large.w = 4096;
    large.height = large.h = 1024;
    assert_int_equal(encode(&large, &wire), RC_OK);
    large.cell = 5;
    assert_int_equal(encode(&large, &wire), RC_MALFORMED);
    large.cell = 64;
    large.height = large.h = 1025;
    assert_int_equal(encode(&large, &wire), RC_MALFORMED);
}

static void a_report_comes_back_as_it_went(void **state)
{
    (void)state;
    const uint8_t cost[] = {1, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 1, 4, 0, 0, 0, 5, 0, 0, 0, 6, 0, 0, 0};
    struct trace_report r = {.rays = 1ull << 40, .shadow_rays = 7, .cells_x = 3, .cells_y = 2};
    r.cost = bytes_of(cost, sizeof cost);
    struct buffer b = buffer_of(room, sizeof room);
    assert_int_equal(trace_report_encode(&r, &b), RC_OK);
    struct trace_report back;
    struct bytes wire = buffer_bytes(&b);
    assert_int_equal(trace_report_decode(&back, wire), RC_OK);
    assert_int_equal(back.rays, r.rays);
    assert_int_equal(back.shadow_rays, 7);
    assert_int_equal(trace_report_cost(&back, 0, 0), 1);
    assert_int_equal(trace_report_cost(&back, 1, 0), 258);
    assert_int_equal(trace_report_cost(&back, 2, 0), 1u << 24);
    assert_int_equal(trace_report_cost(&back, 2, 1), 6);
    for (size_t len = 0; len < wire.len; len++)
        assert_int_equal(trace_report_decode(&back, bytes_part(wire, 0, len)), RC_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(params_come_back_as_they_went),
        cmocka_unit_test(every_cut_is_malformed),
        cmocka_unit_test(each_field_out_of_range_is_refused),
        cmocka_unit_test(a_report_comes_back_as_it_went),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
