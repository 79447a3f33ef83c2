// SPDX-License-Identifier: MIT
// A grid map as one flat object: checked and unpacked in linear time.
#include "map/grid.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

bool grid_is(struct bytes object)
{
    return bytes_is(bytes_part(object, 0, strlen(GRID_MAGIC)), GRID_MAGIC);
}

static enum rc bad(struct err *err, const char *what)
{
    return err_set(err, RC_MALFORMED, "map object: %s", what);
}

static enum rc no_room(struct err *err)
{
    return err_set(err, RC_NOMEM, "map object: it needs more memory than there is");
}

static enum rc read_head(struct grid *g, struct cursor *c, struct err *err)
{
    const struct bytes magic = cursor_take(c, strlen(GRID_MAGIC));
    if (!bytes_is(magic, GRID_MAGIC))
        return bad(err, "it begins otherwise");
    g->map.width = cursor_u32le(c);
    g->map.height = cursor_u32le(c);
    g->node_count = cursor_u32le(c);
    g->edge_count = cursor_u32le(c);
    if (c->is_bad || g->map.width < 1 || g->map.width > GRID_SIDE_MAX || g->map.height < 1 ||
        g->map.height > GRID_SIDE_MAX || g->map.width * g->map.height > GRID_CELLS_MAX)
        return bad(err, "its sides are out of range");
    if (g->node_count > GRID_NODES_MAX || g->edge_count > GRID_EDGES_MAX)
        return bad(err, "it has too many nodes or edges");
    const size_t rest = (size_t)num_div_ceil(g->map.width, 8) * g->map.height +
                        (size_t)g->node_count * GRID_NODE_BYTES +
                        (size_t)g->edge_count * GRID_EDGE_BYTES;
    return c->left.len == rest ? RC_OK : bad(err, "its length is not what its counts say");
}

static enum rc take_room(struct grid *g, struct arena *arena)
{
    const size_t cells = (size_t)g->map.width * g->map.height;
    const size_t nodes = g->node_count;
    if (grid_map_new(&g->map, arena, g->map.width, g->map.height) != RC_OK)
        return RC_NOMEM;
    g->region = arena_take_array(arena, cells, sizeof *g->region);
    g->node_at = arena_take_array(arena, cells, sizeof *g->node_at);
    g->node = arena_take_array(arena, nodes, sizeof *g->node);
    g->edge_begin = arena_take_array(arena, nodes + 1, sizeof *g->edge_begin);
    g->edge = arena_take_array(arena, g->edge_count, sizeof *g->edge);
    g->source = arena_take_array(arena, g->edge_count, sizeof *g->source);
    return g->region != NULL && g->node_at != NULL && g->node != NULL && g->edge_begin != NULL &&
                   g->edge != NULL && g->source != NULL
               ? RC_OK
               : RC_NOMEM;
}

static bool read_ground(struct grid *g, struct cursor *c)
{
    for (uint32_t y = 0; y < g->map.height; y++) {
        for (uint32_t from = 0; from < g->map.width; from += 8) {
            uint32_t bits = cursor_u8(c);
            for (uint32_t x = from; x < g->map.width && x < from + 8; x++, bits >>= 1)
                if ((bits & 1) != 0)
                    grid_map_free_cell(&g->map, (struct grid_cell){(uint16_t)x, (uint16_t)y});
            if (bits != 0)
                return false; // there is one way to say it
        }
    }
    return true;
}

static bool read_nodes(struct grid *g, struct cursor *c)
{
    memset(g->node_at, 0xff, (size_t)g->map.width * g->map.height * sizeof *g->node_at);
    for (uint32_t i = 0; i < g->node_count; i++) {
        struct grid_cell at = {.x = cursor_u16le(c)};
        at.y = cursor_u16le(c);
        if (!grid_is_free(&g->map, at) || g->node_at[grid_index(&g->map, at)] != GRID_NONE)
            return false;
        g->node[i] = at;
        g->node_at[grid_index(&g->map, at)] = i;
        grid_lines_set(g->stop, at);
    }
    for (uint32_t i = 0; i < g->node_count; i++) {
        const uint32_t count = cursor_u32le(c);
        if (count > g->edge_count - g->edge_begin[i])
            return false;
        g->edge_begin[i + 1] = g->edge_begin[i] + count;
    }
    return g->edge_begin[g->node_count] == g->edge_count;
}

