// SPDX-License-Identifier: MIT
// A crowd on its way: where everybody is, and one step.
#ifndef KERNEL_CROWD_STEP_H
#define KERNEL_CROWD_STEP_H

#include "kernel/crowd/params.h"
#include "kernel/route/base.h"

struct crowd_walker {
    int32_t x, y;           // units
    int32_t from_x, from_y; // how far it came between the last two states
    uint32_t turn;          // of its path, the next to pass; at its end: it left
};

struct crowd {
    const struct grid *grid;
    struct route_search *search;
    const struct crowd_params *params;
    struct crowd_walker *walker;
    struct grid_cell *turn; // all walkers' turns, the last of each being its goal
    uint32_t *turn_begin;   // agent_count + 1
    uint32_t *head;         // by cell, of a list of the walkers there; GRID_NONE ends it
    uint32_t *next;         // by walker
};

// Everything but the walkers' positions, from paths that were walked already. Lives in arena.
// RC_NOMEM.
MUST_USE enum rc crowd_new(struct crowd *out, struct arena *arena, struct route_state *s,
                           const struct crowd_params *p, struct bytes paths);
void crowd_start(struct crowd *c); // all at their starts
// From how they stand to how they stand `every` steps later, the first of which is number `step`.
// RC_MALFORMED: the object lies.
MUST_USE enum rc crowd_walk(struct crowd *c, uint32_t step);

static inline bool crowd_has_left(const struct crowd *c, uint32_t i)
{
    return c->walker[i].turn == c->turn_begin[i + 1] - c->turn_begin[i];
}

// Is a body free of walls? It covers units from x - radius up to x + radius - 1, and so in y; none
// of them beyond the map's border.
bool crowd_is_clear(const struct grid_map *m, int32_t x, int32_t y, int32_t radius);

#endif
