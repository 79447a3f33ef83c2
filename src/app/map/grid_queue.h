// SPDX-License-Identifier: MIT
// The queue of a shortest-path search: numbered nodes with a label each, the nearest first.
//
// A new search costs nothing: labels of earlier ones are known by their round.
#ifndef MAP_GRID_QUEUE_H
#define MAP_GRID_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

#define GRID_NONE UINT32_MAX

struct grid_label {
    uint64_t cost;
    uint32_t parent, edge; // where it was reached from; GRID_NONE: the search began here
    uint32_t place;        // in the heap, from 1; 0: taken
    uint32_t round;
};

struct grid_queue {
    struct grid_label *label; // by node
    struct grid_queue_item {
        uint64_t cost;
        uint32_t node;
    } * heap; // from 1
    uint32_t nodes, count, round;
};

// Lives in arena. RC_NOMEM.
MUST_USE enum rc grid_queue_new(struct grid_queue *out, struct arena *arena, uint32_t nodes);
void grid_queue_begin(struct grid_queue *q); // a new search: no node has a label
// Labels the node if it had no label, or a dearer one and was not taken yet.
void grid_queue_offer(struct grid_queue *q, uint32_t node, uint64_t cost, uint32_t parent,
                      uint32_t edge);
uint32_t grid_queue_take(struct grid_queue *q); // the node with the least cost; count > 0

// NULL: it has none in this search.
static inline const struct grid_label *grid_queue_label(const struct grid_queue *q, uint32_t node)
{
    const struct grid_label *l = &q->label[node];
    return l->round == q->round ? l : NULL;
}

// Of the next node to be taken; UINT64_MAX: there is none.
static inline uint64_t grid_queue_least(const struct grid_queue *q)
{
    return q->count > 0 ? q->heap[1].cost : UINT64_MAX;
}

#endif
