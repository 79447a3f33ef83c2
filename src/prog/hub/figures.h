// SPDX-License-Identifier: MIT
// A hub's figures in one registry, for /metrics.
#ifndef PROG_HUB_FIGURES_H
#define PROG_HUB_FIGURES_H

#include "base/arena.h"
#include "base/stat.h"
#include "base/text.h"
#include "compute/broker.h"
#include "os/journal.h"
#include "store/store.h"
#include "trust/guard.h"

struct hub_figures; // lives in its arena

struct hub_sources { // what they are read from
    struct broker *broker;
    struct guard_stat doors;
    size_t connections;
    struct journal_stat journal;
    struct store_stat objects, results;
    uint64_t up_us;
};

// NULL: the arena's budget is spent.
struct hub_figures *hub_figures_new(struct arena *arena);
// As text for Prometheus, of this moment. RC_FULL: *out is too short.
MUST_USE enum rc hub_figures_put(struct hub_figures *f, const struct hub_sources *from,
                                 struct text *out);

#endif
