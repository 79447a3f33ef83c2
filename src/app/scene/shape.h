// SPDX-License-Identifier: MIT
// Solid shapes for a draft: boxes, tubes, turned and drawn-out outlines.
//
// A frame is a place with three axes; shapes are drawn in its coordinates. Axes need be neither
// of length 1 nor at right angles, except where said. Angles in radians. Closed shapes are wound
// counter-clockwise seen from outside if the axes are right-handed.
#ifndef SCENE_SHAPE_H
#define SCENE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "scene/draft.h"

#define SHAPE_POINTS_MAX 64u // of a polyline or an outline

// Of an angle within +-1e4, to 1e-6 plus what its own rounding does; the same on every machine,
// which libm's are not.
float shape_sine(float angle);
float shape_cosine(float angle);

struct frame {
    struct vec origin;
    struct vec right, up, out;
};

struct frame frame_at(struct vec origin);                  // the world's axes
struct frame frame_turned(struct vec origin, float angle); // about y, x toward -z
struct frame frame_moved(const struct frame *f, float x, float y, float z);
struct vec frame_point(const struct frame *f, float x, float y, float z);

// From corner low to corner high, in the frame.
void shape_box(struct draft *d, const struct frame *f, struct vec low, struct vec high,
               uint32_t material);
// A rectangle in the frame's right-up plane at depth z.
void shape_panel(struct draft *d, const struct frame *f, const float low[static 2],
                 const float high[static 2], float z, uint32_t material);
// A round tube along 2..SHAPE_POINTS_MAX points, open at both ends, sides 3..32.
void shape_tube(struct draft *d, const struct vec *point, size_t count, float radius,
                unsigned sides, uint32_t material);
// A straight capped rod with a smooth side, as shape_tube with a lid at both ends.
void shape_rod(struct draft *d, struct vec from, struct vec to, float radius, unsigned sides,
               uint32_t material);
// An outline of (radius, height) pairs turned about the frame's up axis, smooth, sides 3..256.
void shape_turned(struct draft *d, const struct frame *f, const float (*outline)[2], size_t count,
                  unsigned sides, uint32_t material);
// A sphere of smooth normals: bands from pole to pole, twice as many around.
void shape_ball(struct draft *d, struct vec centre, float radius, unsigned bands,
                uint32_t material);
// A disc around the frame's origin in its right-up plane.
void shape_disc(struct draft *d, const struct frame *f, float radius, unsigned sides,
                uint32_t material);

#endif
