// SPDX-License-Identifier: MIT
// Bounded first-in first-out queue of pointers.
#ifndef BASE_RING_H
#define BASE_RING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/rc.h"

struct ring { // fields are private to ring.c
    void **slot;
    size_t cap;
    size_t head;
    size_t count;
};

// cap 1.. items; memory from the arena. RC_NOMEM: its budget is spent, *r is untouched.
MUST_USE enum rc ring_init(struct ring *r, struct arena *arena, size_t cap);
MUST_USE enum rc ring_push(struct ring *r, void *item); // RC_FULL; item is not NULL
void *ring_pop(struct ring *r);                         // NULL: empty
void *ring_peek(const struct ring *r, size_t index);    // 0 = next to be popped; NULL: none

#endif
