// SPDX-License-Identifier: MIT
// Kernel `crowd`: agents that walk along their paths, around one another and never into walls.
//
// The object is a map (map/grid.h). Everything is whole numbers of 1 / CROWD_UNIT of a cell, or
// correctly rounded on the way to one: the same bytes everywhere.
//
// In each step the agents move one after the other, in the order of params. Each looks where its
// path goes on, and takes of a few directions around that the one that brings it furthest there,
// where no wall stops its body (a square) and it comes no closer to anybody whose body (a disc)
// it would touch. So nobody stands in a wall, and those who did not overlap at the start never do.
// Who is within half a cell of the goal leaves, and is in nobody's way any more; who has no way
// leaves at once.
//
// Result: all agents' paths (kernel/route/path.h), then after each `every` steps their state
// (kernel/crowd/state.h).
//
// The run of a part is shown the result. It walks every path and searches some anew, as kernel
// `route` does; and redoes the steps between some states and the next. Its own result: u32 what
// it looked at (paths, and agents of those windows), u32 wrong ones among them.
#ifndef KERNEL_CROWD_CROWD_H
#define KERNEL_CROWD_CROWD_H

#include "kernel/crowd/params.h"
#include "kernel/kernel.h"

// What a worker does; as struct kernel has it.
enum rc crowd_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report);
extern const struct kernel crowd_kernel; // of route_base: takes maps

#endif
