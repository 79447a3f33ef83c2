// SPDX-License-Identifier: MIT
// Hubs: what each node of a loaded map reaches by going up in the hierarchy, and how far that is.
//
// Every shortest path between two nodes has a highest node, a hub of both (hub labels, Abraham et
// al. 2011). So a search is a look at two short lists. They are made when a map is loaded: they
// are some times as large as the object, and quicker to make than to send.
#ifndef KERNEL_ROUTE_HUBS_H
#define KERNEL_ROUTE_HUBS_H

#include "map/grid.h"

#define ROUTE_HUBS_MAX (1u << 24) // of all nodes together

struct route_hub {
    uint32_t node, cost;
};

struct route_hubs {
    uint32_t *begin;       // of each node's hubs, itself among them
    uint32_t *end;         // one past
    struct route_hub *hub; // all nodes', those of the highest first
    uint32_t *edge;        // of each: the first on the way up; GRID_NONE: it is the node itself
};

// Lives in arena. RC_NOMEM: also if there are too many.
MUST_USE enum rc route_hubs_new(struct route_hubs *out, struct arena *arena, const struct grid *g);
// Where a hub stands among a node's; GRID_NONE: nowhere.
uint32_t route_hubs_find(const struct route_hubs *h, uint32_t node, uint32_t hub);

#endif
