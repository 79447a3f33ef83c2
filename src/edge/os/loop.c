// SPDX-License-Identifier: MIT
// One libuv loop with absolute timers, a hook before each sleep, and signals.
#include "os/loop.h"

#include <assert.h>
#include <signal.h>

#include <uv.h>

#include "base/arena.h"
#include "base/num.h"
#include "os/clock.h"

#define TIMERS_BYTES_MAX ((size_t)1 << 20) // some 5,000 timers
#define SIGNALS          2
#define ARENA_BYTES      (4 * (size_t)LOOP_SCRATCH_BYTES) // struct, scratch, an arena's own blocks

struct loop {
    uv_loop_t uv;
    uv_prepare_t before_sleep;
    uv_signal_t signal[SIGNALS];
    bool has_signals;
    void (*hook)(void *self);
    void *hook_self;
    void (*on_signal)(void *self, int number);
    void *signal_self;
    uint64_t now_us; // 0: not yet asked in this turn
    struct budget timers;
    struct arena *arena; // holds this struct and the scratch
    uint8_t *scratch_in;
    uint8_t *scratch_out;
};

struct loop_timer {
    uv_timer_t uv;
    struct loop *loop;
    void (*on_due)(void *self);
    void *self;
    uint64_t due_us; // UINT64_MAX: not armed
};

// A turn ends where the loop goes to sleep, so what the clock said is old afterwards.
static void prepare_cb(uv_prepare_t *handle)
{
    struct loop *l = handle->data;
    if (l->hook != NULL)
        l->hook(l->hook_self);
    l->now_us = 0;
}

static enum rc uv_parts_init(struct loop *l, struct err *err)
{
    // A peer that hangs up must not end the process: libuv writes without MSG_NOSIGNAL.
    (void)signal(SIGPIPE, SIG_IGN); // cannot fail for this signal
    int failed = uv_loop_init(&l->uv);
    if (failed != 0)
        return err_set(err, RC_IO, "cannot make an event loop: %s", uv_strerror(failed));
    (void)uv_loop_configure(&l->uv, UV_METRICS_IDLE_TIME); // known since libuv 1.39
    (void)uv_prepare_init(&l->uv, &l->before_sleep);       // these three cannot fail
    l->before_sleep.data = l;
    (void)uv_prepare_start(&l->before_sleep, prepare_cb);
    uv_unref((uv_handle_t *)&l->before_sleep);
    return RC_OK;
}

enum rc loop_new(struct loop **out, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct loop *l = arena != NULL ? arena_take(arena, sizeof *l) : NULL;
    uint8_t *scratch_in = l != NULL ? arena_take(arena, LOOP_SCRATCH_BYTES) : NULL;
    uint8_t *scratch_out = l != NULL ? arena_take(arena, LOOP_SCRATCH_BYTES) : NULL;
    if (scratch_in == NULL || scratch_out == NULL) {
        arena_free(arena);
        return err_set(err, RC_NOMEM, "no memory for an event loop");
    }
    l->arena = arena;
    l->scratch_in = scratch_in;
    l->scratch_out = scratch_out;
    l->timers.limit_bytes = TIMERS_BYTES_MAX;
    enum rc rc = uv_parts_init(l, err);
    if (rc != RC_OK) {
        arena_free(arena);
        return rc;
    }
    *out = l;
    return RC_OK;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    l->hook = NULL;
    uv_close((uv_handle_t *)&l->before_sleep, NULL);
    for (int i = 0; l->has_signals && i < SIGNALS; i++)
        uv_close((uv_handle_t *)&l->signal[i], NULL);
    (void)uv_run(&l->uv, UV_RUN_DEFAULT); // the close callbacks of every owner
    const int failed = uv_loop_close(&l->uv);
    assert(failed == 0); // someone left a handle open
    assert(l->timers.used_bytes == 0);
    arena_free(l->arena);
}

void loop_run(struct loop *l)
{
    l->now_us = 0;
    (void)uv_run(&l->uv, UV_RUN_DEFAULT); // tells only whether loop_stop ended it
}

