// SPDX-License-Identifier: MIT
// The hub's SQLite file: what its broker must not forget, and statistics that anybody can query.
//
//     archive_open(&a, loop, path, &log, &err);
//     archive_restore(&a, broker, now_us, wall_s, &err); // what the last run left
//     archive_take(&a, broker, wall_s);                  // every few milliseconds: a group
//     archive_clean(&a, wall_s);                         // every minute
//     archive_close(&a);
//
// Tables: tasks, results, peers, gamers; jobs says how far each frame or task of a gamer is. The
// view task_states joins them. Times are seconds since 1970; node ids and digests are blobs.
#ifndef PROG_HUB_ARCHIVE_H
#define PROG_HUB_ARCHIVE_H

#include <stdint.h>

#include "base/log.h"
#include "compute/broker.h"
#include "os/journal.h"
#include "os/loop.h"

#define ARCHIVE_COMMIT_US 5000u

struct archive {
    struct journal *journal;
    const struct log *log;
};

// RC_CONFIG, RC_IO, RC_NOMEM: words in *err. A file of an older version is begun anew.
MUST_USE enum rc archive_open(struct archive *a, struct loop *loop, const char *path,
                              const struct log *log, struct err *err);
// Before the first take. RC_IO.
MUST_USE enum rc archive_restore(struct archive *a, struct broker *broker, uint64_t now_us,
                                 uint64_t wall_s, struct err *err);
// Takes the broker's records as far as the disk keeps up; the rest waits in the broker's budget.
void archive_take(struct archive *a, struct broker *broker, uint64_t wall_s);
void archive_clean(struct archive *a, uint64_t wall_s); // rows that are too old, or too many
struct journal_stat archive_stat(const struct archive *a);
void archive_close(struct archive *a); // what was taken is on the disk

#endif
