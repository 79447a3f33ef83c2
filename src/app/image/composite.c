// SPDX-License-Identifier: MIT
// A picture from the gamer's own geometry and somebody else's light.
//
// Row by row, so that what is between stays in the first-level cache: light is interpolated down
// and across, set right at edges, and goes through the curve with the rest (composite_row.h).
#include "image/composite.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "image/composite_edges.h"
#include "image/composite_row.h"
#include "image/glare.h"
#include "kernel/geometry/geometry.h"
#include "scene/normal.h"

#define CODE_SCALE (1.0f / 65025.0f) // of an albedo's squared code
#define CURVE_SIZE 65536u

enum { LIGHT, GLARE, PLANES }; // planes of the layer's size and a border of one, three of each

struct composite {
    struct composite_size size;
    enum composite_way way;
    bool has_geometry;
    struct budget *budget;
    uint8_t *albedo[3]; // of the picture; rows are stride long
    uint32_t *emission;
    size_t stride, low_stride;
    float *own[3][2];        // of the layer: albedo and emission, for the glare
    float *plane[PLANES][3]; // rows are low_stride long, the first is a border
    float *quad;             // of the light plane: red, green, blue, 0 together, for edges
    float *row[PLANES][3];   // interpolated down
    float *light[3];         // one row, interpolated across
    uint32_t *codes;         // one row
    float *curve;            // light of each code of a layer, over 65025
    struct grid across, down;
    struct edges edges;
    struct glare glare;
};

// All of one kind, so that a failure is found at the end.
static void *take(struct composite *c, size_t count, size_t each, bool *is_whole)
{
    void *at = *is_whole ? budget_take(c->budget, count * each) : NULL;
    *is_whole = at != NULL;
    if (at != NULL)
        memset(at, 0, count * each);
    return at;
}

static bool take_all(struct composite *c)
{
    const struct composite_size *s = &c->size;
    const size_t low = (size_t)s->layer_width * s->layer_height;
    const size_t bordered = c->low_stride * (s->layer_height + 2);
    bool is_whole = true;
    for (int i = 0; i < 3; i++) {
        c->albedo[i] = take(c, c->stride * s->height, 1, &is_whole);
        c->light[i] = take(c, c->stride, sizeof(float), &is_whole);
        for (int k = 0; k < 2; k++)
            c->own[i][k] = take(c, low, sizeof(float), &is_whole);
        for (int k = 0; k < PLANES; k++) {
            c->plane[k][i] = take(c, bordered, sizeof(float), &is_whole);
            c->row[k][i] = take(c, c->low_stride, sizeof(float), &is_whole);
        }
    }
    c->emission = take(c, c->stride * s->height, sizeof(uint32_t), &is_whole);
    c->quad = take(c, bordered, 4 * sizeof(float), &is_whole);
    c->codes = take(c, c->stride, sizeof(uint32_t), &is_whole);
    c->curve = take(c, CURVE_SIZE, sizeof(float), &is_whole);
    c->across.first = take(c, c->stride, sizeof(int32_t), &is_whole);
    c->across.share = take(c, c->stride, sizeof(float), &is_whole);
    c->down.first = take(c, s->height, sizeof(int32_t), &is_whole);
    c->down.share = take(c, s->height, sizeof(float), &is_whole);
    return is_whole;
}

// Centres of `count` pixels among `low` that cover the same length.
static void grid_fill(struct grid *g, uint32_t count, uint32_t low)
{
    assert(low > 0);
    assert(low <= count); // or pixels would be passed over
    for (uint32_t i = 0; i < count; i++) {
        const float at = ((float)i + 0.5f) * (float)low / (float)count - 0.5f; // above -1
        g->first[i] = (int32_t)(at + 1.0f) - 1;
        g->share[i] = at - (float)g->first[i];
    }
}

