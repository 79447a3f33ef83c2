// SPDX-License-Identifier: MIT
// A scene under construction: four growing arrays and their flat form.
#include "scene/draft.h"

#include <assert.h>
#include <string.h>

#include "scene/form.h"
#include "scene/math.h"

#define DRAFT_FIRST_COUNT 1024u // room of an array when it is first needed
#define DRAFT_TIME_S_MAX  1e6f
#define ACROSS_MIN        1e-3f // sine of the angle between a camera's view and its `up`

void draft_init(struct draft *d, struct budget *budget)
{
    assert(budget != NULL);
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
    assert(a->count <= a->cap);
    assert(a->count <= count_max);
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

uint32_t draft_material(struct draft *d, const struct scene_material *m)
{
    if (scene_material_bad(m) != NULL) {
        fail(d, RC_REFUSED);
        return 0;
    }
    struct scene_material *slot = grow(d, &d->materials, sizeof *slot, SCENE_MATERIALS_MAX);
    if (slot == NULL)
        return 0;
    *slot = *m;
    return (uint32_t)(d->materials.count - 1);
}

uint32_t draft_vertex(struct draft *d, struct vec position, struct vec normal)
{
    const struct scene_vertex v = {position, vec_unit(normal)};
    if (scene_vertex_bad(&v) != NULL || !isfinite(vec_length(normal))) {
        fail(d, RC_REFUSED);
        return 0;
    }
    struct scene_vertex *slot = grow(d, &d->vertices, sizeof *slot, SCENE_VERTICES_MAX);
    if (slot == NULL)
        return 0;
    *slot = v;
    return (uint32_t)(d->vertices.count - 1);
}

void draft_triangle(struct draft *d, uint32_t a, uint32_t b, uint32_t c, uint32_t material)
{
    if (d->rc != RC_OK) // indices may then stand for what was dropped
        return;
    assert(a < d->vertices.count);
    assert(b < d->vertices.count);
    assert(c < d->vertices.count);
    assert(material < d->materials.count);
    struct scene_triangle *slot = grow(d, &d->triangles, sizeof *slot, SCENE_TRIANGLES_MAX);
    if (slot != NULL)
        *slot = (struct scene_triangle){{a, b, c}, material};
}

void draft_quad(struct draft *d, const struct vec corner[static 4], uint32_t material)
{
    uint32_t v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = draft_vertex(d, corner[i], vec_of(0.0f, 0.0f, 0.0f));
    draft_triangle(d, v[0], v[1], v[2], material);
    draft_triangle(d, v[0], v[2], v[3], material);
}

// It looks somewhere, and `up` is not along that.
static bool is_upright(const struct camera *c)
{
    struct vec look = vec_sub(vec_from(c->target), vec_from(c->eye));
    return vec_length(vec_cross(vec_unit(look), vec_unit(vec_from(c->up)))) > ACROSS_MIN;
}

void draft_key(struct draft *d, const struct scene_key *key)
{
    const struct scene_key *last = d->keys.at;
    const bool is_later = d->keys.count == 0 || key->time_s > last[d->keys.count - 1].time_s;
    if (!camera_is_good(&key->camera) || !is_upright(&key->camera) ||
        !float_within(key->time_s, 0.0f, DRAFT_TIME_S_MAX) || !is_later) {
        fail(d, RC_REFUSED);
        return;
    }
    struct scene_key *slot = grow(d, &d->keys, sizeof *slot, SCENE_KEYS_MAX);
    if (slot != NULL)
        *slot = *key;
}

uint32_t draft_triangle_count(const struct draft *d)
{
    return (uint32_t)d->triangles.count;
}

uint32_t draft_vertex_count(const struct draft *d)
{
    return (uint32_t)d->vertices.count;
}

void draft_bounds(const struct draft *d, struct vec *low, struct vec *high)
{
    const struct scene_vertex *v = d->vertices.at;
    *low = *high = d->vertices.count > 0 ? v[0].position : vec_of(0.0f, 0.0f, 0.0f);
    for (size_t i = 1; i < d->vertices.count; i++) {
        struct vec p = v[i].position;
        *low = vec_of(fminf(low->x, p.x), fminf(low->y, p.y), fminf(low->z, p.z));
        *high = vec_of(fmaxf(high->x, p.x), fmaxf(high->y, p.y), fmaxf(high->z, p.z));
    }
}

static void put_head(struct buffer *b, const struct draft *d)
{
    buffer_put(b, bytes_text(SCENE_MAGIC));
    buffer_u32le(b, (uint32_t)d->keys.count);
    buffer_u32le(b, (uint32_t)d->materials.count);
    buffer_u32le(b, (uint32_t)d->vertices.count);
    buffer_u32le(b, (uint32_t)d->triangles.count);
    scene_sky_put(b, &d->sky);
}

enum rc draft_encode(const struct draft *d, struct buffer *out)
{
    if (d->rc != RC_OK)
        return d->rc;
    if (d->triangles.count == 0 || d->keys.count == 0 || !scene_sky_is_good(&d->sky))
        return RC_REFUSED;
    // The counts are bounded by scene.h, far below what a size_t holds.
    size_t len = SCENE_HEADER_BYTES + d->keys.count * SCENE_KEY_BYTES +
                 d->materials.count * SCENE_MATERIAL_BYTES +
                 d->vertices.count * SCENE_VERTEX_BYTES + d->triangles.count * SCENE_TRIANGLE_BYTES;
    void *at = budget_take(d->budget, len);
    if (at == NULL)
        return RC_NOMEM;
    struct buffer b = buffer_of(at, len);
    put_head(&b, d);
    const struct scene_key *key = d->keys.at;
    for (size_t i = 0; i < d->keys.count; i++)
        scene_key_put(&b, &key[i]);
    const struct scene_material *material = d->materials.at;
    for (size_t i = 0; i < d->materials.count; i++)
        scene_material_put(&b, &material[i]);
    const struct scene_vertex *vertex = d->vertices.at;
    for (size_t i = 0; i < d->vertices.count; i++)
        scene_vertex_put(&b, &vertex[i]);
    const struct scene_triangle *triangle = d->triangles.at;
    for (size_t i = 0; i < d->triangles.count; i++)
        scene_triangle_put(&b, &triangle[i]);
    assert(!b.is_full);
    assert(b.len == len);
    *out = b;
    return RC_OK;
}
