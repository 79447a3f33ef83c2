// SPDX-License-Identifier: MIT
// Order: numbered things become ready in any order, and leave in order, each number once.
//
//     order_put(o, seq, now_us);          // it is ready: the caller keeps it until it leaves
//     while (order_next(o, now_us, &out)) // READY: hand it on; GAP: say that it is missing
//     order_due_us(o)                     // when a gap may have to be given up
//
// A number that is missing blocks all above it, until late_us after the first of those that it
// blocks became ready; then it leaves as a gap. So, if order_next is called when due, nothing that
// is ready waits longer than late_us behind what is missing. What comes after its number has left
// is late, and dropped.
//
// Known are window_max numbers from the next one on.
#ifndef WORK_ORDER_H
#define WORK_ORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

#define ORDER_WINDOW_MAX 65536u
#define ORDER_FIRST_MAX  (UINT64_MAX / 2) // the numbers after it last for ever

struct order_cfg {
    uint64_t first;      // the first number, 0..ORDER_FIRST_MAX
    uint32_t window_max; // 1..ORDER_WINDOW_MAX
    uint64_t late_us;    // 0: a missing one is waited for, for ever
};

enum order_state { // of one number
    ORDER_MISSING,
    ORDER_BLOCKED, // ready, and not yet its turn
    ORDER_LEFT,
    ORDER_SKIPPED, // left as a gap
    ORDER_OLD,     // left, window_max numbers ago or more: how is forgotten
    ORDER_AHEAD,   // beyond the window
};

enum order_kind { ORDER_READY, ORDER_GAP };

struct order_out {
    uint64_t seq;
    enum order_kind kind;
    uint64_t wait_us; // READY: from put to now
};

struct order;

// Memory is taken once: 64 bytes for each number of the window. RC_CONFIG: a field is out of
// range. RC_NOMEM: the budget is spent. *out is NULL on failure. The budget must outlive it.
MUST_USE enum rc order_new(struct order **out, struct budget *budget, const struct order_cfg *cfg);
void order_free(struct order *o); // NULL is fine

// RC_FULL: it is beyond the window, and not taken. RC_REFUSED: it is late (order_state_of says
// SKIPPED or OLD) or came twice (BLOCKED or LEFT): drop it. A time before the last one
// seen, here and below, counts as that one.
MUST_USE enum rc order_put(struct order *o, uint64_t seq, uint64_t now_us);

// The next number, if it may leave; false: nothing may for now.
bool order_next(struct order *o, uint64_t now_us, struct order_out *out);
// When order_next may have something without anything else happening: 0: now; UINT64_MAX: never.
uint64_t order_due_us(const struct order *o);

enum order_state order_state_of(const struct order *o, uint64_t seq);

#endif
