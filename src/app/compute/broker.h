// SPDX-License-Identifier: MIT
// Broker: the hub's side of compute as a machine: admits, splits, assigns, verifies, delivers.
//
//     broker_open(b, conn, &guest, now_us);    // somebody connected
//     broker_input(b, conn, message, now_us);  // a whole message came
//     broker_closed(b, conn, now_us);          // it is gone
//     broker_tick(b, now_us);                  // time passed
//     while (broker_next(b, &out)) ...         // what is to be sent or closed
//     while (broker_note(b, &note)) ...        // what an operator may want to know
//     broker_due_us(b)                         // when to tick next
//
//     while (broker_record(b, &record)) ...    // what must not be forgotten (compute/record.h)
//     broker_restore(b, &record, now_us);      // ... and at the start, all that was not
//
// Life of a frame: its scene is fetched from the gamer unless the store has it; a coarse probe
// tells where the cost lies; tiles of equal cost go to helpers; parts of every result are redone
// by the hub's own compute, which is an ordinary helper (compute/helper.h) whose key the broker
// knows; right ones go to the gamer, wrong, late and lost ones to another helper, at last to the
// hub's own compute. A task that was done before is answered from the results that are kept.
// Nothing is delivered twice; the gamer is always told. A gamer whose connection breaks has
// BROKER_LINGER_US to come back to its jobs, which go on meanwhile.
//
// No clock, sockets or files inside; all memory is counted against one budget.
#ifndef COMPUTE_BROKER_H
#define COMPUTE_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/stat.h"
#include "compute/msg.h"
#include "compute/outbox.h"
#include "compute/queue.h"
#include "compute/record.h"
#include "crypt/sign.h"
#include "host/entropy.h"
#include "store/store.h"
#include "work/sched.h"

#define BROKER_CONNS_MAX         16384u
#define BROKER_TASKS_MIN         256u
#define BROKER_FRAMES_MAX        8u        // of one gamer, not yet done
#define BROKER_RUNS_MAX          4096u     // of one gamer, not yet done
#define BROKER_HELLO_US          10000000u // to say who it is
#define BROKER_HEARTBEAT_MS      2000u
#define BROKER_HEARTBEATS_MISSED 3u         // silence that counts as death
#define BROKER_BUDGET_BASE_US    15000000u  // a helper may take this for a copy, ...
#define BROKER_BUDGET_FACTOR     8u         // ... and so many times what is expected
#define BROKER_LATE_MIN_US       4000000u   // no copy counts as late before
#define BROKER_EXPECTED_US_MAX   600000000u // of one task; they are cut to take ten seconds
#define BROKER_BARRED_TEXT       "barred: this key returned wrong results"
#define BROKER_NOTES_MAX         1024u
#define BROKER_LINGER_US         120000000u // for a gamer to come back to its jobs
#define BROKER_BURST_S           4u         // of a key's messages and bytes, after a pause
#define BROKER_PEERS_US          1000000u   // between two words on how many helpers there are

struct broker_limits { // of one key, over all of its connections; 0: none
    uint32_t conns;
    uint64_t messages_s;
    uint64_t bytes_s;
};

struct broker_cfg {
    struct budget *budget; // for everything; outlives the broker
    struct store *store;   // objects; outlives the broker
    struct store *results; // long results; outlives the broker. NULL: only short ones are kept
    const struct sign_key *key;
    struct bytes token;     // gamers must know it; empty: they need none. Copied.
    struct sign_public own; // key of the hub's own compute
    bool is_own_last;       // own compute also takes what nobody else can; else it only verifies
    uint32_t attempts_max;  // copies of a task given to helpers, 1..QUEUE_ATTEMPTS_MAX
    uint32_t conns_max;     // at the same time, 1..BROKER_CONNS_MAX; 0: so many
    uint32_t tasks_max;     // BROKER_TASKS_MIN..QUEUE_TASKS_MAX; 0: so many
    struct broker_limits limits;
    const struct policy *policy;     // who gets a task
    const struct sched_watch *watch; // of its scheduler, NULL: nobody looks on; outlives the broker
    uint32_t ahead; // tasks that a helper may have for each slot, beyond those it works on
    struct entropy entropy;
    const struct log *log; // may be NULL
};