enum rc composite_new(struct composite **out, const struct composite_size *size,
                      enum composite_way way, struct budget *budget)
{
    assert(size->layer_width > 0 && size->layer_width <= size->width);
    assert(size->layer_height > 0 && size->layer_height <= size->height);
    assert(size->width <= LAYER_SIDE_MAX && size->height <= LAYER_SIDE_MAX);
    *out = NULL;
    struct composite *c = budget_take(budget, sizeof *c);
    if (c == NULL)
        return RC_NOMEM;
    *c = (struct composite){.size = *size,
                            .way = way,
                            .budget = budget,
                            .stride = size->width + ROW_PAD,
                            .low_stride = size->layer_width + 2 + ROW_PAD};
    if (way == COMPOSITE_BEST && !__builtin_cpu_supports("avx2"))
        c->way = COMPOSITE_PLAIN;
    enum rc rc = take_all(c) ? RC_OK : RC_NOMEM;
    if (rc == RC_OK) {
        grid_fill(&c->across, size->width, size->layer_width);
        grid_fill(&c->down, size->height, size->layer_height);
        for (uint32_t i = 0; i < CURVE_SIZE; i++)
            c->curve[i] = layer_light((uint16_t)i) * CODE_SCALE;
        c->edges = (struct edges){.width = size->width,
                                  .height = size->height,
                                  .layer_width = size->layer_width,
                                  .layer_height = size->layer_height,
                                  .across = &c->across,
                                  .down = &c->down};
        rc = edges_new(&c->edges, budget);
    }
    if (rc == RC_OK)
        rc = glare_new(&c->glare, size->layer_width, size->layer_height, size->height, budget);
    if (rc != RC_OK) {
        composite_free(c);
        return rc;
    }
    *out = c;
    return RC_OK;
}

void composite_free(struct composite *c)
{
    if (c == NULL)
        return;
    glare_free(&c->glare);
    edges_free(&c->edges);
    for (int i = 0; i < 3; i++) {
        budget_give(c->budget, c->albedo[i]);
        budget_give(c->budget, c->light[i]);
        for (int k = 0; k < 2; k++)
            budget_give(c->budget, c->own[i][k]);
        for (int k = 0; k < PLANES; k++) {
            budget_give(c->budget, c->plane[k][i]);
            budget_give(c->budget, c->row[k][i]);
        }
    }
    void *const rest[] = {c->quad,         c->emission,     c->codes,      c->curve,
                          c->across.first, c->across.share, c->down.first, c->down.share};
    for (size_t i = 0; i < ARRAY_COUNT(rest); i++)
        budget_give(c->budget, rest[i]);
    budget_give(c->budget, c);
}

static void keep_full(struct composite *c, struct bytes full)
{
    for (uint32_t y = 0; y < c->size.height; y++) {
        const uint8_t *at = full.at + (size_t)y * c->size.width * GEOMETRY_PIXEL_BYTES;
        const size_t to = y * c->stride;
        for (uint32_t x = 0; x < c->size.width; x++, at += GEOMETRY_PIXEL_BYTES) {
            for (size_t i = 0; i < 3; i++)
                c->albedo[i][to + x] = at[8 + i];
            c->emission[to + x] = bytes_u32le(at + 12);
        }
    }
}

static void keep_low(struct composite *c, struct bytes low)
{
    const size_t n = (size_t)c->size.layer_width * c->size.layer_height;
    for (size_t i = 0; i < n; i++) {
        struct geometry_pixel p = geometry_pixel_at(low, i);
        float emission[3];
        geometry_emission(p.emission, emission);
        for (size_t k = 0; k < 3; k++) {
            c->own[k][0][i] = (float)((uint32_t)p.albedo[k] * p.albedo[k]);
            c->own[k][1][i] = emission[k];
        }
    }
}

