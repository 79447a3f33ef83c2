// SPDX-License-Identifier: MIT
// What a worker does of kernel `post`: the whole layer, or single blocks of it, each with as much
// around it as its pixels reach.
#include <assert.h>

#include "kernel/post/post.h"

#include "base/num.h"
#include "kernel/float_mode.h"
#include "kernel/geometry/geometry.h"
#include "kernel/post/field.h"
#include "kernel/trace/trace.h"

#define PIXEL_SCRATCH 256u // bytes, at most
#define SCRATCH_EXTRA (1u << 20)

static enum rc open_given(const struct post_params *p, const struct kernel_in *in,
                          struct post_in *out)
{
    const size_t pixels = (size_t)p->width * p->height;
    if (in->given_count != post_given_count(p) || in->given[0].len != pixels * GEOMETRY_PIXEL_BYTES)
        return RC_MALFORMED;
    *out = (struct post_in){.params = p, .geometry = in->given[0]};
    uint32_t next = 1;
    for (uint32_t i = 0; i < p->tile_count; i++) {
        const struct post_tile *t = &p->tile[i];
        if (t->samples == 0)
            continue;
        out->light[i] = in->given[next++];
        if (out->light[i].len != (size_t)t->w * t->h * TRACE_PIXEL_BYTES)
            return RC_MALFORMED;
    }
    if (!p->has_before)
        return RC_OK;
    // Of a result with a memory, the memory: the last layer in it.
    struct bytes rest;
    enum rc rc = layer_open_first(&out->before, in->given[next], &rest);
    if (rc == RC_OK && rest.len > 0)
        rc = layer_open(&out->before, rest);
    out->geometry_before = in->given[next + 1];
    if (rc != RC_OK || out->before.width != p->width || out->before.height != p->height ||
        out->geometry_before.len != pixels * GEOMETRY_PIXEL_BYTES)
        return RC_MALFORMED;
    return RC_OK;
}

static void put_pixel(uint8_t *at, struct vec light, const struct post_light *l)
{
    struct layer_pixel p = {.light = {light.x, light.y, light.z},
                            .history = (uint32_t)(l->count + 0.5f),
                            .variance = l->spread};
    layer_pixel_put(at, &p);
}

// Writes the pixels of `inner`, row by row: filtered ones to out, mixed ones to memory (or NULL).
static void put_pixels(const struct post_field *f, const struct rect *inner, uint8_t *out,
                       uint8_t *memory)
{
    assert(inner->x >= f->x);
    assert(inner->y >= f->y);
    assert(inner->x + inner->w <= f->x + f->w);
    assert(inner->y + inner->h <= f->y + f->h);
    for (uint32_t y = inner->y; y < inner->y + inner->h; y++) {
        for (uint32_t x = inner->x; x < inner->x + inner->w; x++) {
            const size_t i = (size_t)(y - f->y) * f->w + (x - f->x);
            put_pixel(out, f->glow[i].light, &f->light[i]);
            out += LAYER_PIXEL_BYTES;
            if (memory == NULL)
                continue;
            put_pixel(memory, f->light[i].light, &f->light[i]);
            memory += LAYER_PIXEL_BYTES;
        }
    }
}

static enum rc make(const struct post_in *in, const struct rect *inner, uint8_t *out,
                    uint8_t *memory)
{
    const struct post_params *p = in->params;
    const uint32_t margin = post_margin(p);
    struct post_field f = {.in = in,
                           .x = inner->x > margin ? inner->x - margin : 0,
                           .y = inner->y > margin ? inner->y - margin : 0};
    f.w = (uint32_t)num_min(p->width, inner->x + inner->w + margin) - f.x;
    f.h = (uint32_t)num_min(p->height, inner->y + inner->h + margin) - f.y;
    struct arena *arena = arena_new((size_t)f.w * f.h * PIXEL_SCRATCH + SCRATCH_EXTRA);
    if (arena == NULL)
        return RC_NOMEM;
    enum rc rc = post_field_new(&f, arena);
    if (rc == RC_OK) {
        post_surfaces(&f);
        post_light(&f);
        post_calm(&f);
        post_mix(&f);
        post_variance(&f);
        post_filter(&f);
        put_pixels(&f, inner, out, memory);
    }
    arena_free(arena);
    return rc;
}

static enum rc make_frame(const struct post_in *in, struct buffer *result)
{
    const struct post_params *p = in->params;
    const struct rect all = {0, 0, p->width, p->height};
    const size_t bytes = (size_t)p->width * p->height * LAYER_PIXEL_BYTES;
    uint8_t *at[2] = {NULL, NULL};
    for (int i = 0; i < 1 + p->keeps_memory; i++) {
        enum rc rc = layer_begin(result, p->width, p->height);
        at[i] = rc == RC_OK ? buffer_room(result, bytes) : NULL;
        if (at[i] == NULL)
            return RC_FULL;
    }
    return make(in, &all, at[0], at[1]);
}

static enum rc make_blocks(const struct post_in *in, struct buffer *result)
{
    const struct post_params *p = in->params;
    enum rc rc = RC_OK;
    for (uint32_t i = 0; i < p->block_count && rc == RC_OK; i++) {
        const struct rect r = post_block_rect(p, p->block[i]);
        uint8_t *at = buffer_room(result, post_block_bytes(p, p->block[i]));
        if (at == NULL)
            return RC_FULL;
        rc = make(in, &r, at, p->keeps_memory ? at + (size_t)r.w * r.h * LAYER_PIXEL_BYTES : NULL);
    }
    return rc;
}

enum rc post_run(void *state, const struct kernel_in *in, struct buffer *result,
                 struct buffer *report)
{
    (void)state;
    (void)report;
    struct post_params p;
    struct post_in given;
    enum rc rc = post_params_decode(&p, in->params);
    if (rc == RC_OK)
        rc = open_given(&p, in, &given);
    if (rc != RC_OK)
        return rc;
    const unsigned mode = float_mode_begin();
    rc = p.block_count > 0 ? make_blocks(&given, result) : make_frame(&given, result);
    float_mode_end(mode);
    return rc;
}
