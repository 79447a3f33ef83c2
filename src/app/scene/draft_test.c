// SPDX-License-Identifier: MIT
// Tests of drafts: what they refuse, and that scene_open accepts what they encode.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>

#include "base/rng.h"
#include "scene/draft.h"

static const struct scene_material plain = {
    .base = {0.5f, 0.5f, 0.5f}, .ior = 1.0f, .opacity = 1.0f};
static const struct scene_key key_front = {
    .camera = {.eye = {0, 0, 5}, .target = {0, 0, 0}, .up = {0, 1, 0}, .fov_deg = 40.0f}};
static const struct vec square[4] = {{0, 0, 0}, {1, 0, 0}, {1, 1, 0}, {0, 1, 0}};

static void test_encode_opens(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 1 << 20};
    struct draft d;
    draft_init(&d, &budget);
    draft_quad(&d, square, draft_material(&d, &plain));
    draft_key(&d, &key_front);
    struct buffer out;
    assert_int_equal(draft_encode(&d, &out), RC_OK);
    struct scene scene;
    assert_int_equal(scene_open(&scene, buffer_bytes(&out), NULL), RC_OK);
    assert_int_equal(scene.triangle_count, 2);
    assert_int_equal(scene.vertex_count, 4);
    assert_true(fabsf(scene_material_at(&scene, 0).base[1] - 0.5f) < 1e-6f);
    assert_true(fabsf(scene_key_at(&scene, 0).camera.eye[2] - 5.0f) < 1e-6f);
    budget_give(&budget, out.at);
    draft_free(&d);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_empty_is_refused(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 1 << 20};
    struct draft d;
    draft_init(&d, &budget);
    struct buffer out = {0};
    assert_int_equal(draft_encode(&d, &out), RC_REFUSED);
    draft_key(&d, &key_front); // still no triangle
    assert_int_equal(draft_encode(&d, &out), RC_REFUSED);
    assert_null(out.at);
    draft_free(&d);
}

static void refuse(void (*spoil)(struct draft *d))
{
    struct budget budget = {.limit_bytes = 1 << 20};
    struct draft d;
    draft_init(&d, &budget);
    draft_quad(&d, square, draft_material(&d, &plain));
    draft_key(&d, &key_front);
    assert_int_equal(d.rc, RC_OK);
    spoil(&d);
    struct buffer out = {0};
    assert_int_equal(draft_encode(&d, &out), RC_REFUSED);
    assert_null(out.at);
    draft_free(&d);
}

static void spoil_vertex(struct draft *d)
{
    (void)draft_vertex(d, vec_of(NAN, 0.0f, 0.0f), vec_of(0, 0, 0)); // refused
}

static void spoil_far_vertex(struct draft *d)
{
    (void)draft_vertex(d, vec_of(0.0f, 2.0f * SCENE_EXTENT_MAX, 0.0f), vec_of(0, 0, 0)); // refused
}

static void spoil_material(struct draft *d)
{
    struct scene_material m = plain;
    m.emission[2] = -1.0f;
    (void)draft_material(d, &m); // refused
}

static void spoil_opacity(struct draft *d)
{
    struct scene_material m = plain;
    m.opacity = 1.5f;
    (void)draft_material(d, &m); // refused
}

static void spoil_key_order(struct draft *d)
{
    draft_key(d, &key_front); // not later than the one before
}

static void spoil_key_up(struct draft *d)
{
    struct scene_key k = key_front;
    k.time_s = 1.0f;
    k.camera.up[1] = 0.0f;
    k.camera.up[2] = 1.0f; // along the view
    draft_key(d, &k);
}

static void spoil_sky(struct draft *d)
{
    d->sky.haze_per_m = -1.0f;
}

static void spoil_normal(struct draft *d)
{
    (void)draft_vertex(d, vec_of(0, 0, 0), vec_of(0.0f, NAN, 0.0f)); // refused
}

