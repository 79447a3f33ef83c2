// SPDX-License-Identifier: MIT
// Checks a scene object, answers its records, and moves the camera between its keys.
#include "scene/scene.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "base/num.h"

#define HEADER_BYTES   64u
#define KEY_BYTES      64u
#define MATERIAL_BYTES 64u
#define VERTEX_BYTES   24u
#define TRIANGLE_BYTES 16u
#define NORMAL_MAX     1.01f // a unit vector's component, with the rounding of others

// Reads len floats and says whether all are within low..high (so never NaN).
static bool read_range(struct cursor *c, float *out, size_t len, float low, float high)
{
    bool is_good = true;
    for (size_t i = 0; i < len; i++) {
        out[i] = cursor_f32le(c);
        is_good = is_good && out[i] >= low && out[i] <= high;
    }
    return is_good;
}

static bool read_zeros(struct cursor *c, size_t len)
{
    bool is_good = true;
    for (size_t i = 0; i < len; i++)
        is_good = cursor_u32le(c) == 0 && is_good;
    return is_good;
}

static bool read_key(struct cursor *c, struct scene_key *out)
{
    struct camera *a = &out->camera;
    bool is_good = read_range(c, a->eye, 3, -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX);
    is_good = read_range(c, a->target, 3, -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX) && is_good;
    is_good = read_range(c, a->up, 3, -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX) && is_good;
    is_good = read_range(c, &a->fov_deg, 1, 1.0f, 170.0f) && is_good;
    is_good = read_range(c, &out->time_s, 1, -1e9f, 1e9f) && is_good;
    return read_zeros(c, 5) && is_good;
}

// The name of the first field out of range, or NULL.
static const char *read_material(struct cursor *c, struct scene_material *out)
{
    const char *bad = NULL;
    if (!read_range(c, out->base, 3, 0.0f, 1.0f))
        bad = "base";
    if (!read_range(c, out->emission, 3, 0.0f, SCENE_EMISSION_MAX))
        bad = bad ? bad : "emission";
    if (!read_range(c, &out->roughness, 1, 0.0f, 1.0f))
        bad = bad ? bad : "roughness";
    if (!read_range(c, &out->metallic, 1, 0.0f, 1.0f))
        bad = bad ? bad : "metallic";
    if (!read_range(c, &out->transmission, 1, 0.0f, 1.0f))
        bad = bad ? bad : "transmission";
    if (!read_range(c, &out->ior, 1, 1.0f, 3.0f))
        bad = bad ? bad : "ior";
    if (!read_range(c, &out->opacity, 1, 0.0f, 1.0f))
        bad = bad ? bad : "opacity";
    if (!read_zeros(c, 5))
        bad = bad ? bad : "padding";
    return bad;
}

bool scene_is(struct bytes object)
{
    return bytes_is(bytes_part(object, 0, sizeof SCENE_MAGIC - 1), SCENE_MAGIC);
}

static enum rc check_header(struct scene *s, struct bytes object, struct err *err)
{
    struct cursor c = {.left = object};
    struct bytes magic = cursor_take(&c, sizeof SCENE_MAGIC - 1);
    s->key_count = cursor_u32le(&c);
    s->material_count = cursor_u32le(&c);
    s->vertex_count = cursor_u32le(&c);
    s->triangle_count = cursor_u32le(&c);
    struct scene_sky *y = &s->sky;
    bool is_good = read_range(&c, y->low, 3, 0.0f, SCENE_EMISSION_MAX);
    is_good = read_range(&c, y->high, 3, 0.0f, SCENE_EMISSION_MAX) && is_good;
    is_good = read_range(&c, y->haze, 3, 0.0f, SCENE_EMISSION_MAX) && is_good;
    is_good = read_range(&c, &y->haze_per_m, 1, 0.0f, SCENE_HAZE_PER_M_MAX) && is_good;
    if (c.is_bad || !bytes_is(magic, SCENE_MAGIC))
        return err_set(err, RC_MALFORMED, "not a scene object");
    if (!is_good)
        return err_set(err, RC_MALFORMED, "sky or haze is out of range");
    if (s->key_count < 1 || s->key_count > SCENE_KEYS_MAX)
        return err_set(err, RC_MALFORMED, "%u camera keys, want 1 to %u", s->key_count,
                       SCENE_KEYS_MAX);
    if (s->material_count > SCENE_MATERIALS_MAX || s->vertex_count > SCENE_VERTICES_MAX ||
        s->triangle_count > SCENE_TRIANGLES_MAX)
        return err_set(err, RC_MALFORMED, "too many materials, vertices or triangles");
    // Counts are below 2^24 and records below 2^7 bytes: no sum here can wrap.
    size_t keys = (size_t)s->key_count * KEY_BYTES;
    size_t materials = (size_t)s->material_count * MATERIAL_BYTES;
    size_t vertices = (size_t)s->vertex_count * VERTEX_BYTES;
    size_t triangles = (size_t)s->triangle_count * TRIANGLE_BYTES;
    if (c.left.len != keys + materials + vertices + triangles)
        return err_set(err, RC_MALFORMED, "%zu bytes, want %zu", object.len,
                       HEADER_BYTES + keys + materials + vertices + triangles);
    s->keys = cursor_take(&c, keys);
    s->materials = cursor_take(&c, materials);
    s->vertices = cursor_take(&c, vertices);
    s->triangles = cursor_take(&c, triangles);
    return RC_OK;
}

