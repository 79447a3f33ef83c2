// SPDX-License-Identifier: MIT
// Connections of a simulated crowd: opened, hung up, cut, half-open, and forgotten by both sides.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "compute/dialect.h"
#include "crowd_state.h"

#define DETECT_US   50000u
#define PING_HUB_US 30000000u // of a connection on which nothing comes any more
#define PING_US     20000000u
#define HUB         0u
#define PEER        1u

static void reap(void *self, uint64_t tag)
{
    (void)tag;
    struct wire *w = self;
    sim_link_free(w->link);
    list_del(&w->node);
    free(w);
}

static void let_go(struct wire *w, unsigned side)
{
    struct world *world = w->crowd->world;
    w->is_gone[side] = true;
    (void)world_cancel(world, w->ping[side]); // there may be none
    if (!w->is_gone[1 - side] || w->has_let_go)
        return;
    w->has_let_go = true; // not within one of its own handlers
    (void)world_at(world, world_now_us(world), reap, w, 0);
}

static void hub_hears(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    (void)l;
    (void)end;
    struct wire *w = self;
    if (w->is_gone[HUB])
        return;
    uint64_t began = hub_clock(w->crowd);
    broker_input(w->crowd->broker, w->conn, message, crowd_now(w->crowd));
    hub_took(w->crowd, began);
    hub_pump(w->crowd);
}

void wire_hub_closes(struct wire *w)
{
    if (w->is_gone[HUB])
        return;
    sim_link_close(w->link, HUB);
    void *was = map_del(w->crowd->conns, &w->conn);
    assert(was == w);
    (void)was;
    let_go(w, HUB);
}

static void hub_is_told(struct wire *w)
{
    if (w->is_gone[HUB])
        return;
    wire_hub_closes(w);
    uint64_t began = hub_clock(w->crowd);
    broker_closed(w->crowd->broker, w->conn, crowd_now(w->crowd));
    hub_took(w->crowd, began);
    hub_pump(w->crowd);
}

static void hub_loses(void *self, struct sim_link *l, unsigned end)
{
    (void)l;
    (void)end;
    hub_is_told(self);
}

static void hub_pings(void *self, uint64_t tag)
{
    (void)tag;
    hub_is_told(self);
}

static void end_hears(void *self, struct sim_link *l, unsigned end, struct bytes message)
{
    (void)l;
    (void)end;
    struct wire *w = self;
    if (!w->is_gone[PEER])
        peer_hears(w->peer, message);
}

static void peer_is_told(struct wire *w)
{
    if (w->is_gone[PEER])
        return;
    assert(w->peer->wire == w);
    w->peer->wire = NULL;
    sim_link_close(w->link, PEER);
    let_go(w, PEER);
    peer_loses(w->peer);
}

static void end_loses(void *self, struct sim_link *l, unsigned end)
{
    (void)l;
    (void)end;
    peer_is_told(self);
}

static void peer_pings(void *self, uint64_t tag)
{
    (void)tag;
    peer_is_told(self);
}

bool wire_open(struct peer *p)
{
    struct crowd *c = p->crowd;
    assert(p->wire == NULL);
    if (c->broker == NULL)
        return false;
    struct wire *w = crowd_take(sizeof *w);
    *w = (struct wire){.crowd = c, .peer = p, .conn = ++c->last_conn};
    list_push_back(&c->wires, &w->node);
    char name[32];
    struct text t = text_of(name, sizeof name);
    text_addf(&t, "wire %llu", (unsigned long long)w->conn);
    struct sim_way way = {.latency_us = p->latency_us, .jitter_us = p->latency_us / 4};
    crowd_must(sim_link_new(&w->link, c->world, name,
                            &(struct sim_link_cfg){.way = {way, way}, .detect_us = DETECT_US}));
    sim_link_attach(w->link, HUB, &(struct sim_link_handler){w, hub_hears, hub_loses});
    sim_link_attach(w->link, PEER, &(struct sim_link_handler){w, end_hears, end_loses});
    crowd_must(map_put(c->conns, &w->conn, w));
    p->wire = w;
    c->report.connects++;
    struct broker_guest guest = {.is_text = p->is_text, .origin = {10}};
    uint64_t began = hub_clock(c);
    broker_open(c->broker, w->conn, &guest, crowd_now(c));
    hub_took(c, began);
    hub_pump(c);
    return true;
}

static void send(struct wire *w, unsigned end, struct bytes message)
{
    enum rc rc = sim_link_send(w->link, end, message);
    assert(rc == RC_OK || rc == RC_CLOSED); // as a socket loses it
    (void)rc;
}

void wire_send(struct peer *p, struct bytes message)
{
    if (p->wire != NULL)
        send(p->wire, PEER, message);
}

void wire_from_hub(struct wire *w, struct bytes message)
{
    send(w, HUB, message);
}

void wire_hang_up(struct peer *p)
{
    struct wire *w = p->wire;
    if (w == NULL)
        return;
    p->wire = NULL;
    sim_link_close(w->link, PEER);
    let_go(w, PEER);
}

void wire_cut(struct peer *p)
{
    if (p->wire != NULL)
        sim_link_cut(p->wire->link, false);
}

void wire_vanish(struct peer *p)
{
    struct wire *w = p->wire;
    if (w == NULL || w->ping[PEER] != 0)
        return;
    struct world *world = w->crowd->world;
    sim_link_hole(w->link, HUB, true);
    sim_link_hole(w->link, PEER, true);
    w->ping[PEER] = world_at(world, world_now_us(world) + PING_US, peer_pings, w, 1);
    if (!w->is_gone[HUB])
        w->ping[HUB] = world_at(world, world_now_us(world) + PING_HUB_US, hub_pings, w, 2);
}
