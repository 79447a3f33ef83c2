// SPDX-License-Identifier: MIT
// A network of the DHT machines that ship, played once in simulated time.
#ifndef PROG_SIM_NET_RUN_H
#define PROG_SIM_NET_RUN_H

#include <stdint.h>

#include "base/rc.h"
#include "prog/sim/net_figures.h"
#include "sim/net_scenario.h"

// RC_REFUSED: something happened that must never happen; *err says what and when, *out holds what
// came before. RC_NOMEM.
MUST_USE enum rc sim_net_run(struct net_figures *out, const struct net_scenario *s, uint64_t seed,
                             struct err *err);

#endif
