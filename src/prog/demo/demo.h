// SPDX-License-Identifier: MIT
// What the parts of `shoal demo` have in common: who plays, what happened, how it went.
#ifndef PROG_DEMO_DEMO_H
#define PROG_DEMO_DEMO_H

#include <stdint.h>

#include "work/course.h"

#define DEMO_HELPERS   6u
#define DEMO_MARKS_MAX 512u

enum demo_ill { // what a helper suffers from, once the load has begun
    DEMO_SOUND,
    DEMO_QUOTA,   // processor time: stopped and let go on, as a control group does it
    DEMO_CROWDED, // low priority, and somebody else computes on the same processor
    DEMO_MORTAL,  // killed with work in hand, and started again with the same key
    DEMO_FROZEN,  // stopped for more than a second now and then; nobody is told
};

struct demo_part {
    const char *name;
    const char *what; // for people
    const char *slots;
    enum demo_ill ill;
};

extern const struct demo_part demo_part[DEMO_HELPERS];

struct demo_mark { // somebody was killed or frozen
    uint32_t helper;
    uint64_t at_us; // since the start of the load
    uint64_t for_us;
};

struct demo_run { // a policy's
    const char *policy;
    struct course_task *task;
    uint32_t tasks;
    uint32_t lost; // copies that the hub gave up: failed, late, or gone with their helper
    struct demo_mark mark[DEMO_MARKS_MAX];
    uint32_t marks;
    uint64_t held_up_us; // the longest that we waited for a processor ourselves
    uint64_t deadline_us;
};

#define DEMO_LEARNER  "shoal" // the policy whose phases are told apart
#define DEMO_LEARNING 100u // tasks; a third of them where there are fewer than three times as many

static inline uint32_t demo_learning(const struct demo_run *r)
{
    return r->tasks / 3 < DEMO_LEARNING ? r->tasks / 3 : DEMO_LEARNING;
}

#endif
