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
#include "map/grid.h"

#define ROUTE_AGENTS_MAX       4096u
#define ROUTE_RESULT_BYTES_MAX (16u << 20)
#define ROUTE_PART_BYTES       8u
#define ROUTE_REDONE_PERCENT   5u
#define ROUTE_REDONE_MIN       4u // agents; all where there are fewer

struct route_agent {
    struct grid_cell start, goal;
};

struct route_params {
    uint32_t agent_count; // 1..ROUTE_AGENTS_MAX
    struct route_agent agent[ROUTE_AGENTS_MAX];
    uint32_t redo_count; // 0: a task; else a part: agents whose paths are searched anew, ascending
    uint32_t redo[ROUTE_AGENTS_MAX];
};

// A CBOR array (doc/kernels/route.md). Checks every field's range on both ways.
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc route_params_encode(const struct route_params *p, struct buffer *out);
enum rc route_params_decode(struct route_params *out, struct bytes in);

// How many agents of so many a part looks at closely; and which, ascending.
uint32_t route_redo_count(uint32_t agents);
void route_redo_choose(uint32_t *out, uint32_t count, uint32_t agents, uint64_t nonce);

// The paths of agents are checked: all walked, those of `redo` searched anew. *wrong: of them.
// RC_MALFORMED: these bytes are no such paths; RC_NOMEM.
struct route_search;
struct route_claim {
    const struct route_agent *agent;
    uint32_t agent_count;
    const uint32_t *redo;
    uint32_t redo_count;
};
enum rc route_check(uint32_t *wrong, const struct grid *g, struct route_search *s,
                    const struct route_claim *claim, struct cursor *paths);

// A loaded map, what searches it, and room for a run; kernel `crowd` has the same base.
struct route_state {
    struct arena *arena;     // holds this struct
    struct arena *map_arena; // what was loaded
    struct arena *run_arena;
    struct grid grid;
    struct route_search *search;
    bool is_loaded;
};

// The paths of agents, in their order; those with the same goal are searched one after the other.
// RC_FULL: result has no room; RC_MALFORMED: the object lies; RC_NOMEM.
enum rc route_find(struct route_state *s, const struct route_agent *agent, uint32_t count,
                   struct buffer *result);

extern const struct kernel_base route_base;
extern const struct kernel route_kernel;

#endif
