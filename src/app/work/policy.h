// SPDX-License-Identifier: MIT
// Policies: which of the helpers that a task could go to gets it, one rule behind one interface.
//
// A policy sees numbers only, never a connection or a reputation object. All but policy_random are
// pure; dice come from the caller.
#ifndef WORK_POLICY_H
#define WORK_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/rng.h"
#include "work/predict.h"

#define POLICY_NONE      SIZE_MAX
#define POLICY_WORTH_MAX 6.0

struct offer { // a helper that can do the task, is here, and has no copy of it
    uint32_t helper;
    uint32_t held; // copies of tasks that it has, waiting ones too
    uint32_t slots;
    double ping_us;                   // as it was when it came
    double right, wrong, claim;       // answers so far; the share of right ones that it claims
    struct predict_forecast forecast; // of work: as trees say
    double plain_us;                  // work without them
    double wait_us;
    double answer_us; // expected: network, wait and work
    double meets;     // chance that the answer is right and in time
    double price;     // of its slot, for others, in the same measure
};

struct policy_task {
    uint64_t turn;    // how many tasks were placed before
    double within_us; // its deadline: how much a delay matters
    bool is_again;    // a copy of it came to nothing
    bool is_last;     // it may have no other copy after this one
};

struct policy {
    const char *name;
    bool has_backups; // second copies where they help
    // What an offer is worth, at most POLICY_WORTH_MAX; it chooses the one that is worth most.
    // NULL: it looks at nothing but how many there are, and needs no offers.
    double (*worth)(const struct offer *offer, const struct policy_task *task);
    // Index of an offer, or POLICY_NONE if count is 0.
    size_t (*choose)(const struct offer *offer, size_t count, const struct policy_task *task,
                     struct rng *rng);
};

// What it is worth that this one gets the task: chance to be in time, and earliness. No price.
double policy_worth(const struct offer *o, const struct policy_task *task);

extern const struct policy policy_random;
extern const struct policy policy_round_robin;
extern const struct policy policy_least_loaded;
extern const struct policy policy_seed_rule; // latency + 15 ms a task + 50 ms x (1 - reputation)
extern const struct policy policy_ewma;      // chance to be in time, and early
extern const struct policy policy_shoal;     // the same, less the slot's price; with backups

const struct policy *policy_find(const char *name); // NULL: no such one
// The index-th; NULL: there are no more.
const struct policy *policy_at(size_t index);

#endif
