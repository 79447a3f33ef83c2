// SPDX-License-Identifier: MIT
// Shortest paths on a loaded map: from the hierarchy's graph down to runs of steps.
#include "kernel/route_search.h"

#include <assert.h>

#define TURNED 0x80000000u // an edge, walked from where it leads to where it comes from

static_assert(GRID_EDGES_MAX < TURNED, "an edge's number has a bit to spare");

struct route_search {
    const struct grid *grid;
    struct grid_queue side[2]; // from the start, from the goal
    struct grid_near *near;
    struct grid_cell goal; // what side[1] is about
    bool has_goal;
    uint32_t *edges; // a path's edges; and what is left of a shortcut being taken apart
};

enum rc route_search_new(struct route_search **out, struct arena *arena, const struct grid *g)
{
    *out = NULL;
    struct route_search *s = arena_take(arena, sizeof *s);
    if (s == NULL)
        return RC_NOMEM;
    s->grid = g;
    s->near = arena_take_array(arena, grid_near_max(&g->map), sizeof *s->near);
    s->edges = arena_take_array(arena, (size_t)4 * g->node_count + 4, sizeof *s->edges);
    if (s->near == NULL || s->edges == NULL ||
        grid_queue_new(&s->side[0], arena, g->node_count) != RC_OK ||
        grid_queue_new(&s->side[1], arena, g->node_count) != RC_OK)
        return RC_NOMEM;
    *out = s;
    return RC_OK;
}

void route_search_begin(struct route_search *s)
{
    s->has_goal = false;
}

static void begin(struct route_search *s, struct grid_queue *q, struct grid_cell from)
{
    const struct grid *g = s->grid;
    const uint32_t count = grid_near(&g->map, g->stop, from, s->near);
    grid_queue_begin(q);
    for (uint32_t i = 0; i < count; i++)
        grid_queue_offer(q, g->node_at[grid_index(&g->map, s->near[i].at)], s->near[i].cost,
                         GRID_NONE, GRID_NONE);
}

// Is there a shorter way to the node from a higher one? Then no shortest path goes up from here.
static bool is_beaten(const struct grid *g, const struct grid_queue *q, uint32_t node,
                      uint64_t cost)
{
    for (uint32_t i = g->edge_begin[node]; i < g->edge_begin[node + 1]; i++) {
        const struct grid_label *l = grid_queue_label(q, g->edge[i].to);
        if (l != NULL && l->cost + g->edge[i].cost < cost)
            return true;
    }
    return false;
}

static void step(const struct grid *g, struct grid_queue *q, uint32_t node, uint64_t cost)
{
    if (is_beaten(g, q, node, cost))
        return;
    for (uint32_t i = g->edge_begin[node]; i < g->edge_begin[node + 1]; i++)
        grid_queue_offer(q, g->edge[i].to, cost + g->edge[i].cost, node, i);
}

// The node where the shortest path is highest; GRID_NONE: there is no path.
static uint32_t meet(struct route_search *s)
{
    uint64_t best = UINT64_MAX;
    uint32_t where = GRID_NONE;
    for (;;) {
        const uint64_t least[2] = {grid_queue_least(&s->side[0]), grid_queue_least(&s->side[1])};
        const uint32_t i = least[1] < least[0];
        if (least[i] >= best || least[i] == UINT64_MAX)
            return where;
        const uint32_t node = grid_queue_take(&s->side[i]);
        const struct grid_label *other = grid_queue_label(&s->side[1 - i], node);
        if (other != NULL && least[i] + other->cost < best) {
            best = least[i] + other->cost;
            where = node;
        }
        step(s->grid, &s->side[i], node, least[i]);
    }
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

static bool write_path(struct route_search *s, struct route_writer *w, struct grid_cell start,
                       struct grid_cell goal, uint32_t where)
{
    const struct grid *g = s->grid;
    uint32_t count = 0;
    uint32_t node = where;
    for (const struct grid_label *l = &s->side[0].label[node]; l->parent != GRID_NONE;
         l = &s->side[0].label[node]) {
        s->edges[count++] = l->edge;
        node = l->parent;
    }
    struct grid_cell at = start;
    bool is_good = write_leg(&g->map, w, &at, g->node[node]);
    uint32_t *stack = s->edges + count;
    while (is_good && count > 0)
        is_good = write_edge(g, w, &at, s->edges[--count], stack);
    node = where;
    for (const struct grid_label *l = &s->side[1].label[node]; is_good && l->parent != GRID_NONE;
         l = &s->side[1].label[node]) {
        is_good = write_edge(g, w, &at, l->edge | TURNED, stack);
        node = l->parent;
    }
    return is_good && write_leg(&g->map, w, &at, goal);
}

static enum rc search(struct route_search *s, struct grid_cell start, struct grid_cell goal,
                      struct buffer *out)
{
    struct route_writer w = route_writer_of(out);
    begin(s, &s->side[0], start);
    if (!s->has_goal || !grid_cell_is(s->goal, goal))
        begin(s, &s->side[1], goal);
    s->goal = goal;
    s->has_goal = true;
    const uint32_t where = meet(s);
    if (where == GRID_NONE || !write_path(s, &w, start, goal, where))
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
