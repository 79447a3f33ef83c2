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
// Result: all agents' paths (kernel/route/path.h), then after each `every` steps, for each agent
// that was still there, LEB128 numbers: how many turns of its path it passed since; and how far it
// came to the right and down, less how far it came the time before (zigzag: sign lowest).
//
// The run of a part is shown the result. It walks every path and searches some anew, as kernel
// `route` does; and redoes the steps between some states and the next. Its own result: u32 what
// it looked at (paths, and agents of those windows), u32 wrong ones among them.
#ifndef KERNEL_CROWD_CROWD_H
#define KERNEL_CROWD_CROWD_H

#include "kernel/kernel.h"
#include "kernel/route/route.h"

#define CROWD_UNIT             1024 // of a cell's side
#define CROWD_RADIUS_MAX       512u // units: a body fits through a gap of one cell
#define CROWD_SPEED_MAX        512u // units a step
#define CROWD_AGENTS_MAX       4096u
#define CROWD_STEPS_MAX        65536u
#define CROWD_STATES_MAX       4096u // steps / every
#define CROWD_WINDOWS_PERCENT  5u    // of the states, redone by a part; at least one
#define CROWD_RESULT_BYTES_MAX (24u << 20)
#define CROWD_PART_BYTES       8u

struct crowd_params {
    uint32_t steps, every; // steps is a multiple of every
    uint32_t agent_count;  // 1..CROWD_AGENTS_MAX
    struct route_agent agent[CROWD_AGENTS_MAX];
    uint16_t radius[CROWD_AGENTS_MAX], speed[CROWD_AGENTS_MAX]; // 1..CROWD_..._MAX
    uint32_t redo_count; // 0: a task; else a part: agents whose paths are searched anew
    uint32_t redo[CROWD_AGENTS_MAX];
    uint32_t window_count; // states after which steps are redone; 0 if it is a task
    uint32_t window[CROWD_STATES_MAX];
};

// A CBOR array (doc/kernels/crowd.md). Checks every field's range on both ways.
// RC_MALFORMED: a field is out of range, *out is then of no use; encode also RC_FULL: no room.
enum rc crowd_params_encode(const struct crowd_params *p, struct buffer *out);
enum rc crowd_params_decode(struct crowd_params *out, struct bytes in);

extern const struct kernel crowd_kernel;

#endif
