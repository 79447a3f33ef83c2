// SPDX-License-Identifier: MIT
// Makes the map object of kernels `route` and `crowd` from a map: what takes long is done once.
//
// Nodes are taken out of the graph one by one, the least important first. Where two neighbours of
// such a node lose their shortest way by that, a shortcut joins them. Importance: how many edges
// it has left, and how deep what lies below it is already; a node's is counted again when it is
// about to be taken. Counting the shortcuts that it would need takes twice as long, and the
// hierarchy becomes no better: most edges here are those that the map itself has.
#include "map/grid_prepare.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "map/grid.h"
#include "map/grid_queue.h"

#define ARENA_BYTES_MAX ((size_t)2 << 30)
#define WITNESS_SETTLED 60u // nodes that a search for another way looks at, before a shortcut
#define PROGRESS_NODES  64u

struct link { // an edge among those not yet taken out, in a list of each of its ends
    uint32_t end[2], next[2];
    uint32_t cost;
    uint32_t by, first, second; // a shortcut's lower node and the links to end[0] and end[1]
};

struct work {
    struct arena *arena;
    const struct grid_map *map;
    struct grid_lines stop[2];
    uint32_t *node_at; // by cell
    struct grid_cell *node;
    uint32_t node_count;
    uint32_t *head;  // by node, of its list of links
    uint32_t *depth; // by node, of what was taken out around it
    uint32_t *rank;  // by node; GRID_NONE: not yet taken out
    uint32_t *order; // by rank
    struct link *link;
    uint32_t link_count, link_cap;
    struct grid_queue importance, search;
    uint32_t ranked;
    enum rc rc;
};

// ---- The graph

static uint32_t side_of(const struct link *l, uint32_t node)
{
    assert(l->end[0] == node || l->end[1] == node);
    return l->end[0] != node;
}

static uint32_t other_end(const struct link *l, uint32_t node)
{
    return l->end[!side_of(l, node)];
}

static bool grow(struct work *w)
{
    if (w->link_count < w->link_cap)
        return true;
    const uint32_t cap = w->link_cap * 2;
    struct link *more = arena_take_array(w->arena, cap, sizeof *more);
    w->rc = w->link_count >= GRID_EDGES_MAX ? RC_FULL : more == NULL ? RC_NOMEM : w->rc;
    if (w->rc != RC_OK)
        return false;
    memcpy(more, w->link, w->link_count * sizeof *more);
    w->link = more;
    w->link_cap = cap;
    return true;
}

static void join(struct work *w, const struct link *l)
{
    if (!grow(w))
        return;
    assert(l->end[0] != l->end[1]);
    assert(l->cost > 0);
    const uint32_t at = w->link_count++;
    w->link[at] = *l;
    for (size_t i = 0; i < 2; i++) {
        w->link[at].next[i] = w->head[l->end[i]];
        w->head[l->end[i]] = at;
    }
}

static uint32_t find_link(const struct work *w, uint32_t a, uint32_t b)
{
    uint32_t at = w->head[a];
    while (at != GRID_NONE && other_end(&w->link[at], a) != b)
        at = w->link[at].next[side_of(&w->link[at], a)];
    return at;
}

static void unlink_from(struct work *w, uint32_t node, uint32_t gone)
{
    uint32_t *at = &w->head[node];
    while (*at != gone)
        at = &w->link[*at].next[side_of(&w->link[*at], node)];
    *at = w->link[gone].next[side_of(&w->link[gone], node)];
}

static enum rc find_nodes(struct work *w)
{
    const struct grid_map *m = w->map;
    if (grid_walls_copy(w->stop, w->arena, m) != RC_OK)
        return RC_NOMEM;
    w->node_at = arena_take_array(w->arena, (size_t)m->width * m->height, sizeof *w->node_at);
    w->node = arena_take_array(w->arena, GRID_NODES_MAX, sizeof *w->node);
    if (w->node_at == NULL || w->node == NULL)
        return RC_NOMEM;
    for (uint32_t i = 0; i < m->width * m->height; i++) {
        const struct grid_cell at = {(uint16_t)(i % m->width), (uint16_t)(i / m->width)};
        if (grid_is_wall(m, at.x, at.y) || !grid_is_corner(m, at))
            continue;
        if (w->node_count == GRID_NODES_MAX)
            return RC_FULL;
        w->node_at[i] = w->node_count;
        w->node[w->node_count++] = at;
        grid_lines_set(w->stop, at);
    }
    return RC_OK;
}

