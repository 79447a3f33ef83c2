// SPDX-License-Identifier: MIT
// A camera: where it stands and looks, its form in params, and the rays through its pixels.
#ifndef SCENE_CAMERA_H
#define SCENE_CAMERA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "scene/vec.h"
#include "wire/cbor.h"

#define CAMERA_FOV_DEG_MIN 1.0f
#define CAMERA_FOV_DEG_MAX 170.0f

struct camera {
    float eye[3];
    float target[3];
    float up[3];
    float fov_deg; // vertical
};

// Every coordinate within SCENE_EXTENT_MAX of 0, the angle within its range; never NaN.
bool camera_is_good(const struct camera *c);

// [eye 3, target 3, up 3, fov_deg], each a float.
void camera_put(struct buffer *out, const struct camera *c);
// Ranges are not looked at.
void camera_get(struct cbor_reader *r, struct camera *out);

struct raster { // a camera, ready for rays through the pixels of a frame
    struct vec eye;
    struct vec corner;         // towards the upper left corner of the frame
    struct vec step_x, step_y; // one pixel on
};

// An `up` along the view, or none, is replaced by one across it.
struct raster raster_of(const struct camera *c, uint32_t width, uint32_t height);

// The direction from the eye through a place in the frame, in pixels; whole numbers are corners.
static inline struct vec raster_ray(const struct raster *r, float x, float y)
{
    return vec_unit(vec_along(vec_along(r->corner, r->step_x, x), r->step_y, y));
}

#endif
