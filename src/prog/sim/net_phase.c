// SPDX-License-Identifier: MIT
// `shoal sim net`: what happens when: hosts vanish, are replaced, sleep; the world parts.
#include "base/num.h"
#include "prog/sim/net_play.h"

static bool falls(struct play *p, const struct net_phase *f, const struct node *n)
{
    const bool is_moving = f->event == NET_VANISH || f->event == NET_REPLACE;
    const bool is_drawn = rng_unit(&p->life_rng) < f->share;
    return is_drawn && n->dht != NULL && !(is_moving && n->is_pinned) &&
           !(f->event == NET_SLEEP && n->index < PLAY_ENTRIES);
}

static void strike(struct play *p, const struct net_phase *f, struct node *n)
{
    switch (f->event) {
    case NET_VANISH:
        node_gone(n);
        break;
    case NET_REPLACE:
        node_replace(n);
        break;
    case NET_SLEEP:
        node_sleep(n, play_after_us(f->for_min));
        break;
    case NET_PART:
        sim_net_set_side(p->net, n->index, 1);
        break;
    case NET_LOSS:
    case NET_EVENT_COUNT:
        break;
    }
}

static void end_phase(void *self, uint64_t tag)
{
    struct play *p = self;
    if (p->s->phase[tag].event == NET_LOSS)
        sim_net_set_loss(p->net, p->s->net.loss);
    for (uint32_t i = 0; i < p->nodes && p->s->phase[tag].event == NET_PART; i++)
        sim_net_set_side(p->net, i, 0);
}

static void begin_phase(void *self, uint64_t tag)
{
    struct play *p = self;
    const struct net_phase *f = &p->s->phase[tag];
    const uint64_t now_us = world_now_us(p->world);
    if (f->event == NET_LOSS)
        sim_net_set_loss(p->net, f->share);
    for (uint32_t i = 0; i < p->honest && f->event != NET_LOSS; i++)
        if (falls(p, f, &p->node[i]))
            strike(p, f, &p->node[i]);
    if (f->event == NET_LOSS || f->event == NET_PART)
        (void)world_at(p->world, now_us + play_after_us(f->for_min), end_phase, p, tag);
    if (f->every_min > 0)
        (void)world_at(p->world, now_us + play_after_us(f->every_min), begin_phase, p, tag);
}

static void leave_publishers(void *self, uint64_t tag)
{
    struct play *p = self;
    (void)tag;
    for (uint32_t i = 0; i < p->objects; i++)
        for (uint32_t k = 0; k < p->object[i].providers; k++)
            node_gone(&p->node[p->object[i].provider[k]]);
}

void phase_plan(struct play *p)
{
    for (uint32_t i = 0; i < p->s->phases; i++)
        (void)world_at(p->world, p->measure_us + play_after_us(p->s->phase[i].at_min), begin_phase,
                       p, i);
    if (p->s->publishers_leave)
        (void)world_at(p->world, p->measure_us, leave_publishers, p, 0);
}
