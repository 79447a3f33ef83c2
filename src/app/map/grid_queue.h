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

struct grid_label {
    uint64_t cost;
    uint32_t place; // in the heap, from 1; 0: taken
    uint32_t round; // of the search that it is of
};

struct grid_queue {           // fields are private to grid_queue.c, but for count
    struct grid_label *label; // by node
    struct grid_queue_item {
        uint64_t cost;
        uint32_t node;
    } * heap; // from 1
    uint32_t nodes, round;
    uint32_t count; // of nodes in the heap
};

// Lives in arena. RC_NOMEM.
MUST_USE enum rc grid_queue_new(struct grid_queue *out, struct arena *arena, uint32_t nodes);
void grid_queue_begin(struct grid_queue *q); // a new search: no node has a label
// Labels the node if it had no label, or a dearer one and was not taken yet.
void grid_queue_offer(struct grid_queue *q, uint32_t node, uint64_t cost);
uint32_t grid_queue_take(struct grid_queue *q); // the node with the least cost; count > 0
// A node that was taken goes back, at whatever cost.
void grid_queue_return(struct grid_queue *q, uint32_t node, uint64_t cost);

// Of a node's label, taken or not; UINT64_MAX: it has none in this search.
static inline uint64_t grid_queue_cost(const struct grid_queue *q, uint32_t node)
{
    const struct grid_label *l = &q->label[node];
    return l->round == q->round ? l->cost : UINT64_MAX;
}

// Of the next node to be taken; UINT64_MAX: there is none.
static inline uint64_t grid_queue_least(const struct grid_queue *q)
{
    return q->count > 0 ? q->heap[1].cost : UINT64_MAX;
}

#endif
