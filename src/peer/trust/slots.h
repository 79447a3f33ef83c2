// SPDX-License-Identifier: MIT
// Slots: to whom we upload for the next while.
//
// Tit for tat over what they lately gave us themselves fills four of five slots; the rest goes by
// lot, every other time among newcomers only, which is a tenth of all slots (BitTorrent, BEP 3:
// choking and the optimistic unchoke). What they gave to others counts nothing here: that can be
// claimed, this we saw. Who gave us nothing never has a slot of the first kind, so a slot that no
// giver wants goes by lot. Who is isolated has no slot, but may have what is free anyway:
// SLOTS_FREE_BYTES a day, and only where a slot would stay empty.
//
// Pure functions; call again every SLOTS_TURN_S, so that who reads slowly blocks nobody for long.
#ifndef TRUST_SLOTS_H
#define TRUST_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"

#define SLOTS_TURN_S     10u
#define SLOTS_FREE_BYTES UINT64_C(16777216)
#define SLOTS_MAX        256u
#define SLOTS_LUCKY_PART 5u // one slot of so many goes by lot

struct slots_want {        // one who wants a slot
    double gave;           // to us, lately: any unit, the same for all
    uint64_t served_bytes; // by us, today
    bool is_isolated;
    bool is_new;
    bool has_slot; // out
};

// Gives out `slots` of them (at most SLOTS_MAX count). Answers how many were given. The same
// numbers and the same *rng, the same choice.
size_t slots_choose(struct slots_want *want, size_t count, size_t slots, struct rng *rng);

#endif
