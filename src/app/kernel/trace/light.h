// SPDX-License-Identifier: MIT
// Light that one lobe gets straight from emitters: choose one point of one, for one shadow ray.
//
// LIGHT_CANDIDATES points are drawn, emitters by power and points evenly over their area; one is
// kept with odds by what it would bring a Lambert surface if nothing stood between, and weighted
// so that the expectation stays the sum over all emitters (resampled importance sampling, Talbot
// 2005). The candidates of one draw are spread evenly, each alone being as random as ever.
#ifndef KERNEL_TRACE_LIGHT_H
#define KERNEL_TRACE_LIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/world/material.h"
#include "kernel/world/world.h"

#define LIGHT_CANDIDATES 4u // as many as a vector register has floats

struct light_sample {
    struct vec towards; // from the point asked about to the point on the light, metres
    struct vec light;   // what arrives if nothing is in between, haze not counted
};

struct light_dice {   // what one choice is made from
    uint64_t emitter; // even bits
    uint64_t point;   // even bits
    float keep;       // 0 .. 1, 1 excluded
};

// False: no light reaches `at` over this lobe.
bool light_choose(const struct world *w, const struct lobe *l, struct vec at,
                  const struct light_dice *dice, struct light_sample *out);

// Asks the caches for what light_choose will read for the same emitter_bits: the table first,
// and a little later the lights. Worth its time from LIGHT_MANY lights on.
#define LIGHT_MANY 256u
void light_fetch_slots(const struct world *w, uint64_t emitter_bits);
void light_fetch(const struct world *w, uint64_t emitter_bits);

#endif
