// SPDX-License-Identifier: MIT
// Intrusive binary heap ordered by a 64-bit key, smallest first: timers, priorities.
#include "base/heap.h"

#include <assert.h>

enum rc heap_init(struct heap *h, struct arena *arena, size_t cap)
{
    assert(cap > 0);
    struct heap_node **slot = arena_take_array(arena, cap, sizeof *slot);
    if (slot == NULL)
        return RC_NOMEM;
    *h = (struct heap){.slot = slot, .cap = cap};
    return RC_OK;
}

static bool is_before(const struct heap_node *a, const struct heap_node *b)
{
    return a->key < b->key || (a->key == b->key && a->turn < b->turn);
}

static void place(struct heap *h, size_t at, struct heap_node *n)
{
    assert(at < h->count);
    h->slot[at] = n;
    n->index = at + 1;
}

static void sift_up(struct heap *h, size_t at, struct heap_node *n)
{
    while (at > 0 && is_before(n, h->slot[(at - 1) / 2])) {
        place(h, at, h->slot[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(h, at, n);
}

static void sift_down(struct heap *h, size_t at, struct heap_node *n)
{
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && is_before(h->slot[child + 1], h->slot[child]))
            child++;
        if (!is_before(h->slot[child], n))
            break;
        place(h, at, h->slot[child]);
        at = child;
    }
    place(h, at, n);
}

enum rc heap_put(struct heap *h, struct heap_node *n, uint64_t key)
{
    assert(n->index == 0);
    if (h->count == h->cap)
        return RC_FULL;
    n->key = key;
    n->turn = h->turn++;
    h->count++;
    sift_up(h, h->count - 1, n);
    assert(h->slot[n->index - 1] == n);
    return RC_OK;
}

struct heap_node *heap_first(const struct heap *h)
{
    return h->count > 0 ? h->slot[0] : NULL;
}

void heap_del(struct heap *h, struct heap_node *n)
{
    if (n->index == 0)
        return;
    size_t at = n->index - 1;
    assert(at < h->count); // it is in this heap, and not in another
    assert(h->slot[at] == n);
    struct heap_node *last = h->slot[--h->count];
    n->index = 0;
    if (last == n)
        return;
    sift_down(h, at, last);
    sift_up(h, last->index - 1, last);
    assert(h->slot[last->index - 1] == last);
}

struct heap_node *heap_pop(struct heap *h)
{
    struct heap_node *n = heap_first(h);
    if (n != NULL)
        heap_del(h, n);
    return n;
}

void heap_move(struct heap *h, struct heap_node *n, uint64_t key)
{
    assert(n->index != 0);
    heap_del(h, n);
    enum rc rc = heap_put(h, n, key);
    assert(rc == RC_OK); // its own place is free
    (void)rc;
}
