// SPDX-License-Identifier: MIT
// Scheduler in lines: events of somebody else's simulator in, orders out, a JSON object a line.
//
//     rc = sched_lines_input(s, line, &err);
//     while (sched_lines_next(s, &text)) ...   // what to answer, line by line
//
// Events: start (helpers, types of tasks), task, result, timer, down, up, refused; after each the
// orders that follow from it: assign, cancel, timer, and at last done. The protocol:
// doc/scheduler.md.
#ifndef WORK_SCHED_LINES_H
#define WORK_SCHED_LINES_H

#include <stdbool.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "base/text.h"
#include "work/policy.h"
#include "work/refine.h"

#define SCHED_LINES_BYTES 256 // of an answer's line, with its end

struct sched_lines;

// policy: for all that start begins. RC_NOMEM: *out is NULL.
MUST_USE enum rc sched_lines_new(struct sched_lines **out, const struct policy *policy);
void sched_lines_free(struct sched_lines *s); // NULL is fine
// RC_MALFORMED: it makes no sense, or not now; RC_FULL: too many tasks; RC_NOMEM. *err may say
// more.
MUST_USE enum rc sched_lines_input(struct sched_lines *s, struct bytes line, struct err *err);
struct refine *sched_lines_refine(struct sched_lines *s); // NULL before start
// Appends a line. False: the last event is answered.
bool sched_lines_next(struct sched_lines *s, struct text *out);

#endif
