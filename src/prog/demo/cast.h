// SPDX-License-Identifier: MIT
// The processes of `shoal demo`: a hub, its helpers, and what befalls them.
//
// All are children of this process: real hub, real helpers with real kernels in their sandboxes,
// over loopback, with a state folder each. Their troubles are as real: nobody waits on purpose.
#ifndef PROG_DEMO_CAST_H
#define PROG_DEMO_CAST_H

#include "base/arena.h"
#include "base/rc.h"
#include "os/file.h"
#include "os/loop.h"
#include "prog/demo/demo.h"

struct cast;

struct cast_cfg {
    struct loop *loop;
    struct budget *budget;
    const char *folder; // for their state folders
    const char *policy; // for the hub, if it takes one
    uint64_t seed;      // of when who is killed or frozen
    void *self;
    void (*on_ready)(void *self, uint16_t port); // the hub listens, all helpers are with it
    // at_us: of the loop's clock.
    void (*on_mark)(void *self, const struct demo_mark *mark);
    void (*on_lost)(void *self);                    // the hub gave a copy up
    void (*on_failed)(void *self, const char *why); // somebody ended who should not have
};

// Whether a hub can be told by which policy it chooses.
bool cast_takes_policy(void);
// This program, by its own name, as people see it in a list of processes.
void cast_find_program(char out[static FILE_PATH_BYTES]);
// Begins to start them. cfg is copied. RC_IO, RC_NOMEM.
MUST_USE enum rc cast_new(struct cast **out, const struct cast_cfg *cfg, struct err *err);
void cast_trouble(struct cast *c); // from now on they suffer
// Ends them all. Not from within a handler. NULL is fine.
void cast_free(struct cast *c);

#endif
