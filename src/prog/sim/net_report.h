// SPDX-License-Identifier: MIT
// What a played network came to: for people, as JSON, and beside its goals.
#ifndef PROG_SIM_NET_REPORT_H
#define PROG_SIM_NET_REPORT_H

#include "base/rc.h"
#include "prog/sim/net_figures.h"
#include "sim/net_scenario.h"

void net_report_table(const struct net_scenario *s, const struct net_figures *f);
// One object on one line. broken: what happened that must not; NULL: nothing.
void net_report_json(const struct net_scenario *s, const struct net_figures *f, const char *broken);
// RC_REFUSED: a goal was missed; *err says which.
MUST_USE enum rc net_report_goals(const struct net_scenario *s, const struct net_figures *f,
                                  struct err *err);
double net_share(uint64_t part, uint64_t whole); // 0 of nothing
// Of the last tenth of the measured time.
struct net_count net_last_tenth(const struct net_figures *f);

#endif
