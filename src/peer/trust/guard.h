// SPDX-License-Identifier: MIT
// Guard: how much one stranger may ask of us, and for how long one who misbehaves is kept out.
//
//     if (guard_admit(g, &key, now_us) != RC_OK)                // somebody is at the door
//         hang_up();
//     wait_us = guard_charge(g, &key, messages, bytes, now_us); // it sent something
//     if (guard_fault(g, &key, 1, now_us))                      // it sent nonsense
//         hang_up();                                            // and comes in no more for now
//     guard_leave(g, &key, now_us);                             // it is gone, however
//
// For each key it knows the connections that are open, how fast new ones, messages and bytes may
// come (token buckets), faults, which are forgotten one by one, and the ban that follows on too
// many, longer each time. A key is what one stranger cannot have many of: an address prefix, or
// in a second guard a proven identity. All connections of a key share its limits.
//
//     unknown --admit--> open --leave of the last--> idle --room is needed--> forgotten
//                          |                          ^ |
//                          '--too many faults--> banned-'   (open again: RC_REFUSED until then)
//
// The table is bounded. When it is full, the idle key that was seen longest ago is forgotten;
// open ones never are. Bans stay to their end, except that they fill no more than half of the
// table: whoever commands many addresses must not lock out those who come after. Beyond, the ban
// that would end first is forgotten.
//
// No I/O, no clock: monotonic now_us comes in; one before the latest counts as the latest. Belongs
// to one loop.
#ifndef TRUST_GUARD_H
#define TRUST_GUARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"
#include "host/net.h"

#define GUARD_KEY_BYTES   16
#define GUARD_KEYS_MAX    65536u
#define GUARD_FAULTS_MAX  1000000u
#define GUARD_TIME_US_MAX UINT64_C(1000000000000) // 11 days: of fault_us, ban_us, ban_us_max

// An arena's budget that has room for all keys: 80 bytes for each in tables, at once, and 264 in
// an entry when it is first needed; the rest is what the arena's blocks lose at their ends.
#define GUARD_ARENA_BYTES(keys_max) (131072 + (size_t)(keys_max)*352)

struct guard;

struct guard_key {
    uint8_t b[GUARD_KEY_BYTES];
};

struct guard_rate {
    uint64_t per_s; // 0: no limit; at most BUCKET_RATE_BYTES_S_MAX
    uint64_t burst; // at once after a pause: 1 .. BUCKET_BURST_BYTES_MAX; ignored without limit
};

// So many a second, and after a pause as many at once as in burst_s seconds. per_s 0: no limit.
struct guard_rate guard_rate_of(uint64_t per_s, uint64_t burst_s);

struct guard_cfg {
    uint32_t keys_max;         // 1 .. GUARD_KEYS_MAX
    uint32_t open_max;         // connections of one key at the same time; 0: no limit
    struct guard_rate connect; // new connections
    struct guard_rate messages;
    struct guard_rate bytes;
    uint32_t faults_max; // forgiven; one more bans: 1 .. GUARD_FAULTS_MAX; 0: nobody is banned
    uint64_t fault_us;   // how long until one fault is forgotten; these three are 1 ..
    uint64_t ban_us;     // GUARD_TIME_US_MAX and ignored if faults_max is 0. The first ban;
    uint64_t ban_us_max; // each further one is twice as long, up to this, at least ban_us. Good
                         // conduct for this long after a ban makes up for one
};

// *out lives in arena and dies with it; there is no free. The arena is kept, for entries; when it
// has no more, the table is as good as full. seed: of the table's hash: secret, or keys could be
// made to collide. RC_CONFIG: a field is out of range; RC_NOMEM: the arena's budget is spent. On
// failure *out is NULL.
MUST_USE enum rc guard_new(struct guard **out, struct arena *arena, const struct guard_cfg *cfg,
                           uint64_t seed);

// The key of an address, whatever its port: the whole of an IPv4 address, or the first 64 bits of
// an IPv6 one, which is the least that a household gets (RFC 6177).
struct guard_key guard_key_of(const struct net_addr *a);

// A new connection. RC_OK: it counts as open, and one guard_leave is owed. RC_REFUSED: banned.
// RC_FULL: too many are open from there, or the table is full of such as cannot leave. RC_AGAIN:
// too many new ones lately.
MUST_USE enum rc guard_admit(struct guard *g, const struct guard_key *key, uint64_t now_us);
// One that was admitted is gone.
void guard_leave(struct guard *g, const struct guard_key *key, uint64_t now_us);

// What arrived on an admitted connection, after the fact: it counts in full, however much it was.
// Microseconds for which nothing more should be read from that connection; 0: go on.
uint64_t guard_charge(struct guard *g, const struct guard_key *key, uint64_t messages,
                      uint64_t bytes, uint64_t now_us);

// What a key makes us do, in time, is paid off at its share of our time; the share is for the
// caller to set, for all keys alike: 1 .. GUARD_SHARE_WHOLE, as it is at first. A key whose debt
// would take more than GUARD_CREDIT_US to pay off has to wait.
#define GUARD_SHARE_WHOLE 1000000u
#define GUARD_CREDIT_US   UINT64_C(10000)
#define GUARD_DEBT_US_MAX UINT64_C(10000000) // more is let off
void guard_share(struct guard *g, uint32_t share_ppm);
// For work on an admitted connection, after the fact. Microseconds for which nothing more should
// be read from it; 0: go on.
uint64_t guard_spend(struct guard *g, const struct guard_key *key, uint64_t work_us,
                     uint64_t now_us);

// A fault that counts as `weight` faults (0: none), by a connection that is open or just left.
// True: the key is banned, since now or before; whoever has open connections from there should
// drop them. Faults during a ban change nothing. A key that is not known and finds no room is
// let off.
bool guard_fault(struct guard *g, const struct guard_key *key, uint32_t weight, uint64_t now_us);
// How long the key stays banned from now_us on; 0: it is not.
uint64_t guard_banned_us(const struct guard *g, const struct guard_key *key, uint64_t now_us);

struct guard_stat {
    uint32_t keys;           // known now
    uint32_t banned;         // of these, without open connections
    uint64_t open;           // connections now
    uint64_t admitted;       // since the start, as all below
    uint64_t refused_banned; // RC_REFUSED
    uint64_t refused_open;   // RC_FULL: too many open
    uint64_t refused_often;  // RC_AGAIN
    uint64_t refused_table;  // RC_FULL: no room in the table
    uint64_t paused;         // charges that were answered with a pause
    uint64_t slowed;         // so was work
    uint64_t faults;         // by weight
    uint64_t bans;
    uint64_t forgotten; // keys that left for others
};

struct guard_stat guard_stat(struct guard *g, uint64_t now_us);
void guard_check(const struct guard *g); // asserts all invariants; walks the table

#endif
