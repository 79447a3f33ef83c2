// SPDX-License-Identifier: MIT
// Kernel `route`: shortest paths on a grid map, for many agents at once.
//
// The object is a map, prepared (map/grid.h). Result: for each agent in the order of params its
// path (kernel/route/path.h), or that there is none.
//
// The run of a part is shown the result: it walks every path, and searches those of the part's
// agents anew. Its own result: u32 agents looked at, u32 of them wrong.
#ifndef KERNEL_ROUTE_ROUTE_H
#define KERNEL_ROUTE_ROUTE_H

#include "kernel/kernel.h"
#include "kernel/route/params.h"

// What a worker does; as struct kernel has it.
enum rc route_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report);
extern const struct kernel route_kernel; // of route_base: takes maps

#endif
