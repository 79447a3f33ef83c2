// SPDX-License-Identifier: MIT
// New trees for a scheduler when they are due, here and now: for simulations.
#ifndef PROG_SIM_SCHED_FIT_H
#define PROG_SIM_SCHED_FIT_H

#include "base/attr.h"
#include "base/rc.h"
#include "work/refine.h"

// refine NULL: nothing is due. RC_NOMEM; as refine_take.
MUST_USE enum rc sched_fit(struct refine *refine);

#endif
