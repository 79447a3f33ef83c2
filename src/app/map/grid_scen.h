// SPDX-License-Identifier: MIT
// Path problems on a grid map, read from the text of the Moving AI benchmarks.
//
//     version 1
//     BUCKET MAP WIDTH HEIGHT START_X START_Y GOAL_X GOAL_Y LENGTH        (separated by tabs)
//
// Lines end in \n or \r\n; empty ones are left out.
#ifndef MAP_GRID_SCEN_H
#define MAP_GRID_SCEN_H

#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "map/grid_map.h"

#define GRID_SCEN_MAX (1u << 20) // problems of one text

struct grid_problem {
    struct grid_cell start, goal;
    uint32_t width, height; // of the map that it is about
    uint32_t line;          // where it stands, from 1
    double length;          // of the shortest path, in cells
};

// *out and its problems live in arena. RC_MALFORMED: a line is no problem, *err says which and
// why; RC_NOMEM.
MUST_USE enum rc grid_scen_parse(struct grid_problem **out, uint32_t *count, struct arena *arena,
                                 struct bytes text, struct err *err);

#endif
