// SPDX-License-Identifier: MIT
// Paths of many agents on a loaded map: made, and, as somebody else's claim, checked.
#ifndef KERNEL_ROUTE_AGENTS_H
#define KERNEL_ROUTE_AGENTS_H

#include "kernel/route/base.h"

#define ROUTE_AGENTS_MAX       4096u
#define ROUTE_AGENT_BYTES      8u
#define ROUTE_RESULT_BYTES_MAX (16u << 20) // of all paths

struct route_agent {
    struct grid_cell start, goal;
};

// Could it be on a map? On which one is not looked at.
bool route_agent_is_good(const struct route_agent *a);
// Fixed form: u16 start x, y, goal x, y, little-endian. A full buffer or a short cursor remembers.
void route_agent_put(struct buffer *out, const struct route_agent *a);
struct route_agent route_agent_get(struct cursor *c);

// Appends their paths (kernel/route/path.h) in their order; those with the same goal are searched
// one after the other. Needs a map loaded, takes from the run's arena.
// RC_FULL: result has no room; RC_MALFORMED: the object lies; RC_NOMEM.
MUST_USE enum rc route_find(struct route_state *s, const struct route_agent *agent, uint32_t count,
                            struct buffer *result);

struct route_claim { // somebody's paths of these agents
    const struct route_agent *agent;
    uint32_t agent_count;
    const uint32_t *redo; // which are searched anew, ascending; all others are only walked
    uint32_t redo_count;
};

// Takes the paths off the cursor's front. *wrong: how many of them lead through a wall, elsewhere,
// or further than they need; or deny a way.
// RC_MALFORMED: these bytes are no such paths; RC_NOMEM.
MUST_USE enum rc route_check(uint32_t *wrong, const struct route_state *s,
                             const struct route_claim *claim, struct cursor *paths);

#endif
