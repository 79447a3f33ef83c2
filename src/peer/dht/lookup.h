// SPDX-License-Identifier: MIT
// Lookup: a walk through the network toward a target, along one or more disjoint paths.
//
//     lookup_init(l, &cfg);
//     lookup_add(l, &node, NULL);                  // where to begin
//     while ((c = lookup_pick(l)) != NULL)         // whom to ask now
//         ask(c);
//     if (lookup_answered(l, &id, token) != NULL)  // who answered; then what it told:
//         lookup_add(l, &node, &id);
//     lookup_late(l, &id); lookup_failed(l, &id);  // who did not, yet or for good
//     if (lookup_is_done(l)) ...                   // candidates in order: lookup_at
//
// Candidates are kept in order of distance; when there are too many, the farthest goes. The first
// ones are dealt to the paths in turn, and whom a path learns of is its own, unless another knew
// it first (S/Kademlia): a liar misleads one path. A path is done when its `nearest` nearest
// candidates have answered; the lookup, when all paths are and, if there is a region, everybody in
// it was asked. Who is late does not hold the lookup up, and still counts when it answers.
//
// Who is farther away than `near` only knows the way. One answer from there is worth as much as
// many, so few are asked at a time, and of those known from the start the fastest first.
//
// Candidates whose ids do not fit their addresses (BEP 42) are asked only where there is nobody
// else, and are no goal. One address is a candidate once, one /24 (IPv6: /48) twice; private ones
// are exempt. No I/O, no time. Belongs to one loop.
#ifndef DHT_LOOKUP_H
#define DHT_LOOKUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "dht/key.h"
#include "dht/krpc.h"

#define LOOKUP_PLACES_MAX      64u
#define LOOKUP_PATHS_MAX       4u
#define LOOKUP_TOKEN_BYTES_MAX 20u // longer tokens are not kept; nobody was seen to send any

enum candidate_state {
    CANDIDATE_NEW,
    CANDIDATE_ASKED,
    CANDIDATE_LATE, // asked, and no answer in the time it usually takes
    CANDIDATE_ANSWERED,
    CANDIDATE_FAILED,
};

struct candidate { // read it; only lookup.c writes, but for the last three
    struct dht_id id;
    struct net_addr addr;
    uint8_t state; // enum candidate_state
    uint8_t path;
    uint8_t hop; // 1: known from the start
    uint8_t rtt; // its round trip as far as known, see lookup_seed
    bool is_fit;
    bool is_told;   // for the caller: asked to store, or asked again
    bool is_stored; // for the caller
    uint8_t token_len;
    uint8_t token[LOOKUP_TOKEN_BYTES_MAX];
};

struct lookup_cfg {
    struct dht_id target;
    unsigned paths;     // 1 .. LOOKUP_PATHS_MAX
    unsigned alpha;     // asked at a time, by all paths together
    unsigned nearest;   // each path's goal
    uint64_t near;      // as near as this, in the first 64 bits of distance, one may be a goal; 0:
                        // wherever it is
    unsigned alpha_far; // asked at a time of those who are farther; 1 ..
    uint64_t region;    // everybody as near as this, in the first 64 bits of distance; 0: nobody
};

struct lookup {
    struct lookup_cfg cfg;
    struct candidate *place;          // the caller's memory
    uint8_t places;                   // that there are
    uint8_t order[LOOKUP_PLACES_MAX]; // places by distance
    uint8_t count;
    uint8_t dealt; // to paths
};

// place, places: memory for candidates, borrowed for life; at most LOOKUP_PLACES_MAX.
void lookup_init(struct lookup *l, struct candidate *place, size_t places,
                 const struct lookup_cfg *cfg);
// from: who told of it, NULL: nobody. False: known already, too far, or too many of its owner.
bool lookup_add(struct lookup *l, const struct krpc_node *node, const struct dht_id *from);
// The same for who is known from the start; rtt_ms: its usual round trip, 0: unknown.
bool lookup_seed(struct lookup *l, const struct krpc_node *node, uint32_t rtt_ms);
// Counts as asked from now on. NULL: nobody is to be asked now.
struct candidate *lookup_pick(struct lookup *l);
void lookup_unpick(struct candidate *c); // it was not asked after all
// Somebody who was asked before it was a candidate becomes one, if there is a place.
void lookup_met(struct lookup *l, const struct krpc_node *node);
// NULL: it is no candidate any more, or was not asked.
struct candidate *lookup_answered(struct lookup *l, const struct dht_id *id, struct bytes token);
void lookup_late(struct lookup *l, const struct dht_id *id);
void lookup_failed(struct lookup *l, const struct dht_id *id);
bool lookup_is_done(const struct lookup *l);
// The goal gets nearer: somebody found what there is to find.
void lookup_narrow(struct lookup *l, unsigned nearest);

// The i-th nearest candidate; NULL: there are fewer.
struct candidate *lookup_at(struct lookup *l, unsigned i);
// Distance from the target in its first 64 bits.
uint64_t lookup_distance(const struct lookup *l, const struct dht_id *id);
// How far the count-th nearest that answered is, UINT64_MAX: fewer did.
uint64_t lookup_reach(const struct lookup *l, unsigned count);
// Regions (/16, IPv6: /32; private: addresses) of those that answered: 0, 1, or 2 for more.
unsigned lookup_witnesses(const struct lookup *l);
void lookup_check(const struct lookup *l);

#endif
