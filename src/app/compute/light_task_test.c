// SPDX-License-Identifier: MIT
// Tests of a light frame's tasks: each is one that its kernel takes, and asks for all of the frame.
#include "compute/light_task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "kernel/encode/encode.h"
#include "kernel/geometry/geometry.h"

static const struct camera here = {{0, 1, 3}, {0, 1, 0}, {0, 1, 0}, 40};
static const struct camera there = {{1, 1, 3}, {0, 1, 0}, {0, 1, 0}, 40};
static struct light_task task;

static struct light_spec some_spec(void)
{
    return (struct light_spec){.scene = hash_bytes(bytes_text("a scene")),
                               .width = 64,
                               .height = 36,
                               .samples = 4,
                               .depth_max = 5,
                               .tiles = 6,
                               .group = 3,
                               .fps = 10,
                               .psnr = 3800,
                               .deadline_ms = 700};
}

// The kernel knows how large its result will be, and takes as many inputs as it is given.
static void assert_is_taken(const char *kernel, uint32_t inputs)
{
    const struct msg_run *m = &task.run;
    const struct kernel *k = kernel_find(bytes_text(m->spec.kernel));
    size_t min = 0;
    size_t max = 0;
    assert_string_equal(m->spec.kernel, kernel);
    assert_string_equal(m->label, kernel);
    assert_int_equal(m->deadline_ms, 700);
    assert_int_equal(m->spec.input_count + m->need_count, inputs);
    assert_non_null(k);
    assert_true(kernel_takes_inputs(k, inputs, false));
    assert_int_equal(k->result_bounds(m->spec.params, &min, &max), RC_OK);
    assert_true(min > 0 && min <= max);
}

static void assert_of_scene(const struct light_spec *s)
{
    assert_int_equal(task.run.spec.input_count, 1);
    assert_true(digest_equal(&task.run.spec.input[0], &s->scene));
}

static void assert_kept(bool is_kept, bool is_quiet)
{
    assert_int_equal(task.run.is_kept, is_kept);
    assert_int_equal(task.run.is_quiet, is_quiet);
}

static void what_is_seen(void **state)
{
    (void)state;
    const struct light_spec s = some_spec();
    struct geometry_params p;
    assert_int_equal(light_task_geometry(&task, &s, &here), RC_OK);
    assert_is_taken("geometry", 1);
    assert_of_scene(&s);
    assert_kept(true, true);
    assert_int_equal(geometry_params_decode(&p, task.run.spec.params), RC_OK);
    assert_true(p.w == 64 && p.h == 36 && p.side == LIGHT_SIDE);
    assert_memory_equal(&p.camera, &here, sizeof here);
}

static void light_as_one_task_and_in_tiles(void **state)
{
    (void)state;
    const struct light_spec s = some_spec();
    struct trace_params p;
    for (int is_kept = 0; is_kept < 2; is_kept++) {
        assert_int_equal(light_task_trace(&task, &s, 9, &here, is_kept), RC_OK);
        assert_is_taken("trace", 1);
        assert_of_scene(&s);
        assert_kept(is_kept, is_kept);
        assert_int_equal(trace_params_decode(&p, task.run.spec.params), RC_OK);
        assert_true(p.frame == 9 && p.w == 64 && p.h == 36 && p.x == 0 && p.y == 0);
        assert_true(p.sample_first == 0 && p.sample_count == 4 && p.depth_max == 5);
        const struct msg_submit m = light_task_tiles(&s, 9, &here, is_kept);
        assert_true(digest_equal(&m.scene, &s.scene) && m.frame == 9 && m.is_kept == is_kept);
        assert_true(m.width == p.width && m.height == p.height && m.samples == p.sample_count);
        assert_true(m.depth_max == p.depth_max && m.tiles == 6);
        assert_memory_equal(&m.camera, &p.camera, sizeof here);
    }
}

static void post_goes_on_from_the_frame_before(void **state)
{
    (void)state;
    struct light_spec s = some_spec();
    struct post_params p;
    const struct light_before before = {.geometry = 7, .post = 8, .camera = there};
    assert_int_equal(light_task_post(&task, &s, 1, 2, &here, NULL), RC_OK);
    assert_is_taken("post", 2);
    assert_kept(true, true);
    assert_int_equal(post_params_decode(&p, task.run.spec.params), RC_OK);
    assert_true(!p.has_before && p.keeps_memory && p.tile_count == 1 && p.tile[0].samples == 4);
    assert_int_equal(post_given_count(&p), 2);
    s.group = 0;
    assert_int_equal(light_task_post(&task, &s, 1, 2, &here, &before), RC_OK);
    assert_is_taken("post", 4);
    assert_kept(true, false); // the layer is what is wanted
    static const uint64_t need[] = {1, 2, 8, 7};
    assert_memory_equal(task.run.need, need, sizeof need);
    assert_int_equal(post_params_decode(&p, task.run.spec.params), RC_OK);
    assert_true(p.has_before && !p.keeps_memory);
    assert_true(p.levels == LIGHT_LEVELS && p.history_max == LIGHT_HISTORY);
    assert_memory_equal(&p.before, &there, sizeof there);
    assert_int_equal(post_given_count(&p), 4);
}

static void layers_as_a_stream(void **state)
{
    (void)state;
    const struct light_spec s = some_spec();
    struct encode_params p;
    static const uint64_t post[] = {11, 12, 13};
    for (uint32_t count = 1; count <= ARRAY_COUNT(post); count++) {
        assert_int_equal(light_task_encode(&task, &s, post, count), RC_OK);
        assert_is_taken("encode", count);
        assert_kept(false, false);
        assert_memory_equal(task.run.need, post, count * sizeof *post);
        assert_int_equal(encode_params_decode(&p, task.run.spec.params), RC_OK);
        assert_true(p.count == count && p.mode == ENCODE_MAKE && p.form == PICTURE_LIGHT);
        assert_true(p.psnr == 3800 && p.fps == 10);
    }
}

static void a_camera_that_is_none(void **state)
{
    (void)state;
    const struct light_spec s = some_spec();
    struct camera bad = here;
    bad.fov_deg = 0;
    assert_int_equal(light_task_geometry(&task, &s, &bad), RC_MALFORMED);
    assert_int_equal(light_task_trace(&task, &s, 1, &bad, false), RC_MALFORMED);
    assert_int_equal(light_task_post(&task, &s, 1, 2, &bad, NULL), RC_MALFORMED);
}

static void numbers_out_of_range(void **state)
{
    (void)state;
    const struct light_spec good = some_spec();
    struct light_spec bad[] = {good, good, good, good, good, good, good, good};
    assert_true(light_spec_is_good(&good));
    bad[0].width = 1;
    bad[1].height = LAYER_SIDE_MAX + 1;
    bad[2].width = bad[2].height = 4096; // more pixels than a task may have
    bad[3].samples = 0;
    bad[4].group = LIGHT_GROUP_MAX + 1;
    bad[5].width = 63; // no video has that
    bad[6].fps = 0;
    bad[7].fps = VIDEO_FPS_MAX + 1;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_false(light_spec_is_good(&bad[i]));
        bad[i].group = 0; // layers as they are ask for less
        assert_int_equal(light_spec_is_good(&bad[i]), i >= 4);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_seen),
        cmocka_unit_test(light_as_one_task_and_in_tiles),
        cmocka_unit_test(post_goes_on_from_the_frame_before),
        cmocka_unit_test(layers_as_a_stream),
        cmocka_unit_test(a_camera_that_is_none),
        cmocka_unit_test(numbers_out_of_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
