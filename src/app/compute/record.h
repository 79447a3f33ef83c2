// SPDX-License-Identifier: MIT
// What a hub must not forget: records that a broker gives to its host, and takes back after a
// crash.
//
//     while (records_next(&r, &record)) write(&record);     // every few milliseconds, grouped
//     ... kill -9, power cut ...
//     for each row: broker_restore(b, &record, now_us);     // results and peers first, then jobs
//
// A record is an effect that may be written twice without harm: rows have keys of their own. What
// was lost because the crash came before it was written is asked for again by the gamer, who keeps
// a job until it is told of its end (doc/decisions/0007). A job that ends before its record was
// taken leaves no record at all: most tasks of a few milliseconds cost one write, their result.
#ifndef COMPUTE_RECORD_H
#define COMPUTE_RECORD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/list.h"
#include "compute/msg.h"
#include "work/verify.h"

enum record_kind {
    RECORD_JOB,    // came in: node (the gamer), name, job, bytes: its submit or run message; when
                   // it is taken back, also plan and pieces, if it was cut
    RECORD_PLAN,   // a frame was cut: node, job, plan, pieces; as many tasks follow
    RECORD_TASK,   // one task of a job: node, job, kernel, asked, bytes: params
    RECORD_END,    // a job is over: node, job, state
    RECORD_RESULT, // verified: asked, kernel, hash, node (the helper), name, times; bytes or stored
    RECORD_PEER,   // a helper's standing: node, name, standing
    RECORD_GAMER,  // a gamer was here: node, name, counts since the last record
};

enum record_state { // of a job
    RECORD_OPEN,
    RECORD_DONE,
    RECORD_FAILED,
    RECORD_WITHDRAWN, // by the gamer, or it did not come back
};

struct record_standing {
    struct verify_record verify;
    uint32_t failures, results;
    uint64_t cpu_us;
};

struct record {
    enum record_kind kind;
    struct digest node;
    uint64_t job;
    char name[MSG_NAME_BYTES];
    const char *kernel; // TASK, RESULT: a kernel's own name
    uint32_t index;     // TASK: of the tile
    struct digest asked, hash;
    uint64_t cpu_us, wall_us;
    bool is_stored; // RESULT: its bytes are in the store of results
    bool is_run;    // JOB, END: one task, asked
    bool is_text;   // JOB: its params are JSON
    uint64_t plan;
    uint32_t pieces;
    enum record_state state;
    struct record_standing standing;
    uint32_t jobs_done, jobs_failed; // GAMER: more of them
    uint64_t age_us;                 // when it is taken back: since it was written
    struct bytes bytes;
};

struct record_item; // one that waits to be taken

struct records {
    struct list items;
    struct budget *budget;
    struct record_item *given;
    size_t count;
    uint64_t lost; // no room: after a crash it will not be known
};

void records_init(struct records *r, struct budget *budget);
void records_reset(struct records *r); // drops all that wait; their owners are told
// Copies record and its bytes. The item, for records_drop as long as it waits; *owner is set to it,
// and to NULL when it is taken. owner may be NULL.
void records_put(struct records *r, const struct record *record, struct record_item **owner);
// It is of no use any more. NULL is fine.
void records_drop(struct records *r, struct record_item *item);
// Borrowed until the next call. False: no more.
bool records_next(struct records *r, struct record *out);

#endif
