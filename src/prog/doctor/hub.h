// SPDX-License-Identifier: MIT
// The part of a check-up that goes to a hub as a gamer does, step by step: name, connection,
// encryption, health, clock, protocol, token, helpers, and small tasks there and back.
#ifndef PROG_DOCTOR_HUB_H
#define PROG_DOCTOR_HUB_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/sign.h"
#include "os/loop.h"
#include "prog/doctor/view.h"
#include "prog/uplink.h"

struct doctor_hub;

struct doctor_hub_cfg {
    struct arena *arena; // outlives it
    struct loop *loop;
    struct doctor_view *view;
    const struct uplink_options *options;
    const char *state;          // the state folder
    const struct sign_key *key; // of this machine's owner
    struct bytes token;         // empty: none
    uint64_t timeout_us;        // of each step
    void *self;
    void (*on_done)(void *self); // all that could be checked was said
};

// RC_CONFIG: what options say is no hub; RC_NOMEM, RC_IO.
MUST_USE enum rc doctor_hub_start(struct doctor_hub **out, const struct doctor_hub_cfg *cfg,
                                  struct err *err);
// NULL is fine. False: a name is still being looked up, and loop_free would wait for that.
bool doctor_hub_free(struct doctor_hub *h);

#endif
