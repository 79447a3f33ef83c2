// SPDX-License-Identifier: MIT
// Gamer: the side that has frames made, as a machine: submits, gives its scene, joins tiles.
//
//     gamer_open(g); gamer_input(g, message); gamer_closed(g);
//     gamer_submit(g, &frame, &job);          // any time; sent as soon as the hub took us
//     gamer_run(g, &task, &job);              // one task of any kernel, likewise
//     gamer_offer(g, object, &name);          // what both may name; gamer_recall ends it
//     while (gamer_next(g, &out)) ...         // send, close
//     while (gamer_event(g, &event)) ...      // what happened, frames among it
//
// What is under way when a connection breaks stays under way: on the next one the hub is told
// what is in already and sends the rest. gamer_abandon gives it up.
//
// The hub's word is checked as far as it goes: every pixel and sample is taken exactly once, and a
// frame is whole only when each is there.
#ifndef COMPUTE_GAMER_H
#define COMPUTE_GAMER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "compute/client.h"
#include "compute/msg.h"
#include "work/join.h"

#define GAMER_FRAMES_MAX  8u // submitted and not yet done; the hub's bound too
#define GAMER_RUNS_MAX    4096u
#define GAMER_OBJECTS_MAX 16u
#define GAMER_EVENTS_MAX  256u // between two drains: after each gamer_input there is room

struct gamer_cfg {
    struct budget *budget; // outlives the gamer
    struct client_cfg client;
};

enum gamer_event_kind {
    GAMER_EVENT_IN,      // the hub took us
    GAMER_EVENT_OUT,     // refused, or the hub made no sense: text; nothing more will come
    GAMER_EVENT_PLANNED, // tiles, helpers
    GAMER_EVENT_TILE,    // one verified tile is in
    GAMER_EVENT_FRAME,   // the frame is whole: gamer_take
    GAMER_EVENT_RAN,     // a run's result: ran
    GAMER_EVENT_FAILED,  // the frame or result will never be: text
    GAMER_EVENT_PEERS,   // helpers: how many there are now
};

struct gamer_event {
    enum gamer_event_kind kind;
    uint64_t job;
    uint64_t bytes; // of the message that it came with
    uint32_t frame;
    uint32_t tiles, helpers;   // PLANNED; helpers: PEERS too
    uint64_t input;            // PLANNED: the last step that the camera has seen
    struct camera camera;      // PLANNED
    struct msg_ran ran;        // RAN; its result is borrowed until the next gamer_event
    struct msg_tile tile;      // TILE: without its result
    struct msg_done done;      // FRAME
    enum rc rc;                // OUT, FAILED
    char text[MSG_TEXT_BYTES]; // OUT, FAILED
};

struct gamer_side; // `struct gamer` is the hub's record of one

// *out is NULL on failure. RC_NOMEM.
MUST_USE enum rc gamer_new(struct gamer_side **out, const struct gamer_cfg *cfg);
void gamer_free(struct gamer_side *g); // NULL is fine
// An object that jobs may name; borrowed until it is recalled. Above MSG_OBJECT_BYTES_MAX it cannot
// be given: jobs that name it will fail. Of more than GAMER_OBJECTS_MAX the one that was offered
// longest ago is recalled.
void gamer_offer(struct gamer_side *g, struct bytes object, struct digest *name);
// It is offered no longer; harmless if it never was. Jobs under way that name it may fail.
void gamer_recall(struct gamer_side *g, const struct digest *name);
void gamer_open(struct gamer_side *g);
void gamer_input(struct gamer_side *g, struct bytes message);
// The connection is gone; what was sent is sent again on the next one.
void gamer_closed(struct gamer_side *g);
// All that is not done fails with reason.
void gamer_abandon(struct gamer_side *g, const char *reason);
// m->job is chosen here and given back in *job. RC_FULL: GAMER_FRAMES_MAX are on their way. A frame
// that is kept is done without a tile or gamer_take.
// RC_NOMEM: no memory for the frame. RC_CONFIG: a field is out of range.
MUST_USE enum rc gamer_submit(struct gamer_side *g, const struct msg_submit *m, uint64_t *job);
// m->job is chosen here and given back in *job; params are copied. RC_FULL: GAMER_RUNS_MAX are on
// their way. RC_NOMEM. RC_CONFIG: a field is out of range.
MUST_USE enum rc gamer_run(struct gamer_side *g, const struct msg_run *m, uint64_t *job);
// Not wanted any more: nothing more is heard of it. Harmless for one that is over.
void gamer_withdraw(struct gamer_side *g, uint64_t job);
// One step of what the player did; its number is chosen here. RC_CLOSED: there is no hub now.
MUST_USE enum rc gamer_steer(struct gamer_side *g, const struct session_input *input);
// Hands over a whole frame, to be freed with join_free; NULL: there is no such.
struct join *gamer_take(struct gamer_side *g, uint64_t job);
// What is there so far of a frame that is under way; NULL: nothing. Until the next call here.
const struct join *gamer_look(struct gamer_side *g, uint64_t job);
// False: nothing more. *out borrows until the next call.
bool gamer_next(struct gamer_side *g, struct out *out);
bool gamer_event(struct gamer_side *g, struct gamer_event *out);
// Share of all (pixel, sample) pairs of submitted frames that are in, 0..1.
double gamer_progress(const struct gamer_side *g);

#endif
