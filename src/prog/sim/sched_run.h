// SPDX-License-Identifier: MIT
// A scheduler and a fleet of simulated helpers, run against one another.
#ifndef PROG_SIM_SCHED_RUN_H
#define PROG_SIM_SCHED_RUN_H

#include <stdbool.h>

#include "base/rc.h"
#include "sim/fleet.h"
#include "work/policy.h"

struct sched_run {
    struct fleet_figures figures;
    double decision_us;   // processor time for each task
    double share_refined; // answers for which trees counted, of those since they were fitted last
};

// policy NULL: with full sight, whichever helper's answer is really back first.
// has_trees: they are fitted in between, and the time that it takes does not count. RC_NOMEM.
MUST_USE enum rc sched_run(struct sched_run *out, const struct fleet_cfg *cfg, uint64_t run,
                           const struct policy *policy, bool has_trees);

#endif
