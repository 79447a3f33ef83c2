// SPDX-License-Identifier: MIT
// Shortest paths on a loaded map: from the hierarchy's graph down to runs of steps.
#include "kernel/route/search.h"

#include <assert.h>

#include "kernel/route/hubs.h"

#define TURNED 0x80000000u // an edge, walked from where it leads to where it comes from

static_assert(GRID_EDGES_MAX < TURNED, "an edge's number has a bit to spare");

struct known {     // of a hub, from the goal
    uint64_t cost; // UINT64_MAX: nothing
    uint32_t by;   // the node next to the goal
};

struct route_search {
    const struct grid *grid;
    struct route_hubs hubs;
    struct grid_near *near;
    uint64_t *bound;     // by what is near the start: no path that begins there is shorter
    struct known *known; // by hub
    uint32_t *found;     // hubs about which something is known
    uint32_t found_count;
    struct grid_cell goal; // whose they are
    bool has_goal;
    uint32_t *edges; // a path's edges; and what is left of a shortcut being taken apart
};

struct meeting { // of the two halves of a path
    uint64_t cost;
    uint32_t hub, first, last; // nodes: the highest, next to the start, next to the goal
};

enum rc route_search_new(struct route_search **out, struct arena *arena, const struct grid *g)
{
    *out = NULL;
    struct route_search *s = arena_take(arena, sizeof *s);
    if (s == NULL || route_hubs_new(&s->hubs, arena, g) != RC_OK)
        return RC_NOMEM;
    s->grid = g;
    s->near = arena_take_array(arena, grid_near_max(&g->map), sizeof *s->near);
    s->bound = arena_take_array(arena, grid_near_max(&g->map), sizeof *s->bound);
    s->known = arena_take_array(arena, g->node_count, sizeof *s->known);
    s->found = arena_take_array(arena, g->node_count, sizeof *s->found);
    s->edges = arena_take_array(arena, (size_t)4 * g->node_count + 4, sizeof *s->edges);
    if (s->near == NULL || s->bound == NULL || s->known == NULL || s->found == NULL ||
        s->edges == NULL)
        return RC_NOMEM;
    for (uint32_t i = 0; i < g->node_count; i++)
        s->known[i].cost = UINT64_MAX;
    *out = s;
    return RC_OK;
}

static uint32_t node_at(const struct grid *g, struct grid_cell at)
{
    const uint32_t node = g->node_at[grid_index(&g->map, at)];
    assert(node < g->node_count); // what stops a look and is no wall
    return node;
}

// How far all hubs are from a goal.
static void spread(struct route_search *s, struct grid_cell goal)
{
    const struct grid *g = s->grid;
    while (s->found_count > 0)
        s->known[s->found[--s->found_count]].cost = UINT64_MAX;
    const uint32_t count = grid_near(&g->map, g->stop, goal, s->near);
    for (uint32_t k = 0; k < count; k++) {
        const uint32_t node = node_at(g, s->near[k].at);
        for (uint32_t i = s->hubs.begin[node]; i < s->hubs.end[node]; i++) {
            const struct route_hub *h = &s->hubs.hub[i];
            const uint64_t cost = (uint64_t)s->near[k].cost + h->cost;
            struct known *known = &s->known[h->node];
            if (known->cost == UINT64_MAX)
                s->found[s->found_count++] = h->node;
            if (cost < known->cost)
                *known = (struct known){cost, node};
        }
    }
    assert(s->found_count <= g->node_count);
    s->goal = goal;
    s->has_goal = true;
}

static void try(const struct route_search *s, const struct grid_near *near, struct meeting *best)
{
    const uint32_t node = node_at(s->grid, near->at);
    for (uint32_t i = s->hubs.begin[node]; i < s->hubs.end[node]; i++) {
        const struct route_hub *h = &s->hubs.hub[i];
        const struct known *known = &s->known[h->node];
        if (known->cost == UINT64_MAX || known->cost + h->cost + near->cost >= best->cost)
            continue;
        *best = (struct meeting){known->cost + h->cost + near->cost, h->node, node, known->by};
    }
}

