// SPDX-License-Identifier: MIT
// The sandboxed workers under one helper machine: does what the machine wishes, tells what came.
//
//     crew_new(&crew, &cfg, &err);           // one worker a lane; measures itself at once
//     on_ready(self, speed, count)           // the benchmark is done: now a hub may be told
//     crew_attach(crew, machine);            // from here on lanes belong to the machine
//     crew_do(crew, &out);                   // HELPER_LOAD, HELPER_RUN, HELPER_KILL
//     crew_free(crew);
#ifndef PROG_CREW_H
#define PROG_CREW_H

#include <stdint.h>

#include "base/arena.h"
#include "compute/helper.h"
#include "os/loop.h"
#include "os/nursery.h"

struct crew;

struct crew_cfg {
    struct arena *arena; // outlives the crew
    struct loop *loop;
    struct nursery *nursery; // already listening
    uint32_t lanes;          // 1..NURSERY_WORKERS_MAX
    uint64_t memory_bytes;   // of one worker
    void *self;
    void (*on_ready)(void *self, const struct msg_speed *speed, uint32_t count);
    void (*on_failed)(void *self, const char *why); // no worker can be had here
};

// *out lives in cfg->arena and is NULL on failure; *err says what could not be had.
MUST_USE enum rc crew_new(struct crew **out, const struct crew_cfg *cfg, struct err *err);
void crew_free(struct crew *c); // NULL is fine; before nursery_stop
void crew_attach(struct crew *c, struct helper *machine);
// LOAD, RUN and KILL alone. What cannot be done the machine is told at once, within the call.
void crew_do(struct crew *c, const struct helper_out *out);
// Which walls stand around the workers: short, for hello and for people.
const char *crew_cage(const struct crew *c);
uint32_t crew_walls(const struct crew *c); // the same as bits of os/cage.h

#endif
