// SPDX-License-Identifier: MIT
// One event loop (libuv) with absolute timers, a hook before each sleep, and signals.
//
//     loop_new(&loop, &err);
//     loop_set_sleep_hook(loop, drain_outboxes, node);
//     loop_run(loop);                      // until loop_stop, or nothing is left to wait for
//     web_server_free(server);             // owners close what they opened ...
//     loop_free(loop);                     // ... and the loop waits for that
//
// One thread: nothing here may be called from another. Callbacks never run inside a call
// of ours other than loop_run and loop_free.
#ifndef OS_LOOP_H
#define OS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

struct loop;
struct loop_timer;
struct uv_loop_s;

// The process ignores SIGPIPE from here on. *out is NULL on failure. RC_IO: no descriptors left;
// RC_NOMEM.
MUST_USE enum rc loop_new(struct loop **out, struct err *err);
// Waits until everything closed by its owner is really gone. NULL is fine. What is still open
// is a mistake of its owner, and asserted.
void loop_free(struct loop *l);

// Returns after loop_stop, or when no timer, connection or job is left.
void loop_run(struct loop *l);
// One turn: what is ready now; with may_wait, sleeps until something is. Does nothing, not even
// the hook, if no timer, connection or job is left.
void loop_turn(struct loop *l, bool may_wait);
void loop_stop(struct loop *l); // at the end of this turn

// Monotonic microseconds (clock_now_us), read once a turn.
uint64_t loop_now_us(struct loop *l);

// How long the loop has slept so far, in all, waiting for something to do.
uint64_t loop_idle_us(struct loop *l);

// Called once a turn, before the loop looks for new input: drain machines' outboxes, set
// timers. NULL takes it away.
void loop_set_sleep_hook(struct loop *l, void (*hook)(void *self), void *self);

// SIGINT and SIGTERM call back on the loop, with the signal's number. At most once a loop;
// it does not keep loop_run from returning. RC_IO.
MUST_USE enum rc loop_on_signal(struct loop *l, void (*on_signal)(void *self, int number),
                                void *self);

// One-shot timer, unarmed at first. RC_NOMEM: *out is NULL.
MUST_USE enum rc loop_timer_new(struct loop_timer **out, struct loop *l, void (*on_due)(void *self),
                                void *self);
// Arms, or arms anew, for loop_now_us() >= due_us; UINT64_MAX disarms. Never early; late by up
// to a millisecond and the turn's work. Harmless to call again with the same due_us.
void loop_timer_at(struct loop_timer *t, uint64_t due_us);
void loop_timer_free(struct loop_timer *t); // NULL is fine; on_due will not come any more

// For edge/os alone.
struct uv_loop_s *loop_uv(struct loop *l);
#define LOOP_SCRATCH_BYTES 65536
uint8_t *loop_scratch_in(struct loop *l);  // valid for one read callback
uint8_t *loop_scratch_out(struct loop *l); // valid within one call that sends

#endif
