// SPDX-License-Identifier: MIT
// Figures about what goes on: counters, gauges, quantiles, and one registry of them.
//
// The figures are value types that may be embedded anywhere. A registry hands them out by name
// from an arena, up to a bound, and can be walked for JSON or Prometheus output. One registry
// belongs to one loop; reading and writing cost a few instructions and never allocate.
#ifndef BASE_STAT_H
#define BASE_STAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

struct counter { // only grows
    uint64_t count;
};

struct gauge { // goes up and down
    double value;
};

// Histogram with 16 buckets an octave over all of uint64_t: a quantile is off by at most
// QUANTILE_ERROR of its value (values under 16 are exact). Just under 4 KiB each.
#define QUANTILE_ERROR   (1.0 / 32)
#define QUANTILE_BUCKETS (16 + 60 * 16)

struct quantiles { // read count, sum, min, max; the rest is private
    uint64_t count;
    uint64_t sum; // stays at UINT64_MAX instead of wrapping
    uint64_t min; // UINT64_MAX while count is 0
    uint64_t max;
    uint32_t bucket[QUANTILE_BUCKETS]; // each stays at UINT32_MAX instead of wrapping
};

static inline void counter_add(struct counter *c, uint64_t n)
{
    c->count += n;
}

static inline void gauge_set(struct gauge *g, double value)
{
    g->value = value;
}

void quantiles_init(struct quantiles *q);
void quantiles_put(struct quantiles *q, uint64_t sample);
// The smallest value that at least permille / 1000 of the samples do not exceed, within
// QUANTILE_ERROR and never outside min..max. permille 0..1000; 0 while there is no sample.
uint64_t quantiles_at(const struct quantiles *q, unsigned permille);

enum stat_kind { STAT_COUNTER, STAT_GAUGE, STAT_QUANTILES };

struct stat_view {
    const char *name;
    const char *sentence; // what it counts, with its unit, for a human
    enum stat_kind kind;
    union {
        const struct counter *counter;
        const struct gauge *gauge;
        const struct quantiles *quantiles;
    };
};

struct stats; // the registry

#define STATS_COUNT_MAX 4096

// Room for count_max figures (1..STATS_COUNT_MAX). Lives in arena and dies with it. RC_NOMEM:
// its budget is spent, *out is NULL.
MUST_USE enum rc stats_new(struct stats **out, struct arena *arena, size_t count_max);

// A figure under a name of [a-z0-9_] that is unique in the registry (asserted; the last word is
// the unit: hub_tile_wait_us). name and sentence are borrowed and must outlive the registry.
// NULL: the registry is full or the arena's budget is spent.
struct counter *stats_counter(struct stats *s, const char *name, const char *sentence);
struct gauge *stats_gauge(struct stats *s, const char *name, const char *sentence);
struct quantiles *stats_quantiles(struct stats *s, const char *name, const char *sentence);

// Walks all figures in the order in which they were made: *at starts at 0. False: no more.
bool stats_next(const struct stats *s, size_t *at, struct stat_view *out);

#endif