// A shortcut stands for two edges from one lower node, to its ends and together as long. Those are
// earlier edges, so that whoever takes it apart comes to an end.
static bool shortcut_is_good(const struct grid *g, uint32_t at)
{
    const struct grid_source *s = &g->source[at];
    const struct grid_edge *e = &g->edge[at];
    if (s->first >= g->edge_begin[s->from] || s->second >= g->edge_begin[s->from])
        return false;
    const struct grid_edge *first = &g->edge[s->first];
    const struct grid_edge *second = &g->edge[s->second];
    return g->source[s->first].from == g->source[s->second].from && first->to == s->from &&
           second->to == e->to && (uint64_t)first->cost + second->cost == e->cost;
}

static bool edge_is_good(const struct grid *g, uint32_t at)
{
    const struct grid_source *s = &g->source[at];
    const struct grid_edge *e = &g->edge[at];
    if (e->to <= s->from || e->to >= g->node_count)
        return false;
    if (s->first != GRID_NONE)
        return shortcut_is_good(g, at);
    const struct grid_leg leg = grid_leg(g->node[s->from], g->node[e->to]);
    return s->second == GRID_NONE && e->cost == grid_leg_cost(&leg);
}

static bool read_edges(struct grid *g, struct cursor *c)
{
    for (uint32_t from = 0; from < g->node_count; from++) {
        for (uint32_t i = g->edge_begin[from]; i < g->edge_begin[from + 1]; i++) {
            g->edge[i].to = cursor_u32le(c);
            g->edge[i].cost = cursor_u32le(c);
            g->source[i].from = from;
            g->source[i].first = cursor_u32le(c);
            g->source[i].second = cursor_u32le(c);
            if (!edge_is_good(g, i))
                return false;
        }
    }
    return true;
}

// Marks all cells that can be walked to from one. Straight steps suffice: a diagonal one is only
// allowed where two straight ones would do. Each cell is put on the heap once.
static void flood(struct grid *g, uint32_t from, uint32_t region, uint32_t *heap)
{
    const uint32_t width = g->map.width;
    uint32_t count = 0;
    heap[count++] = from;
    g->region[from] = region;
    while (count > 0) {
        const uint32_t i = heap[--count];
        const struct grid_cell at = {(uint16_t)(i % width), (uint16_t)(i / width)};
        for (uint32_t dir = 0; dir < GRID_DIRECTIONS; dir += 2) {
            if (grid_is_wall(&g->map, at.x + grid_dx[dir], at.y + grid_dy[dir]))
                continue;
            const uint32_t next = grid_index(&g->map, grid_next(at, dir, 1));
            if (g->region[next] != 0)
                continue;
            g->region[next] = region;
            heap[count++] = next;
        }
    }
}

static enum rc find_regions(struct grid *g, struct arena *arena)
{
    const uint32_t cells = g->map.width * g->map.height;
    uint32_t *heap = arena_take_array(arena, cells, sizeof *heap);
    if (heap == NULL)
        return RC_NOMEM;
    uint32_t region = 0;
    for (uint32_t i = 0; i < cells; i++) {
        const int32_t x = (int32_t)(i % g->map.width);
        const int32_t y = (int32_t)(i / g->map.width);
        if (g->region[i] == 0 && !grid_is_wall(&g->map, x, y))
            flood(g, i, ++region, heap);
    }
    return RC_OK;
}

enum rc grid_open(struct grid *out, struct arena *arena, struct bytes object, struct err *err)
{
    struct grid g = {.node_count = 0};
    struct cursor c = {.left = object};
    enum rc rc = read_head(&g, &c, err);
    if (rc != RC_OK)
        return rc;
    if (take_room(&g, arena) != RC_OK)
        return no_room(err);
    if (!read_ground(&g, &c))
        return bad(err, "there is ground beyond its right side");
    if (grid_walls_copy(g.stop, arena, &g.map) != RC_OK)
        return no_room(err);
    if (!read_nodes(&g, &c))
        return bad(err, "its nodes are not what they should be");
    if (!read_edges(&g, &c))
        return bad(err, "its edges are not what they should be");
    assert(cursor_done(&c)); // its head said how long it is
    if (find_regions(&g, arena) != RC_OK)
        return no_room(err);
    assert(g.edge_begin[g.node_count] == g.edge_count);
    *out = g;
    return RC_OK;
}
