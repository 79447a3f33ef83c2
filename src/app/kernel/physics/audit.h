// SPDX-License-Identifier: MIT
// What looks least like physics between two moments: where to look more closely.
//
// Three signs: an island that gained energy, a body that went where its velocities did not take
// it, two bodies or a body and a plane that sank into each other. None of them is proof (a world
// may start with its bodies in one another, and be pushed apart); the islands that show most of
// each are redone, and that is.
#ifndef KERNEL_PHYSICS_AUDIT_H
#define KERNEL_PHYSICS_AUDIT_H

#include "base/arena.h"
#include "base/attr.h"
#include "kernel/physics/island.h"

#define PHYSICS_SIGNS 3

struct physics_suspect {
    double worst; // 0: none
    struct physics_pick pick;
};

// Fields are read by all, written by audit.c.
struct physics_audit {
    struct physics_suspect sign[PHYSICS_SIGNS]; // energy, J/kg; jump, m; overlap, m
    struct physics_ball_at *ball;
};

struct physics_scene { // one window
    const struct physics_world *world;
    const struct physics_islands *islands;
    const struct physics_state *before, *after;
    double window_s;
    uint32_t window;
};

MUST_USE enum rc physics_audit_init(struct physics_audit *a, uint32_t bodies, struct arena *arena);
void physics_audit_look(struct physics_audit *a, const struct physics_scene *scene);

// Of motion, spin and height, in J.
double physics_energy(const struct physics_world *w, uint32_t body, const struct physics_state *s);

#endif
