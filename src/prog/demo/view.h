// SPDX-License-Identifier: MIT
// What `shoal demo` prints: who plays, a table of the policies, and forecasts beside what came.
#ifndef PROG_DEMO_VIEW_H
#define PROG_DEMO_VIEW_H

#include "base/arena.h"
#include "base/rc.h"
#include "prog/demo/demo.h"

void demo_view_cast(uint64_t seconds); // before it begins
// RC_NOMEM.
MUST_USE enum rc demo_view_table(const struct demo_run *run, size_t count, struct arena *scratch,
                                 bool is_json);
// Says so if something else kept the machine so busy that the figures are of little worth.
// held_up_us: the longest that we waited for a processor ourselves.
void demo_view_machine(uint64_t held_up_us);
void demo_view_forecasts(const struct demo_run *run, bool is_json);

#endif
