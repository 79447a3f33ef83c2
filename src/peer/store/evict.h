// SPDX-License-Identifier: MIT
// Evict: which of several objects a full store lets go first. A pure rule, without the store.
//
// What lay unused longest goes first, weighed by two more things: what many others have is easily
// had again and goes up to four times sooner; what nobody else has stays up to eight times longer;
// and a large object goes up to twice as soon as a small one, since one loss then makes the room
// of many (Cao and Irani, "Cost-aware WWW proxy caching algorithms", USITS 1997, weigh cost over
// size in full; here the pull is mild, or a large object would hardly ever stay).
#ifndef STORE_EVICT_H
#define STORE_EVICT_H

#include <stdbool.h>
#include <stdint.h>

#define EVICT_COPIES_UNKNOWN 0u
#define EVICT_COPIES_MAX     255u

struct evict_entry {
    uint64_t idle; // uses of other objects since its last one
    uint64_t size_bytes;
    uint32_t copies; // how many nodes have it, ourselves among them; EVICT_COPIES_UNKNOWN
    bool is_pinned;  // never goes
};

// The greater, the sooner; 0: never. At least 1 for what is not pinned.
uint64_t evict_score(const struct evict_entry *e);

#endif
