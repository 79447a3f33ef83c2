// SPDX-License-Identifier: MIT
// A guard among peers of whom some flood it; for `shoal sim trust flood`.
#include "prog/sim/trust_flood.h"

#include <stdbool.h>

#include "base/arena.h"
#include "base/num.h"
#include "prog/sim/trust_world.h"
#include "trust/guard.h"

#define FLOOD_S      60u
#define FLOOD_HONEST 2u // queries a second
#define FLOOD_ATTACK 1000u
struct flooder {       // one who sends
    uint64_t quiet_us; // until then its queries are dropped
    uint64_t sent;
    uint64_t answered;
};

static bool attacks(uint32_t peer) // three of ten
{
    return peer % 10 < 3;
}

static double answered_part(const struct flooder *f)
{
    return f->sent > 0 ? (double)f->answered / (double)f->sent : 0;
}

static void flood_second(struct guard *g, struct flooder *f, const struct guard_key *key,
                         uint32_t count, uint64_t from_us)
{
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t now_us = from_us + (uint64_t)i * US_PER_S / count;
        f->sent++;
        if (now_us < f->quiet_us)
            continue;
        f->answered++;
        f->quiet_us = now_us + guard_charge(g, key, 1, 100, now_us);
    }
}

enum rc sim_trust_flood(struct sim_flood *out, uint32_t peers, uint64_t seed)
{
    const struct guard_cfg cfg = {.keys_max = SIM_TRUST_PEERS_MAX,
                                  .messages = guard_rate_of(20, 5)};
    struct arena *arena = arena_new(GUARD_ARENA_BYTES(SIM_TRUST_PEERS_MAX) + ((size_t)1 << 20));
    struct guard *g = NULL;
    struct flooder *f = arena != NULL ? arena_take_array(arena, peers, sizeof *f) : NULL;
    enum rc rc = f != NULL ? guard_new(&g, arena, &cfg, seed) : RC_NOMEM;
    struct flooder sum[2] = {{.sent = 0}};
    for (uint32_t s = 1; rc == RC_OK && s <= FLOOD_S; s++)
        for (uint32_t i = 0; rc == RC_OK && i < peers; i++) {
            const struct guard_key key = {.b = {(uint8_t)(i >> 8), (uint8_t)i}};
            const uint64_t from_us = (uint64_t)s * US_PER_S;
            if (s == 1)
                rc = guard_admit(g, &key, from_us);
            if (rc == RC_OK)
                flood_second(g, &f[i], &key, attacks(i) ? FLOOD_ATTACK : FLOOD_HONEST, from_us);
        }
    for (uint32_t i = 0; rc == RC_OK && i < peers; i++) {
        sum[attacks(i)].sent += f[i].sent;
        sum[attacks(i)].answered += f[i].answered;
    }
    if (rc == RC_OK)
        *out = (struct sim_flood){.honest = answered_part(&sum[0]),
                                  .attackers = answered_part(&sum[1])};
    arena_free(arena);
    return rc;
}
