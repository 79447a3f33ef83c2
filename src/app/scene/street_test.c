// SPDX-License-Identifier: MIT
// Tests of the neon street: counts for any seed, a free way for the camera, water on the ground.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "scene/scene.h"
#include "scene/street.h"

#define BUDGET_BYTES ((size_t)512 << 20)
#define FREE_M       0.25f // around the camera, on all its way

static struct buffer drawn(struct budget *budget, uint64_t seed, uint32_t triangles,
                           struct scene *scene)
{
    struct draft d;
    struct buffer out;
    struct err err = {0};
    draft_init(&d, budget);
    street_draw(&d, seed, triangles);
    assert_int_equal(draft_encode(&d, &out), RC_OK);
    draft_free(&d);
    if (scene_open(scene, buffer_bytes(&out), &err) != RC_OK)
        fail_msg("%s", err.text);
    return out;
}

static void test_counts_for_any_seed(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct budget budget = {.limit_bytes = BUDGET_BYTES};
        struct scene s;
        struct buffer out = drawn(&budget, seed, 100000, &s);
        assert_in_range(s.triangle_count, 95000, 105000);
        budget_give(&budget, out.at);
        assert_int_equal(budget.used_bytes, 0);
    }
}

static void test_seeds_differ(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    struct scene s;
    struct buffer one = drawn(&budget, 1, 100000, &s);
    struct buffer two = drawn(&budget, 2, 100000, &s);
    assert_false(bytes_equal(buffer_bytes(&one), buffer_bytes(&two)));
    budget_give(&budget, one.at);
    budget_give(&budget, two.at);
}

static void test_range(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    static const uint32_t bad[] = {0, STREET_TRIANGLES_MIN - 1, STREET_TRIANGLES_MAX + 1};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        struct draft d;
        draft_init(&d, &budget);
        street_draw(&d, 1, bad[i]);
        assert_int_equal(d.rc, RC_REFUSED);
        draft_free(&d);
    }
}

static void test_camera_is_free(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    struct scene s;
    struct buffer out = drawn(&budget, 2, 100000, &s);
    for (unsigned k = 0; k <= 20; k++) {
        struct camera c = scene_camera(&s, 0.5f * (float)k);
        struct vec eye = vec_from(c.eye);
        assert_true(eye.y > 0.8f && eye.y < 1.7f && fabsf(eye.x) < 1.0f);
        for (uint32_t i = 0; i < s.vertex_count; i++)
            assert_true(vec_length(vec_sub(scene_vertex_at(&s, i).position, eye)) > FREE_M);
    }
    budget_give(&budget, out.at);
}

// Share of the roadway's area whose material is as smooth as open water.
static double water_share(const struct scene *s)
{
    double wet = 0.0;
    double all = 0.0;
    for (uint32_t i = 0; i < s->triangle_count; i++) {
        const struct scene_triangle t = scene_triangle_at(s, i);
        struct vec a = scene_vertex_at(s, t.vertex[0]).position;
        struct vec b = scene_vertex_at(s, t.vertex[1]).position;
        struct vec d = scene_vertex_at(s, t.vertex[2]).position;
        struct scene_material m = scene_material_at(s, t.material);
        if (fabsf(a.y) + fabsf(b.y) + fabsf(d.y) > 1e-6f || fabsf(a.x) > 3.51f)
            continue;
        double area = (double)vec_length(vec_cross(vec_sub(b, a), vec_sub(d, a)));
        all += area;
        wet += m.roughness < 0.1f ? area : 0.0;
    }
    assert_true(all > 0.0);
    return wet / all;
}

static void test_puddles(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 4; seed++) {
        struct budget budget = {.limit_bytes = BUDGET_BYTES};
        struct scene s;
        struct buffer out = drawn(&budget, seed, 100000, &s);
        double share = water_share(&s);
        if (share < 0.2 || share > 0.7)
            fail_msg("seed %u: %.0f %% of the roadway under water", (unsigned)seed, 100.0 * share);
        budget_give(&budget, out.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_for_any_seed),
        cmocka_unit_test(test_seeds_differ),
        cmocka_unit_test(test_range),
        cmocka_unit_test(test_camera_is_free),
        cmocka_unit_test(test_puddles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
