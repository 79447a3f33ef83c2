// SPDX-License-Identifier: MIT
// Who does what: one policy behind one interface, so that policies can be exchanged and compared.
//
// A policy sees numbers only: what a task is expected to take at each candidate, never a
// connection or a reputation object. Pure: the same arguments, the same choice.
#ifndef WORK_PLAN_H
#define WORK_PLAN_H

#include <stddef.h>
#include <stdint.h>

#define PLAN_NONE    SIZE_MAX
#define PLAN_RESULTS 32u // of a candidate, that count

struct plan_candidate {  // a helper that may be given the task now: it has a free slot
    uint64_t work_us;    // expected time of this task there
    uint32_t free_slots; // at least 1
    uint32_t slots;
    uint32_t results_right; // verified so far
    uint32_t results_wrong; // wrong, failed or late so far
};

struct plan_policy {
    const char *name;
    // Index of the chosen candidate, or PLAN_NONE: leave the task waiting. count may be 0.
    size_t (*choose)(const struct plan_candidate *candidate, size_t count, uint64_t seed);
};

// The first simple rule: the helper expected to be done first, its record of failures counted
// as lost time; among equals the one with the most free slots, then the first.
extern const struct plan_policy plan_fastest;

#endif
