// SPDX-License-Identifier: MIT
// Tests that the light is right: furnaces, closed forms, and quadratures of their own in double.
//
// All seeds are fixed: a test that passes once always passes. Bounds on noise are some four
// standard deviations wide, those on bias as narrow as the closed form allows.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernel/trace/stage_test.h"

static struct stage stage; // too large for a stack

#define PI 3.14159265358979323846

static void near(double is, double wanted, double off)
{
    if (!(fabs(is - wanted) <= off)) {
        print_error("is %.6f, wanted %.6f within %.6f\n", is, wanted, off);
        fail();
    }
}

static void sky_even(float radiance)
{
    for (size_t i = 0; i < 3; i++) {
        stage.sky.low[i] = radiance;
        stage.sky.high[i] = radiance;
    }
}

static double render_mean(int layer)
{
    assert_int_equal(stage_open(&stage), RC_OK);
    struct bytes r = stage_run(&stage);
    assert_true(r.len > 0);
    double mean = stage_mean(&stage, r, layer, 1);
    stage_close(&stage);
    return mean;
}

// A box of some material in an even sky of 1, all of the frame within the box's face or not.
static double furnace(struct scene_material m)
{
    stage_init(&stage, 16, 256);
    stage.params.depth_max = 16;
    sky_even(1.0f);
    stage_box(&stage, (const float[3]){0.0f, 0.0f, 0.0f}, 1.0f, stage_material(&stage, m));
    stage_camera(&stage, (const float[3]){3.0f, 2.0f, 4.0f}, (const float[3]){0.0f, 0.0f, 0.0f},
                 20.0f);
    return render_mean(-1);
}

static void white_lambert_vanishes_in_a_furnace(void **state)
{
    (void)state;
    near(furnace(stage_grey(1.0f)), 1.0, 1e-4);
    near(furnace(stage_grey(0.5f)), 0.5, 0.05 * 0.5 + 1e-3); // but for the frame's corners
}

static void clear_glass_vanishes_in_a_furnace(void **state)
{
    (void)state;
    struct scene_material m = stage_grey(1.0f);
    m.transmission = 1.0f;
    m.ior = 1.5f;
    // Total reflection inside a box can last longer than a path: little is lost.
    double mean = furnace(m);
    near(mean, 0.998, 0.004);
}

static void white_coats_and_metals_neither_gain_nor_lose_much(void **state)
{
    (void)state;
    for (int i = 0; i <= 10; i += 2) {
        struct scene_material m = stage_grey(1.0f);
        m.roughness = (float)i / 10.0f;
        m.ior = 1.5f;
        near(furnace(m), 0.995, 0.012);
        m.metallic = 1.0f;
        near(furnace(m), 0.995, 0.012);
        m.metallic = 0.5f;
        near(furnace(m), 0.995, 0.012);
    }
}

static void a_smooth_normal_neither_leaks_nor_blackens(void **state)
{
    (void)state;
    // A flat quad whose normals lean 60 degrees: a white Lambert surface must stay near 1.
    stage_init(&stage, 16, 256);
    sky_even(1.0f);
    uint32_t m = stage_material(&stage, stage_grey(1.0f));
    const float lean[3] = {0.866f, 0.0f, 0.5f};
    const float at[4][3] = {{-9, -9, 0}, {9, -9, 0}, {9, 9, 0}, {-9, 9, 0}};
    uint32_t v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = stage_vertex(&stage, at[i], lean);
    stage_triangle(&stage, (const uint32_t[3]){v[0], v[1], v[2]}, m);
    stage_triangle(&stage, (const uint32_t[3]){v[0], v[2], v[3]}, m);
    // What would go below the surface is lost: (1 + cos 60) / 2 stays.
    near(render_mean(-1), 0.75, 0.01);
}

// Light on a Lambert point at the origin, normal +y, from a rectangle at height h, |x| and |z|
// below `half`: radiance 1, by the midpoint rule in double.
static double rectangle_light(double half, double h, double x0)
{
    const int n = 400;
    double sum = 0.0;
    for (int i = 0; i < n; i++) {
        for (int j = 0; j < n; j++) {
            double x = x0 + (i + 0.5) / n * (half - x0);
            double z = -half + (j + 0.5) / n * 2.0 * half;
            double r2 = x * x + z * z + h * h;
            sum += h * h / (r2 * r2); // both cosines over distance^2
        }
    }
    return sum * (half - x0) * 2.0 * half / n / n;
}

