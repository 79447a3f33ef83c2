// SPDX-License-Identifier: MIT
// Edges: most pixels see that their four neighbours are all of one surface, theirs; the rest
// weigh each neighbour by how much it is of theirs.
#include "image/composite_edges.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/geometry/geometry.h"
#include "scene/math.h"
#include "scene/normal.h"

#define DEPTH_ALIKE  0.02f // of the depth: what four pixels in one plane may be off by
#define NORMAL_ALIKE 2500  // steps of an octahedral coordinate, of 32767 to the border
#define DEPTH_SOFT   0.03f // of the depth: counts as half of another surface
#define WEIGHT_LEAST 0.02f // a neighbour far off still counts this much, before likeness
#define LIKE_LEAST   1e-4f // below which no neighbour is of the surface

struct corner { // of four layer pixels
    float depth[4];
    int16_t x, y; // the first one's normal
    uint8_t id;   // of all four; 0: they differ, or show nothing
};

struct near {          // a layer pixel, ready to be weighed
    struct vec normal; // unit
    float depth;
    uint8_t id;
};

struct seen { // what is read of a geometry pixel here
    float depth;
    uint32_t normal;
    uint8_t id;
};

// As geometry_pixel_at, of a part: for millions of pixels a frame.
static inline struct seen seen_at(struct bytes geometry, size_t index)
{
    const uint8_t *at = geometry.at + index * GEOMETRY_PIXEL_BYTES;
    const uint32_t bits = bytes_u32le(at);
    struct seen s = {.normal = bytes_u32le(at + 4), .id = at[11]};
    memcpy(&s.depth, &bits, sizeof s.depth);
    s.depth = s.depth >= 0.0f && s.depth < 1e9f ? s.depth : 0.0f; // NaN, too
    return s;
}

static struct vec normal_of(const struct seen *s)
{
    return vec_unit(normal_unpack(s->normal));
}

enum rc edges_new(struct edges *e, struct budget *budget)
{
    assert(e->layer_width > 0 && e->layer_width <= e->width);
    assert(e->layer_height > 0 && e->layer_height <= e->height);
    assert(e->across != NULL && e->down != NULL);
    e->budget = budget;
    e->at = budget_take(budget, (size_t)e->width * e->height * sizeof *e->at);
    e->row = budget_take(budget, ((size_t)e->height + 1) * sizeof *e->row);
    e->cell =
        budget_take(budget, ((size_t)e->layer_width + 1) * (e->layer_height + 1) * sizeof *e->cell);
    e->near = budget_take(budget, (size_t)e->layer_width * e->layer_height * sizeof *e->near);
    if (e->at != NULL && e->row != NULL && e->cell != NULL && e->near != NULL)
        return RC_OK;
    edges_free(e);
    return RC_NOMEM;
}

void edges_free(struct edges *e)
{
    budget_give(e->budget, e->at);
    budget_give(e->budget, e->row);
    budget_give(e->budget, e->cell);
    budget_give(e->budget, e->near);
    *e = (struct edges){0};
}

static size_t low_index(const struct edges *e, int32_t x, int32_t y) // -1 and beyond: the border
{
    const int32_t width = (int32_t)e->layer_width;
    const int32_t height = (int32_t)e->layer_height;
    x = x < 0 ? 0 : x >= width ? width - 1 : x;
    y = y < 0 ? 0 : y >= height ? height - 1 : y;
    return (size_t)y * e->layer_width + (size_t)x;
}

static int16_t coordinate(uint32_t normal, unsigned which)
{
    return (int16_t)(normal >> (16 * which) & 0xffffu);
}

static bool is_near(int16_t a, int16_t b)
{
    return abs(a - b) <= NORMAL_ALIKE;
}

static void find_cell(struct edges *e, struct bytes low, int32_t x, int32_t y)
{
    struct corner *c = &e->cell[(size_t)(y + 1) * (e->layer_width + 1) + (size_t)(x + 1)];
    struct seen s[4];
    for (int i = 0; i < 4; i++)
        s[i] = seen_at(low, low_index(e, x + i % 2, y + i / 2));
    *c = (struct corner){.x = coordinate(s[0].normal, 0), .y = coordinate(s[0].normal, 1)};
    c->id = s[0].id;
    for (int i = 0; i < 4; i++) {
        c->depth[i] = s[i].depth;
        if (s[i].id != c->id || !is_near(c->x, coordinate(s[i].normal, 0)) ||
            !is_near(c->y, coordinate(s[i].normal, 1)))
            c->id = 0;
    }
}

