// SPDX-License-Identifier: MIT
// A simulated connection: two directions, each a list of messages in flight.
#include "sim/link.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "base/list.h"
#include "base/num.h"

#define NS_PER_US 1000u
#define NS_PER_S  1000000000u

static_assert(SIM_MESSAGE_BYTES_MAX <= UINT64_MAX / NS_PER_S, "bytes times ns_per_s fit");

struct message {
    struct list node; // in direction.flight
    struct direction *direction;
    uint64_t event;
    uint64_t sent_ns; // when its last byte leaves
    size_t len;
    uint8_t at[];
};

struct direction {
    struct sim_link *link;
    struct sim_way way;
    struct rng rng;
    struct list flight;   // oldest first; sent_ns and due grow along it
    uint64_t free_ns;     // when the line has sent all that it was given
    uint64_t last_due_us; // of the message given last
    unsigned to;          // the end that receives
    bool is_hole;
};

struct end {
    struct sim_link *link;
    struct sim_link_handler handler;
    uint64_t close_event; // on its way to tell this end; 0: none
    unsigned index;
    bool is_closed; // it hung up, or was told
};

struct sim_link {
    struct world *world;
    uint64_t detect_us;
    struct direction direction[2]; // [i]: from end i
    struct end end[2];
    bool is_cut;
};

enum rc sim_link_new(struct sim_link **out, struct world *w, const char *name,
                     const struct sim_link_cfg *cfg)
{
    struct sim_link *l = budget_take(world_budget(w), sizeof *l);
    *out = l;
    if (l == NULL)
        return RC_NOMEM;
    *l = (struct sim_link){.world = w, .detect_us = cfg->detect_us};
    struct rng rng = world_rng(w, name);
    for (unsigned i = 0; i < 2; i++) {
        struct direction *d = &l->direction[i];
        *d = (struct direction){.link = l, .way = cfg->way[i], .to = 1 - i};
        d->rng = rng_seeded(rng_u64(&rng));
        list_init(&d->flight);
        l->end[i] = (struct end){.link = l, .index = i};
    }
    return RC_OK;
}

static void lose(struct message *m)
{
    struct world *w = m->direction->link->world;
    bool was_waiting = world_cancel(w, m->event);
    assert(was_waiting); // a message leaves the list before it is handed over
    list_del(&m->node);
    budget_give(world_budget(w), m);
}

static void lose_all(struct direction *d)
{
    while (!list_is_empty(&d->flight))
        lose(CONTAINER_OF(d->flight.next, struct message, node));
}

void sim_link_free(struct sim_link *l)
{
    if (l == NULL)
        return;
    for (unsigned i = 0; i < 2; i++) {
        lose_all(&l->direction[i]);
        (void)world_cancel(l->world, l->end[i].close_event); // there may be none
    }
    budget_give(world_budget(l->world), l);
}

void sim_link_attach(struct sim_link *l, unsigned end, const struct sim_link_handler *handler)
{
    assert(end < 2 && handler->on_message != NULL && handler->on_close != NULL);
    l->end[end].handler = *handler;
}

// When len bytes given to the line now have left it, and when they arrive.
static uint64_t schedule(struct direction *d, size_t len)
{
    uint64_t now_us = world_now_us(d->link->world);
    d->free_ns = num_max(d->free_ns, now_us * NS_PER_US);
    if (d->way.rate_bytes_s > 0)
        d->free_ns += num_div_ceil((uint64_t)len * NS_PER_S, d->way.rate_bytes_s);
    uint64_t wait_us = d->way.latency_us;
    if (d->way.jitter_us > 0)
        wait_us += rng_below(&d->rng, d->way.jitter_us + 1);
    uint64_t due_us = time_after(num_div_ceil(d->free_ns, NS_PER_US), wait_us);
    d->last_due_us = num_max(d->last_due_us, due_us); // a stream never reorders
    return d->last_due_us;
}

static void note_message(struct world *w, const struct message *m)
{
    uint64_t hash = m->len;
    for (size_t i = 0; i < m->len; i++)
        hash = (hash ^ m->at[i]) * 0x100000001b3u; // FNV-1a's step
    world_note(w, hash);
}