// A small patch of floor below a lamp, seen from the side through a narrow lens.
static void stage_lamp(float albedo, float emission, float half, float h, uint32_t samples)
{
    stage_init(&stage, 8, samples);
    stage.params.depth_max = 1;
    uint32_t floor = stage_material(&stage, stage_grey(albedo));
    struct scene_material lamp = stage_grey(0.0f);
    lamp.emission[0] = lamp.emission[1] = lamp.emission[2] = emission;
    uint32_t light = stage_material(&stage, lamp);
    stage_quad(&stage, (const float[3]){-50, 0, 50}, (const float[3]){100, 0, 0},
               (const float[3]){0, 0, -100}, floor);
    stage_quad(&stage, (const float[3]){-half, h, -half}, (const float[3]){2 * half, 0, 0},
               (const float[3]){0, 0, 2 * half}, light);
    stage_camera(&stage, (const float[3]){0.0f, 0.6f, 0.5f}, (const float[3]){0.0f, 0.0f, 0.0f},
                 1.0f);
}

static void a_lamp_lights_as_the_integral_says(void **state)
{
    (void)state;
    stage_lamp(0.8f, 2.0f, 1.0f, 2.0f, 1024);
    double wanted = 0.8 / PI * 2.0 * rectangle_light(1.0, 2.0, -1.0);
    near(render_mean(0), wanted, 0.003 * wanted);
    stage_lamp(0.8f, 2.0f, 0.1f, 0.7f, 1024);
    wanted = 0.8 / PI * 2.0 * rectangle_light(0.1, 0.7, -0.1);
    near(render_mean(0), wanted, 0.003 * wanted);
}

static void half_a_lamp_covered_lights_half(void **state)
{
    (void)state;
    stage_lamp(0.8f, 2.0f, 1.0f, 2.0f, 1024);
    // Black, just below the lamp, over x < 0.
    uint32_t black = stage_material(&stage, stage_grey(0.0f));
    stage_quad(&stage, (const float[3]){-5, 1.999f, -5}, (const float[3]){5, 0, 0},
               (const float[3]){0, 0, 10}, black);
    double wanted = 0.8 / PI * 2.0 * rectangle_light(1.0, 2.0, 0.0);
    near(render_mean(0), wanted, 0.01 * wanted);
}

static void rough_metal_is_lit_alike_by_lamps_and_by_chance(void **state)
{
    (void)state;
    // A dome of light around a rough white metal, once as sky (sampled), once as emitting
    // triangles (chosen): two strategies, one answer.
    double mean[2];
    for (int as_lamp = 0; as_lamp < 2; as_lamp++) {
        stage_init(&stage, 16, 512);
        stage.params.depth_max = 1;
        struct scene_material m = stage_grey(1.0f);
        m.metallic = 1.0f;
        m.roughness = 0.6f;
        m.base[1] = 0.7f;
        uint32_t metal = stage_material(&stage, m);
        struct scene_material lamp = stage_grey(0.0f);
        lamp.emission[0] = lamp.emission[1] = lamp.emission[2] = 1.0f;
        uint32_t light = stage_material(&stage, lamp);
        if (as_lamp)
            stage_box(&stage, (const float[3]){0, 0, 0}, 50.0f, light);
        else
            sky_even(1.0f);
        stage_quad(&stage, (const float[3]){-9, -9, 0}, (const float[3]){18, 0, 0},
                   (const float[3]){0, 18, 0}, metal);
        mean[as_lamp] = render_mean(0);
    }
    near(mean[0], mean[1], 0.004);
    // E = .82 at this roughness from above: .7 E (1 + .7 (1 / E - 1)).
    near(mean[0], 0.662, 0.006);
}

static void glass_reflects_four_percent_at_normal_incidence(void **state)
{
    (void)state;
    // Sky above only: seen from straight above, a thick pane sends back its first surface.
    stage_init(&stage, 4, 1024);
    stage.params.depth_max = 1;
    for (size_t i = 0; i < 3; i++) {
        stage.sky.high[i] = 1.0f;
        stage.sky.low[i] = 0.0f;
    }
    struct scene_material m = stage_grey(1.0f);
    m.transmission = 1.0f;
    m.ior = 1.5f;
    stage_quad(&stage, (const float[3]){-50, 0, 50}, (const float[3]){100, 0, 0},
               (const float[3]){0, 0, -100}, stage_material(&stage, m));
    stage_camera(&stage, (const float[3]){0, 5, 0}, (const float[3]){0, 0, 0}, 2.0f);
    stage.params.camera.up[1] = 0.0f;
    stage.params.camera.up[2] = 1.0f;
    near(render_mean(-1), 0.04, 0.006); // 16,384 throws: deviation .0015
}

