// SPDX-License-Identifier: MIT
// Graph: tasks that need one another's results, and when all could be done by unlike helpers.
//
// Upward rank: what a task takes on the mean helper, and the longest way from it to an end. In the
// order of falling rank each task goes where it would be done first, also into a gap that was left
// before (HEFT, Topcuoglu, Hariri and Wu 2002). That alone is up to a fifth longer than the best of
// a thousand orders, now and then; so a few orders with ranks somewhat off are tried too, and the
// best one counts.
#ifndef WORK_GRAPH_H
#define WORK_GRAPH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"

#define GRAPH_TASKS_MAX   512u
#define GRAPH_NEEDS_MAX   16u
#define GRAPH_HELPERS_MAX 64u // slots, rather: one task at a time

struct graph_task {
    double us;      // on a helper of speed 1; 0 and more
    double move_us; // its result to another helper
    uint64_t may;   // bit i: helper i can do it; at least one
    uint32_t need_count;
    uint32_t need[GRAPH_NEEDS_MAX]; // tasks before it in the list
};
#define GRAPH_ANYWHERE UINT64_MAX

struct graph {
    uint32_t task_count; // 1..GRAPH_TASKS_MAX
    struct graph_task task[GRAPH_TASKS_MAX];
    uint32_t helper_count;           // 1..GRAPH_HELPERS_MAX
    double speed[GRAPH_HELPERS_MAX]; // above 0
};

struct graph_plan {
    double makespan_us;
    double rank_us[GRAPH_TASKS_MAX];
    double begin_us[GRAPH_TASKS_MAX], end_us[GRAPH_TASKS_MAX];
    uint32_t helper[GRAPH_TASKS_MAX];
};

// RC_CONFIG: a number is out of its range, or a task needs one that is not before it.
MUST_USE enum rc graph_check(const struct graph *g);
// By upward rank. g was checked, here and below. The same graph gives the same plan.
void graph_plan(const struct graph *g, struct graph_plan *out);
// In the given order, which names each task once, and none before those that it needs.
void graph_plan_in_order(const struct graph *g, const uint32_t *order, struct graph_plan *out);

#endif
