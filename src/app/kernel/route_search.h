// SPDX-License-Identifier: MIT
// Shortest paths on a loaded map: from the hierarchy's graph down to runs of steps.
//
// Both ends look up at once, until what they found together cannot be beaten. What was found
// around a goal is kept: the next search for the same goal goes on from there.
#ifndef KERNEL_ROUTE_SEARCH_H
#define KERNEL_ROUTE_SEARCH_H

#include "kernel/grid.h"
#include "kernel/route_path.h"

struct route_search;

// Lives in arena; g outlives it. RC_NOMEM.
MUST_USE enum rc route_search_new(struct route_search **out, struct arena *arena,
                                  const struct grid *g);
// Forgets all earlier searches: which of several shortest paths is found depends on them.
void route_search_begin(struct route_search *s);
// Appends the path to `out` as route_path.h has it, "no way" among them. Cells may be anywhere.
// RC_FULL: no room; RC_MALFORMED: the object lies.
MUST_USE enum rc route_search_path(struct route_search *s, struct grid_cell start,
                                   struct grid_cell goal, struct buffer *out);

#endif
