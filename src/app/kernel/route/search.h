// SPDX-License-Identifier: MIT
// Shortest paths on a loaded map: from the hierarchy's graph down to runs of steps.
//
// What is known about a goal is kept, so that further searches for the same goal take half as
// long. The path that is found depends on start and goal alone.
#ifndef KERNEL_ROUTE_SEARCH_H
#define KERNEL_ROUTE_SEARCH_H

#include "kernel/route/path.h"
#include "map/grid.h"

struct route_search;

// Lives in arena; g outlives it. RC_NOMEM.
MUST_USE enum rc route_search_new(struct route_search **out, struct arena *arena,
                                  const struct grid *g);
// Appends the path to `out` as path.h has it, "no way" among them. Cells may be anywhere.
// RC_FULL: no room; RC_MALFORMED: the object lies.
MUST_USE enum rc route_search_path(struct route_search *s, struct grid_cell start,
                                   struct grid_cell goal, struct buffer *out);

#endif
