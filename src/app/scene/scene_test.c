// SPDX-License-Identifier: MIT
// Tests of scene objects: what is refused and why, and the camera's way between keys.
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scene/form.h"
#include "scene/scene.h"

#define HEADER   64
#define KEY      64
#define MATERIAL (HEADER + 3 * KEY)
#define VERTEX   (MATERIAL + 64)
#define TRIANGLE (VERTEX + 3 * 24)
#define OBJECT   (TRIANGLE + 16)

static uint8_t object[OBJECT];

static bool is(float value, float wanted) // exactly
{
    return !(value < wanted) && !(value > wanted);
}

// Three keys, a material, a triangle.
static struct bytes make(void)
{
    struct buffer b = buffer_of(object, sizeof object);
    buffer_put(&b, bytes_text(SCENE_MAGIC));
    const uint32_t count[] = {3, 1, 3, 1};
    for (size_t i = 0; i < 4; i++)
        buffer_u32le(&b, count[i]);
    for (size_t i = 0; i < 10; i++)
        buffer_f32le(&b, 0.125f * (float)i);
    for (size_t i = 0; i < 3; i++) {
        float k = (float)i;
        const float key[16] = {k, 2.0f * k, 0, 0, 0, -1, 0, 1, 0, 40.0f + 10.0f * k, 2.0f * k};
        for (size_t j = 0; j < 16; j++)
            buffer_f32le(&b, key[j]);
    }
    const float material[16] = {0.1f, 0.2f, 0.3f, 1, 2, 3, 0.4f, 0.5f, 0.6f, 1.5f, 0.7f};
    for (size_t j = 0; j < 16; j++)
        buffer_f32le(&b, material[j]);
    for (size_t i = 0; i < 18; i++)
        buffer_f32le(&b, i % 6 < 3 ? (float)i : 0.5f);
    for (uint32_t i = 0; i < 4; i++)
        buffer_u32le(&b, i % 3);
    assert_int_equal(b.len, OBJECT);
    return buffer_bytes(&b);
}

static void put_f32(size_t at, float v)
{
    struct buffer b = buffer_of(object + at, 4);
    buffer_f32le(&b, v);
}

static void put_u32(size_t at, uint32_t v)
{
    struct buffer b = buffer_of(object + at, 4);
    buffer_u32le(&b, v);
}

static void a_good_object_is_read_back(void **state)
{
    (void)state;
    struct scene s;
    assert_int_equal(scene_open(&s, make(), NULL), RC_OK);
    assert_int_equal(s.key_count, 3);
    assert_int_equal(s.material_count, 1);
    assert_int_equal(s.vertex_count, 3);
    assert_int_equal(s.triangle_count, 1);
    assert_true(is(s.sky.low[1], 0.125f));
    assert_true(is(s.sky.high[2], 0.625f));
    assert_true(is(s.sky.haze[0], 0.75f));
    assert_true(is(s.sky.haze_per_m, 1.125f));
    struct scene_material m = scene_material_at(&s, 0);
    assert_true(is(m.base[2], 0.3f));
    assert_true(is(m.emission[0], 1.0f));
    assert_true(is(m.roughness, 0.4f));
    assert_true(is(m.metallic, 0.5f));
    assert_true(is(m.transmission, 0.6f));
    assert_true(is(m.ior, 1.5f));
    assert_true(is(m.opacity, 0.7f));
    struct scene_key k = scene_key_at(&s, 2);
    assert_true(is(k.camera.eye[1], 4.0f));
    assert_true(is(k.camera.fov_deg, 60.0f));
    assert_true(is(k.time_s, 4.0f));
}

static void records_are_written_as_they_are_read(void **state)
{
    (void)state;
    uint8_t again[OBJECT];
    struct scene s;
    assert_int_equal(scene_open(&s, make(), NULL), RC_OK);
    struct buffer b = buffer_of(again, sizeof again);
    buffer_put(&b, bytes_of(object, 24)); // magic and counts
    scene_sky_put(&b, &s.sky);
    assert_int_equal(b.len, SCENE_HEADER_BYTES);
    for (uint32_t i = 0; i < s.key_count; i++) {
        const struct scene_key k = scene_key_at(&s, i);
        scene_key_put(&b, &k);
    }
    const struct scene_material m = scene_material_at(&s, 0);
    scene_material_put(&b, &m);
    for (uint32_t i = 0; i < s.vertex_count; i++) {
        const struct scene_vertex v = scene_vertex_at(&s, i);
        scene_vertex_put(&b, &v);
    }
    const struct scene_triangle t = scene_triangle_at(&s, 0);
    assert_int_equal(t.vertex[2], 2);
    scene_triangle_put(&b, &t);
    assert_int_equal(b.len, OBJECT);
    assert_memory_equal(again, object, OBJECT);
}

