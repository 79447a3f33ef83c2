// SPDX-License-Identifier: MIT
// For tests: small scenes made by hand, rendered, and averaged.
//
// Bytes are written here as scene.h says they lie, by nobody else's code.
#ifndef KERNEL_TRACE_STAGE_TEST_H
#define KERNEL_TRACE_STAGE_TEST_H

#include <string.h>

#include "kernel/kernel.h"
#include "kernel/trace/trace.h"
#include "kernel/world/base.h"
#include "scene/scene.h"

#define STAGE_THINGS_MAX 4096u
#define STAGE_SIDE_MAX   64ul

struct stage {
    struct scene_sky sky;
    uint32_t materials, vertices, triangles;
    uint8_t material_at[64 * 64];
    uint8_t vertex_at[STAGE_THINGS_MAX * 24];
    uint8_t triangle_at[STAGE_THINGS_MAX * 16];
    uint8_t object_at[STAGE_THINGS_MAX * 48];
    struct trace_params params;
    void *state; // of the kernel
    uint8_t params_at[KERNEL_PARAMS_BYTES_MAX];
    uint8_t report_at[KERNEL_REPORT_BYTES_MAX];
    uint8_t result_at[STAGE_SIDE_MAX * STAGE_SIDE_MAX * TRACE_PIXEL_BYTES];
    struct trace_report report;
};

static inline struct scene_material stage_grey(float albedo)
{
    return (struct scene_material){.base = {albedo, albedo, albedo}, .ior = 1.0f, .opacity = 1.0f};
}

static inline uint32_t stage_material(struct stage *s, struct scene_material m)
{
    struct buffer b = buffer_of(s->material_at + (size_t)s->materials * 64, 64);
    for (size_t i = 0; i < 3; i++)
        buffer_f32le(&b, m.base[i]);
    for (size_t i = 0; i < 3; i++)
        buffer_f32le(&b, m.emission[i]);
    buffer_f32le(&b, m.roughness);
    buffer_f32le(&b, m.metallic);
    buffer_f32le(&b, m.transmission);
    buffer_f32le(&b, m.ior);
    buffer_f32le(&b, m.opacity);
    memset(b.at + b.len, 0, 64 - b.len);
    return s->materials++;
}

static inline uint32_t stage_vertex(struct stage *s, const float at[3], const float normal[3])
{
    struct buffer b = buffer_of(s->vertex_at + (size_t)s->vertices * 24, 24);
    for (size_t i = 0; i < 3; i++)
        buffer_f32le(&b, at[i]);
    for (size_t i = 0; i < 3; i++)
        buffer_f32le(&b, normal != NULL ? normal[i] : 0.0f);
    return s->vertices++;
}

static inline void stage_triangle(struct stage *s, const uint32_t vertex[3], uint32_t material)
{
    struct buffer b = buffer_of(s->triangle_at + (size_t)s->triangles * 16, 16);
    for (size_t i = 0; i < 3; i++)
        buffer_u32le(&b, vertex[i]);
    buffer_u32le(&b, material);
    s->triangles++;
}

// A parallelogram: corner, corner + a, corner + a + b, corner + b; a x b points outward.
static inline void stage_quad(struct stage *s, const float corner[3], const float a[3],
                              const float b[3], uint32_t material)
{
    float p[4][3];
    for (size_t i = 0; i < 3; i++) {
        p[0][i] = corner[i];
        p[1][i] = corner[i] + a[i];
        p[2][i] = corner[i] + a[i] + b[i];
        p[3][i] = corner[i] + b[i];
    }
    uint32_t v[4];
    for (size_t i = 0; i < 4; i++)
        v[i] = stage_vertex(s, p[i], NULL);
    stage_triangle(s, (const uint32_t[3]){v[0], v[1], v[2]}, material);
    stage_triangle(s, (const uint32_t[3]){v[0], v[2], v[3]}, material);
}

// A closed box around the middle, its faces outward.
static inline void stage_box(struct stage *s, const float middle[3], float half, uint32_t material)
{
    for (size_t axis = 0; axis < 3; axis++) {
        for (int side = -1; side <= 1; side += 2) {
            float corner[3];
            float a[3] = {0.0f, 0.0f, 0.0f};
            float b[3] = {0.0f, 0.0f, 0.0f};
            for (size_t i = 0; i < 3; i++)
                corner[i] = middle[i] - half;
            if (side > 0)
                corner[axis] += 2.0f * half;
            a[(axis + (side > 0 ? 1 : 2)) % 3] = 2.0f * half;
            b[(axis + (side > 0 ? 2 : 1)) % 3] = 2.0f * half;
            stage_quad(s, corner, a, b, material);
        }
    }
}