static void test_ranges(void **state)
{
    (void)state;
    refuse(spoil_vertex);
    refuse(spoil_far_vertex);
    refuse(spoil_material);
    refuse(spoil_opacity);
    refuse(spoil_key_order);
    refuse(spoil_key_up);
    refuse(spoil_sky);
    refuse(spoil_normal);
}

static void test_every_budget(void **state)
{
    (void)state;
    bool was_ok = false;
    for (size_t limit = 0; limit < 400000; limit += 5000) {
        struct budget budget = {.limit_bytes = limit};
        struct draft d;
        draft_init(&d, &budget);
        uint32_t material = draft_material(&d, &plain);
        for (unsigned i = 0; i < 600; i++)
            draft_quad(&d, square, material);
        draft_key(&d, &key_front);
        struct buffer out = {0};
        enum rc rc = draft_encode(&d, &out);
        assert_true(rc == RC_OK || (rc == RC_NOMEM && out.at == NULL));
        was_ok = was_ok || rc == RC_OK;
        budget_give(&budget, out.at);
        draft_free(&d);
        assert_int_equal(budget.used_bytes, 0);
    }
    assert_true(was_ok);
}

static float any_float(struct rng *r)
{
    static const float odd[] = {0.0f, -0.0f, 1.0f, -1.0f, 1e-40f, 1e6f, -1e6f, 1e30f, 170.0f, 3.0f};
    if (rng_below(r, 4) == 0)
        return odd[rng_below(r, sizeof odd / sizeof *odd)];
    if (rng_below(r, 40) == 0)
        return rng_below(r, 2) ? NAN : INFINITY;
    return (float)rng_unit(r) * (rng_below(r, 2) ? 1.0f : 100.0f);
}

static struct vec any_vec(struct rng *r)
{
    return vec_of(any_float(r), any_float(r), any_float(r));
}

static void any_draft(struct draft *d, struct rng *r)
{
    float f[16];
    for (unsigned i = 0; i < 16; i++)
        f[i] = any_float(r);
    const struct scene_material m = {.base = {f[0], f[1], f[2]},
                                     .emission = {f[3], f[4], f[5]},
                                     .roughness = f[6],
                                     .metallic = f[7],
                                     .transmission = f[8],
                                     .ior = f[9],
                                     .opacity = f[10]};
    uint32_t material = draft_material(d, rng_below(r, 2) ? &m : &plain);
    for (unsigned i = 0; i < 3; i++)
        (void)draft_vertex(d, any_vec(r), any_vec(r)); // 0, 1, 2
    draft_triangle(d, 0, 1, 2, material);
    const struct scene_key k = {.camera = {.eye = {f[0], f[11], f[2]},
                                           .target = {f[12], f[4], f[5]},
                                           .up = {f[13], f[7], f[8]},
                                           .fov_deg = f[14]},
                                .time_s = f[15]};
    draft_key(d, rng_below(r, 2) ? &k : &key_front);
}

// Whatever is drawn: refused by the draft, or accepted by scene_open.
static void test_encoded_always_opens(void **state)
{
    (void)state;
    const uint64_t seed = 7;
    struct rng r = rng_seeded(seed);
    unsigned opened = 0;
    for (unsigned i = 0; i < 20000; i++) {
        struct budget budget = {.limit_bytes = 1 << 20};
        struct draft d;
        draft_init(&d, &budget);
        any_draft(&d, &r);
        struct buffer out;
        if (draft_encode(&d, &out) == RC_OK) {
            struct scene scene;
            struct err err = {0};
            if (scene_open(&scene, buffer_bytes(&out), &err) != RC_OK)
                fail_msg("seed %llu, draft %u: %s", (unsigned long long)seed, i, err.text);
            opened++;
            budget_give(&budget, out.at);
        }
        draft_free(&d);
    }
    assert_true(opened > 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_encode_opens),
        cmocka_unit_test(test_empty_is_refused),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_every_budget),
        cmocka_unit_test(test_encoded_always_opens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
