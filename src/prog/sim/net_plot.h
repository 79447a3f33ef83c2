// SPDX-License-Identifier: MIT
// The drawing of a played network: how long lookups took, and what was found over time.
#ifndef PROG_SIM_NET_PLOT_H
#define PROG_SIM_NET_PLOT_H

#include "base/rc.h"
#include "prog/sim/net_figures.h"
#include "sim/net_scenario.h"

// Writes an SVG. RC_IO, RC_NOMEM.
MUST_USE enum rc net_plot_write(const char *path, const struct net_scenario *s,
                                const struct net_figures *f, struct err *err);

#endif