static inline void stage_camera(struct stage *s, const float eye[3], const float target[3],
                                float fov_deg)
{
    struct camera *c = &s->params.camera;
    memcpy(c->eye, eye, sizeof c->eye);
    memcpy(c->target, target, sizeof c->target);
    c->up[0] = 0.0f;
    c->up[1] = 1.0f;
    c->up[2] = 0.0f;
    c->fov_deg = fov_deg;
}

static inline struct bytes stage_object(struct stage *s)
{
    struct buffer b = buffer_of(s->object_at, sizeof s->object_at);
    buffer_put(&b, bytes_text(SCENE_MAGIC));
    const uint32_t count[] = {1, s->materials, s->vertices, s->triangles};
    for (size_t i = 0; i < 4; i++)
        buffer_u32le(&b, count[i]);
    const float *sky = s->sky.low; // four fields of three, three, three and one float
    for (size_t i = 0; i < sizeof s->sky / sizeof(float); i++)
        buffer_f32le(&b, sky[i]);
    const float *camera = s->params.camera.eye;
    for (size_t i = 0; i < sizeof(struct camera) / sizeof(float); i++)
        buffer_f32le(&b, camera[i]);
    for (size_t i = 0; i < 6; i++)
        buffer_f32le(&b, 0.0f);
    buffer_put(&b, bytes_of(s->material_at, (size_t)s->materials * 64));
    buffer_put(&b, bytes_of(s->vertex_at, (size_t)s->vertices * 24));
    buffer_put(&b, bytes_of(s->triangle_at, (size_t)s->triangles * 16));
    return buffer_bytes(&b);
}

static inline void stage_init(struct stage *s, uint32_t side, uint32_t samples)
{
    memset(s, 0, sizeof *s);
    s->params = (struct trace_params){.seed = 7,
                                      .width = side,
                                      .height = side,
                                      .w = side,
                                      .h = side,
                                      .sample_count = samples,
                                      .depth_max = 8,
                                      .cell = 8};
    stage_camera(s, (const float[3]){0.0f, 0.0f, 5.0f}, (const float[3]){0.0f, 0.0f, 0.0f}, 40.0f);
}

static inline enum rc stage_open(struct stage *s)
{
    enum rc rc = world_base.open(&s->state, NULL);
    return rc == RC_OK ? world_base.load(s->state, stage_object(s)) : rc;
}

static inline void stage_close(struct stage *s)
{
    world_base.close(s->state);
    s->state = NULL;
}

// The result of the present params; empty on failure.
static inline struct bytes stage_run(struct stage *s)
{
    struct buffer params = buffer_of(s->params_at, sizeof s->params_at);
    struct buffer result = buffer_of(s->result_at, sizeof s->result_at);
    struct buffer report = buffer_of(s->report_at, sizeof s->report_at);
    if (trace_params_encode(&s->params, &params) != RC_OK ||
        trace_kernel.run(s->state, &(struct kernel_in){.params = buffer_bytes(&params)}, &result,
                         &report) != RC_OK ||
        trace_report_decode(&s->report, buffer_bytes(&report)) != RC_OK)
        return bytes_of(NULL, 0);
    return buffer_bytes(&result);
}

static inline uint32_t stage_word(struct bytes b, size_t index)
{
    struct cursor c = {.left = bytes_part(b, index * 4, 4)};
    return cursor_u32le(&c);
}

// Mean radiance over all pixels and samples of a result: of one layer, or of both (-1).
static inline double stage_mean(const struct stage *s, struct bytes result, int layer, int channel)
{
    double sum = 0.0;
    size_t pixels = result.len / TRACE_PIXEL_BYTES;
    for (size_t i = 0; i < pixels; i++) {
        for (int k = 0; k < TRACE_LAYERS; k++) {
            if (layer < 0 || layer == k)
                sum += stage_word(result, i * TRACE_LAYERS * 3 + (size_t)(k * 3 + channel));
        }
    }
    return sum / TRACE_UNIT / s->params.sample_count / (double)pixels;
}

#endif
