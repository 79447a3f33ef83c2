// SPDX-License-Identifier: MIT
// Bandwidth: what a node may send and ask for, to and from whom, when; the face of this folder.
//
//     rc = bandwidth_put(b, WAY_UP, &packet, now_us);            // see link/turns
//     while (bandwidth_dropped(b, WAY_UP, &packet))              // after any call
//     while (bandwidth_next(b, WAY_UP, now_us, &packet, &stamp)) // send it, keep the stamp
//     bandwidth_acked(b, WAY_UP, peer, &stamp, bytes, now_us);   // once for each: this,
//     bandwidth_lost(b, WAY_UP, peer, bytes, now_us);            // or this
//     timer_set(&timer, bandwidth_due_us(b, WAY_UP, now_us));
//
// Two lines of turns. Up carries packets. Down carries requests, each as large as the answer that
// it asks for, because what comes cannot be held back, only not asked for; acked is then what came.
//
// Rates: what is set is the most. Below it, and without it, each line keeps the queue short that it
// makes: all together a pace (link/pace) with a target of 60 ms, prefetch one of 40 ms, background
// one of 20 ms, so that these give way first, and to others in the house too. The queue is the
// least that any peer's packets found lately: one peer's bad line is not ours.
//
// Condition: measured from acknowledgements, under what the operator said. Its grade sets
// connections, parallel transfers, sizes of chunks and what background and prefetch may have. On a
// metered network both have nothing.
//
// A machine: no clock, no I/O, no memory but the arena's.
#ifndef LINK_BANDWIDTH_H
#define LINK_BANDWIDTH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "link/allowance.h"
#include "link/condition.h"
#include "link/path.h"
#include "link/turns.h"

enum way { WAY_UP, WAY_DOWN };
#define WAYS 2u

enum metered { METERED_AUTO, METERED_ON, METERED_OFF };

#define BANDWIDTH_IDLE_DAY_BYTES    5000000u // while nobody uses the node
#define BANDWIDTH_METERED_DAY_BYTES 1000000u // likewise, on a metered network
#define BANDWIDTH_IDLE_US           60000000u
#define BANDWIDTH_IMAGE_BYTES       (3 * ALLOWANCE_IMAGE_BYTES)

// What the options of a program say: up, down (bytes a second), metered, network (see
// condition_parse), day-cap (bytes). 0 in a limit: none.
struct bandwidth_cfg {
    uint64_t rate_bytes_s[WAYS]; // the most; 0 or 1000 .. 2^40
    enum metered metered;        // auto: as network or bandwidth_say say
    struct condition network;    // what is not unknown here is not measured
    uint64_t cap_day_bytes;      // of all, both ways; a lease of it holds the largest packet
    uint32_t peers_max;
    uint32_t packets_max;            // waiting, each way
    uint32_t packet_bytes_max[WAYS]; // of a packet; of an answer asked for at once
};

struct bandwidth_stamp { // private to bandwidth.c; goes with a packet or request
    struct path_stamp peer;
    struct path_stamp line;
};

struct bandwidth_view {
    struct condition condition;
    enum quality quality;
    struct plan plan;
    bool is_metered;
    bool is_idle;
    uint64_t queue_us;
    uint64_t rate_bytes_s[WAYS]; // allowed now
    uint64_t prefetch_bytes_s[WAYS];
    uint64_t background_bytes_s[WAYS]; // as the delay allows
};

struct bandwidth;

#define BANDWIDTH_ARENA_BYTES(peers, packets)                                                      \
    (2 * TURNS_ARENA_BYTES(peers, packets) + (size_t)(peers)*512 + 16384)

// image: of the last bandwidth_save, empty if there was none; a broken one begins with nothing to
// spend. RC_CONFIG: a field is out of range; RC_NOMEM: the arena's budget is spent; *out is NULL.
MUST_USE enum rc bandwidth_new(struct bandwidth **out, struct arena *arena,
                               const struct bandwidth_cfg *cfg, struct bytes image, uint64_t wall_s,
                               uint64_t now_us);

// As turns_join, _weigh, _leave, for both ways.
MUST_USE enum rc bandwidth_join(struct bandwidth *b, uint32_t weight, uint32_t *peer,
                                uint64_t now_us);
void bandwidth_weigh(struct bandwidth *b, uint32_t peer, uint32_t weight);
void bandwidth_leave(struct bandwidth *b, uint32_t peer);

// As turns_put, _dropped. RC_REFUSED also: background or prefetch while they have nothing.
MUST_USE enum rc bandwidth_put(struct bandwidth *b, enum way way, const struct turn *packet,
                               uint64_t now_us);
bool bandwidth_dropped(struct bandwidth *b, enum way way, struct turn *packet);
// False: not now; also while the day's cap is spent, or waits to be saved.
bool bandwidth_next(struct bandwidth *b, enum way way, uint64_t now_us, struct turn *packet,
                    struct bandwidth_stamp *stamp);
uint64_t bandwidth_due_us(struct bandwidth *b, enum way way, uint64_t now_us);

void bandwidth_acked(struct bandwidth *b, enum way way, uint32_t peer,
                     const struct bandwidth_stamp *stamp, uint64_t bytes, uint64_t now_us);
void bandwidth_lost(struct bandwidth *b, enum way way, uint32_t peer, uint64_t bytes,
                    uint64_t now_us);
// Bytes that came although nobody asked: the line owes them.
void bandwidth_came(struct bandwidth *b, uint64_t bytes, uint64_t now_us);

// May the node spend these bytes on upkeep, or on answering strangers? While somebody uses it (an
// urgent or prefetched packet within BANDWIDTH_IDLE_US), always; else out of the idle day's bytes.
// RC_AGAIN: not today, or after a save. RC_REFUSED: more than a lease of those (link/allowance).
MUST_USE enum rc bandwidth_upkeep(struct bandwidth *b, uint64_t bytes, uint64_t now_us);
bool bandwidth_wants_save(struct bandwidth *b, uint64_t now_us);
void bandwidth_save(struct bandwidth *b, uint8_t image[static BANDWIDTH_IMAGE_BYTES],
                    uint64_t wall_s, uint64_t now_us);

// What the system knows of the network: signal, metered. Replaces what was said before.
void bandwidth_say(struct bandwidth *b, const struct condition *said, uint64_t now_us);
struct bandwidth_view bandwidth_view(struct bandwidth *b, uint64_t now_us);
struct path_view bandwidth_path(struct bandwidth *b, uint32_t peer, uint64_t now_us);
const struct turns_stat *bandwidth_stat(const struct bandwidth *b, enum way way);

#endif
