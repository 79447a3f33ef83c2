// SPDX-License-Identifier: MIT
// A camera in the params of kernels: its ranges, and how it is written and read.
#ifndef KERNEL_TRACE_CAMERA_H
#define KERNEL_TRACE_CAMERA_H

#include <assert.h>
#include <stdbool.h>

#include "scene/scene.h"
#include "wire/cbor.h"

#define CAMERA_ITEMS 10

static_assert(sizeof(struct camera) == CAMERA_ITEMS * sizeof(float), "a camera is ten floats");

static inline bool is_within(float v, float low, float high) // false for NaN too
{
    return v >= low && v <= high;
}

static inline bool camera_is_good(const struct camera *c)
{
    bool is_good = is_within(c->fov_deg, 1.0f, 170.0f);
    for (size_t i = 0; i < 3; i++) {
        is_good = is_good && is_within(c->eye[i], -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX) &&
                  is_within(c->target[i], -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX) &&
                  is_within(c->up[i], -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX);
    }
    return is_good;
}

// [eye 3, target 3, up 3, fov_deg]
static inline void camera_put(struct buffer *out, const struct camera *c)
{
    cbor_put_array(out, CAMERA_ITEMS);
    for (size_t i = 0; i < 9; i++)
        cbor_put_f32(out, i < 3 ? c->eye[i] : i < 6 ? c->target[i - 3] : c->up[i - 6]);
    cbor_put_f32(out, c->fov_deg);
}

// Ranges are not looked at.
static inline void camera_get(struct cbor_reader *r, struct camera *out)
{
    if (cbor_get_array(r, CAMERA_ITEMS) != CAMERA_ITEMS)
        r->is_bad = true;
    for (size_t i = 0; i < 3; i++)
        out->eye[i] = cbor_get_f32(r);
    for (size_t i = 0; i < 3; i++)
        out->target[i] = cbor_get_f32(r);
    for (size_t i = 0; i < 3; i++)
        out->up[i] = cbor_get_f32(r);
    out->fov_deg = cbor_get_f32(r);
}

#endif
