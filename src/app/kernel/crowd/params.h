// SPDX-License-Identifier: MIT
// What kernel `crowd` is asked: who wants to go where, how large and fast they are, for how long.
#ifndef KERNEL_CROWD_PARAMS_H
#define KERNEL_CROWD_PARAMS_H

#include "kernel/route/agents.h"
#include "kernel/route/redo.h"

#define CROWD_UNIT             1024 // of a cell's side
#define CROWD_RADIUS_MAX       512u // units: a body fits through a gap of one cell
#define CROWD_SPEED_MAX        512u // units a step
#define CROWD_AGENTS_MAX       ROUTE_AGENTS_MAX
#define CROWD_STEPS_MAX        65536u
#define CROWD_STATES_MAX       4096u // steps / every
#define CROWD_WINDOWS_PERCENT  5u    // of the states, redone by a part; at least one
#define CROWD_RESULT_BYTES_MAX (24u << 20)

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

static inline uint32_t crowd_state_count(const struct crowd_params *p)
{
    return p->steps / p->every;
}

// What a part looks at: all paths, and all agents of its windows.
static inline uint32_t crowd_part_count(const struct crowd_params *p)
{
    return p->agent_count * (1 + p->window_count); // both below 2^13
}

// A CBOR array (doc/kernels/crowd.md). Checks every field's range on both ways.
// RC_MALFORMED: a field is out of range, *out is then of no use; encode also RC_FULL: no room.
enum rc crowd_params_encode(const struct crowd_params *p, struct buffer *out);
enum rc crowd_params_decode(struct crowd_params *out, struct bytes in);

#endif
