// SPDX-License-Identifier: MIT
// A map of scattered blocks, for check_bench's cases of kernels that walk on one.
#ifndef BENCH_CHECK_GRID_H
#define BENCH_CHECK_GRID_H

#include "base/arena.h"
#include "base/rng.h"
#include "map/grid_map.h"

#define CHECK_GRID_SIDE_MAX 256u

struct check_grid {
    uint32_t side, blocks, block; // of the map; how many; the side of one
};

// Ends the program if there is no memory.
void check_grid_make(struct grid_map *m, struct arena *arena, struct rng *r,
                     const struct check_grid *g);
struct grid_cell check_grid_free(struct rng *r, const struct grid_map *m);

#endif
