// SPDX-License-Identifier: MIT
// The queue of a shortest-path search: numbered nodes with a label each, the nearest first.
#include "map/grid_queue.h"

#include <assert.h>

enum rc grid_queue_new(struct grid_queue *out, struct arena *arena, uint32_t nodes)
{
    *out = (struct grid_queue){.nodes = nodes, .round = 1};
    out->label = arena_take_array(arena, nodes, sizeof *out->label);
    out->heap = arena_take_array(arena, (size_t)nodes + 1, sizeof *out->heap);
    return out->label != NULL && out->heap != NULL ? RC_OK : RC_NOMEM;
}

void grid_queue_begin(struct grid_queue *q)
{
    q->count = 0;
    if (q->round++ < UINT32_MAX)
        return;
    for (uint32_t i = 0; i < q->nodes; i++) // once in 2^32 searches
        q->label[i].round = 0;
    q->round = 1;
}

static void put(struct grid_queue *q, uint32_t place, struct grid_queue_item item)
{
    q->heap[place] = item;
    q->label[item.node].place = place;
}

static void rise(struct grid_queue *q, uint32_t place, struct grid_queue_item item)
{
    while (place > 1 && q->heap[place / 2].cost > item.cost) {
        put(q, place, q->heap[place / 2]);
        place /= 2;
    }
    put(q, place, item);
}

static void label(struct grid_queue *q, uint32_t node, uint64_t cost, uint32_t place)
{
    q->label[node] = (struct grid_label){.cost = cost, .place = place, .round = q->round};
    rise(q, place, (struct grid_queue_item){cost, node});
}

void grid_queue_offer(struct grid_queue *q, uint32_t node, uint64_t cost)
{
    assert(node < q->nodes);
    const struct grid_label *l = &q->label[node];
    if (l->round != q->round)
        label(q, node, cost, ++q->count);
    else if (l->place != 0 && cost < l->cost)
        label(q, node, cost, l->place);
}

void grid_queue_return(struct grid_queue *q, uint32_t node, uint64_t cost)
{
    assert(q->label[node].round == q->round);
    assert(q->label[node].place == 0);
    label(q, node, cost, ++q->count);
    assert(q->count <= q->nodes);
}

uint32_t grid_queue_take(struct grid_queue *q)
{
    assert(q->count > 0);
    const uint32_t least = q->heap[1].node;
    const struct grid_queue_item last = q->heap[q->count--];
    uint32_t place = 1;
    for (uint32_t child = 2; child <= q->count; child = place * 2) {
        if (child < q->count && q->heap[child + 1].cost < q->heap[child].cost)
            child++;
        if (q->heap[child].cost >= last.cost)
            break;
        put(q, place, q->heap[child]);
        place = child;
    }
    if (q->count > 0)
        put(q, place, last);
    q->label[least].place = 0;
    return least;
}
