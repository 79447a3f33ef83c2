// SPDX-License-Identifier: MIT
// What a person, or a script, in front of a node of the DHT sees: where it listens, whether
// anybody answers, and how it fares.
#ifndef PROG_NODE_VIEW_H
#define PROG_NODE_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "dht/dht.h"
#include "os/udp.h"

struct node_view { // a value type
    bool is_json;
    uint64_t start_us;
    uint64_t told_us; // of the last status
    struct udp_stat told;
};

struct node_fares { // how a node fares now
    const struct dht *dht;
    struct udp_stat traffic; // as the socket counts it
    uint64_t now_us;
};

// at: where it listens. folder: where its table is.
void node_view_start(struct node_view *v, const struct dht *d, const struct net_addr *at,
                     const char *folder, uint64_t now_us);
void node_view_event(struct node_view *v, const struct dht_event *e, const struct dht *d,
                     uint64_t now_us);
void node_view_status(struct node_view *v, const struct node_fares *f);
void node_view_end(struct node_view *v, const struct node_fares *f);

#endif
