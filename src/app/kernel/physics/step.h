// SPDX-License-Identifier: MIT
// One window of one island, by ODE: a world is made, stepped and thrown away.
//
// Pairs are found here, not in ODE's spaces, so that contacts come in an order that only places
// decide; ODE's random order of constraints starts from a seed of the window and the island.
#ifndef KERNEL_PHYSICS_STEP_H
#define KERNEL_PHYSICS_STEP_H

#include "base/arena.h"
#include "base/attr.h"
#include "kernel/physics/world.h"

struct physics_step; // scratch for one island of up to as many bodies as the world has

struct physics_window {
    const struct physics_world *world;
    double step_s;
    uint32_t steps;
    uint64_t seed; // of the run
    uint32_t index;
};

// NULL: the arena's budget is spent.
MUST_USE struct physics_step *physics_step_new(uint32_t bodies, struct arena *arena);
// from and to: all bodies' states; only those of `count` members are read and written. RC_NOMEM:
// ODE has no more memory.
MUST_USE enum rc physics_step(struct physics_step *s, const struct physics_window *window,
                              const uint16_t *member, uint32_t count,
                              const struct physics_state *from, struct physics_state *to);

#endif