static void a_mirror_shows_the_lamp_behind_the_camera(void **state)
{
    (void)state;
    stage_init(&stage, 8, 16);
    struct scene_material mirror = stage_grey(1.0f);
    mirror.metallic = 1.0f;
    mirror.base[0] = 0.5f;
    mirror.base[1] = 0.9f;
    stage_quad(&stage, (const float[3]){-9, -9, 0}, (const float[3]){18, 0, 0},
               (const float[3]){0, 18, 0}, stage_material(&stage, mirror));
    struct scene_material lamp = stage_grey(0.0f);
    lamp.emission[0] = lamp.emission[1] = lamp.emission[2] = 3.0f;
    stage_quad(&stage, (const float[3]){-40, -40, 20}, (const float[3]){80, 0, 0},
               (const float[3]){0, 80, 0}, stage_material(&stage, lamp));
    assert_int_equal(stage_open(&stage), RC_OK);
    struct bytes r = stage_run(&stage);
    // The frame's edge sees the mirror at up to 19 degrees: Schlick adds nothing yet.
    near(stage_mean(&stage, r, 0, 0), 1.5, 0.001);
    near(stage_mean(&stage, r, 0, 1), 2.7, 0.001);
    near(stage_mean(&stage, r, 1, 1), 0.0, 0.0);
    stage_close(&stage);
}

static void emission_is_seen_through_glass_and_by_the_floor_beyond(void **state)
{
    (void)state;
    // Floor lit by a lamp through a pane with ior 1: shadow rays stop at glass, so the light must
    // come by the scattered path, and be as much as without the pane.
    stage_lamp(0.8f, 2.0f, 5.0f, 2.0f, 1024);
    stage.params.depth_max = 3;
    struct scene_material m = stage_grey(1.0f);
    m.transmission = 1.0f;
    stage_quad(&stage, (const float[3]){-20, 1.5f, 20}, (const float[3]){40, 0, 0},
               (const float[3]){0, 0, -40}, stage_material(&stage, m));
    double wanted = 0.8 / PI * 2.0 * rectangle_light(5.0, 2.0, -5.0);
    // Layer 1: two scatterings. Plus what the floor sends up and the lamp's black face eats: none.
    near(render_mean(1), wanted, 0.02 * wanted);
}

static void haze_dims_and_glows_as_the_exponential_says(void **state)
{
    (void)state;
    stage_init(&stage, 8, 4);
    stage.sky.haze_per_m = 0.1f;
    stage.sky.haze[1] = 0.25f;
    struct scene_material lamp = stage_grey(0.0f);
    lamp.emission[1] = 2.0f;
    stage_quad(&stage, (const float[3]){-90, -90, -10}, (const float[3]){180, 0, 0},
               (const float[3]){0, 180, 0}, stage_material(&stage, lamp));
    stage_camera(&stage, (const float[3]){0, 0, 5}, (const float[3]){0, 0, 0}, 1.0f);
    double through = exp(-1.5);
    near(render_mean(0), 2.0 * through + 0.25 * (1.0 - through), 1e-4);
    // Nothing there: the sky counts as 300 m away.
    stage_init(&stage, 8, 4);
    sky_even(1.0f);
    stage.sky.haze_per_m = 0.01f;
    through = exp(-3.0);
    near(render_mean(0), through, 1e-4);
}

static void two_half_open_screens_let_a_quarter_through(void **state)
{
    (void)state;
    for (int is_shadow = 0; is_shadow < 2; is_shadow++) {
        double wanted = 3.0 * 0.25;
        if (is_shadow) {
            stage_lamp(0.8f, 2.0f, 1.0f, 2.0f, 1024);
            wanted = 0.25 * 0.8 / PI * 2.0 * rectangle_light(1.0, 2.0, -1.0);
        } else {
            stage_init(&stage, 16, 256);
            sky_even(3.0f);
        }
        struct scene_material m = stage_grey(0.0f);
        m.opacity = 0.5f;
        uint32_t screen = stage_material(&stage, m);
        for (int i = 0; i < 2; i++) {
            float at = 1.0f + 0.5f * (float)i;
            if (is_shadow)
                stage_quad(&stage, (const float[3]){-9, at, 9}, (const float[3]){18, 0, 0},
                           (const float[3]){0, 0, -18}, screen);
            else
                stage_quad(&stage, (const float[3]){-9, -9, at}, (const float[3]){18, 0, 0},
                           (const float[3]){0, 18, 0}, screen);
        }
        near(render_mean(0), wanted, 0.02 * wanted);
    }
}

