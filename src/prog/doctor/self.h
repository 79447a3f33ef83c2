// SPDX-License-Identifier: MIT
// The part of a check-up that looks at this machine as a helper: sandbox, kernels, memory, heat.
#ifndef PROG_DOCTOR_SELF_H
#define PROG_DOCTOR_SELF_H

#include "base/arena.h"
#include "base/rc.h"
#include "os/loop.h"
#include "os/nursery.h"
#include "prog/doctor/view.h"

struct doctor_self;

struct doctor_self_cfg {
    struct arena *arena; // outlives it
    struct loop *loop;
    struct doctor_view *view;
    struct nursery *nursery; // NULL: it could not be started: nursery_why
    const char *nursery_why;
    uint64_t timeout_us;
    void *self;
    void (*on_done)(void *self);
};

// on_done comes later, on the loop, even if all is known at once. RC_NOMEM, RC_IO.
MUST_USE enum rc doctor_self_start(struct doctor_self **out, const struct doctor_self_cfg *cfg,
                                   struct err *err);
void doctor_self_free(struct doctor_self *d); // NULL is fine; before nursery_stop

#endif
