// SPDX-License-Identifier: MIT
// One policy on stage: the processes are started, the load is offered, what became of it is noted.
#ifndef PROG_DEMO_STAGE_H
#define PROG_DEMO_STAGE_H

#include "base/arena.h"
#include "base/rc.h"
#include "prog/demo/demo.h"
#include "prog/progress.h"

struct stage_cfg {
    struct arena *arena;
    const char *folder; // for state folders; there, and empty
    const char *policy;
    uint64_t seed; // of when tasks come, and of what befalls helpers
    uint64_t load_us;
    struct progress *progress;
    double share_before, share; // of the whole demonstration
};

// How many tasks a second come, on average.
#define STAGE_RATE_S      15u
#define STAGE_DEADLINE_US 150000u

// *out: its tasks live in the arena. RC_OK, and *signal says by which one it was ended early, or 0.
// Otherwise *err says what went wrong.
MUST_USE enum rc stage_play(struct demo_run *out, const struct stage_cfg *cfg, int *signal,
                            struct err *err);

#endif
