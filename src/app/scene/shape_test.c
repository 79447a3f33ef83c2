// SPDX-License-Identifier: MIT
// Tests of shapes: closed ones hold their volume, wound outward.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "scene/shape.h"

static const struct scene_material plain = {
    .base = {0.5f, 0.5f, 0.5f}, .ior = 1.0f, .opacity = 1.0f};
static const struct scene_key key_front = {
    .camera = {.eye = {0, 0, 5}, .target = {0, 0, 0}, .up = {0, 1, 0}, .fov_deg = 40.0f}};

struct fixture {
    struct budget budget;
    struct draft draft;
    uint32_t material;
};

static void begin(struct fixture *x)
{
    x->budget = (struct budget){.limit_bytes = 16 << 20};
    draft_init(&x->draft, &x->budget);
    x->material = draft_material(&x->draft, &plain);
    draft_key(&x->draft, &key_front);
}

// Signed volume by the divergence theorem; positive if wound outward. Ends the fixture.
static double volume(struct fixture *x)
{
    struct buffer out;
    struct scene s;
    assert_int_equal(draft_encode(&x->draft, &out), RC_OK);
    assert_int_equal(scene_open(&s, buffer_bytes(&out), NULL), RC_OK);
    double sum = 0.0;
    for (uint32_t i = 0; i < s.triangle_count; i++) {
        const struct scene_triangle t = scene_triangle_at(&s, i);
        struct vec a = scene_vertex_at(&s, t.vertex[0]).position;
        struct vec b = scene_vertex_at(&s, t.vertex[1]).position;
        struct vec d = scene_vertex_at(&s, t.vertex[2]).position;
        sum += (double)vec_dot(a, vec_cross(b, d)) / 6.0;
    }
    budget_give(&x->budget, out.at);
    draft_free(&x->draft);
    assert_int_equal(x->budget.used_bytes, 0);
    return sum;
}

static void assert_near(double value, double wanted, double within)
{
    if (fabs(value - wanted) > within)
        fail_msg("%g is not %g", value, wanted);
}

static void test_box(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x);
    struct frame f = frame_turned(vec_of(3.0f, -2.0f, 1.0f), 0.7f);
    shape_box(&x.draft, &f, vec_of(-1.0f, 0.0f, 0.0f), vec_of(1.0f, 3.0f, 0.5f), x.material);
    assert_int_equal(draft_triangle_count(&x.draft), 12);
    assert_near(volume(&x), 3.0, 1e-4);
}

static void test_ball(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x);
    shape_ball(&x.draft, vec_of(1.0f, 2.0f, 3.0f), 1.0f, 64, x.material);
    assert_near(volume(&x), 4.18879, 0.02);
}

static void test_rod(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x);
    shape_rod(&x.draft, vec_of(0.0f, 0.0f, 0.0f), vec_of(1.0f, 2.0f, 2.0f), 0.5f, 32, x.material);
    assert_near(fabs(volume(&x)), 3.0 * 3.14159 * 0.25, 0.03);
}

static void test_turned(void **state)
{
    (void)state;
    static const float cone[][2] = {{1.0f, 0.0f}, {0.0005f, 1.0f}};
    static const float lid[][2] = {{0.0005f, 0.0f}, {1.0f, 0.0f}};
    struct fixture x;
    begin(&x);
    struct frame f = frame_at(vec_of(0.0f, 0.0f, 0.0f));
    shape_turned(&x.draft, &f, cone, 2, 128, x.material);
    shape_turned(&x.draft, &f, lid, 2, 128, x.material);
    assert_near(volume(&x), 3.14159 / 3.0, 0.01);
}

// A tube along a bent line does not pinch: every cross-section keeps its radius.
static void test_tube_keeps_radius(void **state)
{
    (void)state;
    const struct vec line[4] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {1, 1, 1}};
    struct fixture x;
    begin(&x);
    shape_tube(&x.draft, line, 4, 0.1f, 8, x.material);
    assert_int_equal(draft_triangle_count(&x.draft), 3 * 8 * 2);
    assert_int_equal(draft_vertex_count(&x.draft), 4 * 8);
    struct buffer out;
    struct scene s;
    assert_int_equal(draft_encode(&x.draft, &out), RC_OK);
    assert_int_equal(scene_open(&s, buffer_bytes(&out), NULL), RC_OK);
    for (uint32_t i = 0; i < 32; i++)
        assert_near((double)vec_length(vec_sub(scene_vertex_at(&s, i).position, line[i / 8])), 0.1,
                    1e-5);
    budget_give(&x.budget, out.at);
    draft_free(&x.draft);
}

static void test_panel_and_disc_lie_flat(void **state)
{
    (void)state;
    struct fixture x;
    begin(&x);
    struct frame f = frame_at(vec_of(0.0f, 0.0f, 0.0f));
    shape_panel(&x.draft, &f, (const float[2]){-1.0f, -2.0f}, (const float[2]){1.0f, 2.0f}, 0.5f,
                x.material);
    f = frame_moved(&f, 0.0f, 0.0f, 0.5f);
    shape_disc(&x.draft, &f, 1.0f, 16, x.material);
    assert_int_equal(draft_triangle_count(&x.draft), 18);
    struct vec low, high;
    draft_bounds(&x.draft, &low, &high);
    assert_near((double)low.z, 0.5, 1e-6);
    assert_near((double)high.z, 0.5, 1e-6);
    assert_near((double)high.y, 2.0, 1e-6);
    draft_free(&x.draft);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_box),
        cmocka_unit_test(test_ball),
        cmocka_unit_test(test_rod),
        cmocka_unit_test(test_turned),
        cmocka_unit_test(test_tube_keeps_radius),
        cmocka_unit_test(test_panel_and_disc_lie_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
