// SPDX-License-Identifier: MIT
// For tests: maps of scattered walls, prepared and loaded.
#ifndef MAP_GRID_STAGE_TEST_H
#define MAP_GRID_STAGE_TEST_H

#include <assert.h>

#include "base/rng.h"
#include "map/grid.h"
#include "map/grid_prepare.h"

#define STAGE_BYTES ((size_t)64 << 20)

struct stage {
    struct arena *arena;
    struct budget budget;
    struct grid_map map;
    struct buffer object;
    struct grid grid;
};

static inline struct grid_cell stage_free(const struct grid_map *m, struct rng *r)
{
    struct grid_cell at;
    do {
        at.x = (uint16_t)rng_below(r, m->width);
        at.y = (uint16_t)rng_below(r, m->height);
    } while (!grid_is_free(m, at));
    return at;
}

// walls: per cent of the cells.
static inline void stage_map(struct grid_map *m, struct arena *arena, uint32_t width,
                             uint32_t height, uint32_t walls, struct rng *r)
{
    enum rc rc = grid_map_new(m, arena, width, height);
    assert(rc == RC_OK);
    (void)rc;
    for (uint32_t i = 0; i < width * height; i++)
        if (i == 0 || rng_below(r, 100) >= walls)
            grid_map_free_cell(m, (struct grid_cell){(uint16_t)(i % width), (uint16_t)(i / width)});
}

static inline void stage_object(struct stage *s)
{
    budget_give(&s->budget, s->object.at);
    enum rc rc = grid_prepare(&s->object, &s->budget, &s->map, NULL, NULL);
    assert(rc == RC_OK);
    (void)rc;
}

static inline void stage_open(struct stage *s, uint32_t width, uint32_t height, uint32_t walls,
                              uint64_t seed)
{
    struct rng r = rng_seeded(seed);
    *s = (struct stage){.arena = arena_new(STAGE_BYTES), .budget = {.limit_bytes = STAGE_BYTES}};
    assert(s->arena != NULL);
    stage_map(&s->map, s->arena, width, height, walls, &r);
    stage_object(s);
    enum rc rc = grid_open(&s->grid, s->arena, buffer_bytes(&s->object), NULL);
    assert(rc == RC_OK);
    (void)rc;
}

static inline void stage_close(struct stage *s)
{
    budget_give(&s->budget, s->object.at);
    arena_free(s->arena);
}

#endif
