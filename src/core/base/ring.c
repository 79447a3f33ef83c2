// SPDX-License-Identifier: MIT
// Bounded first-in first-out queue of pointers.
#include "base/ring.h"

#include <assert.h>

enum rc ring_init(struct ring *r, struct arena *arena, size_t cap)
{
    assert(cap > 0);
    void **slot = arena_take_array(arena, cap, sizeof *slot);
    if (slot == NULL)
        return RC_NOMEM;
    *r = (struct ring){.slot = slot, .cap = cap};
    return RC_OK;
}

enum rc ring_push(struct ring *r, void *item)
{
    assert(item != NULL);
    if (r->count == r->cap)
        return RC_FULL;
    r->slot[(r->head + r->count) % r->cap] = item;
    r->count++;
    return RC_OK;
}

void *ring_pop(struct ring *r)
{
    if (r->count == 0)
        return NULL;
    void *item = r->slot[r->head];
    r->head = (r->head + 1) % r->cap;
    r->count--;
    return item;
}

void *ring_peek(const struct ring *r, size_t index)
{
    return index < r->count ? r->slot[(r->head + index) % r->cap] : NULL;
}
