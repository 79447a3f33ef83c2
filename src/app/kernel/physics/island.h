// SPDX-License-Identifier: MIT
// Which bodies may come near each other within a window: islands.
//
// A body reaches as far as its ball plus the way that twice the fastest speed of its island makes
// in a window (a light body hit by a heavy one gets no faster than twice as fast; gravity's part
// included). Whose reaches overlap are of one island, which makes it faster perhaps, and so on
// until nothing changes: islands depend on the states alone. A body thrown by two in a row may be
// faster; it then meets another island's bodies at the next window only.
#ifndef KERNEL_PHYSICS_ISLAND_H
#define KERNEL_PHYSICS_ISLAND_H

#include "base/arena.h"
#include "base/attr.h"
#include "kernel/physics/world.h"

#define PHYSICS_MARGIN 0.02 // m, added to each reach

struct physics_islands { // of one moment; fields are read by all, written by island.c
    uint32_t count;
    uint32_t *start;   // count + 1: where an island's members begin
    uint16_t *member;  // ascending within an island; islands by their first member
    uint16_t *of_body; // each body's island
    uint16_t *above;   // scratch from here on: union-find
    double *speed;
    struct physics_reach *reach;
};

// For as many bodies. RC_NOMEM.
MUST_USE enum rc physics_islands_init(struct physics_islands *out, uint32_t bodies,
                                      struct arena *arena);
void physics_islands_find(struct physics_islands *is, const struct physics_world *w,
                          const struct physics_state *state, double window_s);

double physics_ball(const struct physics_body *b); // radius of the ball around it

#endif
