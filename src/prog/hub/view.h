// SPDX-License-Identifier: MIT
// What a person, or a script, in front of a hub sees: a line for what happens, and how it fares.
//
// Of many tasks a second only the first few get a line each; how many more there were follows.
#ifndef PROG_HUB_VIEW_H
#define PROG_HUB_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/broker.h"

#define HUB_VIEW_TASKS_A_S 20u

struct hub_view {
    bool is_json;
    bool is_quiet;
    uint64_t second;         // that the counts are of
    uint64_t shown;          // tasks that got a line in it
    uint64_t unshown;        // and those that did not
    struct broker_stat told; // by the last health line
};

struct hub_health { // beside what the broker knows
    uint64_t up_us;
    uint64_t commit_us; // of the last batches, each
    bool is_written;    // the disk takes what must not be forgotten
};

void hub_view_note(struct hub_view *v, const struct broker_note *note, uint64_t now_us);
// The line of how it fares, if that changed since the last.
void hub_view_health(struct hub_view *v, const struct broker_stat *stat,
                     const struct hub_health *health);
void hub_view_flush(struct hub_view *v, uint64_t now_us); // what is counted and not yet said

#endif
