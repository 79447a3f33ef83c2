// SPDX-License-Identifier: MIT
// Hubs: what each node of a loaded map reaches by going up in the hierarchy, and how far that is.
#include "kernel/route/hubs.h"

#include <assert.h>
#include <string.h>

struct work {
    struct arena *arena;
    const struct grid *grid;
    struct route_hubs hubs;
    uint32_t count, cap; // of hubs
    uint64_t *cost;      // by hub, of the node in hand; UINT64_MAX: unknown
    uint32_t *edge;      // by hub, the first of the way
    uint32_t *found;     // hubs whose cost is known
    uint32_t found_count;
};

static enum rc grow(struct work *w, uint32_t by)
{
    if (w->cap - w->count >= by)
        return RC_OK;
    if (w->count + by > ROUTE_HUBS_MAX)
        return RC_NOMEM;
    const uint32_t cap = (w->count + by) * 2;
    struct route_hub *hub = arena_take_array(w->arena, cap, sizeof *hub);
    uint32_t *edge = arena_take_array(w->arena, cap, sizeof *edge);
    if (hub == NULL || edge == NULL)
        return RC_NOMEM;
    if (w->count > 0) {
        memcpy(hub, w->hubs.hub, w->count * sizeof *hub);
        memcpy(edge, w->hubs.edge, w->count * sizeof *edge);
    }
    w->hubs.hub = hub;
    w->hubs.edge = edge;
    w->cap = cap;
    return RC_OK;
}

static void note(struct work *w, uint32_t hub, uint64_t cost, uint32_t edge)
{
    if (w->cost[hub] == UINT64_MAX)
        w->found[w->found_count++] = hub;
    if (cost < w->cost[hub]) {
        w->cost[hub] = cost;
        w->edge[hub] = edge;
    }
}

// All hubs of the nodes that its edges lead to.
static void gather(struct work *w, uint32_t node)
{
    const struct grid *g = w->grid;
    w->found_count = 0;
    note(w, node, 0, GRID_NONE);
    for (uint32_t e = g->edge_begin[node]; e < g->edge_begin[node + 1]; e++) {
        const uint32_t to = g->edge[e].to;
        assert(to > node); // whose hubs are made already
        for (uint32_t i = w->hubs.begin[to]; i < w->hubs.end[to]; i++)
            note(w, w->hubs.hub[i].node, (uint64_t)g->edge[e].cost + w->hubs.hub[i].cost, e);
    }
}

// Is the way up to a hub longer than one by way of a higher hub? Then it is on no shortest path.
static bool is_detour(const struct work *w, uint32_t hub)
{
    const struct route_hubs *h = &w->hubs;
    const uint64_t cost = w->cost[hub];
    for (uint32_t i = h->begin[hub]; i < h->end[hub]; i++) {
        const uint64_t other = w->cost[h->hub[i].node];
        if (other != UINT64_MAX && other + h->hub[i].cost < cost)
            return true;
    }
    return false;
}

static enum rc make(struct work *w, uint32_t node)
{
    gather(w, node);
    if (grow(w, w->found_count) != RC_OK)
        return RC_NOMEM;
    w->hubs.begin[node] = w->hubs.end[node] = w->count;
    for (uint32_t i = 0; i < w->found_count; i++) {
        const uint32_t hub = w->found[i];
        if (w->cost[hub] > UINT32_MAX || (hub != node && is_detour(w, hub)))
            continue;
        w->hubs.hub[w->count] = (struct route_hub){hub, (uint32_t)w->cost[hub]};
        w->hubs.edge[w->count++] = w->edge[hub];
    }
    assert(w->count <= w->cap);
    assert(w->count > w->hubs.begin[node]); // itself
    w->hubs.end[node] = w->count;
    for (uint32_t i = 0; i < w->found_count; i++)
        w->cost[w->found[i]] = UINT64_MAX;
    return RC_OK;
}

enum rc route_hubs_new(struct route_hubs *out, struct arena *arena, const struct grid *g)
{
    const size_t n = g->node_count;
    struct work w = {.arena = arena, .grid = g};
    w.hubs.begin = arena_take_array(arena, n, sizeof *w.hubs.begin);
    w.hubs.end = arena_take_array(arena, n, sizeof *w.hubs.end);
    w.cost = arena_take_array(arena, n, sizeof *w.cost);
    w.edge = arena_take_array(arena, n, sizeof *w.edge);
    w.found = arena_take_array(arena, n, sizeof *w.found);
    if (w.hubs.begin == NULL || w.hubs.end == NULL || w.cost == NULL || w.edge == NULL ||
        w.found == NULL || grow(&w, g->node_count) != RC_OK)
        return RC_NOMEM;
    memset(w.cost, 0xff, n * sizeof *w.cost);
    for (uint32_t node = g->node_count; node-- > 0;)
        if (make(&w, node) != RC_OK)
            return RC_NOMEM;
    *out = w.hubs;
    return RC_OK;
}

uint32_t route_hubs_find(const struct route_hubs *h, uint32_t node, uint32_t hub)
{
    for (uint32_t i = h->begin[node]; i < h->end[node]; i++)
        if (h->hub[i].node == hub)
            return i;
    return GRID_NONE;
}
