// SPDX-License-Identifier: MIT
// What `shoal demo` prints of its flights: how they are flown, and a table of the splits.
#ifndef PROG_DEMO_FLIGHT_VIEW_H
#define PROG_DEMO_FLIGHT_VIEW_H

#include "base/arena.h"
#include "base/rc.h"
#include "prog/demo/flight.h"

void flight_view_before(uint64_t seconds);
// RC_NOMEM.
MUST_USE enum rc flight_view_table(const struct demo_flight *flight, uint32_t count,
                                   struct arena *scratch, bool is_json);

#endif
