// SPDX-License-Identifier: MIT
// From what was given to light alone, and on from the frame before.
#include <assert.h>
#include <string.h>

#include "kernel/geometry/geometry.h"
#include "kernel/post/field.h"
#include "kernel/trace/trace.h"
#include "scene/normal.h"

#define ALBEDO_MIN   (1.0f / 256.0f) // darker surfaces tell nothing of the light on them
#define TRUST_SHARE  0.5f            // how much of the emission's steps may be noise
#define DEPTH_APART  0.03f           // of a pixel before: this much nearer or farther is another
#define NORMAL_ALIKE 0.8f
#define TAP_MIN      0.02f // weight below which there is nothing before

enum rc post_field_new(struct post_field *f, struct arena *arena)
{
    const size_t n = (size_t)f->w * f->h;
    assert(n > 0);
    assert(f->x + f->w <= f->in->params->width);
    assert(f->y + f->h <= f->in->params->height);
    f->surface = arena_take_array(arena, n, sizeof *f->surface);
    f->light = arena_take_array(arena, n, sizeof *f->light);
    f->glow = arena_take_array(arena, n, sizeof *f->glow);
    f->out = arena_take_array(arena, n, sizeof *f->out);
    return f->surface != NULL && f->light != NULL && f->glow != NULL && f->out != NULL ? RC_OK
                                                                                       : RC_NOMEM;
}

static float emission_luminance(const struct post_in *in, size_t index)
{
    struct geometry_pixel p = geometry_pixel_at(in->geometry, index);
    float e[3];
    geometry_emission(p.emission, e);
    return vec_luminance(vec_from(e));
}

static struct vec albedo_of(const struct geometry_pixel *p)
{
    return vec_of(geometry_albedo(p->albedo[0]), geometry_albedo(p->albedo[1]),
                  geometry_albedo(p->albedo[2]));
}

// Emission that changes from pixel to pixel is subtracted inexactly: with other rays than those
// that saw it.
static float trust_of(const struct post_in *in, uint32_t x, uint32_t y, float albedo)
{
    const struct post_params *p = in->params;
    float least = INFINITY;
    float most = 0.0f;
    for (uint32_t k = y > 0 ? y - 1 : 0; k <= y + 1 && k < p->height; k++) {
        for (uint32_t i = x > 0 ? x - 1 : 0; i <= x + 1 && i < p->width; i++) {
            float e = emission_luminance(in, (size_t)k * p->width + i);
            least = float_min(least, e);
            most = float_max(most, e);
        }
    }
    return albedo / (albedo + TRUST_SHARE * (most - least) + 1e-6f);
}

void post_surfaces(struct post_field *f)
{
    const struct post_params *p = f->in->params;
    const struct raster r = raster_of(&p->camera, p->width, p->height);
    struct post_surface *s = f->surface;
    for (uint32_t y = f->y; y < f->y + f->h; y++) {
        for (uint32_t x = f->x; x < f->x + f->w; x++, s++) {
            struct geometry_pixel g = geometry_pixel_at(f->in->geometry, (size_t)y * p->width + x);
            s->id = g.depth > 0.0f ? g.id : 0;
            s->depth = g.depth;
            s->normal = vec_unit(normal_unpack(g.normal));
            s->at = vec_scale(raster_ray(&r, (float)x + 0.5f, (float)y + 0.5f), g.depth);
            s->trust = trust_of(f->in, x, y, vec_luminance(albedo_of(&g)));
        }
    }
}

// Light of one pixel of a tile; its emission taken out, its colour divided out.
static struct vec light_of(const struct post_in *in, uint32_t tile, uint32_t x, uint32_t y)
{
    const struct post_tile *t = &in->params->tile[tile];
    const size_t index = (size_t)(y - t->y) * t->w + (x - t->x);
    struct cursor c = {
        .left = bytes_part(in->light[tile], index * TRACE_PIXEL_BYTES, TRACE_PIXEL_BYTES)};
    float sum[3] = {0};
    for (size_t layer = 0; layer < TRACE_LAYERS; layer++) {
        for (size_t i = 0; i < 3; i++)
            sum[i] += (float)cursor_u32le(&c);
    }
    struct geometry_pixel g = geometry_pixel_at(in->geometry, (size_t)y * in->params->width + x);
    float emission[3];
    geometry_emission(g.emission, emission);
    const float scale = 1.0f / ((float)t->samples * (float)TRACE_UNIT);
    float light[3];
    for (size_t i = 0; i < 3; i++) {
        const float albedo = float_max(geometry_albedo(g.albedo[i]), ALBEDO_MIN);
        light[i] = (sum[i] * scale - emission[i]) / albedo;
        light[i] = float_min(float_max(light[i], 0.0f), LAYER_LIGHT_MAX);
    }
    return vec_from(light);
}

static void light_tile(struct post_field *f, uint32_t tile)
{
    const struct post_tile *t = &f->in->params->tile[tile];
    const uint32_t x0 = t->x > f->x ? t->x : f->x;
    const uint32_t y0 = t->y > f->y ? t->y : f->y;
    const uint32_t x1 = t->x + t->w < f->x + f->w ? t->x + t->w : f->x + f->w;
    const uint32_t y1 = t->y + t->h < f->y + f->h ? t->y + t->h : f->y + f->h;
    for (uint32_t y = y0; y < y1; y++) {
        for (uint32_t x = x0; x < x1; x++) {
            const size_t i = (size_t)(y - f->y) * f->w + (x - f->x);
            if (f->surface[i].id != 0)
                f->light[i] = (struct post_light){.light = light_of(f->in, tile, x, y), .count = 1};
        }
    }
}

