// SPDX-License-Identifier: MIT
// Order: a ring of what is known of each number, half of it behind the next one, half ahead.
#include "work/order.h"

#include <assert.h>

#include "base/list.h"
#include "base/num.h"

struct slot {
    enum order_state state; // MISSING, BLOCKED ahead; LEFT, SKIPPED behind
    uint64_t ready_us;      // since when, while BLOCKED
    struct list node;       // on `blocked` while BLOCKED
};

struct order {
    struct budget *budget;
    struct order_cfg cfg;
    uint64_t next;
    uint64_t seen_us;    // the latest time we were given
    struct list blocked; // oldest first: put only goes at the end, and time does not go back
    struct slot *slot;   // 2 * window_max, by seq modulo that
};

static_assert(sizeof(struct slot) <= 32, "order.h says 64 bytes for each number of the window");

enum rc order_new(struct order **out, struct budget *budget, const struct order_cfg *cfg)
{
    *out = NULL;
    if (cfg->first > ORDER_FIRST_MAX || cfg->window_max < 1 || cfg->window_max > ORDER_WINDOW_MAX)
        return RC_CONFIG;
    const size_t slots = 2 * (size_t)cfg->window_max;
    struct order *o = budget_take(budget, sizeof *o);
    struct slot *slot = o != NULL ? budget_take(budget, slots * sizeof *slot) : NULL;
    if (slot == NULL) {
        budget_give(budget, o);
        return RC_NOMEM;
    }
    *o = (struct order){.budget = budget, .cfg = *cfg, .next = cfg->first, .slot = slot};
    list_init(&o->blocked);
    for (size_t i = 0; i < slots; i++) {
        slot[i] = (struct slot){.state = ORDER_MISSING};
        list_init(&slot[i].node);
    }
    *out = o;
    return RC_OK;
}

void order_free(struct order *o)
{
    if (o == NULL)
        return;
    struct budget *budget = o->budget;
    budget_give(budget, o->slot);
    budget_give(budget, o);
}

static struct slot *slot_of(const struct order *o, uint64_t seq)
{
    return &o->slot[seq % (2 * (uint64_t)o->cfg.window_max)];
}

static bool is_in_window(const struct order *o, uint64_t seq)
{
    return seq >= o->next && seq - o->next < o->cfg.window_max;
}

enum order_state order_state_of(const struct order *o, uint64_t seq)
{
    if (seq >= o->next)
        return is_in_window(o, seq) ? slot_of(o, seq)->state : ORDER_AHEAD;
    if (seq < o->cfg.first || o->next - seq > o->cfg.window_max)
        return ORDER_OLD;
    return slot_of(o, seq)->state;
}

static void see(struct order *o, uint64_t now_us)
{
    o->seen_us = num_max(o->seen_us, now_us);
}

enum rc order_put(struct order *o, uint64_t seq, uint64_t now_us)
{
    see(o, now_us);
    const enum order_state state = order_state_of(o, seq);
    if (state != ORDER_MISSING)
        return state == ORDER_AHEAD ? RC_FULL : RC_REFUSED;
    struct slot *s = slot_of(o, seq);
    s->state = ORDER_BLOCKED;
    s->ready_us = o->seen_us;
    list_push_back(&o->blocked, &s->node);
    return RC_OK;
}

uint64_t order_due_us(const struct order *o)
{
    if (slot_of(o, o->next)->state == ORDER_BLOCKED)
        return 0;
    if (o->cfg.late_us == 0 || list_is_empty(&o->blocked))
        return UINT64_MAX;
    const struct slot *oldest = CONTAINER_OF(o->blocked.next, struct slot, node);
    return time_after(oldest->ready_us, o->cfg.late_us);
}

// The next number leaves; the window moves on, over what was known of a number long gone.
static void leave(struct order *o, enum order_state how)
{
    slot_of(o, o->next)->state = how;
    o->next++;
    struct slot *fresh = slot_of(o, o->next + o->cfg.window_max - 1);
    assert(list_is_empty(&fresh->node));
    fresh->state = ORDER_MISSING;
}

bool order_next(struct order *o, uint64_t now_us, struct order_out *out)
{
    see(o, now_us);
    struct slot *s = slot_of(o, o->next);
    const uint64_t due_us = order_due_us(o);
    if (due_us == UINT64_MAX || due_us > o->seen_us)
        return false;
    *out = (struct order_out){.seq = o->next, .kind = ORDER_GAP};
    if (s->state != ORDER_BLOCKED) {
        leave(o, ORDER_SKIPPED);
        return true;
    }
    out->kind = ORDER_READY;
    out->wait_us = time_since(s->ready_us, o->seen_us);
    list_del(&s->node);
    leave(o, ORDER_LEFT);
    return true;
}
