// SPDX-License-Identifier: MIT
// A helper machine's connection to a hub.
#include "prog/helper/link.h"

#include <assert.h>

#include "base/num.h"
#include "os/entropy.h"

#define RETRY_US     1000000u  // after a lost connection; doubled each time ...
#define RETRY_US_MAX 15000000u // ... up to this

static_assert(RETRY_US < RETRY_US_MAX, "waits grow");

uint64_t helper_link_wait_us(uint64_t last_us)
{
    assert(last_us <= RETRY_US_MAX);
    return last_us == 0 ? RETRY_US : num_min(last_us * 2, RETRY_US_MAX);
}

static uint64_t now_of(const struct helper_link *l)
{
    return loop_now_us(l->cfg.loop);
}

static void tell_events(struct helper_link *l)
{
    struct helper_event e;
    while (helper_event(l->cfg.machine, &e)) {
        l->was_in = l->was_in || e.kind == HELPER_EVENT_IN;
        l->cfg.on_event(l->cfg.self, &e);
    }
}

static void do_wish(struct helper_link *l, const struct helper_out *out)
{
    if (out->kind != HELPER_SEND && out->kind != HELPER_CLOSE)
        l->cfg.on_wish(l->cfg.self, out);
    else if (l->uplink != NULL && out->kind == HELPER_SEND)
        uplink_send(l->uplink, out->bytes);
    else if (l->uplink != NULL)
        uplink_close(l->uplink, helper_refusal(l->cfg.machine));
}

// Before the loop sleeps: whatever the machine wishes for.
static void drain(void *self)
{
    struct helper_link *l = self;
    struct helper_out out;
    while (helper_next(l->cfg.machine, &out))
        do_wish(l, &out);
    tell_events(l);
    loop_timer_at(l->due, helper_due_us(l->cfg.machine));
}

static void on_due(void *self)
{
    struct helper_link *l = self;
    helper_tick(l->cfg.machine, now_of(l));
}

static void on_open(void *self)
{
    struct helper_link *l = self;
    assert(!l->is_up);
    l->is_up = true;
    l->was_in = false;
    helper_open(l->cfg.machine);
}

static void on_message(void *self, struct bytes message)
{
    struct helper_link *l = self;
    assert(l->is_up);
    helper_input(l->cfg.machine, message, now_of(l));
}

// All helpers of a hub lose it at the same moment: they do not come back at the same one.
static uint64_t shortened(struct helper_link *l, uint64_t wait_us)
{
    return wait_us - rng_below(&l->rng, wait_us / 2);
}

static void gone(struct helper_link *l, const char *reason)
{
    if (l->is_up) {
        tell_events(l); // perhaps why
        helper_closed(l->cfg.machine);
    }
    l->is_up = false;
    if (helper_refusal(l->cfg.machine) != NULL) { // asking again would not help
        l->cfg.on_gone(l->cfg.self, reason, 0);
        return;
    }
    l->wait_us = helper_link_wait_us(l->was_in ? 0 : l->wait_us);
    l->was_in = false;
    const uint64_t again_us = shortened(l, l->wait_us);
    assert(again_us > 0 && again_us <= l->wait_us);
    loop_timer_at(l->retry, time_after(now_of(l), again_us));
    l->cfg.on_gone(l->cfg.self, reason, again_us);
}

static void on_close(void *self, const char *reason)
{
    gone(self, reason);
}

static enum rc dial(struct helper_link *l, struct err *err)
{
    const struct uplink_handlers handlers = {l, on_open, on_message, on_close};
    enum rc rc = RC_OK;
    if (l->uplink == NULL)
        rc = uplink_new(&l->uplink, l->cfg.loop, l->cfg.uplink, l->cfg.state, &handlers, err);
    return rc == RC_OK ? uplink_open(l->uplink, err) : rc;
}

static void on_retry(void *self)
{
    struct helper_link *l = self;
    struct err err = {.text = ""};
    if (dial(l, &err) != RC_OK) // no descriptors or no memory now: later there may be
        gone(l, err.text);
}

enum rc helper_link_open(struct helper_link *l, const struct helper_link_cfg *cfg, struct err *err)
{
    const struct entropy entropy = entropy_os();
    *l = (struct helper_link){.cfg = *cfg, .rng = rng_seeded(entropy_u64(&entropy))};
    enum rc rc = loop_timer_new(&l->due, cfg->loop, on_due, l);
    if (rc == RC_OK)
        rc = loop_timer_new(&l->retry, cfg->loop, on_retry, l);
    if (rc != RC_OK)
        (void)err_set(err, rc, "cannot connect: %s", rc_text(rc));
    if (rc == RC_OK)
        rc = dial(l, err);
    if (rc == RC_OK)
        loop_set_sleep_hook(cfg->loop, drain, l);
    else
        helper_link_close(l);
    return rc;
}

void helper_link_close(struct helper_link *l)
{
    if (l->cfg.loop != NULL)
        loop_set_sleep_hook(l->cfg.loop, NULL, NULL);
    uplink_free(l->uplink);
    loop_timer_free(l->due);
    loop_timer_free(l->retry);
    *l = (struct helper_link){.is_up = false};
}

void helper_link_hang_up(struct helper_link *l, uint64_t again_us)
{
    uplink_free(l->uplink);
    l->uplink = NULL;
    if (l->is_up)
        helper_closed(l->cfg.machine);
    l->is_up = false;
    loop_timer_at(l->retry, time_after(now_of(l), again_us));
}

const char *helper_link_hub(const struct helper_link *l)
{
    assert(l->uplink != NULL);
    return uplink_hub(l->uplink);
}
