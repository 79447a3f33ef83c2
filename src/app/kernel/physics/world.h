// SPDX-License-Identifier: MIT
// A world of rigid bodies as flat bytes, checked before use.
//
// All numbers little-endian:
//
//     magic "shoalpw1"
//     u32 bodies, obstacles
//     f32 gravity[3]
//     obstacle each: u32 kind (0 plane, 1 box), f32 size[3] place[3] turn[4] friction bounce
//     body each: u32 kind (0 ball, 1 box, 2 capsule), f32 size[3] mass friction bounce, and its
//                state (state.h)
//
// Size: a ball's radius; a box's half sides; a capsule's radius and half the length of its axis,
// along its own z; a plane's unit normal. What is not used is 0. A turn is w, x, y, z. Where two
// touch, friction is the root of both coefficients' product, bounce the larger of both.
#ifndef KERNEL_PHYSICS_WORLD_H
#define KERNEL_PHYSICS_WORLD_H

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "kernel/physics/params.h"
#include "kernel/physics/state.h"

#define PHYSICS_OBSTACLES_MAX  256u
#define PHYSICS_MASS_MIN       1e-3f // kg
#define PHYSICS_MASS_MAX       1e6f
#define PHYSICS_SIZE_MIN       0.01f // m
#define PHYSICS_SIZE_MAX       100.0f
#define PHYSICS_WALL_MAX       4096.0f // an obstacle's size and place
#define PHYSICS_FRICTION_MAX   10.0f
#define PHYSICS_GRAVITY_MAX    100.0f // each component, m/s^2
#define PHYSICS_OBSTACLE_BYTES 52u
#define PHYSICS_BODY_BYTES     72u

enum physics_kind { PHYSICS_BALL, PHYSICS_BOX, PHYSICS_CAPSULE };

struct physics_obstacle {
    bool is_box; // else a plane
    float size[3], place[3], turn[4];
    float friction, bounce;
};

struct physics_body {
    enum physics_kind kind;
    float size[3];
    float mass;
    float friction, bounce;
};

struct physics_world {
    uint32_t bodies, obstacles;
    float gravity[3];
    struct physics_obstacle *obstacle;
    struct physics_body *body;
    struct physics_state *state; // as given, of each body
};

// The arrays live in the arena. RC_MALFORMED, RC_NOMEM.
MUST_USE enum rc physics_world_decode(struct physics_world *out, struct bytes in,
                                      struct arena *arena);
// A full buffer remembers. Nothing is checked.
void physics_world_put(const struct physics_world *w, struct buffer *out);

#endif
