// SPDX-License-Identifier: MIT
// One gamer's job on the hub: a frame, cut into pieces, or a run, which is one task.
//
//     FETCHING -> PROBING -> WORKING -> DONE -> (freed)       a frame
//     (AWAITING, FETCHING) -> WORKING -> (freed)              a run
//
// A job belongs to its gamer's key, not to a connection: it outlives one that breaks for a while,
// and is known by (gamer, number) when the gamer names it again. A frame that is done is kept as
// long, for a gamer that did not hear of its end.
#ifndef COMPUTE_JOB_H
#define COMPUTE_JOB_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/heap.h"
#include "base/list.h"
#include "compute/msg.h"
#include "compute/record.h"
#include "crypt/hash.h"

enum job_kind { JOB_FRAME, JOB_RUN };

enum job_state {
    JOB_AWAITING, // other jobs of the gamer, whose results it needs
    JOB_FETCHING, // the scene, or an input, is on its way from the gamer
    JOB_PROBING,
    JOB_WORKING,
    JOB_DONE,
};

struct piece { // of a frame: one tile, and a range of samples
    struct rect rect;
    uint32_t index; // of the tile
    uint32_t sample_first, sample_count;
    bool is_done; // verified, and given to the gamer that was there
    double units; // expected cost
};
#define JOB_PIECES_MAX MSG_HAVE_MAX

struct need {         // of a run that has not begun: the result of another job of its gamer
    struct list node; // in that job's needed_by, until it is met
    struct job *of;   // whose need it is
    struct job *job;  // that is needed; NULL: it is met
};

struct pending {           // what a run asks for, while it has not begun
    struct task_spec spec; // params in the same block; the last need_count inputs are results
    uint32_t pinned;       // a bit for each input that is there, and pinned in the store
    uint32_t need_count;
    struct need need[MSG_NEEDS_MAX];
    uint8_t params[];
};
static_assert(TASK_INPUTS_MAX <= 32, "a bit for each input");

struct job_key { // the gamer's node id and its own number: 40 bytes without padding
    struct digest gamer;
    uint64_t number;
};

struct job {
    struct list node;          // in its gamer's jobs
    struct list tasks;         // all of them, wherever they are
    struct heap_node deadline; // of a run that has one; of a frame that is done: its end
    struct gamer *gamer;
    uint64_t conn; // by which the gamer named it last: on no other one does it hear of it
    struct job_key key;
    enum job_kind kind;
    enum job_state state;
    struct record_item *record; // while the disk has not been told of it; NULL: it has
    bool is_recorded;           // the disk was, or will be, told
    uint32_t retries, wrong;
    bool is_kept;          // its result, for other jobs
    bool is_quiet;         // the gamer wants to hear of its end only
    struct list needed_by; // needs of other jobs, which wait for it
    struct list news;      // in the broker's, while it is to go on, or to fail
    bool is_orphan;        // what it needs will not be
    struct list fetching;  // in its gamer's, in that state
    uint64_t came_us;
    double self_us, below_us; // expected: of itself, and of the longest way from it to an end

    char label[MSG_LABEL_BYTES]; // of a run
    struct digest asked;         // of a run: task_digest
    bool is_text;                // its params are JSON
    struct pending *pending;     // a block of the budget; NULL: it has begun

    struct msg_submit spec; // of a frame
    uint64_t plan;          // names its pieces
    uint64_t input;         // the last step of input that its camera has seen
    bool is_pinned;         // its scene, in the store
    struct piece *piece;    // by index, then sample_first; a block of the budget
    uint32_t piece_count, pieces_done;
    struct join *join;        // of one that is kept; NULL until its light comes
    uint32_t pieces_restored; // of a job that is taken back: rows that were there
};

#endif
