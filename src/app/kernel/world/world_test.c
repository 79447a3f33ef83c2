// SPDX-License-Identifier: MIT
// Tests of the prepared scene: what is kept, in which order, and the odds of the lights.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "kernel/trace/stage_test.h"
#include "kernel/world/world.h"

static struct stage stage;
static RTCDevice device;

static int open_device(void **state)
{
    (void)state;
    device = rtcNewDevice("threads=1");
    return device == NULL;
}

static int close_device(void **state)
{
    (void)state;
    rtcReleaseDevice(device);
    return 0;
}

static enum rc load(struct world *w, struct arena *arena)
{
    struct scene scene;
    assert_int_equal(scene_open(&scene, stage_object(&stage), NULL), RC_OK);
    return world_open(w, device, &scene, arena);
}

static void lines_and_points_are_left_out_and_screens_come_last(void **state)
{
    (void)state;
    stage_init(&stage, 1, 1);
    struct scene_material screen = stage_grey(0.5f);
    screen.opacity = 0.5f;
    uint32_t half = stage_material(&stage, screen);
    uint32_t grey = stage_material(&stage, stage_grey(0.5f));
    uint32_t v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = stage_vertex(&stage, (const float[3]){(float)i, i == 3 ? 1.0f : 0.0f, 0.0f}, NULL);
    stage_triangle(&stage, (const uint32_t[3]){v[0], v[1], v[3]}, half);
    stage_triangle(&stage, (const uint32_t[3]){v[0], v[1], v[2]}, grey); // a line
    stage_triangle(&stage, (const uint32_t[3]){v[0], v[0], v[0]}, half); // a point
    stage_triangle(&stage, (const uint32_t[3]){v[0], v[2], v[3]}, grey);
    struct arena *arena = arena_new(1 << 20);
    struct world w = {0};
    assert_int_equal(load(&w, arena), RC_OK);
    assert_int_equal(w.surface_count, 2);
    assert_int_equal(w.opaque_count, 1);
    assert_int_equal(world_surface(&w, 0, 0)->material, grey);
    assert_int_equal(world_surface(&w, 1, 0)->material, half);
    assert_true(world_surface(&w, 0, 0)->ng.z > 0.999999f);
    assert_int_equal((uintptr_t)w.surfaces % 64, 0);
    assert_true(w.is_dark);
    assert_int_equal(w.light_count, 0);
    world_close(&w);
    world_close(&w);
    arena_free(arena);
}

static void the_alias_table_has_the_odds_of_the_powers(void **state)
{
    (void)state;
    enum { LAMPS = 50 };
    struct rng rng = rng_seeded(11);
    stage_init(&stage, 1, 1);
    double power[LAMPS];
    double total = 0.0;
    for (int i = 0; i < LAMPS; i++) {
        struct scene_material m = stage_grey(0.0f);
        m.emission[0] = m.emission[1] = m.emission[2] = (float)rng_below(&rng, 1000) + 1.0f;
        float side = (float)rng_unit(&rng) + 0.01f;
        uint32_t v[3] = {stage_vertex(&stage, (const float[3]){0, 0, (float)i}, NULL),
                         stage_vertex(&stage, (const float[3]){side, 0, (float)i}, NULL),
                         stage_vertex(&stage, (const float[3]){0, side, (float)i}, NULL)};
        stage_triangle(&stage, v, stage_material(&stage, m));
        power[i] = (double)(m.emission[0] * side * side);
        total += power[i];
    }
    struct arena *arena = arena_new(1 << 20);
    struct world w = {0};
    assert_int_equal(load(&w, arena), RC_OK);
    assert_int_equal(w.light_count, LAMPS);
    double odds[LAMPS] = {0};
    for (uint32_t i = 0; i < LAMPS; i++) {
        double keep = (double)w.light_slots[i].keep / 4294967296.0;
        assert_in_range(w.light_slots[i].other, 0, LAMPS - 1);
        odds[i] += keep / LAMPS;
        odds[w.light_slots[i].other] += (1.0 - keep) / LAMPS;
    }
    for (uint32_t i = 0; i < LAMPS; i++) {
        assert_true(fabs(odds[i] - power[i] / total) < 1e-6);
        double radiance = (double)w.lights[i].power * odds[i]; // the chance cancels
        assert_true(fabs(radiance - (double)stage_grey(0).opacity *
                                        (double)w.materials[i].emission.x) < 1e-3 * radiance);
    }
    world_close(&w);
    arena_free(arena);
}

static void a_small_budget_is_refused_and_cleaned_up(void **state)
{
    (void)state;
    stage_init(&stage, 1, 1);
    struct scene_material lamp = stage_grey(0.5f);
    lamp.emission[0] = 1.0f;
    uint32_t m = stage_material(&stage, lamp);
    for (int i = 0; i < 20; i++)
        stage_box(&stage, (const float[3]){0, 0, (float)i}, 0.3f, m);
    bool was_enough = false;
    for (size_t budget = 1024; budget <= 1 << 20; budget += budget / 4) {
        struct arena *arena = arena_new(budget);
        struct world w = {0};
        enum rc rc = load(&w, arena);
        assert_true(rc == RC_OK || (rc == RC_NOMEM && !was_enough));
        was_enough = rc == RC_OK;
        world_close(&w);
        arena_free(arena);
    }
    assert_true(was_enough);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_and_points_are_left_out_and_screens_come_last),
        cmocka_unit_test(the_alias_table_has_the_odds_of_the_powers),
        cmocka_unit_test(a_small_budget_is_refused_and_cleaned_up),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}