enum rc composite_geometry(struct composite *c, struct bytes full, struct bytes low)
{
    const struct composite_size *s = &c->size;
    if (full.len != (size_t)s->width * s->height * GEOMETRY_PIXEL_BYTES ||
        low.len != (size_t)s->layer_width * s->layer_height * GEOMETRY_PIXEL_BYTES)
        return RC_MALFORMED;
    keep_full(c, full);
    keep_low(c, low);
    edges_find(&c->edges, full, low);
    c->has_geometry = true;
    return RC_OK;
}

// Copies the outermost pixels into the border.
static void put_border(const struct composite *c, float *plane)
{
    const size_t width = c->size.layer_width;
    const size_t height = c->size.layer_height;
    for (size_t y = 1; y <= height; y++) {
        float *row = plane + y * c->low_stride;
        row[0] = row[1];
        row[width + 1] = row[width];
    }
    memcpy(plane, plane + c->low_stride, (width + 2) * sizeof *plane);
    memcpy(plane + (height + 1) * c->low_stride, plane + height * c->low_stride,
           (width + 2) * sizeof *plane);
}

static void open_light(struct composite *c, const struct layer *layer)
{
    const uint8_t *at = layer->pixels.at;
    for (uint32_t y = 0; y < layer->height; y++) {
        const size_t to = (y + 1) * c->low_stride + 1;
        for (uint32_t x = 0; x < layer->width; x++, at += LAYER_PIXEL_BYTES) {
            for (size_t i = 0; i < 3; i++)
                c->plane[LIGHT][i][to + x] = c->curve[at[2 * i] | (size_t)at[2 * i + 1] << 8];
        }
    }
}

// What the layer alone would show, spread.
static void open_glare(struct composite *c, int channel, float scale)
{
    const uint32_t width = c->size.layer_width;
    const uint32_t height = c->size.layer_height;
    float *plane = c->plane[GLARE][channel];
    for (uint32_t y = 0; y < height; y++) {
        const float *light = c->plane[LIGHT][channel] + (y + 1) * c->low_stride + 1;
        const float *albedo = c->own[channel][0] + (size_t)y * width;
        const float *emission = c->own[channel][1] + (size_t)y * width;
        for (uint32_t x = 0; x < width; x++)
            plane[(size_t)y * width + x] = (light[x] * albedo[x] + emission[x]) * scale;
    }
    glare_spread(&c->glare, plane);
    for (uint32_t y = height; y-- > 0;) // rows move apart, the last one first
        memmove(plane + (y + 1) * c->low_stride + 1, plane + (size_t)y * width,
                width * sizeof *plane);
}

static void interpolate_down(struct composite *c, uint32_t y)
{
    const size_t n = c->size.layer_width + 2;
    const size_t from = (size_t)(c->down.first[y] + 1) * c->low_stride;
    const float share = c->down.share[y];
    for (int k = 0; k < PLANES; k++) {
        for (int i = 0; i < 3; i++) {
            const float *upper = c->plane[k][i] + from;
            const float *lower = upper + c->low_stride;
            float *out = c->row[k][i];
            for (size_t x = 0; x < n; x++)
                out[x] = upper[x] + (lower[x] - upper[x]) * share;
        }
    }
}

static void fill_quads(struct composite *c)
{
    const size_t n = c->low_stride * (c->size.layer_height + 2);
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < 3; k++)
            c->quad[i * 4 + k] = c->plane[LIGHT][k][i];
    }
}

static void mend_edges(struct composite *c, uint32_t y)
{
    const float *upper = c->quad + (size_t)(c->down.first[y] + 1) * c->low_stride * 4;
    const float *lower = upper + c->low_stride * 4;
    for (uint32_t n = c->edges.row[y]; n < c->edges.row[y + 1]; n++) {
        const struct edge *e = &c->edges.at[n];
        const size_t x = (size_t)(c->across.first[e->x] + 1) * 4;
        float weight[4];
        float light[4];
        for (size_t i = 0; i < 4; i++)
            weight[i] = (float)e->weight[i] * (1.0f / 255.0f);
        for (size_t i = 0; i < 4; i++)
            light[i] = weight[0] * upper[x + i] + weight[1] * upper[x + 4 + i] +
                       weight[2] * lower[x + i] + weight[3] * lower[x + 4 + i];
        for (size_t i = 0; i < 3; i++)
            c->light[i][e->x] = light[i];
    }
}

