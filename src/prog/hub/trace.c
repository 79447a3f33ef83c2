// SPDX-License-Identifier: MIT
// What a hub's scheduler was told and ordered, into a file: for `shoal sim sched --replay`.
#include "prog/hub/trace.h"

#include <errno.h>
#include <string.h>

#include "work/sched_trace.h"

// A hub does not stop for its trace: it goes on without.
static void put(struct hub_trace *t, const struct text *line, const char *at)
{
    if (t->file == NULL || fwrite(at, 1, line->len, t->file) == line->len)
        return;
    log_put(t->log, LOG_LEVEL_WARN, "hub", "the trace ends here: %s", strerror(errno));
    hub_trace_close(t);
}

static void on_start(void *self, const struct sched_cfg *cfg)
{
    char room[SCHED_TRACE_BYTES];
    struct text line = text_of(room, sizeof room);
    sched_trace_cfg(&line, cfg);
    put(self, &line, room);
}

static void on_event(void *self, const struct sched_event *e)
{
    char room[SCHED_TRACE_BYTES];
    struct text line = text_of(room, sizeof room);
    sched_trace_event(&line, e);
    put(self, &line, room);
}

static void on_order(void *self, const struct sched_order *o)
{
    char room[SCHED_TRACE_BYTES];
    struct text line = text_of(room, sizeof room);
    sched_trace_order(&line, o);
    put(self, &line, room);
}

enum rc hub_trace_open(struct hub_trace *t, const char *path, const struct log *log,
                       struct err *err)
{
    *t = (struct hub_trace){
        .file = fopen(path, "we"), .log = log, .watch = {t, on_start, on_event, on_order}};
    return t->file != NULL ? RC_OK : err_set(err, RC_IO, "%s: %s", path, strerror(errno));
}

void hub_trace_close(struct hub_trace *t)
{
    if (t->file != NULL && fclose(t->file) != 0)
        log_put(t->log, LOG_LEVEL_WARN, "hub", "the trace lacks its end: %s", strerror(errno));
    t->file = NULL;
}
