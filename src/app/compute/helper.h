// SPDX-License-Identifier: MIT
// Helper: the side that lends compute, as a machine: takes tasks, fetches objects, runs workers.
//
// The host owns the connection and the workers ("lanes"); the machine says what they are to do:
//
//     helper_open(h);                           // connected to the hub
//     helper_input(h, message, now_us);         // a whole message from it
//     helper_loaded(h, lane, rc, text);         // a lane has taken an object, or not
//     helper_ran(h, lane, &outcome, now_us);    // a lane has run a task, or died on it
//     helper_closed(h);                         // connection gone: all tasks are dropped
//     helper_tick(h, now_us);
//     while (helper_next(h, &out)) ...          // send, close, load, run, kill
//
// An object is fetched from the hub once, checked against its name, kept in the store, and loaded
// into a lane before the first task that needs it there; what else a task is given is fetched the
// same way, and goes with the run. One crashed, hung or greedy task costs itself alone: the hub is
// told, the lane is made anew by the host.
#ifndef COMPUTE_HELPER_H
#define COMPUTE_HELPER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/log.h"
#include "compute/client.h"
#include "compute/msg.h"
#include "kernel/kernel.h"
#include "store/store.h"

#define HELPER_LANES_MAX 256u
#define HELPER_TASKS_MAX 1024u
#define HELPER_LOAD_US   60000000u // for one object in one lane

struct helper_cfg {
    struct budget *budget;    // outlives the helper
    struct store *store;      // outlives the helper
    struct client_cfg client; // ability.slots: number of lanes, 1..HELPER_LANES_MAX
    const struct log *log;    // may be NULL
};

struct helper_outcome {
    enum rc rc;          // of the run
    const char *text;    // for people, if rc is not RC_OK
    struct bytes result; // borrowed for the call
    struct bytes report;
    uint64_t cpu_us;
};

enum helper_out_kind {
    HELPER_SEND,  // bytes: a message for the hub
    HELPER_CLOSE, // close the connection; bytes: why, for people
    HELPER_LOAD,  // lane: take `bytes`, an object
    HELPER_RUN,   // lane: run `kernel` on what is loaded, with params `bytes` and what is given,
                  // within budget_us
    HELPER_KILL,  // lane: stop what it runs; it answers with helper_ran, or never
};

struct helper_out {
    enum helper_out_kind kind;
    struct bytes bytes; // valid until the next helper_next
    uint32_t lane;
    const char *kernel;
    struct bytes given[KERNEL_GIVEN_MAX]; // valid as `bytes`
    uint32_t given_count;
    uint64_t budget_us;
};

enum helper_event_kind {  // what a person in front of it sees
    HELPER_EVENT_IN,      // the hub took us
    HELPER_EVENT_OUT,     // the hub refused us: text
    HELPER_EVENT_TASK,    // received
    HELPER_EVENT_RAN,     // done: wall_us from receipt, cpu_us
    HELPER_EVENT_FAILED,  // text
    HELPER_EVENT_VERDICT, // is_right, text
};

struct helper_event {
    enum helper_event_kind kind;
    uint64_t task;
    char kernel[TASK_KERNEL_BYTES];
    uint64_t expected_us; // by the hub, the way there and back included; 0: it did not say
    uint64_t wall_us, cpu_us;
    bool is_right;
    char text[MSG_TEXT_BYTES];
};

struct helper_stat {
    uint64_t tasks_done, tasks_failed, results_right, results_wrong;
    uint64_t objects_fetched, bytes_fetched;
    uint64_t cpu_us;
};

struct helper;

// *out is NULL on failure. RC_NOMEM; RC_CONFIG: number of lanes.
MUST_USE enum rc helper_new(struct helper **out, const struct helper_cfg *cfg);
void helper_free(struct helper *h); // NULL is fine
void helper_open(struct helper *h);
void helper_input(struct helper *h, struct bytes message, uint64_t now_us);
void helper_closed(struct helper *h);
// RC_OK, or why the lane could not take the object; then the lane holds none.
void helper_loaded(struct helper *h, uint32_t lane, enum rc rc, const char *text);
void helper_ran(struct helper *h, uint32_t lane, const struct helper_outcome *o, uint64_t now_us);
// The lane's worker was made anew, and holds no object.
void helper_renewed(struct helper *h, uint32_t lane);
// What the next heartbeat says of the machine; `busy` is filled in by the helper.
void helper_health(struct helper *h, const struct msg_heartbeat *health);
void helper_tick(struct helper *h, uint64_t now_us);
bool helper_next(struct helper *h, struct helper_out *out); // false: nothing more
bool helper_event(struct helper *h, struct helper_event *out);
uint64_t helper_due_us(const struct helper *h);
struct helper_stat helper_stat(const struct helper *h);
// Refused by the hub: connecting again with the same key is of no use. NULL: it is not.
const char *helper_refusal(const struct helper *h);

#endif
