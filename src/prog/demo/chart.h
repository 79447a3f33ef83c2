// SPDX-License-Identifier: MIT
// The drawing of `shoal demo`: a panel for each policy, a dot for each task; one for flights.
#ifndef PROG_DEMO_CHART_H
#define PROG_DEMO_CHART_H

#include "base/arena.h"
#include "base/rc.h"
#include "prog/demo/demo.h"
#include "prog/demo/flight.h"

struct demo_chart {
    const struct demo_run *run;
    size_t count;
    const struct demo_flight *flight;
    uint32_t flights;
};

// Writes an SVG with as many circles as there are tasks and light frames. RC_IO, RC_NOMEM.
MUST_USE enum rc demo_chart_write(const char *path, const struct demo_chart *c,
                                  struct arena *scratch, struct err *err);

#endif
