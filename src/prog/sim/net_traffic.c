// SPDX-License-Identifier: MIT
// `shoal sim net`: objects are published and looked up.
#include "base/num.h"
#include "prog/sim/net_play.h"

#define RETRY_US       ((uint64_t)5 * US_PER_S)
#define PEERS_AGAIN_US ((uint64_t)15 * 60 * US_PER_S) // nodes forget them after 30 minutes
#define ITEMS_AGAIN_US ((uint64_t)60 * 60 * US_PER_S) // BEP 44: after two hours

// ---- Publishing

static void publish(void *self, uint64_t tag);

static void publish_at(struct node *n, uint64_t in_us, uint64_t tag)
{
    struct world *w = n->play->world;
    (void)world_at(w, world_now_us(w) + in_us, publish, n, tag);
}

static uint32_t publish_op(struct node *n, const struct object *o)
{
    const struct item item = object_item(o);
    if (o->kind == NET_PEERS)
        return dht_announce(n->dht, &o->key, 0, 0);
    return dht_put(n->dht, &item, DHT_NO_CAS, 0);
}

// tag: the object, and above it the node's life in which this goes on.
static void publish(void *self, uint64_t tag)
{
    struct node *n = self;
    struct play *p = n->play;
    const uint32_t index = (uint32_t)tag;
    const struct object *o = &p->object[index];
    const bool is_left = p->s->publishers_leave && play_now_us(p) >= p->measure_us;
    if (tag >> 32 != n->life || n->dht == NULL || is_left)
        return;
    if (o->kind == NET_RECORDS) {
        if (node_is_up(n) && dht_provide(n->dht, &o->subject, NULL) != RC_OK)
            play_broken(p, "node %u cannot provide %u", n->index, index);
        node_settle(n);
        return;
    }
    struct ask *a = node_is_up(n) ? ask_take(n, ASK_PUBLISH, index) : NULL;
    if (a != NULL && (a->op = publish_op(n, o)) == 0) {
        ask_give(n, a);
        a = NULL;
    }
    publish_at(n,
               a == NULL              ? RETRY_US
               : o->kind == NET_PEERS ? PEERS_AGAIN_US
                                      : ITEMS_AGAIN_US,
               tag);
    node_settle(n);
}

static void publish_first(void *self, uint64_t tag)
{
    struct node *n = self;
    publish(n, (uint64_t)n->life << 32 | tag);
}

void traffic_publish(struct play *p, uint64_t from_us, uint64_t until_us)
{
    for (uint32_t i = 0; i < p->objects; i++)
        for (uint32_t k = 0; k < p->object[i].providers; k++) {
            const uint64_t at_us = from_us + rng_below(&p->ask_rng, until_us - from_us);
            (void)world_at(p->world, at_us, publish_first, &p->node[p->object[i].provider[k]], i);
        }
}

// It may be early: then publish_first comes besides, which does no harm.
void traffic_again(struct node *n)
{
    struct play *p = n->play;
    if (n->life <= 1 || !n->is_pinned)
        return;
    for (uint32_t i = 0; i < p->objects; i++)
        if (object_is_of(&p->object[i], n->index))
            publish_at(n, RETRY_US, (uint64_t)n->life << 32 | i);
}

// ---- Looking up

static uint32_t choose_object(struct play *p)
{
    double sum = 0;
    unsigned k = 0;
    const struct net_siege *siege = &p->s->siege;
    if (siege->addresses > 0 && rng_unit(&p->ask_rng) < siege->share)
        return p->first_of[siege->object];
    for (unsigned i = 0; i < NET_OBJECT_COUNT; i++)
        sum += p->s->goods[i].objects > 0 ? p->s->goods[i].share : 0;
    double left = sum * rng_unit(&p->ask_rng);
    for (; k + 1 < NET_OBJECT_COUNT; k++) {
        const double share = p->s->goods[k].objects > 0 ? p->s->goods[k].share : 0;
        if (left < share)
            break;
        left -= share;
    }
    while (p->s->goods[k].objects == 0)
        k = (k + 1) % NET_OBJECT_COUNT;
    return p->first_of[k] + (uint32_t)rng_below(&p->ask_rng, p->s->goods[k].objects);
}

static uint32_t lookup_op(struct node *n, enum net_object kind, const struct dht_id *key,
                          const struct digest *subject)
{
    switch (kind) {
    case NET_PEERS:
        return dht_find_peers(n->dht, key, DHT_URGENT);
    case NET_ITEMS:
        return dht_get(n->dht, key, DHT_URGENT);
    case NET_RECORDS:
        return dht_find_records(n->dht, subject, DHT_URGENT);
    case NET_OBJECT_COUNT:
        break;
    }
    return 0;
}

// Who asks: anybody who is up, can send at all, and does not provide it.
static struct node *choose_node(struct play *p, uint32_t object)
{
    for (unsigned i = 0; i < 64; i++) {
        struct node *n = &p->node[rng_below(&p->ask_rng, p->honest)];
        if (node_is_up(n) && n->nat != SIM_NAT_BLOCKED &&
            !object_is_of(&p->object[object], n->index))
            return n;
    }
    return NULL;
}

static void look_up(struct play *p)
{
    const uint32_t object = choose_object(p);
    const struct object *o = &p->object[object];
    const bool is_absent = rng_unit(&p->ask_rng) < p->s->absent && o->kind != NET_PEERS;
    struct node *n = choose_node(p, object);
    struct digest subject = o->subject;
    struct dht_id key = o->key;
    if (is_absent) {
        const uint8_t other = (uint8_t)(1 + rng_below(&p->ask_rng, 255));
        subject.b[0] ^= other;
        key.b[0] ^= other;
    }
    struct ask *a = n != NULL ? ask_take(n, is_absent ? ASK_ABSENT : ASK_LOOKUP, object) : NULL;
    if (a == NULL || (a->op = lookup_op(n, o->kind, &key, &subject)) == 0) {
        p->f->refused++;
        if (a != NULL)
            ask_give(n, a);
        return;
    }
    node_settle(n);
}

static void look_up_next(void *self, uint64_t tag)
{
    struct play *p = self;
    if (play_now_us(p) >= p->end_us)
        return;
    look_up(p);
    (void)world_at(p->world, play_now_us(p) + play_draw_us(&p->ask_rng, US_PER_S / p->s->lookups_s),
                   look_up_next, p, tag);
}

void traffic_look_up(struct play *p)
{
    (void)world_at(p->world, p->measure_us, look_up_next, p, 0);
}
