// SPDX-License-Identifier: MIT
// Turns: whose packet is next on a line that many peers share.
//
//     rc = turns_put(t, &(struct turn){.handle = p, .bytes = n, .peer = i, .class = c}, now_us);
//     while (turns_dropped(t, &packet))            // pushed out by better ones: free them
//     while (turns_next(t, now_us, &packet))       // send these now, in this order
//     timer_set(&timer, turns_due_us(t));          // and come back then
//
// Between classes: the first that waits goes (control, urgent, prefetch, background). A class
// that others pass by earns its share of what they send, and overtakes when that is worth its next
// packet; but between two packets of better classes no more than packet_bytes_max of worse ones
// leave. So a packet that finds none of its own or a better class before it waits for
// packet_bytes_max of worse ones at most, what is on the wire included; and every class gets its
// share of the line under any load.
//
// Between peers of a class: start-time fair queueing (Goyal, Vin, Cheng 1996): each peer's next
// packet has the tag at which its last one would have ended on a line of its own, of a rate that
// goes by its weight, and the smallest tag goes. Of two peers that both always have something
// waiting, none is ahead by more than one packet. Chosen over deficit round robin, which needs no
// heap, because that is within three packets only and lets a peer of weight w send w in a row.
// Packets of one peer and class leave in the order in which they were put.
//
// Rates: token buckets for all, for each class and for each peer. A packet leaves when all three
// have its bytes; a peer or class without does not hold up the others. While packets wait for the
// bucket of all, what they are due is not lost if we are asked late, by TURNS_LATE_US at most: a
// busy machine wakes its timers milliseconds late, and a deeper bucket would send bursts after
// every silence instead. So in t seconds at most burst + rate * (t + TURNS_LATE_US) leave, and
// since the start at most burst + rate * t.
//
// A machine: no clock, no I/O, no memory but the arena's; nothing is allocated for a packet. Times
// that go backwards count as none passed. Handles are the caller's and come back exactly once, by
// turns_next or turns_dropped.
#ifndef LINK_TURNS_H
#define LINK_TURNS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "base/stat.h"
#include "link/bucket.h"

enum turn_class {
    TURN_CONTROL,    // few bytes that others wait for: acknowledgements, lookups
    TURN_URGENT,     // somebody waits for it on the screen
    TURN_PREFETCH,   // somebody probably will
    TURN_BACKGROUND, // replication, upkeep: any time
};

#define TURN_CLASSES           4u
#define TURNS_PEERS_MAX        (1u << 20)
#define TURNS_PACKETS_MAX      (1u << 24)
#define TURNS_PACKET_BYTES_MAX 65536u
#define TURNS_WEIGHT_MAX       256u
#define TURNS_LATE_US          50000u
#define TURNS_SHARES_MAX       333u // of all classes together; see turns.c

struct turn {
    void *handle; // the caller's, not looked at
    uint32_t bytes;
    uint32_t peer;
    enum turn_class class;
    uint64_t wait_us; // out: since it was put
};

// A bucket_cfg with rate_bytes_s 0 stands for no limit; others hold packet_bytes_max at least.
struct turns_cfg {
    uint32_t peers_max;        // 1 .. TURNS_PEERS_MAX
    uint32_t packets_max;      // 1 .. TURNS_PACKETS_MAX: waiting at one time
    uint32_t packet_bytes_max; // 1 .. TURNS_PACKET_BYTES_MAX
    uint32_t peer_packets_max; // 1 .. : waiting for one peer, all classes
    uint64_t peer_bytes_max;   // packet_bytes_max .. UINT32_MAX: likewise
    struct bucket_cfg total;
    struct bucket_cfg cap[TURN_CLASSES];
    struct bucket_cfg peer; // of each
    // The least a class gets while others have it wait, in thousandths of the line. Control needs
    // none. All together at most TURNS_SHARES_MAX.
    uint32_t share_permille[TURN_CLASSES];
};

struct turns_class_stat {
    uint64_t sent_bytes;
    uint64_t sent_packets;
    uint64_t dropped_packets; // by turns_dropped
    uint64_t refused_packets; // by turns_put
    uint64_t queued_bytes;
    uint64_t queued_packets;
    struct quantiles wait_us; // of those that were sent
};

struct turns_stat {
    uint32_t peers;
    uint32_t queued_packets;
    struct turns_class_stat class[TURN_CLASSES];
};

struct turns;

// Room that turns_new needs: a ceiling.
#define TURNS_ARENA_BYTES(peers, packets) ((size_t)(peers)*512 + (size_t)(packets)*32 + 131072)

// Classes and peers begin allowed and full. RC_CONFIG: a field is out of range. RC_NOMEM: the
// arena's budget is spent. *out lives and dies with the arena.
MUST_USE enum rc turns_new(struct turns **out, struct arena *arena, const struct turns_cfg *cfg,
                           uint64_t now_us);

// A peer with a weight of 1 .. TURNS_WEIGHT_MAX against the others of a class (by reputation,
// say). RC_FULL: peers_max are here; *peer is untouched.
MUST_USE enum rc turns_join(struct turns *t, uint32_t weight, uint32_t *peer, uint64_t now_us);
void turns_weigh(struct turns *t, uint32_t peer, uint32_t weight); // from its next packet on
// What waits for it is dropped. Its number may be given to another at once.
void turns_leave(struct turns *t, uint32_t peer);

// packet is copied but for wait_us. If a bound is reached, packets of worse classes are dropped
// for it, oldest first: the peer's own at the peer's bound, long queues' at packets_max, there also
// of its own class from a peer with more waiting. RC_FULL: nothing of that helps, or turns_dropped
// was not emptied. RC_REFUSED: more than packet_bytes_max, none at all, or a class not allowed.
MUST_USE enum rc turns_put(struct turns *t, const struct turn *packet, uint64_t now_us);
// False: none may leave now; turns_due_us says when to ask again.
bool turns_next(struct turns *t, uint64_t now_us, struct turn *packet);
bool turns_dropped(struct turns *t, struct turn *packet); // false: no more
// 0 after anything that may have changed it, until turns_next has said no. UINT64_MAX: nothing
// waits.
uint64_t turns_due_us(const struct turns *t);

// From now on. rate_bytes_s 0: no limit. RC_CONFIG as in turns_new; nothing has changed.
MUST_USE enum rc turns_limit(struct turns *t, const struct bucket_cfg *total, uint64_t now_us);
MUST_USE enum rc turns_cap(struct turns *t, enum turn_class class, const struct bucket_cfg *cap,
                           uint64_t now_us);
// Bytes on the line that nobody asked about: owed by the total.
void turns_charge(struct turns *t, uint64_t bytes, uint64_t now_us);
// A class that is not allowed is refused, and what waits in it dropped.
void turns_allow(struct turns *t, enum turn_class class, bool is_allowed);

const struct turns_stat *turns_stat(const struct turns *t);
uint32_t turns_queued(const struct turns *t, uint32_t peer, enum turn_class class); // packets
void turns_check(const struct turns *t); // asserts what must always hold; walks everything

#endif
