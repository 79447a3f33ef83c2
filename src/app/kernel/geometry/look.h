// SPDX-License-Identifier: MIT
// What one ray of the camera sees, followed without dice.
#ifndef KERNEL_GEOMETRY_LOOK_H
#define KERNEL_GEOMETRY_LOOK_H

#include "kernel/world/world.h"
#include "scene/math.h"

struct look {
    struct vec albedo;   // share of the light on the surfaces seen that comes back this way
    struct vec emission; // radiance that comes this way whatever the light
    // Of the surface that most of it is about: the first that is no clear mirror or glass.
    float depth;       // metres along the way; 0: nothing
    struct vec normal; // unit
    uint8_t id;        // 0: nothing
};

struct look look_along(const struct world *w, struct vec from, struct vec direction);

#endif
