// SPDX-License-Identifier: MIT
// A camera's ranges, its form in params, and the rays through its pixels.
#include "scene/camera.h"

#include <assert.h>

#include "scene/math.h"
#include "scene/scene.h"

#define CAMERA_ITEMS 10

static_assert(sizeof(struct camera) == CAMERA_ITEMS * sizeof(float), "a camera is ten floats");

static bool is_placed(const float v[static 3])
{
    return float_within(v[0], -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX) &&
           float_within(v[1], -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX) &&
           float_within(v[2], -SCENE_EXTENT_MAX, SCENE_EXTENT_MAX);
}

bool camera_is_good(const struct camera *c)
{
    return is_placed(c->eye) && is_placed(c->target) && is_placed(c->up) &&
           float_within(c->fov_deg, CAMERA_FOV_DEG_MIN, CAMERA_FOV_DEG_MAX);
}

static void put_three(struct buffer *out, const float v[static 3])
{
    for (size_t i = 0; i < 3; i++)
        cbor_put_f32(out, v[i]);
}

void camera_put(struct buffer *out, const struct camera *c)
{
    cbor_put_array(out, CAMERA_ITEMS);
    put_three(out, c->eye);
    put_three(out, c->target);
    put_three(out, c->up);
    cbor_put_f32(out, c->fov_deg);
}

static void get_three(struct cbor_reader *r, float out[static 3])
{
    for (size_t i = 0; i < 3; i++)
        out[i] = cbor_get_f32(r);
}

void camera_get(struct cbor_reader *r, struct camera *out)
{
    if (cbor_get_array(r, CAMERA_ITEMS) != CAMERA_ITEMS)
        r->is_bad = true;
    get_three(r, out->eye);
    get_three(r, out->target);
    get_three(r, out->up);
    out->fov_deg = cbor_get_f32(r);
}

struct raster raster_of(const struct camera *c, uint32_t width, uint32_t height)
{
    assert(width > 0);
    assert(height > 0);
    struct vec eye = vec_from(c->eye);
    struct vec forward = vec_unit_or(vec_sub(vec_from(c->target), eye), vec_of(0.0f, 0.0f, -1.0f));
    struct vec spare;
    struct vec right;
    math_frame(forward, &spare, &right); // for an `up` that points along the view
    right = vec_unit_or(vec_cross(forward, vec_unit_or(vec_from(c->up), vec_of(0.0f, 1.0f, 0.0f))),
                        right);
    struct vec up = vec_cross(right, forward);
    float sine;
    float cosine;
    math_sincos(c->fov_deg * (0.5f / 360.0f), &sine, &cosine);
    float high = sine / cosine;
    float pixel = 2.0f * high / (float)height;
    float wide = pixel * 0.5f * (float)width;
    return (struct raster){
        .eye = eye,
        .corner = vec_along(vec_along(forward, right, -wide), up, high),
        .step_x = vec_scale(right, pixel),
        .step_y = vec_scale(up, -pixel),
    };
}
