// SPDX-License-Identifier: MIT
// A map of scattered blocks, for check_bench's cases of kernels that walk on one.
#ifndef BENCH_CHECK_GRID_H
#define BENCH_CHECK_GRID_H

#include "base/arena.h"
#include "base/rng.h"
#include "kernel/route/agents.h"

#define CHECK_GRID_SIDE_MAX 256u

struct check_grid {
    uint32_t side, blocks, block; // of the map; how many; the side of one
};

// Prepared; *m lives in arena. Ends the program if there is no memory.
struct bytes check_grid_make(struct grid_map *m, struct arena *arena, struct rng *r,
                             const struct check_grid *g);
// From somewhere free to somewhere free.
struct route_agent check_grid_agent(struct rng *r, const struct grid_map *m);

#endif
