// SPDX-License-Identifier: MIT
// Journal: statements for an SQLite file, written in groups by a thread, in the order given.
//
//     journal_open(&j, loop, &cfg, &err);
//     db_rows(journal_db(j), "SELECT ...", ...);          // what an earlier run left
//     rc = journal_put(j, "INSERT INTO tasks VALUES (?1, ?2)", values, 2, &seq);
//     if (rc == RC_FULL) ...                              // refuse new work
//     static void on_synced(void *self, uint64_t seq);    // all up to seq is on the disk
//     journal_close(j, &err);
//
// The loop does no I/O: a put copies into the open batch. A batch goes to the thread when no
// other is there and it is old (commit_us) or large (JOURNAL_BATCH_BYTES): one transaction,
// synced, then the next. So there are two at most, and under load each commit pays for all that
// came during the one before. What is on the disk after a crash is a prefix of the puts, and has
// every put up to journal_synced_seq.
//
// A statement that the database refuses (a constraint) is left out and told; those around it
// stand. When the disk fails (full, locked by another for long, broken), the batch is kept and
// tried again each JOURNAL_RETRY_US; puts go on until pending_bytes_max.
//
// Everything here belongs to the loop. Callbacks come from loop_run; they may put, and must not
// close.
#ifndef OS_JOURNAL_H
#define OS_JOURNAL_H

#include <stddef.h>
#include <stdint.h>

#include "base/rc.h"
#include "os/db.h"
#include "os/loop.h"

struct journal;

#define JOURNAL_COMMIT_US         5000u
#define JOURNAL_COMMIT_US_MAX     1000000u
#define JOURNAL_BATCH_BYTES       262144u // some 600 small statements: large enough to go at once
#define JOURNAL_PUT_BYTES_MAX     ((size_t)1 << 20)
#define JOURNAL_PENDING_BYTES     ((size_t)64 << 20)
#define JOURNAL_PENDING_BYTES_MIN ((size_t)4 << 20)
#define JOURNAL_PENDING_BYTES_MAX ((size_t)1 << 30)
#define JOURNAL_RETRY_US          1000000u
#define JOURNAL_CLOSE_US          5000000u

struct journal_cfg {
    const char *path;         // as for db_open; outlives the journal
    const char *schema;       // as for db_open
    uint64_t commit_us;       // a batch waits this long for more, 0 .. JOURNAL_COMMIT_US_MAX
    size_t pending_bytes_max; // memory of both batches, JOURNAL_PENDING_BYTES_MIN .. _MAX
    void *self;               // for the callbacks, each of which may be NULL
    void (*on_synced)(void *self, uint64_t seq);
    // Once for a batch that had any: how many were refused, and the text and words of the first.
    void (*on_refused)(void *self, uint64_t count, const char *sql, const char *words);
    // Nothing can be written: once, when that begins. What is pending is kept and tried again.
    void (*on_failed)(void *self, enum rc rc, const char *words);
};

// cfg is copied. RC_CONFIG: a number is out of range, or the file cannot be used; RC_IO, RC_NOMEM;
// words in err. *out is NULL then.
MUST_USE enum rc journal_open(struct journal **out, struct loop *l, const struct journal_cfg *cfg,
                              struct err *err);

// For reading at the start: only before the first put (asserted). Later reads want a db of their
// own on the same path; WAL lets it read beside the writing.
struct db *journal_db(struct journal *j);

// sql is a constant and outlives j; values are copied; count is 0 .. DB_VALUES_MAX. Statements
// must not begin or end transactions. *seq (which may be NULL) is its number: 1, 2, 3, ...
// RC_FULL: pending_bytes_max waits already, as the disk is too slow or fails. RC_REFUSED: larger
// than JOURNAL_PUT_BYTES_MAX. Nothing was put then.
MUST_USE enum rc journal_put(struct journal *j, const char *sql, const struct db_value *values,
                             size_t count, uint64_t *seq);
uint64_t journal_last_seq(const struct journal *j);   // of the last put; 0: none yet
uint64_t journal_synced_seq(const struct journal *j); // all up to it was written or refused

struct journal_stat {
    uint64_t refused;       // statements left out
    uint64_t commits;       // batches on the disk
    uint64_t failures;      // attempts at a batch that failed
    uint64_t write_us;      // of the thread, in all batches
    uint64_t write_us_max;  // of the slowest batch
    uint64_t pending_bytes; // now
    enum rc rc;             // RC_OK, or why the last attempt failed
};

struct journal_stat journal_stat(const struct journal *j);

// Writes what is pending and waits for that, JOURNAL_CLOSE_US at most; no callback comes any
// more. RC_OK: every put is on the disk. RC_TIMEOUT; RC_FULL or RC_IO: the disk failed again:
// words in err, and what is pending is lost. j is gone in any case; the file is closed now, or,
// after RC_TIMEOUT, when the thread is done, for which loop_free waits. NULL is fine.
enum rc journal_close(struct journal *j, struct err *err);

#endif
