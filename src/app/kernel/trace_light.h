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

#include "kernel/trace_material.h"
#include "kernel/trace_world.h"

#define LIGHT_CANDIDATES 4u // as many as a vector register has floats

struct light_sample {
    struct vec towards; // from the point asked about to the point on the light, metres
    struct vec light;   // what arrives if nothing is in between, haze not counted
};

// From 64 even bits for emitters, 64 for points on them, and 0 <= u < 1 for the choice.
// False: no light reaches `at` over this lobe.
bool light_choose(const struct world *w, const struct lobe *l, struct vec at, uint64_t emitter_bits,
                  uint64_t point_bits, float u, struct light_sample *out);

#endif
