// SPDX-License-Identifier: MIT
// What a person, or a script, in front of a helper sees: tasks, verdicts, and what it comes to.
//
// Of many tasks a second only the first few get a line each; the totals count them all.
#ifndef PROG_HELPER_VIEW_H
#define PROG_HELPER_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/helper.h"

#define HELPER_VIEW_TASKS_A_S 10u
#define HELPER_VIEW_TOTAL_US  60000000u // between two lines of totals

struct helper_view {
    bool is_json;
    bool is_quiet;
    uint64_t start_us;
    uint64_t second; // that `shown` is of
    uint64_t shown;  // tasks that got a line in it
    uint64_t told;   // tasks of the last totals
};

void helper_view_event(struct helper_view *v, const struct helper_event *e, const char *hub,
                       uint64_t now_us);
// The totals, if they changed since the last ones.
void helper_view_total(struct helper_view *v, const struct helper_stat *stat, uint64_t now_us);

#endif
