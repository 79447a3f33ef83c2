// SPDX-License-Identifier: MIT
// What a played network comes to: lookups, messages, memory, time.
#ifndef PROG_SIM_NET_FIGURES_H
#define PROG_SIM_NET_FIGURES_H

#include <stdint.h>

#include "base/stat.h"
#include "sim/net.h"
#include "sim/net_scenario.h"

#define FIGURES_SLICES 240u // of the measured time, for drawings

struct net_count {
    uint64_t asked; // and ended
    uint64_t found; // something was told
    uint64_t right; // something true was told; of absent things: nothing was
};

struct net_figures {
    struct net_count all;                    // of what was published
    struct net_count kind[NET_OBJECT_COUNT]; // the same by kind
    struct net_count absent;                 // of what was not
    struct net_count siege;                  // of the object under siege, also in `all`
    struct net_count slice[FIGURES_SLICES];  // all, by time
    uint64_t unended;                        // who asked went away
    uint64_t refused;                        // too much was under way at the node
    uint64_t poisoned;         // lookups in which something wrong was told (peers are not signed)
    uint64_t forged;           // signed or hashed things that nobody honest made: must be 0
    struct quantiles first_us; // until the first true result
    struct quantiles done_us;  // until the lookup's end
    struct quantiles hops;
    struct quantiles queries;
    uint64_t answers; // to these queries
    uint64_t published, publish_failed;
    double node_minutes;       // honest and up, while measured
    struct sim_net_stat net;   // while measured
    struct quantiles up_bytes; // sent per honest node and minute, while measured
    uint32_t node_bytes;       // of a node's machine, the most
    uint64_t loud;             // answers without a token, more than three times the query
    uint64_t checks;           // of invariants, walks through a node's state
    uint64_t events, hash;     // of the whole run
    double run_s;              // processor time
    double simulated_s;
    uint32_t up_at_end;
};

#endif
