// SPDX-License-Identifier: MIT
// Checks a scene object, answers its records, and moves the camera between its keys.
#include "scene/scene.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "scene/form.h"

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
    const bool is_good = scene_sky_get(&c, &s->sky);
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
    size_t keys = (size_t)s->key_count * SCENE_KEY_BYTES;
    size_t materials = (size_t)s->material_count * SCENE_MATERIAL_BYTES;
    size_t vertices = (size_t)s->vertex_count * SCENE_VERTEX_BYTES;
    size_t triangles = (size_t)s->triangle_count * SCENE_TRIANGLE_BYTES;
    if (c.left.len != keys + materials + vertices + triangles)
        return err_set(err, RC_MALFORMED, "%zu bytes, want %zu", object.len,
                       SCENE_HEADER_BYTES + keys + materials + vertices + triangles);
    s->keys = cursor_take(&c, keys);
    s->materials = cursor_take(&c, materials);
    s->vertices = cursor_take(&c, vertices);
    s->triangles = cursor_take(&c, triangles);
    assert(cursor_done(&c));
    return RC_OK;
}

static enum rc check_keys(const struct scene *s, struct err *err)
{
    struct cursor c = {.left = s->keys};
    float before = -INFINITY;
    for (uint32_t i = 0; i < s->key_count; i++) {
        struct scene_key key;
        if (!scene_key_get(&c, &key))
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
        const char *bad = scene_material_get(&c, &m);
        if (bad != NULL)
            return err_set(err, RC_MALFORMED, "material %u: %s is out of range", i, bad);
    }
    return RC_OK;
}

static enum rc check_vertices(const struct scene *s, struct err *err)
{
    struct cursor c = {.left = s->vertices};
    for (uint32_t i = 0; i < s->vertex_count; i++) {
        struct scene_vertex v;
        const char *bad = scene_vertex_get(&c, &v);
        if (bad != NULL)
            return err_set(err, RC_MALFORMED, "vertex %u: %s is out of range", i, bad);
    }
    return RC_OK;
}

static enum rc check_triangles(const struct scene *s, struct err *err)
{
    struct cursor c = {.left = s->triangles};
    for (uint32_t i = 0; i < s->triangle_count; i++) {
        const struct scene_triangle t = scene_triangle_get(&c);
        if (num_max(t.vertex[0], num_max(t.vertex[1], t.vertex[2])) >= s->vertex_count)
            return err_set(err, RC_MALFORMED, "triangle %u: no such vertex", i);
        if (t.material >= s->material_count)
            return err_set(err, RC_MALFORMED, "triangle %u: no such material", i);
    }
    return RC_OK;
}

enum rc scene_open(struct scene *out, struct bytes object, struct err *err)
{
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

static struct cursor record_at(struct bytes records, uint32_t index, size_t each)
{
    return (struct cursor){.left = bytes_part(records, index * each, each)};
}

struct scene_key scene_key_at(const struct scene *s, uint32_t index)
{
    assert(index < s->key_count);
    struct scene_key key;
    struct cursor c = record_at(s->keys, index, SCENE_KEY_BYTES);
    (void)scene_key_get(&c, &key); // scene_open checked it
    return key;
}

struct scene_material scene_material_at(const struct scene *s, uint32_t index)
{
    assert(index < s->material_count);
    struct scene_material m;
    struct cursor c = record_at(s->materials, index, SCENE_MATERIAL_BYTES);
    (void)scene_material_get(&c, &m); // scene_open checked it
    return m;
}

struct scene_vertex scene_vertex_at(const struct scene *s, uint32_t index)
{
    assert(index < s->vertex_count);
    struct scene_vertex v;
    struct cursor c = record_at(s->vertices, index, SCENE_VERTEX_BYTES);
    (void)scene_vertex_get(&c, &v); // scene_open checked it
    return v;
}

struct scene_triangle scene_triangle_at(const struct scene *s, uint32_t index)
{
    assert(index < s->triangle_count);
    struct cursor c = record_at(s->triangles, index, SCENE_TRIANGLE_BYTES);
    return scene_triangle_get(&c);
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
    assert(s->key_count > 0);
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
    assert(key[2].time_s > key[1].time_s);
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
    out.fov_deg = between(fov, k, CAMERA_FOV_DEG_MIN, CAMERA_FOV_DEG_MAX);
    return out;
}
