// SPDX-License-Identifier: MIT
// A gamer's connection to a hub: its identity, the token, the machine behind it, and patience.
//
//     play_link_open(&link, &cfg, &err);   // identity, token, machine, loop
//     gamer_offer(link->machine, ...);
//     play_link_connect(link, &err);
//     loop_run(link->loop);                // on_event for all that happens; play_link_end stops it
//     play_link_tell(link);
//     play_link_close(link);
//
// A hub that is gone is tried again for a while; what is under way is kept, here and there.
#ifndef PROG_PLAY_LINK_H
#define PROG_PLAY_LINK_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/gamer.h"
#include "os/loop.h"
#include "prog/cmd.h"
#include "prog/progress.h"
#include "prog/uplink.h"

struct play_link_cfg {
    struct arena *arena;
    struct budget *budget;
    const struct cmd_common *common;
    const struct uplink_options *uplink;
    const char *name;       // for people at the hub; NULL: none
    const char *token_file; // NULL: `token` in the state folder, if there
    uint64_t patience_us;
    bool is_quiet;
    void *self;
    void (*on_event)(void *self, const struct gamer_event *e); // all but OUT, which ends the link
    void (*on_stop)(void *self); // by a signal: the last chance to withdraw what is under way
};

struct play_link {
    struct play_link_cfg cfg;
    char state[FILE_PATH_BYTES];
    struct bytes token;
    struct id id;
    struct loop *loop;
    struct loop_timer *retry;
    struct uplink *uplink;
    struct gamer_side *machine;
    struct progress progress;
    uint64_t lost_us; // since when the hub is gone; 0: it is there
    bool was_in;
    bool is_over;
    int exit_code;
    int signal;                   // that ended it; 0: none
    struct err why;               // it failed, first of all; without text: it did not
    uint64_t bytes_in, bytes_out; // of whole messages
};

// As cmd_state, cmd_identity and cmd_secret; RC_NOMEM, RC_IO. To be closed in any case.
MUST_USE enum rc play_link_open(struct play_link *l, const struct play_link_cfg *cfg,
                                struct err *err);
// As uplink_new and uplink_open.
MUST_USE enum rc play_link_connect(struct play_link *l, struct err *err);
void play_link_close(struct play_link *l); // harmless for one that was not opened
void play_link_end(struct play_link *l, int exit_code);
void play_link_end_with(struct play_link *l, const char *why); // with EXIT_FAILED
void play_link_tell(struct play_link *l); // on standard error, why it failed, if it did
void play_link_send(struct play_link *l); // at once what the machine wants sent

#endif
