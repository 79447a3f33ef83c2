// SPDX-License-Identifier: MIT
// `shoal sim net`: networks of the DHT that ships, in simulated time.
//
// Plays each scenario once, prints what it came to, and fails if something happened that never
// may, or a goal of the scenario was missed; then it says how to play the same again.
#ifndef PROG_SIM_NET_H
#define PROG_SIM_NET_H

#include "prog/sim/options.h"

extern const struct sim_part sim_net;

#endif
