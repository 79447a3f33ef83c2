// SPDX-License-Identifier: MIT
// Fleet: helpers as they are and not as they say, and what becomes of each copy of a task there.
//
//     while (fleet_next(p, &event)) {          // what a hub would see, in order
//         ...                                 // the scheduler under test decides
//         fleet_assign(p, task, helper, &said);
//         fleet_cancel(p, task, helper);
//         fleet_wake_us(p, due_us);            // an event FLEET_WAKE then
//     }
//     fleet_figures(p, scratch, &figures);
//
// A copy that is sent reaches its helper half a round trip later, waits there until one of the
// slots is free, runs, and is back another half and some jitter later. It may report an error, or
// never answer. Helpers come and go, are busy at other things at some hours, grow hot, drift. All
// luck is a hash of seed, task and helper, so that every scheduler meets the same. The model, and
// the scenarios that describe such fleets: doc/scheduler.md.
#ifndef SIM_FLEET_H
#define SIM_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"

#define FLEET_TYPES_MAX    16u
#define FLEET_GROUPS_MAX   64u
#define FLEET_ATTEMPTS_MAX 8u
#define FLEET_HELPERS_MAX  65536u
#define FLEET_TASKS_MAX    1000000u
#define FLEET_NAME_BYTES   48

struct fleet_range { // each helper of a group draws from it, once
    double low, high;
};

struct fleet_group {
    char class[FLEET_NAME_BYTES]; // what they call themselves; may be untrue
    uint32_t count;
    struct fleet_range rtt_ms, jitter_ms, reliability, slots, noise;
    struct fleet_range straggle_p, straggle_x, silent_share;
    struct fleet_range speed[FLEET_TYPES_MAX];     // 1: reference; 0: cannot do it
    double busy_amp, busy_peak_hour, busy_width_h; // round trips are longer then; width 0: never
    double hot_after_ms, hot_slow;                 // of work without a pause; slow 0: never
    double drift_at_ms, drift_over_ms, drift_to;   // work takes so many times as long; to 0: never
    double up_ms, down_ms;                         // means; up 0: always there
};

struct fleet_type {
    char name[FLEET_NAME_BYTES];
    double deadline_ms, work_ms, size_sigma, share;
    uint32_t per_frame;
};

enum fleet_pattern { FLEET_POISSON, FLEET_BURSTS, FLEET_FRAMES };

struct fleet_cfg {
    char name[FLEET_NAME_BYTES];
    uint64_t seed;
    double start_hour, day_ms;
    uint32_t task_count, attempts_max;
    double warmup_share, give_up_ms, detect_down_ms;
    struct fleet_group group[FLEET_GROUPS_MAX];
    uint32_t group_count;
    struct fleet_type type[FLEET_TYPES_MAX];
    uint32_t type_count;
    enum fleet_pattern pattern;
    double rate_s, period_ms, burst_ms, burst_x, frames_s;
};

struct fleet_intro { // what a helper says when it comes
    const char *class;
    uint32_t class_index; // 1.., the same for the same class
    uint32_t slots, can;  // can: bit i: type i
    double ping_us, reliability;
};

enum fleet_event_kind { FLEET_TASK, FLEET_ANSWER, FLEET_DOWN, FLEET_UP, FLEET_WAKE };

struct fleet_event {
    enum fleet_event_kind kind;
    uint64_t now_us;
    uint32_t task, helper;
    uint32_t type;            // TASK
    double size;              // TASK
    uint64_t within_us;       // TASK: its deadline
    bool is_right;            // ANSWER
    double total_us, work_us; // ANSWER
};

struct fleet_said { // what the scheduler expects; all 0: it does not say
    double answer_us, low_us, high_us;
};

struct fleet_figures { // of the tasks after the warm-up; milliseconds
    uint32_t tasks;
    double mean, p50, p95, p99;
    double miss, never; // shares: late or never; never
    double miss_of[FLEET_TYPES_MAX];
    double copies;          // a task
    double wasted;          // share of helpers' work that ended in nothing
    double fairness;        // Jain's index of work a slot
    double error, coverage; // of what was expected: mean of |expected - real| / real
};

struct fleet;

size_t fleet_bytes(const struct fleet_cfg *cfg); // room in the arena that fleet_new needs
// run: other luck, the same fleet's shape. *out lives in the arena. RC_CONFIG, RC_NOMEM.
MUST_USE enum rc fleet_new(struct fleet **out, struct arena *arena, const struct fleet_cfg *cfg,
                           uint64_t run);
uint32_t fleet_helpers(const struct fleet *p);
struct fleet_intro fleet_intro(const struct fleet *p, uint32_t helper);
bool fleet_next(struct fleet *p, struct fleet_event *out); // false: it is over
// False: it cannot be: the task is over, has had its copies, has one there, or it cannot do it.
bool fleet_assign(struct fleet *p, uint32_t task, uint32_t helper, const struct fleet_said *said);
void fleet_cancel(struct fleet *p, uint32_t task, uint32_t helper);
void fleet_wake_us(struct fleet *p, uint64_t at_us); // UINT64_MAX: not any more
// With full sight: when the answer would be back, in ms from now; infinite: never.
double fleet_foresee_ms(const struct fleet *p, uint32_t task, uint32_t helper);
void fleet_figures(const struct fleet *p, struct arena *scratch, struct fleet_figures *out);

#endif
