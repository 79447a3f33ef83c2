// SPDX-License-Identifier: MIT
// A map of scattered blocks, for check_bench's cases of kernels that walk on one.

#include "check_grid.h"

#include "check.h"
#include "map/grid_prepare.h"
#include "measure.h"

static struct grid_cell draw(struct rng *r, uint32_t width, uint32_t height)
{
    return (struct grid_cell){(uint16_t)rng_below(r, width), (uint16_t)rng_below(r, height)};
}

struct bytes check_grid_make(struct grid_map *m, struct arena *arena, struct rng *r,
                             const struct check_grid *g)
{
    static struct budget budget = {.limit_bytes = (size_t)64 << 20};
    static bool is_block[CHECK_GRID_SIDE_MAX][CHECK_GRID_SIDE_MAX];
    const uint32_t side = g->side;
    for (uint32_t i = 0; i < side * side; i++)
        is_block[i / side][i % side] = false;
    for (uint32_t i = 0; i < g->blocks; i++) {
        const struct grid_cell at = draw(r, side, side);
        for (uint32_t k = 0; k < g->block * g->block; k++)
            is_block[(at.y + k / g->block) % side][(at.x + k % g->block) % side] = true;
    }
    measure_need(grid_map_new(m, arena, side, side), "map");
    for (uint32_t i = 0; i < side * side; i++)
        if (!is_block[i / side][i % side])
            grid_map_free_cell(m, (struct grid_cell){(uint16_t)(i % side), (uint16_t)(i / side)});
    struct buffer object;
    measure_need(grid_prepare(&object, &budget, m, NULL, NULL), "object");
    return buffer_bytes(&object);
}

static struct grid_cell free_cell(struct rng *r, const struct grid_map *m)
{
    struct grid_cell at = draw(r, m->width, m->height);
    while (!grid_is_free(m, at))
        at = draw(r, m->width, m->height);
    return at;
}

struct route_agent check_grid_agent(struct rng *r, const struct grid_map *m)
{
    const struct grid_cell start = free_cell(r, m);
    return (struct route_agent){start, free_cell(r, m)};
}
