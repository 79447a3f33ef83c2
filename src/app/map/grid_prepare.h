// SPDX-License-Identifier: MIT
// Makes the map object of kernels `route` and `crowd` from a map: what takes long is done once.
//
// The same map, the same bytes, everywhere.
#ifndef MAP_GRID_PREPARE_H
#define MAP_GRID_PREPARE_H

#include "base/arena.h"
#include "map/grid_map.h"

// *out: a block of budget, given back by budget_give(budget, out->at); untouched on failure.
// progress (may be NULL) is told from time to time which share of the nodes is done, 0..1.
// RC_FULL: the map has too many corners, or its ways are too long; RC_NOMEM.
MUST_USE enum rc grid_prepare(struct buffer *out, struct budget *budget, const struct grid_map *map,
                              void (*progress)(void *context, double share), void *context);

#endif
