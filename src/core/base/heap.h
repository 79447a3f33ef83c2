// SPDX-License-Identifier: MIT
// Intrusive binary heap ordered by a 64-bit key, smallest first: timers, priorities.
//
// Equal keys leave in the order in which they were put, so that runs repeat. The node lives in
// what it orders; the heap's array of pointers comes from an arena and bounds it.
#ifndef BASE_HEAP_H
#define BASE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

struct heap_node { // private to heap.c but for key
    uint64_t key;  // read it; change it by heap_move only
    uint64_t turn; // order of arrival, for equal keys
    size_t index;  // 1 + place in the array, 0: in no heap
};

struct heap {
    struct heap_node **slot;
    size_t cap;
    size_t count;
    uint64_t turn;
};

MUST_USE enum rc heap_init(struct heap *h, struct arena *arena, size_t cap);  // RC_NOMEM
MUST_USE enum rc heap_put(struct heap *h, struct heap_node *n, uint64_t key); // RC_FULL
struct heap_node *heap_first(const struct heap *h);                           // NULL: empty
struct heap_node *heap_pop(struct heap *h);                                   // likewise
void heap_del(struct heap *h, struct heap_node *n);                // harmless if it is in none
void heap_move(struct heap *h, struct heap_node *n, uint64_t key); // n is in h; put anew

#endif
