// SPDX-License-Identifier: MIT
// How far apart simulated hosts are: points on a plane plus a height, in milliseconds.
//
// Of sim/net, which tells the model's source.
#ifndef SIM_NET_SPACE_H
#define SIM_NET_SPACE_H

#include <stdint.h>

#include "base/rng.h"

struct net_point {
    float x, y;
    float height;
};

struct net_space { // a value type
    float scale;
};

// Scaled so that the median round trip between two drawn points is rtt_ms (within a few percent).
struct net_space net_space_of(double rtt_ms, struct rng *rng);
struct net_point net_space_draw(const struct net_space *s, struct rng *rng);
float net_space_rtt_ms(const struct net_point *a, const struct net_point *b);

#endif
