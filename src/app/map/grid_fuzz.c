// SPDX-License-Identifier: MIT
// Fuzz: maps and problems as texts, and prepared maps as objects. What is taken can be searched,
// and whatever path comes out can be walked.
#include <assert.h>
#include <string.h>

#include "kernel/route/search.h"
#include "map/grid.h"
#include "map/grid_map.h"
#include "map/grid_prepare.h"
#include "map/grid_scen.h"

#define CELLS_MAX   2048u // larger ones take the same ways, for longer
#define ARENA_BYTES ((size_t)256 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void search(const struct grid *g, struct arena *arena, bool is_ours)
{
    static uint8_t room[ROUTE_PATH_BYTES_MAX];
    struct route_search *s = NULL;
    const enum rc made = route_search_new(&s, arena, g);
    if (made != RC_OK)
        return;
    const struct grid_cell goal = {(uint16_t)(g->map.width - 1), (uint16_t)(g->map.height - 1)};
    for (uint32_t i = 0; i < g->map.width * g->map.height; i += 1 + i / 8) {
        const struct grid_cell start = {(uint16_t)(i % g->map.width), (uint16_t)(i / g->map.width)};
        struct buffer b = buffer_of(room, sizeof room);
        struct route_length l;
        const enum rc rc = route_search_path(s, start, goal, &b);
        assert(rc == RC_OK || (rc == RC_MALFORMED && !is_ours));
        struct cursor c = {.left = buffer_bytes(&b)};
        const enum rc walked = rc == RC_OK ? route_path_walk(&l, &c, &g->map, start, goal) : RC_OK;
        assert(walked == RC_OK);
    }
}

static void prepare(const struct grid_map *m, struct arena *arena)
{
    struct budget budget = {.limit_bytes = ARENA_BYTES};
    struct buffer object;
    struct grid g;
    enum rc rc = grid_prepare(&object, &budget, m, NULL, NULL);
    assert(rc == RC_OK);
    rc = grid_open(&g, arena, buffer_bytes(&object), NULL);
    assert(rc == RC_OK);
    search(&g, arena, true);
    budget_give(&budget, object.at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena *arena;
    if (arena == NULL)
        arena = arena_new(ARENA_BYTES);
    arena_reset(arena);
    const struct bytes in = bytes_of(data, size);
    struct err err;
    struct grid g;
    struct grid_map m;
    struct grid_problem *p = NULL;
    uint32_t count = 0;
    if (grid_is(in) && grid_open(&g, arena, in, &err) == RC_OK &&
        g.map.width * g.map.height <= CELLS_MAX)
        search(&g, arena, false);
    if (grid_map_parse(&m, arena, in, &err) == RC_OK && m.width * m.height <= CELLS_MAX)
        prepare(&m, arena);
    if (grid_scen_parse(&p, &count, arena, in, &err) == RC_OK)
        for (uint32_t i = 0; i < count; i++)
            assert(p[i].start.x < p[i].width && p[i].goal.y < p[i].height && p[i].length >= 0);
    return 0;
}
