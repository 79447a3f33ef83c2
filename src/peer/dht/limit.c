// SPDX-License-Identifier: MIT
// Limit: two rows of draining counters, found by hashing the source.
#include "dht/limit.h"

#include <assert.h>
#include <string.h>

#include "base/rng.h"

#define ONE 1000u // a query in a counter

enum rc limit_init(struct limit *l, struct arena *arena, uint32_t sources, uint32_t per_s,
                   uint64_t seed)
{
    if (sources == 0 || sources > LIMIT_SOURCES_MAX || (sources & (sources - 1)) != 0 ||
        per_s == 0 || per_s > 100000)
        return RC_CONFIG;
    *l = (struct limit){.mask = sources - 1, .per_s = per_s, .seed = seed};
    for (unsigned i = 0; i < 2; i++) {
        l->row[i] = arena_take_array(arena, sources, sizeof *l->row[i]);
        if (l->row[i] == NULL)
            return RC_NOMEM;
    }
    return RC_OK;
}

static uint64_t source_hash(const struct limit *l, const struct net_addr *from)
{
    uint64_t high;
    uint64_t low;
    memcpy(&high, from->ip, sizeof high);
    memcpy(&low, from->ip + sizeof high, sizeof low);
    // Of IPv6 the first half: the least that a household gets (RFC 6177).
    return rng_mix((net_addr_is_ip4(from) ? low : high) ^ l->seed);
}

static void drain(struct limit_counter *c, uint32_t per_s, uint32_t now_ms)
{
    const uint32_t passed_ms = now_ms - c->seen_ms;
    const uint64_t drained = (uint64_t)passed_ms * per_s; // per_s / 1000 a ms, in thousandths
    c->level = drained < c->level ? c->level - (uint32_t)drained : 0;
    c->seen_ms = now_ms;
}

bool limit_take(struct limit *l, const struct net_addr *from, uint32_t now_ms)
{
    assert(l->per_s > 0);
    const uint64_t hash = source_hash(l, from);
    struct limit_counter *a = &l->row[0][hash & l->mask];
    struct limit_counter *b = &l->row[1][hash >> 32 & l->mask];
    const uint32_t full = l->per_s * LIMIT_BURST_S * ONE;
    assert(full / ONE / LIMIT_BURST_S == l->per_s);
    drain(a, l->per_s, now_ms);
    drain(b, l->per_s, now_ms);
    if (a->level + ONE > full && b->level + ONE > full)
        return false;
    a->level += a->level + ONE > full ? 0 : ONE;
    b->level += b->level + ONE > full ? 0 : ONE;
    return true;
}
