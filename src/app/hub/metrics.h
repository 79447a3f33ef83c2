// SPDX-License-Identifier: MIT
// The figures of a registry as Prometheus reads them: text exposition format 0.0.4.
//
//     counter    shoal_NAME_total, counter
//     gauge      shoal_NAME, gauge
//     quantiles  shoal_NAME, summary: 0.5, 0.9, 0.99, 0.999 (NaN before the first), sum, count;
//                of all samples since the start
//
// Prometheus wants base units, so a name's last word, its unit, becomes one, and values with it:
// _us, _ms and _s are _seconds, _permille is _ratio, _mdeg and _mc are _celsius; _bytes stays.
// The help line is the figure's sentence as it stands: it should not name a unit that changes.
#ifndef HUB_METRICS_H
#define HUB_METRICS_H

#include "base/rc.h"
#include "base/stat.h"
#include "base/text.h"

#define METRICS_TYPE "text/plain; version=0.0.4; charset=utf-8" // of the HTTP answer
// Enough for any one figure whose name has at most 100 and whose sentence at most 200 characters.
#define METRICS_FIGURE_BYTES 2048u

// Adds all figures to *out, in the order in which they were made. RC_FULL: they did not fit, and
// *out ends with the last that did.
MUST_USE enum rc metrics_put(const struct stats *s, struct text *out);

#endif