static void the_sky_runs_from_low_to_high(void **state)
{
    (void)state;
    for (int i = 0; i <= 4; i++) {
        stage_init(&stage, 4, 16);
        stage.sky.low[1] = 1.0f;
        stage.sky.high[1] = 3.0f;
        float angle = (float)PI / 8.0f * (float)i;
        stage_camera(&stage, (const float[3]){0, 0, 0},
                     (const float[3]){0, sinf(angle) * 10.0f, cosf(angle) * 10.0f}, 1.0f);
        stage.params.camera.up[2] = -0.5f;
        near(render_mean(0), 1.0 + 2.0 * sin((double)angle), 0.01);
    }
}

// Variance of single pixels around the mean of the frame, which looks alike everywhere.
static double pixel_variance(uint32_t samples)
{
    stage_lamp(0.8f, 2.0f, 1.0f, 0.7f, samples);
    stage.params.width = stage.params.height = stage.params.w = stage.params.h = STAGE_SIDE_MAX;
    assert_int_equal(stage_open(&stage), RC_OK);
    struct bytes r = stage_run(&stage);
    double sum = 0.0;
    double sum2 = 0.0;
    size_t pixels = r.len / TRACE_PIXEL_BYTES;
    for (size_t i = 0; i < pixels; i++) {
        double v = (double)stage_word(r, i * 6 + 1) / samples / TRACE_UNIT;
        sum += v;
        sum2 += v * v;
    }
    stage_close(&stage);
    double mean = sum / (double)pixels;
    return sum2 / (double)pixels - mean * mean;
}

static void error_falls_with_the_root_of_the_samples(void **state)
{
    (void)state;
    double v4 = pixel_variance(4);
    double v16 = pixel_variance(16);
    double v64 = pixel_variance(64);
    // 4,096 pixels: a variance is known to about 2 %, a ratio to 3 %.
    near(v4 / v16, 4.0, 0.6);
    near(v16 / v64, 4.0, 0.6);
}

static void closed_room_light_is_the_geometric_series(void **state)
{
    (void)state;
    // Inside a box that emits 0.1 everywhere and reflects half: 0.1 * (1 + 1/2 + 1/4 + ...), cut
    // after depth_max scatterings.
    stage_init(&stage, 16, 256);
    stage.params.depth_max = 16;
    struct scene_material m = stage_grey(0.5f);
    m.emission[1] = 0.1f;
    stage_box(&stage, (const float[3]){0, 0, 0}, 6.0f, stage_material(&stage, m));
    near(render_mean(-1), 0.1 * 2.0 * (1.0 - pow(0.5, 17.0)), 0.002);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(white_lambert_vanishes_in_a_furnace),
        cmocka_unit_test(clear_glass_vanishes_in_a_furnace),
        cmocka_unit_test(white_coats_and_metals_neither_gain_nor_lose_much),
        cmocka_unit_test(a_smooth_normal_neither_leaks_nor_blackens),
        cmocka_unit_test(a_lamp_lights_as_the_integral_says),
        cmocka_unit_test(half_a_lamp_covered_lights_half),
        cmocka_unit_test(rough_metal_is_lit_alike_by_lamps_and_by_chance),
        cmocka_unit_test(glass_reflects_four_percent_at_normal_incidence),
        cmocka_unit_test(a_mirror_shows_the_lamp_behind_the_camera),
        cmocka_unit_test(emission_is_seen_through_glass_and_by_the_floor_beyond),
        cmocka_unit_test(haze_dims_and_glows_as_the_exponential_says),
        cmocka_unit_test(two_half_open_screens_let_a_quarter_through),
        cmocka_unit_test(the_sky_runs_from_low_to_high),
        cmocka_unit_test(error_falls_with_the_root_of_the_samples),
        cmocka_unit_test(closed_room_light_is_the_geometric_series),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