// Three bytes a pixel: each is stored with one too many, which the next overwrites.
static void put_codes(const uint32_t *codes, uint32_t width, uint8_t *rgb)
{
    uint32_t x = 0;
    for (; x + 1 < width; x++, rgb += 3)
        memcpy(rgb, &codes[x], 4);
    memcpy(rgb, &codes[x], 3);
}

static void draw_row(struct composite *c, const struct tone *tone, uint32_t y, uint8_t *rgb)
{
    struct row r = {.width = c->size.width,
                    .first = c->across.first,
                    .share = c->across.share,
                    .emission = c->emission + y * c->stride,
                    .keep = tone->exposure * (1.0f - tone->glare),
                    .grey = tone_grey(),
                    .codes = c->codes};
    struct spread s;
    for (int i = 0; i < 3; i++) {
        r.albedo[i] = c->albedo[i] + y * c->stride;
        r.glare[i] = c->row[GLARE][i] + 1; // grids count from -1
        r.light[i] = c->light[i];
        s.from[i] = c->row[LIGHT][i] + 1;
    }
    assert(c->down.first[y] >= -1);
    assert(c->down.first[y] < (int32_t)c->size.layer_height); // so the row below is there, too
    interpolate_down(c, y);
    if (c->way == COMPOSITE_BEST)
        row_light_wide(&r, &s);
    else
        row_light_plain(&r, &s);
    mend_edges(c, y);
    if (c->way == COMPOSITE_BEST)
        row_draw_wide(&r);
    else
        row_draw_plain(&r);
    put_codes(c->codes, c->size.width, rgb);
}

enum rc composite_draw(struct composite *c, const struct layer *layer, const struct tone *tone,
                       uint8_t *rgb)
{
    assert(tone->exposure > 0.0f);
    assert(tone->glare >= 0.0f && tone->glare <= 1.0f);
    if (!c->has_geometry)
        return RC_ABSENT;
    if (layer->width != c->size.layer_width || layer->height != c->size.layer_height)
        return RC_MALFORMED;
    open_light(c, layer);
    for (int i = 0; i < 3; i++) {
        open_glare(c, i, tone->exposure * tone->glare);
        put_border(c, c->plane[LIGHT][i]);
        put_border(c, c->plane[GLARE][i]);
    }
    fill_quads(c);
    for (uint32_t y = 0; y < c->size.height; y++)
        draw_row(c, tone, y, rgb + (size_t)y * c->size.width * 3);
    return RC_OK;
}

#define OWN_SKY    0.55f // light on what faces up
#define OWN_AROUND 0.20f // and on what faces down

enum rc composite_own_light(struct bytes low, uint32_t width, uint32_t height, struct buffer *out)
{
    if (low.len != (size_t)width * height * GEOMETRY_PIXEL_BYTES)
        return RC_MALFORMED;
    enum rc rc = layer_begin(out, width, height);
    if (rc != RC_OK)
        return rc;
    uint8_t *at = buffer_room(out, (size_t)width * height * LAYER_PIXEL_BYTES);
    if (at == NULL)
        return RC_FULL;
    for (size_t i = 0; i < (size_t)width * height; i++) {
        struct geometry_pixel g = geometry_pixel_at(low, i);
        const float up = 0.5f + 0.5f * vec_unit(normal_unpack(g.normal)).y;
        const float light = OWN_AROUND + (OWN_SKY - OWN_AROUND) * up;
        struct layer_pixel p = {.light = {light, light, light}};
        layer_pixel_put(at + i * LAYER_PIXEL_BYTES, &p);
    }
    return RC_OK;
}