void loop_turn(struct loop *l, bool may_wait)
{
    l->now_us = 0;
    (void)uv_run(&l->uv, may_wait ? UV_RUN_ONCE : UV_RUN_NOWAIT);
}

void loop_stop(struct loop *l)
{
    uv_stop(&l->uv);
}

uint64_t loop_now_us(struct loop *l)
{
    if (l->now_us == 0)
        l->now_us = clock_now_us();
    return l->now_us;
}

uint64_t loop_idle_us(struct loop *l)
{
    return uv_metrics_idle_time(&l->uv) / 1000; // it counts nanoseconds
}

void loop_set_sleep_hook(struct loop *l, void (*hook)(void *self), void *self)
{
    l->hook = hook;
    l->hook_self = self;
}

static void signal_cb(uv_signal_t *handle, int number)
{
    struct loop *l = handle->data;
    assert(l->has_signals);
    l->on_signal(l->signal_self, number);
}

enum rc loop_on_signal(struct loop *l, void (*on_signal)(void *self, int number), void *self)
{
    static const int number[SIGNALS] = {SIGINT, SIGTERM};
    assert(!l->has_signals);
    l->on_signal = on_signal;
    l->signal_self = self;
    for (int i = 0; i < SIGNALS; i++) {
        if (uv_signal_init(&l->uv, &l->signal[i]) != 0) {
            assert(i == 0); // what can fail is the loop's signal pipe, made by the first
            return RC_IO;
        }
        l->signal[i].data = l;
        uv_unref((uv_handle_t *)&l->signal[i]);
    }
    l->has_signals = true;
    for (int i = 0; i < SIGNALS; i++) {
        if (uv_signal_start(&l->signal[i], signal_cb, number[i]) != 0)
            return RC_IO;
    }
    return RC_OK;
}

enum rc loop_timer_new(struct loop_timer **out, struct loop *l, void (*on_due)(void *self),
                       void *self)
{
    *out = budget_take(&l->timers, sizeof **out);
    if (*out == NULL)
        return RC_NOMEM;
    **out = (struct loop_timer){.loop = l, .on_due = on_due, .self = self, .due_us = UINT64_MAX};
    (void)uv_timer_init(&l->uv, &(*out)->uv); // cannot fail
    (*out)->uv.data = *out;
    return RC_OK;
}

static void timer_cb(uv_timer_t *handle)
{
    struct loop_timer *t = handle->data;
    t->due_us = UINT64_MAX;
    t->loop->now_us = 0; // timers run after a sleep and before the hook: a new turn
    t->on_due(t->self);
}

void loop_timer_at(struct loop_timer *t, uint64_t due_us)
{
    assert(t->on_due != NULL);
    if (t->due_us == due_us)
        return;
    t->due_us = due_us;
    if (due_us == UINT64_MAX) {
        (void)uv_timer_stop(&t->uv); // cannot fail
        return;
    }
    // libuv counts whole milliseconds of the same clock, from its own, older, now: rounding the
    // absolute time up keeps us from being early.
    uint64_t due_ms = num_div_ceil(due_us, US_PER_MS);
    uint64_t now_ms = uv_now(&t->loop->uv);
    (void)uv_timer_start(&t->uv, timer_cb, due_ms > now_ms ? due_ms - now_ms : 0, 0);
}

static void timer_closed(uv_handle_t *handle)
{
    struct loop_timer *t = handle->data;
    budget_give(&t->loop->timers, t);
}

void loop_timer_free(struct loop_timer *t)
{
    if (t != NULL)
        uv_close((uv_handle_t *)&t->uv, timer_closed);
}

struct uv_loop_s *loop_uv(struct loop *l)
{
    return &l->uv;
}

uint8_t *loop_scratch_in(struct loop *l)
{
    return l->scratch_in;
}

uint8_t *loop_scratch_out(struct loop *l)
{
    return l->scratch_out;
}
