// SPDX-License-Identifier: MIT
// The panel of `shoal demo`'s drawing that shows its flights: latency of light over time.
#ifndef PROG_DEMO_FLIGHT_CHART_H
#define PROG_DEMO_FLIGHT_CHART_H

#include "base/arena.h"
#include "base/rc.h"
#include "image/svg.h"
#include "prog/demo/flight.h"

#define FLIGHT_CHART_HEIGHT 390.0

struct flight_chart {
    const struct demo_flight *flight;
    uint32_t count;          // up to DEMO_FLIGHTS
    double left, right, top; // figures stand beyond `right`
};

size_t flight_chart_bytes(const struct flight_chart *c); // at most
// A circle for each light frame, a line for each flight. RC_NOMEM.
MUST_USE enum rc flight_chart_draw(const struct flight_chart *c, struct text *t,
                                   struct arena *scratch);

#endif
