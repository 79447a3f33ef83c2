// SPDX-License-Identifier: MIT
// A scene under construction: four growing arrays and their flat form.
#include "scene/draft.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

#define DRAFT_FIRST_COUNT 1024u                 // room of an array when it is first needed
#define HEADER_BYTES      ((size_t)8 + 16 + 40) // magic, counts, sky
#define KEY_BYTES         ((size_t)16 * 4)
#define MATERIAL_BYTES    ((size_t)16 * 4)
#define VERTEX_BYTES      ((size_t)6 * 4)
#define TRIANGLE_BYTES    ((size_t)4 * 4)

struct draft_vertex {
    struct vec position, normal;
};

struct draft_triangle {
    uint32_t vertex[3];
    uint32_t material;
};

void draft_init(struct draft *d, struct budget *budget)
{
    assert(d != NULL && budget != NULL);
    *d = (struct draft){.budget = budget};
}

void draft_free(struct draft *d)
{
    budget_give(d->budget, d->keys.at);
    budget_give(d->budget, d->materials.at);
    budget_give(d->budget, d->vertices.at);
    budget_give(d->budget, d->triangles.at);
    draft_init(d, d->budget);
}

static void fail(struct draft *d, enum rc rc)
{
    if (d->rc == RC_OK)
        d->rc = rc;
}

// Room for one more of each_bytes, to be filled by the caller; NULL, and remembered, if none.
static void *grow(struct draft *d, struct draft_array *a, size_t each_bytes, size_t count_max)
{
    if (d->rc != RC_OK)
        return NULL;
    if (a->count >= count_max) {
        fail(d, RC_FULL);
        return NULL;
    }
    if (a->count == a->cap) {
        size_t cap = a->cap == 0 ? DRAFT_FIRST_COUNT : a->cap * 2;
        void *wider = budget_take(d->budget, cap * each_bytes);
        if (wider == NULL) {
            fail(d, RC_NOMEM);
            return NULL;
        }
        if (a->count > 0)
            memcpy(wider, a->at, a->count * each_bytes);
        budget_give(d->budget, a->at);
        a->at = wider;
        a->cap = cap;
    }
    return (uint8_t *)a->at + each_bytes * a->count++;
}

static bool is_within(float v, float low, float high) // false for NaN
{
    return v >= low && v <= high;
}

static bool are_within(const float *v, size_t count, float low, float high)
{
    bool is_ok = true;
    for (size_t i = 0; i < count; i++)
        is_ok = is_ok && is_within(v[i], low, high);
    return is_ok;
}

static bool is_placed(struct vec v)
{
    const float c[3] = {v.x, v.y, v.z};
    return are_within(c, 3, -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX);
}

uint32_t draft_material(struct draft *d, const struct scene_material *m)
{
    const float share[4] = {m->roughness, m->metallic, m->transmission, m->opacity};
    if (!are_within(m->base, 3, 0.0f, 1.0f) ||
        !are_within(m->emission, 3, 0.0f, SCENE_EMISSION_MAX) ||
        !are_within(share, 4, 0.0f, 1.0f) || !is_within(m->ior, 1.0f, 3.0f)) {
        fail(d, RC_REFUSED);
        return 0;
    }
    struct scene_material *slot =
        grow(d, &d->materials, sizeof(struct scene_material), SCENE_MATERIALS_MAX);
    if (slot == NULL)
        return 0;
    *slot = *m;
    return (uint32_t)(d->materials.count - 1);
}

uint32_t draft_vertex(struct draft *d, struct vec position, struct vec normal)
{
    if (!is_placed(position) || !is_placed(normal)) {
        fail(d, RC_REFUSED);
        return 0;
    }
    struct draft_vertex *slot =
        grow(d, &d->vertices, sizeof(struct draft_vertex), SCENE_VERTICES_MAX);
    if (slot == NULL)
        return 0;
    *slot = (struct draft_vertex){position, vec_unit(normal)};
    return (uint32_t)(d->vertices.count - 1);
}

void draft_triangle(struct draft *d, uint32_t a, uint32_t b, uint32_t c, uint32_t material)
{
    if (d->rc != RC_OK) // indices may then stand for what was dropped
        return;
    assert(a < d->vertices.count && b < d->vertices.count && c < d->vertices.count);
    assert(material < d->materials.count);
    struct draft_triangle *slot =
        grow(d, &d->triangles, sizeof(struct draft_triangle), SCENE_TRIANGLES_MAX);
    if (slot != NULL)
        *slot = (struct draft_triangle){{a, b, c}, material};
}

void draft_quad(struct draft *d, const struct vec corner[static 4], uint32_t material)
{
    uint32_t v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = draft_vertex(d, corner[i], vec_of(0.0f, 0.0f, 0.0f));
    draft_triangle(d, v[0], v[1], v[2], material);
    draft_triangle(d, v[0], v[2], v[3], material);
}

static struct vec vec_from(const float v[static 3])
{
    return vec_of(v[0], v[1], v[2]);
}

