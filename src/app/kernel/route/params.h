// SPDX-License-Identifier: MIT
// What kernel `route` is asked: who wants to go where.
#ifndef KERNEL_ROUTE_PARAMS_H
#define KERNEL_ROUTE_PARAMS_H

#include "kernel/route/agents.h"
#include "kernel/route/redo.h"

struct route_params {
    uint32_t agent_count; // 1..ROUTE_AGENTS_MAX
    struct route_agent agent[ROUTE_AGENTS_MAX];
    uint32_t redo_count; // 0: a task; else a part: agents whose paths are searched anew, ascending
    uint32_t redo[ROUTE_AGENTS_MAX];
};

// A CBOR array (doc/kernels/route.md). Checks every field's range on both ways.
// RC_MALFORMED: a field is out of range, *out is then of no use; encode also RC_FULL: no room.
enum rc route_params_encode(const struct route_params *p, struct buffer *out);
enum rc route_params_decode(struct route_params *out, struct bytes in);

#endif
