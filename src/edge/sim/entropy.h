// SPDX-License-Identifier: MIT
// host/entropy from a world's seed: the same bytes in every run, and secret from nobody.
#ifndef SIM_ENTROPY_H
#define SIM_ENTROPY_H

#include "base/rng.h"
#include "host/entropy.h"
#include "sim/world.h"

struct sim_entropy { // a value type; outlives what sim_entropy_host gives
    struct rng rng;
};

// who: one machine of the world; two of them draw different bytes.
struct sim_entropy sim_entropy_of(const struct world *w, const char *who);
struct entropy sim_entropy_host(struct sim_entropy *e);

#endif