static bool is_plain(const struct corner *c, const struct seen *s, float u, float v)
{
    if (s->id == 0) // no light is asked for
        return true;
    const float upper = c->depth[0] + (c->depth[1] - c->depth[0]) * u;
    const float lower = c->depth[2] + (c->depth[3] - c->depth[2]) * u;
    const float depth = upper + (lower - upper) * v;
    return c->id == s->id && fabsf(depth - s->depth) <= DEPTH_ALIKE * s->depth &&
           is_near(c->x, coordinate(s->normal, 0)) && is_near(c->y, coordinate(s->normal, 1));
}

static float likeness(const struct near *a, const struct near *b)
{
    if (b->id == 0)
        return 0.0f;
    const float off = fabsf(a->depth - b->depth) / (DEPTH_SOFT * a->depth);
    const float cosine = vec_dot(a->normal, b->normal);
    if (!(cosine > 0.0f))
        return 0.0f;
    const float c4 = cosine * cosine * cosine * cosine;
    const float alike = c4 * c4 / (1.0f + off * off);
    return a->id == b->id ? alike : alike * 0.01f; // better than nothing
}

// False: no neighbour is of the pixel's surface.
static bool weigh(const struct edges *e, const struct seen *s, uint32_t x, uint32_t y,
                  struct edge *out)
{
    const struct near own = {normal_of(s), s->depth, s->id};
    const float u = e->across->share[x];
    const float v = e->down->share[y];
    float weight[4];
    float sum = 0.0f;
    for (int i = 0; i < 4; i++) {
        const size_t at = low_index(e, e->across->first[x] + i % 2, e->down->first[y] + i / 2);
        const float near = (i % 2 ? u : 1.0f - u) * (i / 2 ? v : 1.0f - v);
        weight[i] = (near + WEIGHT_LEAST) * likeness(&own, &e->near[at]);
        sum += weight[i];
    }
    if (!(sum > LIKE_LEAST))
        return false;
    uint32_t left = 255;
    unsigned most = 0;
    *out = (struct edge){.x = (uint16_t)x};
    for (unsigned i = 0; i < 4; i++) {
        out->weight[i] = (uint8_t)(weight[i] / sum * 255.0f);
        left -= out->weight[i];
        most = weight[i] > weight[most] ? i : most;
    }
    out->weight[most] = (uint8_t)(out->weight[most] + left);
    return true;
}

void edges_find(struct edges *e, struct bytes full, struct bytes low)
{
    uint32_t count = 0;
    assert(full.len == (size_t)e->width * e->height * GEOMETRY_PIXEL_BYTES);
    assert(low.len == (size_t)e->layer_width * e->layer_height * GEOMETRY_PIXEL_BYTES);
    e->row[0] = 0;
    if (e->width == e->layer_width && e->height == e->layer_height) {
        for (uint32_t y = 0; y < e->height; y++)
            e->row[y + 1] = 0; // a pixel's neighbour is itself
        return;
    }
    for (size_t i = 0; i < (size_t)e->layer_width * e->layer_height; i++) {
        const struct seen s = seen_at(low, i);
        e->near[i] = (struct near){normal_of(&s), s.depth, s.id};
    }
    for (int32_t y = -1; y < (int32_t)e->layer_height; y++) {
        for (int32_t x = -1; x < (int32_t)e->layer_width; x++)
            find_cell(e, low, x, y);
    }
    for (uint32_t y = 0; y < e->height; y++) {
        const struct corner *cell =
            e->cell + (size_t)(e->down->first[y] + 1) * (e->layer_width + 1) + 1;
        for (uint32_t x = 0; x < e->width; x++) {
            const struct seen s = seen_at(full, (size_t)y * e->width + x);
            if (!is_plain(&cell[e->across->first[x]], &s, e->across->share[x], e->down->share[y]) &&
                weigh(e, &s, x, y, &e->at[count]))
                count++;
        }
        e->row[y + 1] = count;
        assert(count <= (y + 1) * e->width); // each pixel once
    }
}
