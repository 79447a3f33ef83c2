// SPDX-License-Identifier: MIT
// Records of a scene object.
#include "scene/form.h"

#include <assert.h>

#include "scene/math.h"

#define TIME_S_MAX 1e9f
#define NORMAL_MAX 1.01f // a unit vector's component, with the rounding of others
#define PADDING    5u    // zeros at the end of a key and of a material
#define NUMBERS    5u    // of a material, behind its colours

static_assert(sizeof SCENE_MAGIC - 1 + 14 * sizeof(float) == SCENE_HEADER_BYTES, "as in scene.h");

static void get_floats(struct cursor *c, float *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = cursor_f32le(c);
}

static void put_floats(struct buffer *b, const float *v, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_f32le(b, v[i]);
}

static bool get_padding(struct cursor *c)
{
    uint32_t bits = 0;
    for (size_t i = 0; i < PADDING; i++)
        bits |= cursor_u32le(c);
    return bits == 0;
}

static void put_padding(struct buffer *b)
{
    for (size_t i = 0; i < PADDING; i++)
        buffer_u32le(b, 0);
}

static bool are_within(const float v[static 3], float low, float high)
{
    return float_within(v[0], low, high) && float_within(v[1], low, high) &&
           float_within(v[2], low, high);
}

static bool vec_within(struct vec v, float most)
{
    return float_within(v.x, -most, most) && float_within(v.y, -most, most) &&
           float_within(v.z, -most, most);
}

const char *scene_material_bad(const struct scene_material *m)
{
    if (!are_within(m->base, 0.0f, 1.0f))
        return "base";
    if (!are_within(m->emission, 0.0f, SCENE_EMISSION_MAX))
        return "emission";
    if (!float_within(m->roughness, 0.0f, 1.0f))
        return "roughness";
    if (!float_within(m->metallic, 0.0f, 1.0f))
        return "metallic";
    if (!float_within(m->transmission, 0.0f, 1.0f))
        return "transmission";
    if (!float_within(m->ior, 1.0f, SCENE_IOR_MAX))
        return "ior";
    if (!float_within(m->opacity, 0.0f, 1.0f))
        return "opacity";
    return NULL;
}

const char *scene_material_get(struct cursor *c, struct scene_material *out)
{
    float number[NUMBERS];
    get_floats(c, out->base, 3);
    get_floats(c, out->emission, 3);
    get_floats(c, number, NUMBERS);
    out->roughness = number[0];
    out->metallic = number[1];
    out->transmission = number[2];
    out->ior = number[3];
    out->opacity = number[4];
    const bool is_padded = get_padding(c);
    const char *bad = scene_material_bad(out);
    return bad != NULL || is_padded ? bad : "padding";
}

void scene_material_put(struct buffer *b, const struct scene_material *m)
{
    const float number[NUMBERS] = {m->roughness, m->metallic, m->transmission, m->ior, m->opacity};
    put_floats(b, m->base, 3);
    put_floats(b, m->emission, 3);
    put_floats(b, number, NUMBERS);
    put_padding(b);
}

const char *scene_vertex_bad(const struct scene_vertex *v)
{
    if (!vec_within(v->position, SCENE_EXTENT_MAX))
        return "position";
    if (!vec_within(v->normal, NORMAL_MAX))
        return "normal";
    return NULL;
}

const char *scene_vertex_get(struct cursor *c, struct scene_vertex *out)
{
    float f[6];
    get_floats(c, f, 6);
    *out = (struct scene_vertex){vec_from(f), vec_from(f + 3)};
    return scene_vertex_bad(out);
}

void scene_vertex_put(struct buffer *b, const struct scene_vertex *v)
{
    const float f[6] = {v->position.x, v->position.y, v->position.z,
                        v->normal.x,   v->normal.y,   v->normal.z};
    put_floats(b, f, 6);
}

bool scene_key_get(struct cursor *c, struct scene_key *out)
{
    struct camera *a = &out->camera;
    get_floats(c, a->eye, 3);
    get_floats(c, a->target, 3);
    get_floats(c, a->up, 3);
    get_floats(c, &a->fov_deg, 1);
    get_floats(c, &out->time_s, 1);
    const bool is_padded = get_padding(c);
    return is_padded && camera_is_good(a) && float_within(out->time_s, -TIME_S_MAX, TIME_S_MAX);
}

void scene_key_put(struct buffer *b, const struct scene_key *k)
{
    const struct camera *a = &k->camera;
    put_floats(b, a->eye, 3);
    put_floats(b, a->target, 3);
    put_floats(b, a->up, 3);
    put_floats(b, &a->fov_deg, 1);
    put_floats(b, &k->time_s, 1);
    put_padding(b);
}

bool scene_sky_is_good(const struct scene_sky *s)
{
    return are_within(s->low, 0.0f, SCENE_EMISSION_MAX) &&
           are_within(s->high, 0.0f, SCENE_EMISSION_MAX) &&
           are_within(s->haze, 0.0f, SCENE_EMISSION_MAX) &&
           float_within(s->haze_per_m, 0.0f, SCENE_HAZE_PER_M_MAX);
}

bool scene_sky_get(struct cursor *c, struct scene_sky *out)
{
    get_floats(c, out->low, 3);
    get_floats(c, out->high, 3);
    get_floats(c, out->haze, 3);
    get_floats(c, &out->haze_per_m, 1);
    return scene_sky_is_good(out);
}

void scene_sky_put(struct buffer *b, const struct scene_sky *s)
{
    put_floats(b, s->low, 3);
    put_floats(b, s->high, 3);
    put_floats(b, s->haze, 3);
    put_floats(b, &s->haze_per_m, 1);
}

struct scene_triangle scene_triangle_get(struct cursor *c)
{
    struct scene_triangle t;
    for (size_t i = 0; i < 3; i++)
        t.vertex[i] = cursor_u32le(c);
    t.material = cursor_u32le(c);
    return t;
}

void scene_triangle_put(struct buffer *b, const struct scene_triangle *t)
{
    for (size_t i = 0; i < 3; i++)
        buffer_u32le(b, t->vertex[i]);
    buffer_u32le(b, t->material);
}