enum broker_note_kind {
    NOTE_HELPER_IN,
    NOTE_HELPER_OUT,
    NOTE_GAMER_IN,
    NOTE_GAMER_OUT,
    NOTE_FRAME_IN,
    NOTE_TASK_DONE,
    NOTE_TASK_WRONG,
    NOTE_TASK_LOST, // lost, late or failed: goes to another
    NOTE_FRAME_DONE,
    NOTE_JOB_FAILED,
    NOTE_BARRED, // a helper, for good
};

struct broker_note {
    enum broker_note_kind kind;
    char who[MSG_NAME_BYTES]; // helper or gamer
    struct digest node;       // its node id
    uint64_t task;
    uint64_t job;
    const char *kernel; // of a task; NULL: none
    bool is_run;        // a job of one task, not a tile of a frame
    bool is_cached;     // done before
    uint32_t frame;
    uint32_t index; // of the tile
    uint32_t attempts;
    uint64_t expected_us; // 0: nothing was
    uint64_t wall_us, cpu_us;
    char text[MSG_TEXT_BYTES];
};

struct broker_stat {
    uint32_t helpers, gamers;
    uint32_t helpers_ready; // with a free slot
    uint32_t gamers_away;   // may come back to their jobs
    uint32_t frames, runs;  // in work
    uint32_t tasks_waiting; // not yet given
    uint32_t tasks_held;    // by helpers, or being checked
    uint64_t tiles_done, frames_done, runs_done;
    uint64_t frames_failed, runs_failed;
    uint64_t resumed;  // jobs that a gamer came back to
    uint64_t restored; // jobs taken back after a crash
    uint64_t retries, wrong, barred, refused;
    uint64_t cached;        // tasks answered from results that were kept
    uint64_t checks;        // draws of parts that were redone
    uint64_t steps_refused; // of players' input
    uint64_t notes_lost;    // the host did not take them in time
    uint64_t records_lost;
    size_t memory_bytes; // of the budget, in use
};

struct broker;

// *out is NULL on failure. RC_NOMEM; RC_CONFIG: attempts_max, conns_max or tasks_max.
MUST_USE enum rc broker_new(struct broker **out, const struct broker_cfg *cfg);
void broker_free(struct broker *b); // NULL is fine

#define BROKER_ORIGIN_BYTES 16
struct broker_guest { // who connects
    bool is_local;    // of this machine: no limits
    bool is_text;     // in JSON (compute/dialect.h): it has no key, only its word
    uint8_t origin[BROKER_ORIGIN_BYTES]; // what it cannot choose freely: its address
};
// conn is the host's number for it, never used again after broker_closed. guest NULL: in CBOR,
// local.
void broker_open(struct broker *b, uint64_t conn, const struct broker_guest *guest,
                 uint64_t now_us);
// The connection at whose expense it is: of a result that was waited for the gamer's, else conn;
// 0: nobody's that is here.
uint64_t broker_input(struct broker *b, uint64_t conn, struct bytes message, uint64_t now_us);
void broker_closed(struct broker *b, uint64_t conn, uint64_t now_us); // unknown ones are ignored
void broker_tick(struct broker *b, uint64_t now_us);
void broker_hour(struct broker *b, double hour); // it is 0..24 now: networks have their rush hours
// False: nothing more. What *out borrows, here and of records, is good until the next such call.
bool broker_next(struct broker *b, struct out *out);
bool broker_note(struct broker *b, struct broker_note *out);
// What must not be forgotten. To be taken every few milliseconds, all at once: see
// compute/record.h.
bool broker_record(struct broker *b, struct record *out);
bool broker_has_records(const struct broker *b);
// Before the first connection: results and peers first, then jobs with their tasks; then
// broker_restored, once. What makes no sense any more is left out.
void broker_restore(struct broker *b, const struct record *record, uint64_t now_us);
void broker_restored(struct broker *b, uint64_t now_us);
uint64_t broker_due_us(const struct broker *b); // UINT64_MAX: nothing to wait for
struct broker_stat broker_stat(const struct broker *b);
struct broker_times {             // of tasks, microseconds
    const struct quantiles *wait; // from the queue to a helper
    const struct quantiles *work; // from a helper's start to its result
    const struct quantiles *run;  // from a run's coming in to its answer
};
struct broker_times broker_times(const struct broker *b);
// Every invariant that can be seen from inside; asserts. For tests and simulations.
void broker_check(const struct broker *b);

#endif
