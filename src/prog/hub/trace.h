// SPDX-License-Identifier: MIT
// What a hub's scheduler was told and ordered, into a file: for `shoal sim sched --replay`.
#ifndef PROG_HUB_TRACE_H
#define PROG_HUB_TRACE_H

#include <stdio.h>

#include "base/attr.h"
#include "base/log.h"
#include "base/rc.h"
#include "work/sched.h"

struct hub_trace {
    FILE *file; // NULL: none is written
    const struct log *log;
    struct sched_watch watch;
};

// A new file; *t stays where it is. RC_IO.
MUST_USE enum rc hub_trace_open(struct hub_trace *t, const char *path, const struct log *log,
                                struct err *err);
void hub_trace_close(struct hub_trace *t); // after the broker; harmless if it is not open

#endif
