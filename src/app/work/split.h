// SPDX-License-Identifier: MIT
// Split: a frame cut into tiles of equal cost, or of cost in proportion to each target's speed.
//
// A kd-split over a summed-area table of the cost map: always across the longer side, at the
// pixel where the cost divides as the weights of the two groups of targets do. Every pixel of
// the frame is in exactly one tile. A function of its inputs; nothing is kept.
#ifndef WORK_SPLIT_H
#define WORK_SPLIT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "work/cost.h"
#include "work/rect.h"

#define SPLIT_TARGETS_MAX 4096u
#define SPLIT_TILES_MAX   65536u
#define SPLIT_WEIGHT_MIN  1e-3
#define SPLIT_WEIGHT_MAX  1e3

struct split_cfg {
    uint32_t count;       // targets, 1..SPLIT_TARGETS_MAX
    const double *weight; // count of them, SPLIT_WEIGHT_MIN..MAX; NULL: all alike
    uint64_t pixels_max;  // of one tile; 0: no limit
};

struct split_tile {
    struct rect rect;
    uint32_t target; // index of the weight it was made for
    double cost;     // in the map's unit
};

// Fills tile[0 .. *tile_count - 1]. The first min(count, pixels of the frame) tiles belong to
// target 0, 1, ... in order, one each (more targets than pixels: the last get none); what
// pixels_max cut off them follows, with the target it was cut from.
// RC_CONFIG: a field of cfg is out of range. RC_FULL: tile_max is too small. RC_NOMEM: no room
// for the table, 8 bytes a cell, returned before the call ends. *tile_count is 0 on failure.
MUST_USE enum rc split_plan(const struct cost *cost, const struct split_cfg *cfg,
                            struct budget *scratch, struct split_tile *tile, uint32_t tile_max,
                            uint32_t *tile_count);

#endif
