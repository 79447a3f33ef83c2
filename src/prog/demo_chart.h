// SPDX-License-Identifier: MIT
// The drawing of `shoal demo`: a panel for each policy, a dot for each task.
#ifndef PROG_DEMO_CHART_H
#define PROG_DEMO_CHART_H

#include "base/arena.h"
#include "base/rc.h"
#include "demo.h"

// Writes an SVG with as many circles as there are tasks. RC_IO, RC_NOMEM.
MUST_USE enum rc demo_chart_write(const char *path, const struct demo_run *run, size_t count,
                                  struct arena *scratch, struct err *err);

#endif
