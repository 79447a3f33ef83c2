// SPDX-License-Identifier: MIT
// A simulated connection: whole messages between two ends, as a WebSocket carries them.
//
// The ends are 0 and 1. A message leaves when those before it have left, at the direction's rate;
// it arrives after latency and jitter, never before one that was sent earlier. Only arrivals and
// closings call back, each from an event of its own; a handler may do anything to the link but
// free it.
#ifndef SIM_LINK_H
#define SIM_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "sim/world.h"

#define SIM_MESSAGE_BYTES_MAX ((size_t)1 << 26)

struct sim_link;

struct sim_way { // one direction
    uint64_t latency_us;
    uint64_t jitter_us;       // up to this much more, evenly drawn
    uint64_t rate_bytes_s;    // 0: no limit
    uint64_t queue_bytes_max; // accepted and not yet sent; 0: no limit
};

struct sim_link_cfg {
    struct sim_way way[2]; // [0]: from end 0 to end 1
    uint64_t detect_us;    // how long after a cut both ends are told
};

struct sim_link_handler {
    void *self;
    // message is borrowed for the call.
    void (*on_message)(void *self, struct sim_link *l, unsigned end, struct bytes message);
    // Once; nothing comes after it.
    void (*on_close)(void *self, struct sim_link *l, unsigned end);
};

// RC_NOMEM: *out is NULL. name seeds the jitter: links of one world have different names.
MUST_USE enum rc sim_link_new(struct sim_link **out, struct world *w, const char *name,
                              const struct sim_link_cfg *cfg);
void sim_link_free(struct sim_link *l); // NULL is fine; what is in flight is gone, nobody told
// Who receives at an end; before it is attached, messages to it are lost.
void sim_link_attach(struct sim_link *l, unsigned end, const struct sim_link_handler *handler);

// message is copied. RC_FULL: the queue has no room for it (an empty one takes any message);
// RC_CLOSED: this end closed, or was told that the link is; RC_REFUSED: longer than
// SIM_MESSAGE_BYTES_MAX; RC_NOMEM. RC_OK says only that it was queued.
MUST_USE enum rc sim_link_send(struct sim_link *l, unsigned end, struct bytes message);
uint64_t sim_link_queued_bytes(const struct sim_link *l, unsigned end); // not yet sent

// This end hangs up: what it sent still arrives, then the other end's on_close; what is on the
// way to it is lost. Its own on_close is not called. Harmless when it is closed already.
void sim_link_close(struct sim_link *l, unsigned end);
// The wire breaks: both ends get on_close after detect_us; what they send until then is lost.
// In-flight messages are lost, or all arrive at their times first, if is_delivered.
void sim_link_cut(struct sim_link *l, bool is_delivered);
// From now on (or no more) whatever would arrive from `end` vanishes, closings included, and
// nobody is told.
void sim_link_hole(struct sim_link *l, unsigned end, bool is_on);
// The direction from `end` changes for messages sent from now on.
void sim_link_set_way(struct sim_link *l, unsigned end, const struct sim_way *way);
bool sim_link_is_open(const struct sim_link *l, unsigned end); // as far as this end knows

#endif
