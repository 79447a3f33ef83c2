// SPDX-License-Identifier: MIT
// Chores: what a game computes beside its picture: physics, paths, sound, talk; as a machine.
//
//     chores_new(&c, &cfg);
//     chores_step(c, picture, &camera, may_leave, now_us); // what is due goes to the hub
//     chores_event(c, &event, now_us);                     // all that gamer_event tells
//     while (chores_local(c, &task)) ...                   // what is left to the gamer: it runs,
//     chores_ran(c, task.chore, rc, result, ...)           //   and says what came
//
// Each chore is a task for a window of pictures, and must be back when its first picture is drawn,
// or a little later (its deadline: physics 16 ms, sound 24, paths and talk 32). Where the way to
// helpers and back takes longer than that, it is sent ahead by as many pictures: nothing that a
// player does can change it before then; where that would be more than CHORES_AHEAD_MAX, or where
// the split leaves it to the gamer, it stays here, and is tried again after a while. chores_stat
// tells which.
//
// The world is a small one that comes with the program: boxes and balls that fall, walkers in a
// city (kernel level), lamps that hum, passers-by who talk.
#ifndef COMPUTE_CHORES_H
#define COMPUTE_CHORES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "compute/gamer.h"
#include "kernel/kernel.h"

enum chore { CHORE_PHYSICS, CHORE_PATHS, CHORE_SOUND, CHORE_TALK };
#define CHORES           4u
#define CHORES_AHEAD_MAX 120u // pictures
#define CHORES_WINDOW_US 1000000u

struct chores_cfg {
    struct budget *budget; // outlives it, as does the gamer
    struct gamer_side *gamer;
    struct bytes scene;       // for sound: the object, which outlives it, ...
    struct digest scene_name; // ... and is offered to the gamer's hub
    double fps;
    uint32_t bodies;  // 1..
    uint32_t walkers; // 1..
    uint64_t seed;
};

struct chore_task { // for the gamer itself; borrowed until chores_ran
    enum chore chore;
    const char *kernel;
    struct bytes object; // that the kernel takes; empty: none
    struct bytes given;  // the one input, if in.given_count is 1; in.given is to point to it
    struct kernel_in in;
};

struct chore_stat {
    uint64_t asked, here; // of helpers; computed by the gamer
    uint64_t in_time, late, failed;
    uint64_t bytes; // of messages that brought it
    uint64_t result_bytes;
    uint32_t ahead;   // pictures, at present
    bool is_local;    // at present
    double way_us;    // from asking to having
    double helper_us; // of a helper's processor, each
    double own_us;    // of the gamer's, each
    uint32_t deadline_us;
};

struct chores;

// Prepares the world: some milliseconds. RC_NOMEM; RC_CONFIG: a number is out of range.
MUST_USE enum rc chores_new(struct chores **out, const struct chores_cfg *cfg);
void chores_free(struct chores *c); // NULL is fine; what is under way is withdrawn
// may_leave: the split gives them to helpers.
void chores_step(struct chores *c, uint32_t picture, const struct camera *camera, bool may_leave,
                 uint64_t now_us);
// True: it was about a chore.
bool chores_event(struct chores *c, const struct gamer_event *e, uint64_t now_us);
bool chores_local(struct chores *c, struct chore_task *out); // false: nothing is left to it now
// rc: of the run; result is read during the call.
void chores_ran(struct chores *c, enum chore chore, enum rc rc, struct bytes result,
                uint64_t cpu_us, uint64_t now_us);
const char *chore_name(enum chore chore);
struct chore_stat chores_stat(const struct chores *c, enum chore chore);
// Of all, for one window: what they took so far, of helpers and beyond. False: nothing is known.
bool chores_cost(const struct chores *c, double *helper_us, double *way_us);

#endif
