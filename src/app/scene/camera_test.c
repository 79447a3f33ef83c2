// SPDX-License-Identifier: MIT
// Tests of vectors, elementary functions, packed directions and cameras.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "scene/camera.h"
#include "scene/math.h"
#include "scene/normal.h"
#include "scene/scene.h"

static void near(double is, double wanted, double off)
{
    if (!(fabs(is - wanted) <= off))
        fail_msg("is %.6f, wanted %.6f within %.6f", is, wanted, off);
}

static void sines_and_exponentials_are_close_to_libm(void **state)
{
    (void)state;
    for (int i = 0; i <= 10000; i++) {
        float s;
        float c;
        math_sincos((float)i / 10000.0f, &s, &c);
        double a = 2.0 * 3.14159265358979323846 * (double)((float)i / 10000.0f);
        near((double)s, sin(a), 5e-7);
        near((double)c, cos(a), 5e-7);
        float x = (float)i / 120.0f;
        double e = exp(-(double)x);
        near((double)math_exp_minus(x), e, (5e-7 + 2e-7 * (double)x) * e);
    }
    assert_true(math_exp_minus(1e30f) >= 0.0f && math_exp_minus(1e30f) < 1e-30f);
}

static void normals_survive_packing(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(6);
    for (int i = 0; i < 100000; i++) {
        struct vec n = vec_of((float)rng_unit(&rng) - 0.5f, (float)rng_unit(&rng) - 0.5f,
                              (float)rng_unit(&rng) - 0.5f);
        if (i < 27) { // the axes, edges and corners
            const float side[3] = {-1.0f, 0.0f, 1.0f};
            n = vec_of(side[i % 3], side[i / 3 % 3], side[i / 9]);
        }
        if (vec_length(n) < 1e-3f)
            continue;
        n = vec_unit(n);
        struct vec back = vec_unit(normal_unpack(normal_pack(n)));
        assert_true(vec_length(vec_sub(back, n)) < 1e-4f);
    }
}

static void frames_are_right_handed_and_square(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(8);
    for (int i = 0; i < 10000; i++) {
        struct vec n = vec_of((float)rng_unit(&rng) - 0.5f, (float)rng_unit(&rng) - 0.5f,
                              (float)rng_unit(&rng) - 0.5f);
        n = i < 2 ? vec_of(0.0f, 0.0f, i == 0 ? 1.0f : -1.0f) : vec_unit(n);
        struct vec t;
        struct vec b;
        math_frame(n, &t, &b);
        near((double)vec_length(t), 1.0, 1e-5);
        near((double)vec_dot(t, n), 0.0, 1e-5);
        near((double)vec_length(vec_sub(vec_cross(t, b), n)), 0.0, 2e-5);
    }
}

static const struct camera front = {{1, 2, 5}, {1, 2, 0}, {0, 1, 0}, 90.0f};

// At 90 degrees the frame's upper and lower edges are as far off the middle as the view is long.
static void rays_go_through_the_pixels_of_the_frame(void **state)
{
    (void)state;
    const struct raster r = raster_of(&front, 40, 20);
    const struct vec middle = raster_ray(&r, 20.0f, 10.0f);
    const struct vec corner = raster_ray(&r, 0.0f, 0.0f);
    near((double)vec_length(vec_sub(middle, vec_of(0, 0, -1))), 0.0, 1e-6);
    near((double)vec_length(vec_sub(corner, vec_unit(vec_of(-2, 1, -1)))), 0.0, 1e-6);
    near((double)r.eye.z, 5.0, 0.0);
}

static void a_camera_that_looks_nowhere_has_rays_all_the_same(void **state)
{
    (void)state;
    const struct camera odd[] = {
        {{0, 0, 0}, {0, 0, 0}, {0, 1, 0}, 40.0f}, // at its own eye
        {{0, 0, 5}, {0, 0, 0}, {0, 0, 1}, 40.0f}, // up along the view
        {{0, 0, 5}, {0, 0, 0}, {0, 0, 0}, 40.0f}, // no up
    };
    for (size_t i = 0; i < ARRAY_COUNT(odd); i++) {
        const struct raster r = raster_of(&odd[i], 8, 8);
        near((double)vec_length(raster_ray(&r, 3.0f, 5.0f)), 1.0, 1e-5);
    }
}

static void cameras_come_back_and_bad_ones_are_told(void **state)
{
    (void)state;
    uint8_t at[64];
    struct buffer b = buffer_of(at, sizeof at);
    struct camera back;
    camera_put(&b, &front);
    struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
    camera_get(&r, &back);
    assert_true(cbor_done(&r));
    assert_memory_equal(&back, &front, sizeof front);
    assert_true(camera_is_good(&front));
    for (size_t len = 0; len < b.len; len++) {
        r = cbor_reader_of(bytes_of(at, len));
        camera_get(&r, &back);
        assert_true(r.is_bad);
    }
    struct camera bad[6];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = front;
    bad[0].eye[2] = NAN;
    bad[1].target[0] = 2.0f * SCENE_EXTENT_MAX;
    bad[2].up[1] = -INFINITY;
    bad[3].fov_deg = 0.9f;
    bad[4].fov_deg = 171.0f;
    bad[5].fov_deg = NAN;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_false(camera_is_good(&bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sines_and_exponentials_are_close_to_libm),
        cmocka_unit_test(normals_survive_packing),
        cmocka_unit_test(frames_are_right_handed_and_square),
        cmocka_unit_test(rays_go_through_the_pixels_of_the_frame),
        cmocka_unit_test(a_camera_that_looks_nowhere_has_rays_all_the_same),
        cmocka_unit_test(cameras_come_back_and_bad_ones_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