void draft_key(struct draft *d, const struct scene_key *key)
{
    const struct camera *c = &key->camera;
    struct vec look = vec_sub(vec_from(c->target), vec_from(c->eye));
    struct vec side = vec_cross(vec_unit(look), vec_unit(vec_from(c->up)));
    const struct scene_key *last = d->keys.at;
    bool is_later =
        d->keys.count == 0 || key->time_s > last[d->keys.count - 1].time_s; // strictly growing
    if (!is_placed(vec_from(c->eye)) || !is_placed(vec_from(c->target)) ||
        !is_placed(vec_from(c->up)) || !(vec_length(side) > 1e-3f) ||
        !is_within(c->fov_deg, 1.0f, 170.0f) || !is_within(key->time_s, 0.0f, 1e6f) || !is_later) {
        fail(d, RC_REFUSED);
        return;
    }
    struct scene_key *slot = grow(d, &d->keys, sizeof(struct scene_key), SCENE_KEYS_MAX);
    if (slot != NULL)
        *slot = *key;
}

uint32_t draft_triangle_count(const struct draft *d)
{
    return (uint32_t)d->triangles.count;
}

uint32_t draft_material_count(const struct draft *d)
{
    return (uint32_t)d->materials.count;
}

uint32_t draft_vertex_count(const struct draft *d)
{
    return (uint32_t)d->vertices.count;
}

void draft_bounds(const struct draft *d, struct vec *low, struct vec *high)
{
    const struct draft_vertex *v = d->vertices.at;
    *low = *high = d->vertices.count > 0 ? v[0].position : vec_of(0.0f, 0.0f, 0.0f);
    for (size_t i = 1; i < d->vertices.count; i++) {
        struct vec p = v[i].position;
        *low = vec_of(fminf(low->x, p.x), fminf(low->y, p.y), fminf(low->z, p.z));
        *high = vec_of(fmaxf(high->x, p.x), fmaxf(high->y, p.y), fmaxf(high->z, p.z));
    }
}

static void put_floats(struct buffer *b, const float *v, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buffer_f32le(b, v[i]);
}

static void put_head(struct buffer *b, const struct draft *d)
{
    buffer_put(b, bytes_text(SCENE_MAGIC));
    buffer_u32le(b, (uint32_t)d->keys.count);
    buffer_u32le(b, (uint32_t)d->materials.count);
    buffer_u32le(b, (uint32_t)d->vertices.count);
    buffer_u32le(b, (uint32_t)d->triangles.count);
    put_floats(b, d->sky.low, 3);
    put_floats(b, d->sky.high, 3);
    put_floats(b, d->sky.haze, 3);
    buffer_f32le(b, d->sky.haze_per_m);
}

static void put_key(struct buffer *b, const struct scene_key *k)
{
    static const float none[5] = {0};
    put_floats(b, k->camera.eye, 3);
    put_floats(b, k->camera.target, 3);
    put_floats(b, k->camera.up, 3);
    buffer_f32le(b, k->camera.fov_deg);
    buffer_f32le(b, k->time_s);
    put_floats(b, none, 5);
}

static void put_material(struct buffer *b, const struct scene_material *m)
{
    const float tail[10] = {m->roughness, m->metallic, m->transmission, m->ior, m->opacity};
    put_floats(b, m->base, 3);
    put_floats(b, m->emission, 3);
    put_floats(b, tail, 10);
}

static void put_vertex(struct buffer *b, const struct draft_vertex *v)
{
    const float f[6] = {v->position.x, v->position.y, v->position.z,
                        v->normal.x,   v->normal.y,   v->normal.z};
    put_floats(b, f, 6);
}

enum rc draft_encode(const struct draft *d, struct buffer *out)
{
    if (d->rc != RC_OK)
        return d->rc;
    if (d->triangles.count == 0 || d->keys.count == 0)
        return RC_REFUSED;
    // The counts are bounded by scene.h, far below what a size_t holds.
    size_t len = HEADER_BYTES + d->keys.count * KEY_BYTES + d->materials.count * MATERIAL_BYTES +
                 d->vertices.count * VERTEX_BYTES + d->triangles.count * TRIANGLE_BYTES;
    void *at = budget_take(d->budget, len);
    if (at == NULL)
        return RC_NOMEM;
    struct buffer b = buffer_of(at, len);
    put_head(&b, d);
    const struct scene_key *key = d->keys.at;
    for (size_t i = 0; i < d->keys.count; i++)
        put_key(&b, &key[i]);
    const struct scene_material *material = d->materials.at;
    for (size_t i = 0; i < d->materials.count; i++)
        put_material(&b, &material[i]);
    const struct draft_vertex *vertex = d->vertices.at;
    for (size_t i = 0; i < d->vertices.count; i++)
        put_vertex(&b, &vertex[i]);
    const struct draft_triangle *triangle = d->triangles.at;
    for (size_t i = 0; i < d->triangles.count; i++) {
        for (size_t k = 0; k < 3; k++)
            buffer_u32le(&b, triangle[i].vertex[k]);
        buffer_u32le(&b, triangle[i].material);
    }
    assert(!b.is_full && b.len == len);
    *out = b;
    return RC_OK;
}
