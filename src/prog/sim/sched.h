// SPDX-License-Identifier: MIT
// `shoal sim sched`: the scheduler and simulated helpers.
//
// Plays scenarios under one policy after the other, talks to another simulator in lines, or makes
// a hub's decisions once more.
#ifndef PROG_SIM_SCHED_H
#define PROG_SIM_SCHED_H

#include "prog/sim/options.h"

extern const struct sim_part sim_sched;

#endif