static enum rc find_links(struct work *w)
{
    const uint32_t n = w->node_count;
    struct grid_near *near = arena_take_array(w->arena, grid_near_max(w->map), sizeof *near);
    w->head = arena_take_array(w->arena, n, sizeof *w->head);
    w->depth = arena_take_array(w->arena, n, sizeof *w->depth);
    w->rank = arena_take_array(w->arena, n, sizeof *w->rank);
    w->order = arena_take_array(w->arena, n, sizeof *w->order);
    w->link_cap = 16 * n + 1;
    w->link = arena_take_array(w->arena, w->link_cap, sizeof *w->link);
    if (near == NULL || w->head == NULL || w->depth == NULL || w->rank == NULL ||
        w->order == NULL || w->link == NULL ||
        grid_queue_new(&w->importance, w->arena, n) != RC_OK ||
        grid_queue_new(&w->search, w->arena, n) != RC_OK)
        return RC_NOMEM;
    memset(w->head, 0xff, n * sizeof *w->head);
    memset(w->rank, 0xff, n * sizeof *w->rank);
    for (uint32_t a = 0; a < n && w->rc == RC_OK; a++) {
        const uint32_t count = grid_near(w->map, w->stop, w->node[a], near);
        for (uint32_t i = 0; i < count && w->rc == RC_OK; i++) {
            const uint32_t b = w->node_at[grid_index(w->map, near[i].at)];
            if (a < b)
                join(w, &(struct link){.end = {a, b},
                                       .cost = near[i].cost,
                                       .by = GRID_NONE,
                                       .first = GRID_NONE,
                                       .second = GRID_NONE});
        }
    }
    return w->rc;
}

// ---- Taking nodes out

// Shortest ways from `from` that avoid `around`, as far as `most` or WITNESS_SETTLED nodes go.
static void look_around(struct work *w, uint32_t from, uint32_t around, uint64_t most)
{
    struct grid_queue *q = &w->search;
    grid_queue_begin(q);
    grid_queue_offer(q, from, 0);
    for (uint32_t i = 0; i < WITNESS_SETTLED && grid_queue_least(q) <= most; i++) {
        const uint32_t v = grid_queue_take(q);
        const uint64_t cost = grid_queue_cost(q, v);
        for (uint32_t at = w->head[v]; at != GRID_NONE;) {
            const struct link *l = &w->link[at];
            const uint32_t to = other_end(l, v);
            if (to != around && cost + l->cost <= most)
                grid_queue_offer(q, to, cost + l->cost);
            at = l->next[side_of(l, v)];
        }
    }
}

static void shortcut(struct work *w, uint32_t by, uint32_t first, uint32_t second)
{
    const uint64_t cost = (uint64_t)w->link[first].cost + w->link[second].cost;
    const struct link l = {.end = {other_end(&w->link[first], by), other_end(&w->link[second], by)},
                           .cost = (uint32_t)cost,
                           .by = by,
                           .first = first,
                           .second = second};
    if (cost > UINT32_MAX) {
        w->rc = RC_FULL;
        return;
    }
    const uint32_t old = find_link(w, l.end[0], l.end[1]);
    if (old == GRID_NONE) {
        join(w, &l);
        return;
    }
    struct link *o = &w->link[old]; // dearer, or the search would have found it
    const bool is_turned = o->end[0] != l.end[0];
    o->cost = l.cost;
    o->by = by;
    o->first = is_turned ? second : first;
    o->second = is_turned ? first : second;
}

// Joins each two neighbours that would lose their shortest way with the node.
static void bridge(struct work *w, uint32_t node)
{
    for (uint32_t a = w->head[node]; a != GRID_NONE && w->rc == RC_OK;) {
        const uint32_t from = other_end(&w->link[a], node);
        const uint32_t next = w->link[a].next[side_of(&w->link[a], node)];
        uint64_t most = 0;
        for (uint32_t b = next; b != GRID_NONE; b = w->link[b].next[side_of(&w->link[b], node)])
            most = num_max(most, (uint64_t)w->link[a].cost + w->link[b].cost);
        if (most > 0)
            look_around(w, from, node, most);
        for (uint32_t b = next; b != GRID_NONE; b = w->link[b].next[side_of(&w->link[b], node)]) {
            const uint64_t found = grid_queue_cost(&w->search, other_end(&w->link[b], node));
            if (found > (uint64_t)w->link[a].cost + w->link[b].cost)
                shortcut(w, node, a, b);
        }
        a = next;
    }
}

static uint64_t importance(const struct work *w, uint32_t node)
{
    uint32_t links = 0;
    for (uint32_t at = w->head[node]; at != GRID_NONE;
         at = w->link[at].next[side_of(&w->link[at], node)])
        links++;
    return (uint64_t)links + (uint64_t)2 * w->depth[node];
}

static void retire(struct work *w, uint32_t node)
{
    assert(w->rank[node] == GRID_NONE);
    bridge(w, node);
    w->rank[node] = w->ranked;
    w->order[w->ranked++] = node;
    for (uint32_t at = w->head[node]; at != GRID_NONE;
         at = w->link[at].next[side_of(&w->link[at], node)]) {
        const uint32_t other = other_end(&w->link[at], node);
        unlink_from(w, other, at);
        w->depth[other] = (uint32_t)num_max(w->depth[other], w->depth[node] + 1);
    }
}