static enum rc check_keys(const struct scene *s, struct err *err)
{
    struct cursor c = {.left = s->keys};
    float before = -INFINITY;
    for (uint32_t i = 0; i < s->key_count; i++) {
        struct scene_key key;
        if (!read_key(&c, &key))
            return err_set(err, RC_MALFORMED, "camera key %u is out of range", i);
        if (!(key.time_s > before))
            return err_set(err, RC_MALFORMED, "camera key %u is not after the one before", i);
        before = key.time_s;
    }
    return RC_OK;
}

static enum rc check_materials(const struct scene *s, struct err *err)
{
    struct cursor c = {.left = s->materials};
    for (uint32_t i = 0; i < s->material_count; i++) {
        struct scene_material m;
        const char *bad = read_material(&c, &m);
        if (bad != NULL)
            return err_set(err, RC_MALFORMED, "material %u: %s is out of range", i, bad);
    }
    return RC_OK;
}

static enum rc check_vertices(const struct scene *s, struct err *err)
{
    struct cursor c = {.left = s->vertices};
    for (uint32_t i = 0; i < s->vertex_count; i++) {
        float v[3];
        if (!read_range(&c, v, 3, -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX))
            return err_set(err, RC_MALFORMED, "vertex %u: position is out of range", i);
        if (!read_range(&c, v, 3, -NORMAL_MAX, NORMAL_MAX))
            return err_set(err, RC_MALFORMED, "vertex %u: normal is out of range", i);
    }
    return RC_OK;
}

static enum rc check_triangles(const struct scene *s, struct err *err)
{
    struct cursor c = {.left = s->triangles};
    for (uint32_t i = 0; i < s->triangle_count; i++) {
        uint32_t a = cursor_u32le(&c);
        uint32_t b = cursor_u32le(&c);
        uint32_t d = cursor_u32le(&c);
        if (num_max(a, num_max(b, d)) >= s->vertex_count)
            return err_set(err, RC_MALFORMED, "triangle %u: no such vertex", i);
        if (cursor_u32le(&c) >= s->material_count)
            return err_set(err, RC_MALFORMED, "triangle %u: no such material", i);
    }
    return RC_OK;
}

enum rc scene_open(struct scene *out, struct bytes object, struct err *err)
{
    static_assert(sizeof SCENE_MAGIC - 1 + 14 * sizeof(float) == HEADER_BYTES,
                  "header as in scene.h");
    struct scene s = {0};
    enum rc rc = check_header(&s, object, err);
    if (rc == RC_OK)
        rc = check_keys(&s, err);
    if (rc == RC_OK)
        rc = check_materials(&s, err);
    if (rc == RC_OK)
        rc = check_vertices(&s, err);
    if (rc == RC_OK)
        rc = check_triangles(&s, err);
    if (rc == RC_OK)
        *out = s;
    return rc;
}

struct scene_key scene_key_at(const struct scene *s, uint32_t index)
{
    assert(index < s->key_count);
    struct scene_key key;
    struct cursor c = {.left = bytes_part(s->keys, (size_t)index * KEY_BYTES, KEY_BYTES)};
    (void)read_key(&c, &key); // scene_open checked it
    return key;
}

struct scene_material scene_material_at(const struct scene *s, uint32_t index)
{
    assert(index < s->material_count);
    struct scene_material m;
    struct bytes at = bytes_part(s->materials, (size_t)index * MATERIAL_BYTES, MATERIAL_BYTES);
    struct cursor c = {.left = at};
    (void)read_material(&c, &m); // scene_open checked it
    return m;
}

// Catmull-Rom through four values, k in 0..1 between the middle two, kept within low..high
// (the curve may swing past its points).
static float between(const float p[4], float k, float low, float high)
{
    float a = 2.0f * p[1];
    float b = p[2] - p[0];
    float c = 2.0f * p[0] - 5.0f * p[1] + 4.0f * p[2] - p[3];
    float d = 3.0f * (p[1] - p[2]) + p[3] - p[0];
    float v = 0.5f * (a + k * (b + k * (c + k * d)));
    return fminf(fmaxf(v, low), high);
}

struct camera scene_camera(const struct scene *s, float time_s)
{
    uint32_t after = 0; // the first key later than time_s
    while (after < s->key_count && scene_key_at(s, after).time_s <= time_s)
        after++;
    if (after == 0 || after == s->key_count)
        return scene_key_at(s, after == 0 ? 0 : s->key_count - 1).camera;

    struct scene_key key[4];
    uint32_t last = s->key_count - 1;
    key[0] = scene_key_at(s, after >= 2 ? after - 2 : 0);
    key[1] = scene_key_at(s, after - 1);
    key[2] = scene_key_at(s, after);
    key[3] = scene_key_at(s, after < last ? after + 1 : last);
    float k = (time_s - key[1].time_s) / (key[2].time_s - key[1].time_s);

    struct camera out;
    const float far = SCENE_EXTENT_MAX;
    for (size_t i = 0; i < 3; i++) {
        float eye[4];
        float target[4];
        float up[4];
        for (size_t j = 0; j < 4; j++) {
            eye[j] = key[j].camera.eye[i];
            target[j] = key[j].camera.target[i];
            up[j] = key[j].camera.up[i];
        }
        out.eye[i] = between(eye, k, -far, far);
        out.target[i] = between(target, k, -far, far);
        out.up[i] = between(up, k, -far, far);
    }
    float fov[4] = {key[0].camera.fov_deg, key[1].camera.fov_deg, key[2].camera.fov_deg,
                    key[3].camera.fov_deg};
    out.fov_deg = between(fov, k, 1.0f, 170.0f);
    return out;
}
