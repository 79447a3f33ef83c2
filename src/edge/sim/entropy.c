// SPDX-License-Identifier: MIT
// host/entropy from a world's seed.
#include "sim/entropy.h"

struct sim_entropy sim_entropy_of(const struct world *w, const char *who)
{
    struct sim_entropy e = {.rng = world_rng(w, who)};
    for (unsigned i = 0; i < 4; i++) // away from what world_rng(w, who) gives to others
        e.rng.s[i] = rng_mix(e.rng.s[i]);
    return e;
}

static void fill(void *self, uint8_t *out, size_t len)
{
    struct sim_entropy *e = self;
    uint64_t word = 0;
    for (size_t i = 0; i < len; i++) {
        if (i % 8 == 0)
            word = rng_u64(&e->rng);
        out[i] = (uint8_t)(word >> (i % 8 * 8));
    }
}

struct entropy sim_entropy_host(struct sim_entropy *e)
{
    return (struct entropy){.fill = fill, .self = e};
}
