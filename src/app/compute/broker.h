// SPDX-License-Identifier: MIT
// Broker: the hub's side of compute as a machine: admits, splits, assigns, verifies, delivers.
//
//     broker_open(b, conn, now_us);            // somebody connected
//     broker_input(b, conn, message, now_us);  // a whole message came
//     broker_closed(b, conn, now_us);          // it is gone
//     broker_tick(b, now_us);                  // time passed
//     while (broker_next(b, &out)) ...         // what is to be sent or closed
//     while (broker_note(b, &note)) ...        // what an operator may want to know
//     broker_due_us(b)                         // when to tick next
//
// Life of a frame: its scene is fetched from the gamer unless the store has it; a coarse probe
// tells where the cost lies; tiles of equal cost go to helpers; parts of every result are redone
// by the hub's own compute, which is an ordinary helper (compute/helper.h) whose key the broker
// knows; right ones go to the gamer, wrong, late and lost ones to another helper, at last to the
// hub's own compute. Nothing is delivered twice; the gamer is always told.
//
// No clock, sockets or files inside; all memory is counted against one budget.
#ifndef COMPUTE_BROKER_H
#define COMPUTE_BROKER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "compute/msg.h"
#include "compute/outbox.h"
#include "compute/queue.h"
#include "crypt/sign.h"
#include "host/entropy.h"
#include "store/store.h"
#include "work/plan.h"

#define BROKER_CONNS_MAX         16384u
#define BROKER_FRAMES_MAX        8u        // of one gamer, not yet done
#define BROKER_HELLO_US          10000000u // to say who it is
#define BROKER_HEARTBEAT_MS      2000u
#define BROKER_HEARTBEATS_MISSED 3u         // silence that counts as death
#define BROKER_LATE_BASE_US      15000000u  // a copy is late after this ...
#define BROKER_LATE_FACTOR       8u         // ... and so many times what was expected
#define BROKER_EXPECTED_US_MAX   600000000u // of one task; they are cut to take ten seconds
#define BROKER_NOTES_MAX         1024u

struct broker_cfg {
    struct budget *budget; // for everything; outlives the broker
    struct store *store;   // objects; outlives the broker
    const struct sign_key *key;
    struct bytes token;     // gamers must know it; empty: they need none. Copied.
    struct sign_public own; // key of the hub's own compute
    bool is_own_last;       // own compute also takes what nobody else can; else it only verifies
    uint32_t attempts_max;  // copies of a task given to helpers, 1..QUEUE_ATTEMPTS_MAX
    const struct plan_policy *policy;
    struct entropy entropy;
    const struct log *log; // may be NULL
};

enum broker_note_kind {
    NOTE_HELPER_IN,
    NOTE_HELPER_OUT,
    NOTE_GAMER_IN,
    NOTE_GAMER_OUT,
    NOTE_FRAME_IN,
    NOTE_TILE_DONE,
    NOTE_TILE_WRONG,
    NOTE_TILE_LOST, // lost, late or failed: goes to another
    NOTE_FRAME_DONE,
    NOTE_FRAME_FAILED,
};

struct broker_note {
    enum broker_note_kind kind;
    char who[MSG_NAME_BYTES]; // helper or gamer
    struct digest node;       // its node id
    uint64_t task;
    uint64_t job;
    uint32_t frame;
    uint32_t index; // of the tile
    uint32_t attempts;
    uint64_t wall_us, cpu_us;
    struct digest asked; // of a tile: task_digest
    struct digest hash;  // of its result
    char text[MSG_TEXT_BYTES];
};

struct broker_stat {
    uint32_t helpers, gamers;
    uint32_t frames;        // in work
    uint32_t tasks_waiting; // not yet given
    uint64_t tiles_done, frames_done, frames_failed;
    uint64_t retries, wrong, barred;
    uint64_t notes_lost; // the host did not take them in time
};

struct broker;

// *out is NULL on failure. RC_NOMEM; RC_CONFIG: attempts_max.
MUST_USE enum rc broker_new(struct broker **out, const struct broker_cfg *cfg);
void broker_free(struct broker *b); // NULL is fine

// conn is the host's number for it, never used again after broker_closed.
void broker_open(struct broker *b, uint64_t conn, uint64_t now_us);
void broker_input(struct broker *b, uint64_t conn, struct bytes message, uint64_t now_us);
void broker_closed(struct broker *b, uint64_t conn, uint64_t now_us); // unknown ones are ignored
void broker_tick(struct broker *b, uint64_t now_us);
bool broker_next(struct broker *b, struct out *out);
bool broker_note(struct broker *b, struct broker_note *out);
uint64_t broker_due_us(const struct broker *b); // UINT64_MAX: nothing to wait for
struct broker_stat broker_stat(const struct broker *b);
// Every invariant that can be seen from inside; asserts. For tests and simulations.
void broker_check(const struct broker *b);

#endif
