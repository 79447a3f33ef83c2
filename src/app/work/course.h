// SPDX-License-Identifier: MIT
// The course of a load: what became of each task, and what that comes to.
//
// For whoever offers tasks and looks at how they fared. A task is late if it was answered after its
// deadline or never; its latency is the time until its answer, or until it was given up.
#ifndef WORK_COURSE_H
#define WORK_COURSE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"

#define COURSE_NAME_BYTES 33 // with its final 0
#define COURSE_WINDOW     31 // tasks that a running median looks at; odd

enum course_fate {
    COURSE_UNDER_WAY,
    COURSE_ANSWERED,
    COURSE_FAILED, // given up, by whoever
};

struct course_task {
    uint64_t came_us;    // since the start of the load
    uint64_t latency_us; // once it is not under way
    enum course_fate fate;
    uint32_t copies;                // that were sent to helpers; 0: not told
    char helper[COURSE_NAME_BYTES]; // who answered; empty: nobody
    uint64_t copy_us;               // from sending that copy to its answer
    bool has_forecast;              // of copy_us, made when the copy was sent:
    uint64_t forecast_us, low_us, high_us;
};

struct course_figures { // of tasks that are not under way
    uint32_t tasks;
    double mean_us;
    uint64_t p50_us, p99_us; // the smallest that half, or 99 of 100, do not exceed
    uint32_t late;           // failed ones among them
    uint32_t failed;
    uint32_t more_copies; // beyond the first of each task
    uint32_t forecasts;
    uint32_t within; // of those, the ones between low and high
    double error;    // of forecasts: median of |forecast - real| / real
};

// *out is zeros where there is no task. RC_NOMEM: the arena's budget is spent.
MUST_USE enum rc course_figures(struct course_figures *out, struct arena *scratch,
                                const struct course_task *task, uint32_t count,
                                uint64_t deadline_us);
bool course_is_late(const struct course_task *t, uint64_t deadline_us);
// Median latency of the COURSE_WINDOW tasks around the index-th, fewer at the ends, without those
// under way; 0: there are none.
uint64_t course_median_us(const struct course_task *task, uint32_t count, uint32_t index);

#endif
