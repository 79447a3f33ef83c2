// SPDX-License-Identifier: MIT
// For tests: a wall seen by two cameras, lit by a pattern that is known at every point of it.
#ifndef KERNEL_POST_STAGE_TEST_H
#define KERNEL_POST_STAGE_TEST_H

#include <math.h>
#include <string.h>

#include "base/rng.h"
#include "kernel/geometry/geometry.h"
#include "kernel/post/post.h"
#include "kernel/trace/trace.h"
#include "scene/normal.h"

#define STAGE_W 96u
#define STAGE_H 64u
#define STAGE_N ((size_t)STAGE_W * STAGE_H)

struct post_stage {
    struct post_params params;
    uint8_t geometry[2][16 * 96 * 64]; // now, before
    uint8_t light[24 * 96 * 64];       // of the whole frame
    uint8_t before[16 + 8 * 96 * 64];
    uint8_t result[2 * (16 + 8 * 96 * 64)];
};

static inline struct camera post_stage_camera(float x)
{
    return (struct camera){{x, 0.0f, 5.0f}, {x, 0.0f, 0.0f}, {0.0f, 1.0f, 0.0f}, 40.0f};
}

// Where a pixel's ray meets the wall z = 0, and how far that is.
static inline struct vec post_stage_at(const struct camera *c, uint32_t x, uint32_t y, float *far)
{
    const struct raster r = raster_of(c, STAGE_W, STAGE_H);
    const struct vec d = raster_ray(&r, (float)x + 0.5f, (float)y + 0.5f);
    *far = -r.eye.z / d.z;
    return vec_along(r.eye, d, *far);
}

static inline float post_stage_pattern(struct vec at) // light on the wall
{
    return 1.5f + sinf(at.x * 2.0f) * cosf(at.y * 1.5f);
}

static inline void post_stage_geometry(const struct camera *c, uint8_t *out)
{
    for (size_t i = 0; i < STAGE_N; i++) {
        const float lamp[3] = {0.125f, 0.0f, 0.0f};
        struct geometry_pixel g = {.normal = normal_pack(vec_of(0, 0, 1)),
                                   .albedo = {180, 180, 180},
                                   .id = 7,
                                   .emission = geometry_emission_code(lamp)};
        (void)post_stage_at(c, (uint32_t)(i % STAGE_W), (uint32_t)(i / STAGE_W), &g.depth);
        geometry_pixel_put(out + i * GEOMETRY_PIXEL_BYTES, &g);
    }
}

// One sample a pixel, with even noise of that width, relative.
static inline void post_stage_light(struct post_stage *s, float noise, uint64_t seed)
{
    struct rng r = rng_seeded(seed);
    memset(s->light, 0, sizeof s->light);
    for (size_t i = 0; i < STAGE_N; i++) {
        float far;
        const struct vec at = post_stage_at(&s->params.camera, (uint32_t)(i % STAGE_W),
                                            (uint32_t)(i / STAGE_W), &far);
        const float off = 1.0f + noise * ((float)rng_unit(&r) - 0.5f);
        const float lit = post_stage_pattern(at) * geometry_albedo(180) * off;
        struct buffer b = buffer_of(s->light + i * TRACE_PIXEL_BYTES, 12);
        buffer_u32le(&b, (uint32_t)((lit + 0.125f) * TRACE_UNIT)); // red has the lamp, too
        buffer_u32le(&b, (uint32_t)(lit * TRACE_UNIT));
        buffer_u32le(&b, (uint32_t)(lit * TRACE_UNIT));
    }
}

static inline void post_stage_init(struct post_stage *s, float moved)
{
    memset(s, 0, sizeof *s);
    s->params = (struct post_params){.width = STAGE_W,
                                     .height = STAGE_H,
                                     .levels = 3,
                                     .history_max = 32,
                                     .camera = post_stage_camera(moved),
                                     .before = post_stage_camera(0.0f),
                                     .tile_count = 1,
                                     .tile = {{0, 0, STAGE_W, STAGE_H, 1}}};
    post_stage_geometry(&s->params.camera, s->geometry[0]);
    post_stage_geometry(&s->params.before, s->geometry[1]);
    struct buffer b = buffer_of(s->before, sizeof s->before);
    if (layer_begin(&b, STAGE_W, STAGE_H) != RC_OK)
        return; // the tests then fail
    for (size_t i = 0; i < STAGE_N; i++) {
        float far;
        const float l = post_stage_pattern(post_stage_at(&s->params.before, (uint32_t)(i % STAGE_W),
                                                         (uint32_t)(i / STAGE_W), &far));
        const struct layer_pixel p = {{l, l, l}, 8, 0.01f};
        layer_pixel_put(s->before + LAYER_HEADER_BYTES + i * LAYER_PIXEL_BYTES, &p);
    }
}

// What the present params are given, cut from the whole frame's light into `tiles`.
static inline uint32_t post_stage_given(struct post_stage *s, uint8_t *tiles,
                                        struct bytes given[POST_GIVEN_MAX])
{
    uint32_t count = 0;
    given[count++] = bytes_of(s->geometry[0], sizeof s->geometry[0]);
    for (uint32_t i = 0; i < s->params.tile_count; i++) {
        const struct post_tile *t = &s->params.tile[i];
        const size_t row = t->w * TRACE_PIXEL_BYTES;
        if (t->samples == 0)
            continue;
        given[count++] = bytes_of(tiles, row * t->h);
        for (uint32_t y = 0; y < t->h; y++, tiles += row)
            memcpy(tiles, s->light + ((size_t)(t->y + y) * STAGE_W + t->x) * TRACE_PIXEL_BYTES,
                   row);
    }
    if (s->params.has_before) {
        given[count++] = bytes_of(s->before, sizeof s->before);
        given[count++] = bytes_of(s->geometry[1], sizeof s->geometry[1]);
    }
    return count;
}

#endif
