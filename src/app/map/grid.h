// SPDX-License-Identifier: MIT
// A grid map as one flat object, prepared for fast searches: what kernels `route` and `crowd` load.
//
// Prepared means: the corners of walls, where shortest paths turn, are nodes (the subgoals of Uras,
// Koenig, Hernandez 2013), joined where nothing lies between two of them; and the graph of these
// is a contraction hierarchy (Geisberger et al. 2008): nodes have ranks, edges lead to higher
// ranks, and shortcuts stand for two edges by way of a lower node. doc/kernels/route.md.
//
// All numbers little-endian:
//
//     magic "shoalgr1"
//     u32 width, height, nodes, edges
//     u8 ground[ceil(width / 8)] each row     lowest bit first, 1: can be walked on
//     u16 node[2] each                        x, y; by rank, the lowest first
//     u32 edge_count each node                of those that lead from it to higher ranks
//     u32 edge[4] each                        to, cost, and of a shortcut the edges from its lower
//                                             node to where it comes from and leads; else none
//
// Whoever made it may have lied about which nodes can see one another. A path is walked through
// the walls' bits while it is made, so such a lie yields RC_MALFORMED, never a path through a wall.
#ifndef MAP_GRID_H
#define MAP_GRID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

#include "map/grid_map.h"

#define GRID_MAGIC      "shoalgr1"
#define GRID_NODES_MAX  (1u << 20)
#define GRID_EDGES_MAX  (1u << 22)
#define GRID_HEAD_BYTES (8u + 4u * 4u)
#define GRID_NODE_BYTES 8u // with its count of edges
#define GRID_EDGE_BYTES 16u

struct grid_edge {
    uint32_t to, cost;
};

struct grid_source { // of an edge: what a search does not ask for
    uint32_t from;
    uint32_t first, second; // to `from` and to `to`, both from a lower node; GRID_NONE: no shortcut
};

struct grid { // a validated object, unpacked; lives in an arena
    struct grid_map map;
    struct grid_lines stop[2]; // walls, and nodes
    uint32_t *region;          // by cell: who can walk to whom; 0: a wall
    uint32_t *node_at;         // by cell; GRID_NONE: none
    uint32_t node_count, edge_count;
    struct grid_cell *node; // by rank
    uint32_t *edge_begin;   // node_count + 1
    struct grid_edge *edge;
    struct grid_source *source;
};

// Does it begin like one?
bool grid_is(struct bytes object);
// Checks sizes, counts, ranges, and that every shortcut is what it says. Borrows nothing.
// RC_MALFORMED with *err (which may be NULL) saying what; RC_NOMEM.
MUST_USE enum rc grid_open(struct grid *out, struct arena *arena, struct bytes object,
                           struct err *err);

// The nodes that a shortest path from a cell may turn at first: those that it leads to without
// passing another. At most grid_near_max of them.
struct grid_near {
    struct grid_cell at;
    uint32_t cost;
};
uint32_t grid_near_max(const struct grid_map *m);
uint32_t grid_near(const struct grid_map *m, const struct grid_lines stop[static 2],
                   struct grid_cell from, struct grid_near *out);

// Can a shortest path turn here?
bool grid_is_corner(const struct grid_map *m, struct grid_cell at);

#endif
