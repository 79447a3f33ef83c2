// SPDX-License-Identifier: MIT
// What a scheduler was told and what it ordered, as lines of JSON; and the same once more.
//
// The first line holds the settings. Then come, in order, what was told (its member "is" names it)
// and what was ordered ("assign", "cancel", "late", "spent"). Numbers keep all their digits, so
// that a scheduler that is told the same gives the same orders, bit for bit: a replay shows that a
// hub decided by this code and nothing else, and lets a decision be looked at again.
//
//     sched_trace_cfg(&text, &cfg);            // a line each, ending in \n
//     sched_trace_event(&text, &event);        // of a sched_watch
//     sched_trace_order(&text, &order);
//
//     sched_replay_new(&r);
//     sched_replay_line(r, line, &err);        // each line
#ifndef WORK_SCHED_TRACE_H
#define WORK_SCHED_TRACE_H

#include "base/text.h"
#include "work/sched.h"

#define SCHED_TRACE_BYTES 2048 // of a line, at most

void sched_trace_cfg(struct text *out, const struct sched_cfg *cfg);
void sched_trace_event(struct text *out, const struct sched_event *e);
void sched_trace_order(struct text *out, const struct sched_order *o);

struct sched_replay;

struct sched_replay_stat {
    uint64_t events, orders;
};

MUST_USE enum rc sched_replay_new(struct sched_replay **out); // RC_NOMEM
void sched_replay_free(struct sched_replay *r);               // NULL is fine
// RC_MALFORMED: no such line, or it makes no sense here. RC_REFUSED: the scheduler orders something
// else; *err says what. RC_NOMEM.
MUST_USE enum rc sched_replay_line(struct sched_replay *r, struct bytes line, struct err *err);
struct sched_replay_stat sched_replay_stat(const struct sched_replay *r);

#endif