void post_light(struct post_field *f)
{
    for (uint32_t tile = 0; tile < f->in->params->tile_count; tile++) {
        if (f->in->params->tile[tile].samples > 0)
            light_tile(f, tile);
    }
}

struct lens {         // the camera before, ready to find pixels of points
    struct vec moved; // what is added to a point from the eye now to be one from that before
    struct vec forward, step_x, step_y;
    float per_x, per_y; // 1 / length^2 of the steps
    float half_w, half_h;
};

static struct lens lens_of(const struct post_params *p)
{
    struct raster now = raster_of(&p->camera, p->width, p->height);
    struct raster v = raster_of(&p->before, p->width, p->height);
    struct lens l = {.moved = vec_sub(now.eye, v.eye),
                     .step_x = v.step_x,
                     .step_y = v.step_y,
                     .half_w = 0.5f * (float)p->width,
                     .half_h = 0.5f * (float)p->height};
    l.forward = vec_along(vec_along(v.corner, v.step_x, l.half_w), v.step_y, l.half_h);
    l.per_x = 1.0f / vec_dot(v.step_x, v.step_x);
    l.per_y = 1.0f / vec_dot(v.step_y, v.step_y);
    return l;
}

struct spot {    // a place in the frame before
    float x, y;  // pixels; whole numbers are centres
    float depth; // metres
};

static bool lens_find(const struct lens *l, struct vec at, struct spot *out)
{
    struct vec d = vec_add(at, l->moved);
    const float z = vec_dot(d, l->forward);
    if (!(z > 1e-4f))
        return false;
    out->x = vec_dot(d, l->step_x) * l->per_x / z + l->half_w - 0.5f;
    out->y = vec_dot(d, l->step_y) * l->per_y / z + l->half_h - 0.5f;
    out->depth = vec_length(d);
    return out->x > -1.0f && out->x < 2.0f * l->half_w && out->y > -1.0f &&
           out->y < 2.0f * l->half_h;
}

// Adds one pixel of the frame before to *sum, if it shows the surface; returns its weight.
static float tap(const struct post_in *in, const struct post_surface *s, float depth, size_t index,
                 float weight, struct post_light *sum)
{
    struct geometry_pixel g = geometry_pixel_at(in->geometry_before, index);
    struct layer_pixel b = layer_pixel_at(&in->before, index);
    if (g.id != s->id || b.history == 0 || !(fabsf(g.depth - depth) < DEPTH_APART * depth) ||
        vec_dot(vec_unit(normal_unpack(g.normal)), s->normal) < NORMAL_ALIKE)
        return 0.0f;
    sum->light = vec_along(sum->light, vec_from(b.light), weight);
    sum->spread += b.variance * weight;
    sum->count += (float)b.history * weight;
    return weight;
}

// What the frame before knows of a surface; count 0: nothing.
static struct post_light remember(const struct post_in *in, const struct lens *l,
                                  const struct post_surface *s)
{
    struct post_light sum = {0};
    struct spot spot;
    if (s->id == 0 || !lens_find(l, s->at, &spot))
        return sum;
    const int32_t x0 = (int32_t)(spot.x + 1.0f) - 1; // rounds down: above -1
    const int32_t y0 = (int32_t)(spot.y + 1.0f) - 1;
    const float u = spot.x - (float)x0;
    const float v = spot.y - (float)y0;
    const int32_t width = (int32_t)in->params->width;
    const int32_t height = (int32_t)in->params->height;
    float all = 0.0f;
    for (int32_t k = 0; k < 2; k++) {
        for (int32_t i = 0; i < 2; i++) {
            const int32_t x = x0 + i;
            const int32_t y = y0 + k;
            if (x < 0 || x >= width || y < 0 || y >= height)
                continue;
            const float weight = (i == 1 ? u : 1.0f - u) * (k == 1 ? v : 1.0f - v);
            all += tap(in, s, spot.depth, (size_t)y * (size_t)width + (size_t)x, weight, &sum);
        }
    }
    if (!(all > TAP_MIN))
        return (struct post_light){0};
    const float scale = 1.0f / all;
    return (struct post_light){vec_scale(sum.light, scale), sum.spread * scale, sum.count * scale};
}

void post_mix(struct post_field *f)
{
    const struct post_params *p = f->in->params;
    if (!p->has_before)
        return;
    struct lens lens = lens_of(p);
    const size_t n = (size_t)f->w * f->h;
    for (size_t i = 0; i < n; i++) {
        struct post_light *now = &f->light[i];
        struct post_light before = remember(f->in, &lens, &f->surface[i]);
        if (!(before.count > 0.0f))
            continue;
        if (!(now->count > 0.0f)) { // its tile is missing
            *now = before;
            continue;
        }
        const float count = float_min(before.count + 1.0f, (float)p->history_max);
        const float share = 1.0f / count;
        const float apart = vec_luminance(now->light) - vec_luminance(before.light);
        now->light = vec_along(before.light, vec_sub(now->light, before.light), share);
        now->spread = (1.0f - share) * (before.spread + share * apart * apart);
        now->count = count;
    }
}
