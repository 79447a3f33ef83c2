// SPDX-License-Identifier: MIT
// Limit: how many queries one source may have answered, without a list of sources.
//
// A source is an IPv4 address or an IPv6 /64. It is hashed, by a secret seed, to one counter in
// each of two rows; each counter drains at the permitted rate, and a source is over its limit
// when both of its counters are. So nothing fills up and nobody is banned: who asks less is heard
// again a moment later. Sources may share a counter with a flooder, hardly ever both.
//
// Times are milliseconds that may wrap. Belongs to one loop.
#ifndef DHT_LIMIT_H
#define DHT_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "host/net.h"

#define LIMIT_BURST_S     5u     // a source that was quiet may use this many seconds' worth at once
#define LIMIT_SOURCES_MAX 65536u // counters in a row

struct limit_counter {
    uint32_t level; // thousandths of queries
    uint32_t seen_ms;
};

struct limit { // fields are private to limit.c
    struct limit_counter *row[2];
    uint32_t mask;
    uint32_t per_s;
    uint64_t seed;
};

// sources: a power of 2 up to LIMIT_SOURCES_MAX, counters in each row; per_s: 1 .. 100000. The
// rows live in arena. RC_CONFIG, RC_NOMEM.
MUST_USE enum rc limit_init(struct limit *l, struct arena *arena, uint32_t sources, uint32_t per_s,
                            uint64_t seed);
// Counts one query; false: the source is over its limit, and this one did not count.
bool limit_take(struct limit *l, const struct net_addr *from, uint32_t now_ms);

#endif
