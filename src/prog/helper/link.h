// SPDX-License-Identifier: MIT
// A helper machine's connection to a hub: what it wants sent goes out, what comes goes in, and a
// hub that is gone is tried again, ever more seldom.
//
//     helper_link_open(&link, &cfg, &err);   // connects; owns the loop's sleep hook from here on
//     loop_run(loop);                        // on_wish and on_event for what the machine says
//     helper_link_close(&link);              // before the machine is freed
#ifndef PROG_HELPER_LINK_H
#define PROG_HELPER_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/rng.h"
#include "compute/helper.h"
#include "os/loop.h"
#include "prog/uplink.h"

struct helper_link_cfg {
    struct loop *loop;
    const struct uplink_options *uplink; // borrowed for life, as is state
    const char *state;                   // the state folder
    struct helper *machine;              // outlives the link
    void *self;
    void (*on_wish)(void *self, const struct helper_out *out); // HELPER_LOAD, _RUN, _KILL
    void (*on_event)(void *self, const struct helper_event *e);
    // The connection is gone; it is tried again after so long. 0: it is not, for the hub wants
    // none of us.
    void (*on_gone)(void *self, const char *reason, uint64_t again_us);
};

struct helper_link { // {0} is a closed one; fields are private
    struct helper_link_cfg cfg;
    struct uplink *uplink;    // NULL: hung up without a word
    struct loop_timer *due;   // the machine's
    struct loop_timer *retry; // of the connection
    struct rng rng;
    uint64_t wait_us; // the last one, before it was shortened
    bool is_up;
    bool was_in; // since the last connection
};

// RC_CONFIG: what options say is no hub; RC_NOMEM, RC_IO. Then it is closed again.
MUST_USE enum rc helper_link_open(struct helper_link *l, const struct helper_link_cfg *cfg,
                                  struct err *err);
void helper_link_close(struct helper_link *l); // harmless on a closed one
// Without a word, as somebody does who is not well-behaved; back after so long. Only in on_wish
// and on_event. on_gone is not called.
void helper_link_hang_up(struct helper_link *l, uint64_t again_us);
const char *helper_link_hub(const struct helper_link *l); // "HOST:PORT"

// How long to wait after another failed try, at most: doubled each time, within bounds; 0 before
// the first.
uint64_t helper_link_wait_us(uint64_t last_us);

#endif
