// SPDX-License-Identifier: MIT
// Timer wheel: what comes next, of up to a million, in constant time.
//
// Eight wheels of 256 slots, one for each byte of the 64-bit time (hierarchical timing wheels:
// Varghese, Lauck, SOSP 1987). A node stands on the wheel of the highest byte in which its time
// differs from the wheel's own, in the slot of that byte, and moves down as time comes near: at
// most as often as there are bytes. Times only move on. Nodes of one time leave in the order in
// which they were put: they share a slot at any moment, and lists keep their order.
//
// Intrusive: the node lives in what it orders; nothing is allocated.
#ifndef SIM_WHEEL_H
#define SIM_WHEEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"

#define WHEEL_LEVELS 8u
#define WHEEL_SLOTS  256u

struct wheel_node { // private to wheel.c but for key
    struct list list;
    uint64_t key;
};

struct wheel {     // 33 KB; private
    uint64_t base; // no node is before it
    uint64_t next; // the first node's key, while has_next
    bool has_next;
    uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64]; // slots with nodes, a bit each
    struct list slot[WHEEL_LEVELS][WHEEL_SLOTS];
};

void wheel_init(struct wheel *w);
// key: not before that of the last one popped. n is on no wheel.
void wheel_put(struct wheel *w, struct wheel_node *n, uint64_t key);
void wheel_del(struct wheel *w, struct wheel_node *n); // n is on it
// When the first one is; UINT64_MAX: there is none, or it is then.
uint64_t wheel_next(struct wheel *w);
struct wheel_node *wheel_pop(struct wheel *w); // NULL: there is none

#endif