static void arrive(void *self, uint64_t tag)
{
    (void)tag; // for the world's hash
    struct message *m = self;
    struct direction *d = m->direction;
    struct sim_link *l = d->link;
    struct world *w = l->world;
    const struct end *to = &l->end[d->to];
    list_del(&m->node); // from here on it is not the link's, whatever the handler does to that
    if (!d->is_hole && !to->is_closed && to->handler.on_message != NULL) {
        note_message(w, m);
        to->handler.on_message(to->handler.self, l, d->to, bytes_of(m->at, m->len));
    }
    budget_give(world_budget(w), m);
}

uint64_t sim_link_queued_bytes(const struct sim_link *l, unsigned end)
{
    assert(end < 2);
    const struct list *flight = &l->direction[end].flight;
    uint64_t now_ns = world_now_us(l->world) * NS_PER_US;
    uint64_t sum = 0;
    for (struct list *it = flight->prev; it != flight; it = it->prev) {
        const struct message *m = CONTAINER_OF(it, struct message, node);
        if (m->sent_ns <= now_ns)
            break;
        sum += m->len;
    }
    return sum;
}

enum rc sim_link_send(struct sim_link *l, unsigned end, struct bytes message)
{
    assert(end < 2);
    struct direction *d = &l->direction[end];
    if (l->end[end].is_closed)
        return RC_CLOSED;
    if (message.len > SIM_MESSAGE_BYTES_MAX)
        return RC_REFUSED;
    uint64_t queued = sim_link_queued_bytes(l, end);
    if (d->way.queue_bytes_max > 0 && queued > 0 && queued + message.len > d->way.queue_bytes_max)
        return RC_FULL;
    if (l->is_cut)
        return RC_OK; // into the void; this end does not know yet
    struct message *m = budget_take(world_budget(l->world), sizeof *m + message.len);
    if (m == NULL)
        return RC_NOMEM;
    *m = (struct message){.direction = d, .len = message.len};
    if (message.len > 0)
        memcpy(m->at, message.at, message.len);
    uint64_t due_us = schedule(d, message.len);
    m->sent_ns = d->free_ns;
    m->event = world_at(l->world, due_us, arrive, m, message.len);
    list_push_back(&d->flight, &m->node);
    return RC_OK;
}

static void tell_closed(void *self, uint64_t tag)
{
    (void)tag; // for the world's hash
    struct end *e = self;
    struct sim_link *l = e->link;
    e->close_event = 0;
    assert(!e->is_closed);
    if (l->direction[1 - e->index].is_hole && !l->is_cut)
        return;
    e->is_closed = true;
    if (e->handler.on_close != NULL)
        e->handler.on_close(e->handler.self, l, e->index);
}

static void tell_closed_at(struct end *e, uint64_t when_us)
{
    if (e->is_closed || e->close_event != 0)
        return;
    e->close_event = world_at(e->link->world, when_us, tell_closed, e, e->index);
}

void sim_link_close(struct sim_link *l, unsigned end)
{
    assert(end < 2);
    struct end *e = &l->end[end];
    if (e->is_closed)
        return;
    e->is_closed = true;
    (void)world_cancel(l->world, e->close_event); // nobody left to tell
    e->close_event = 0;
    if (!l->is_cut)
        tell_closed_at(&l->end[1 - end], schedule(&l->direction[end], 0));
}

void sim_link_cut(struct sim_link *l, bool is_delivered)
{
    if (l->is_cut)
        return;
    l->is_cut = true;
    uint64_t detected_us = time_after(world_now_us(l->world), l->detect_us);
    for (unsigned i = 0; i < 2; i++) {
        struct end *to = &l->end[1 - i];
        if (is_delivered) {
            tell_closed_at(to, num_max(detected_us, l->direction[i].last_due_us));
            continue;
        }
        lose_all(&l->direction[i]);
        (void)world_cancel(l->world, to->close_event); // a hang-up in flight is lost as well
        to->close_event = 0;
        tell_closed_at(to, detected_us);
    }
}

void sim_link_hole(struct sim_link *l, unsigned end, bool is_on)
{
    assert(end < 2);
    l->direction[end].is_hole = is_on;
}

void sim_link_set_way(struct sim_link *l, unsigned end, const struct sim_way *way)
{
    assert(end < 2);
    l->direction[end].way = *way;
}

bool sim_link_is_open(const struct sim_link *l, unsigned end)
{
    assert(end < 2);
    return !l->end[end].is_closed;
}