static void rank_nodes(struct work *w, void (*progress)(void *context, double share), void *context)
{
    grid_queue_begin(&w->importance);
    for (uint32_t i = 0; i < w->node_count && w->rc == RC_OK; i++)
        grid_queue_offer(&w->importance, i, importance(w, i));
    while (w->ranked < w->node_count && w->rc == RC_OK) {
        const uint32_t node = grid_queue_take(&w->importance);
        const uint64_t now = importance(w, node);
        if (now > grid_queue_least(&w->importance)) {
            grid_queue_return(&w->importance, node, now);
            continue;
        }
        retire(w, node);
        if (progress != NULL && w->ranked % PROGRESS_NODES == 0)
            progress(context, (double)w->ranked / w->node_count);
    }
}

// ---- The object

static void put_ground(const struct grid_map *m, struct buffer *out)
{
    for (uint32_t y = 0; y < m->height; y++) {
        for (uint32_t from = 0; from < m->width; from += 8) {
            uint32_t bits = 0;
            for (uint32_t x = from; x < m->width && x < from + 8; x++)
                bits |= (uint32_t)!grid_is_wall(m, (int32_t)x, (int32_t)y) << (x - from);
            buffer_u8(out, (uint8_t)bits);
        }
    }
}

// Links in the order of their lower ends' ranks get numbers as they come: number[link].
static uint32_t number_links(const struct work *w, uint32_t *number)
{
    uint32_t count = 0;
    for (uint32_t r = 0; r < w->node_count; r++) {
        const uint32_t node = w->order[r];
        for (uint32_t at = w->head[node]; at != GRID_NONE;
             at = w->link[at].next[side_of(&w->link[at], node)])
            number[at] = count++;
    }
    return count;
}

static void put_edges(const struct work *w, const uint32_t *number, struct buffer *out)
{
    for (uint32_t r = 0; r < w->node_count; r++) {
        const uint32_t node = w->order[r];
        for (uint32_t at = w->head[node]; at != GRID_NONE;
             at = w->link[at].next[side_of(&w->link[at], node)]) {
            const struct link *l = &w->link[at];
            const bool is_turned = l->end[0] != node;
            const uint32_t first = is_turned ? l->second : l->first;
            const uint32_t second = is_turned ? l->first : l->second;
            buffer_u32le(out, w->rank[other_end(l, node)]);
            buffer_u32le(out, l->cost);
            buffer_u32le(out, first == GRID_NONE ? GRID_NONE : number[first]);
            buffer_u32le(out, second == GRID_NONE ? GRID_NONE : number[second]);
        }
    }
}

static void put_nodes(const struct work *w, struct buffer *out)
{
    for (uint32_t r = 0; r < w->node_count; r++) {
        buffer_u16le(out, w->node[w->order[r]].x);
        buffer_u16le(out, w->node[w->order[r]].y);
    }
    for (uint32_t r = 0; r < w->node_count; r++) {
        const uint32_t node = w->order[r];
        uint32_t count = 0;
        for (uint32_t at = w->head[node]; at != GRID_NONE;
             at = w->link[at].next[side_of(&w->link[at], node)])
            count++;
        buffer_u32le(out, count);
    }
}

static enum rc write_object(struct work *w, struct buffer *out, struct budget *budget)
{
    const struct grid_map *m = w->map;
    uint32_t *number = arena_take_array(w->arena, (size_t)w->link_count + 1, sizeof *number);
    if (number == NULL)
        return RC_NOMEM;
    const uint32_t edges = number_links(w, number);
    const size_t bytes = GRID_HEAD_BYTES + (size_t)num_div_ceil(m->width, 8) * m->height +
                         (size_t)w->node_count * GRID_NODE_BYTES + (size_t)edges * GRID_EDGE_BYTES;
    void *room = budget_take(budget, bytes);
    if (room == NULL)
        return RC_NOMEM;
    struct buffer b = buffer_of(room, bytes);
    buffer_put(&b, bytes_text(GRID_MAGIC));
    const uint32_t head[] = {m->width, m->height, w->node_count, edges};
    for (size_t i = 0; i < ARRAY_COUNT(head); i++)
        buffer_u32le(&b, head[i]);
    put_ground(m, &b);
    put_nodes(w, &b);
    put_edges(w, number, &b);
    assert(b.len == bytes && !b.is_full);
    *out = b;
    return RC_OK;
}

enum rc grid_prepare(struct buffer *out, struct budget *budget, const struct grid_map *map,
                     void (*progress)(void *context, double share), void *context)
{
    struct arena *arena = arena_new(ARENA_BYTES_MAX);
    if (arena == NULL)
        return RC_NOMEM;
    struct work w = {.arena = arena, .map = map};
    enum rc rc = find_nodes(&w);
    if (rc == RC_OK)
        rc = find_links(&w);
    if (rc == RC_OK) {
        rank_nodes(&w, progress, context);
        rc = w.rc;
    }
    if (rc == RC_OK)
        rc = write_object(&w, out, budget);
    arena_free(arena);
    return rc;
}