static void every_length_but_the_right_one_is_refused(void **state)
{
    (void)state;
    struct scene s;
    struct bytes good = make();
    for (size_t len = 0; len < good.len; len++)
        assert_int_equal(scene_open(&s, bytes_part(good, 0, len), NULL), RC_MALFORMED);
    uint8_t longer[OBJECT + 1] = {0};
    memcpy(longer, good.at, good.len);
    assert_int_equal(scene_open(&s, bytes_of(longer, sizeof longer), NULL), RC_MALFORMED);
}

static void each_field_out_of_range_is_refused_with_its_place(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        float bad;
        const char *words;
    } field[] = {
        {24, -1.0f, "sky"},
        {24 + 36, 11.0f, "haze"},
        {HEADER, NAN, "camera key 0"},
        {HEADER + KEY + 36, 0.5f, "camera key 1"},
        {HEADER + KEY + 40, 0.0f, "camera key 1 is not after"},
        {HEADER + 2 * KEY + 44, 1.0f, "camera key 2"},
        {MATERIAL, 1.5f, "material 0: base"},
        {MATERIAL + 12, INFINITY, "material 0: emission"},
        {MATERIAL + 24, -0.1f, "material 0: roughness"},
        {MATERIAL + 28, 2.0f, "material 0: metallic"},
        {MATERIAL + 32, NAN, "material 0: transmission"},
        {MATERIAL + 36, 0.9f, "material 0: ior"},
        {MATERIAL + 40, 1.1f, "material 0: opacity"},
        {MATERIAL + 60, 1.0f, "material 0: padding"},
        {VERTEX + 24, 2e6f, "vertex 1: position"},
        {VERTEX + 60, -1.1f, "vertex 2: normal"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(field); i++) {
        struct scene s;
        struct err err;
        struct bytes bytes = make();
        put_f32(field[i].at, field[i].bad);
        assert_int_equal(scene_open(&s, bytes, &err), RC_MALFORMED);
        if (strstr(err.text, field[i].words) == NULL)
            fail_msg("'%s' does not say '%s'", err.text, field[i].words);
    }
}

static void counts_and_indices_out_of_range_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t at;
        uint32_t bad;
    } field[] = {
        {0, 0},
        {8, 0},
        {8, 2},
        {8, SCENE_KEYS_MAX + 1},
        {12, UINT32_MAX},
        {16, UINT32_MAX},
        {20, UINT32_MAX},
        {TRIANGLE, 3},
        {TRIANGLE + 4, UINT32_MAX},
        {TRIANGLE + 12, 1},
    };
    for (size_t i = 0; i < ARRAY_COUNT(field); i++) {
        struct scene s;
        struct bytes bytes = make();
        put_u32(field[i].at, field[i].bad);
        assert_int_equal(scene_open(&s, bytes, NULL), RC_MALFORMED);
    }
}

static void the_camera_passes_its_keys_and_rests_at_the_ends(void **state)
{
    (void)state;
    struct scene s;
    assert_int_equal(scene_open(&s, make(), NULL), RC_OK);
    for (uint32_t i = 0; i < 3; i++) {
        struct scene_key key = scene_key_at(&s, i);
        struct camera c = scene_camera(&s, key.time_s);
        assert_true(fabsf(c.eye[0] - key.camera.eye[0]) < 1e-6f);
        assert_true(fabsf(c.fov_deg - key.camera.fov_deg) < 1e-5f);
    }
    assert_true(is(scene_camera(&s, -5.0f).eye[1], 0.0f));
    assert_true(is(scene_camera(&s, 99.0f).eye[1], 4.0f));
    float before = -1.0f;
    for (int i = 0; i <= 40; i++) { // forward all the way
        float x = scene_camera(&s, 0.1f * (float)i).eye[0];
        assert_true(x > before);
        before = x;
    }
}

static void the_camera_stays_in_range_between_wild_keys(void **state)
{
    (void)state;
    struct scene s;
    struct bytes bytes = make();
    put_f32(HEADER, SCENE_EXTENT_MAX);
    put_f32(HEADER + KEY, -SCENE_EXTENT_MAX);
    put_f32(HEADER + 36, 170.0f);
    put_f32(HEADER + KEY + 36, 1.0f);
    put_f32(HEADER + 2 * KEY + 36, 1.0f);
    assert_int_equal(scene_open(&s, bytes, NULL), RC_OK);
    for (int i = 0; i <= 400; i++) {
        struct camera c = scene_camera(&s, 0.01f * (float)i);
        assert_true(c.fov_deg >= 1.0f && c.fov_deg <= 170.0f);
        assert_true(fabsf(c.eye[0]) <= SCENE_EXTENT_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_object_is_read_back),
        cmocka_unit_test(records_are_written_as_they_are_read),
        cmocka_unit_test(every_length_but_the_right_one_is_refused),
        cmocka_unit_test(each_field_out_of_range_is_refused_with_its_place),
        cmocka_unit_test(counts_and_indices_out_of_range_are_refused),
        cmocka_unit_test(the_camera_passes_its_keys_and_rests_at_the_ends),
        cmocka_unit_test(the_camera_stays_in_range_between_wild_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