// The way that looks shortest is tried first: after it, most others need not be.
static struct meeting meet(struct route_search *s, struct grid_cell start, struct grid_cell goal)
{
    const struct grid *g = s->grid;
    struct meeting best = {.cost = UINT64_MAX};
    const uint32_t count = grid_near(&g->map, g->stop, start, s->near);
    uint32_t first = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct grid_leg leg = grid_leg(s->near[i].at, goal);
        s->bound[i] = (uint64_t)s->near[i].cost + grid_leg_cost(&leg);
        first = s->bound[i] < s->bound[first] ? i : first;
    }
    if (count > 0)
        try(s, &s->near[first], &best);
    for (uint32_t i = 0; i < count; i++)
        if (s->bound[i] < best.cost)
            try(s, &s->near[i], &best);
    return best;
}

// ---- From edges to steps

static bool write_leg(const struct grid_map *m, struct route_writer *w, struct grid_cell *at,
                      struct grid_cell to)
{
    const struct grid_leg leg = grid_leg(*at, to);
    const bool is_diagonal_first = grid_leg_is_free(m, *at, &leg, true);
    if (!is_diagonal_first && !grid_leg_is_free(m, *at, &leg, false))
        return false;
    if (is_diagonal_first)
        route_write(w, leg.diagonal_dir, leg.diagonal);
    route_write(w, leg.straight_dir, leg.straight);
    if (!is_diagonal_first)
        route_write(w, leg.diagonal_dir, leg.diagonal);
    *at = to;
    return true;
}

// The edge, from either end, with all that it stands for. `stack` is free from there on: each
// shortcut's parts are lower by a node, so no more than two a node wait.
static bool write_edge(const struct grid *g, struct route_writer *w, struct grid_cell *at,
                       uint32_t edge, uint32_t *stack)
{
    uint32_t count = 0;
    stack[count++] = edge;
    while (count > 0) {
        const uint32_t top = stack[--count];
        const uint32_t i = top & ~TURNED;
        const bool is_turned = (top & TURNED) != 0;
        const struct grid_source *s = &g->source[i];
        assert(i < g->edge_count);
        if (s->first == GRID_NONE) {
            if (!write_leg(&g->map, w, at, g->node[is_turned ? s->from : g->edge[i].to]))
                return false;
            continue;
        }
        stack[count++] = is_turned ? s->first : s->second; // away from the lower node, last
        stack[count++] = (is_turned ? s->second : s->first) | TURNED;
    }
    return true;
}

// The edges from a node up to one of its hubs, into s->edges; how many.
static uint32_t climb(struct route_search *s, uint32_t node, uint32_t hub)
{
    uint32_t count = 0;
    while (node != hub) {
        const uint32_t at = route_hubs_find(&s->hubs, node, hub);
        assert(at != GRID_NONE); // what a node knows it knows from where its edge leads
        s->edges[count++] = s->hubs.edge[at];
        node = s->grid->edge[s->hubs.edge[at]].to;
    }
    return count;
}

static bool write_path(struct route_search *s, struct route_writer *w, struct grid_cell start,
                       struct grid_cell goal, const struct meeting *m)
{
    const struct grid *g = s->grid;
    struct grid_cell at = start;
    bool is_good = write_leg(&g->map, w, &at, g->node[m->first]);
    const uint32_t up = climb(s, m->first, m->hub);
    for (uint32_t i = 0; is_good && i < up; i++)
        is_good = write_edge(g, w, &at, s->edges[i], s->edges + up);
    uint32_t down = climb(s, m->last, m->hub);
    uint32_t *stack = s->edges + down;
    while (is_good && down > 0)
        is_good = write_edge(g, w, &at, s->edges[--down] | TURNED, stack);
    return is_good && write_leg(&g->map, w, &at, goal);
}

static enum rc search(struct route_search *s, struct grid_cell start, struct grid_cell goal,
                      struct buffer *out)
{
    struct route_writer w = route_writer_of(out);
    if (!s->has_goal || !grid_cell_is(s->goal, goal))
        spread(s, goal);
    const struct meeting m = meet(s, start, goal);
    if (m.cost == UINT64_MAX || !write_path(s, &w, start, goal, &m))
        return RC_MALFORMED;
    return route_write_end(&w);
}

enum rc route_search_path(struct route_search *s, struct grid_cell start, struct grid_cell goal,
                          struct buffer *out)
{
    const struct grid *g = s->grid;
    if (!grid_is_free(&g->map, start) || !grid_is_free(&g->map, goal) ||
        g->region[grid_index(&g->map, start)] != g->region[grid_index(&g->map, goal)])
        return route_write_no_way(out);
    struct route_writer w = route_writer_of(out);
    struct grid_cell at = start;
    if (write_leg(&g->map, &w, &at, goal))
        return route_write_end(&w);
    return search(s, start, goal, out);
}
