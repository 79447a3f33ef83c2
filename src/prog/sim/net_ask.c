// SPDX-License-Identifier: MIT
// `shoal sim net`: objects, what is asked about them, and answers judged.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "prog/sim/net_play.h"

#define OWN_MAX 4u    // records of one node
#define TRIES   1000u // to find somebody

// ---- Objects

static void fill_value(struct object *o, struct rng *rng)
{
    o->value_len = 0;
    o->value[o->value_len++] = '3'; // "32:" and 32 bytes: a bencoded string
    o->value[o->value_len++] = '2';
    o->value[o->value_len++] = ':';
    for (unsigned i = 0; i < 32; i++)
        o->value[o->value_len++] = (uint8_t)rng_below(rng, 256);
}

struct item object_item(const struct object *o)
{
    return (struct item){.v = bytes_of(o->value, o->value_len)};
}

bool object_is_of(const struct object *o, uint32_t node)
{
    for (uint32_t i = 0; i < o->providers; i++)
        if (o->provider[i] == node)
            return true;
    return false;
}

static void fill(void *self, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)rng_below(self, 256);
}

static enum rc make_id(struct play *p, struct node *n)
{
    if (n->id != NULL)
        return RC_OK;
    struct rng rng = rng_seeded(rng_mix(p->seed ^ 0x6964) + n->index);
    const struct entropy entropy = {.fill = fill, .self = &rng};
    n->id = arena_take(p->arena, sizeof *n->id);
    return n->id != NULL ? id_init(n->id, &entropy) : RC_NOMEM;
}

// Not an entry, not behind walls that no datagram passes, and with room for it (own_max of
// dht_cfg_small).
static bool may_provide(const struct object *o, const struct node *n)
{
    return n->index >= PLAY_ENTRIES && n->nat != SIM_NAT_BLOCKED && !object_is_of(o, n->index) &&
           (o->kind != NET_RECORDS || n->own < OWN_MAX);
}

// Fewer providers than asked for if the network is too small.
static enum rc choose_providers(struct play *p, struct object *o)
{
    for (uint32_t i = 0; i < TRIES && o->providers < p->s->goods[o->kind].providers; i++) {
        struct node *n = &p->node[rng_below(&p->ask_rng, p->honest)];
        if (!may_provide(o, n))
            continue;
        o->provider[o->providers++] = n->index;
        n->is_pinned = true;
        n->own += o->kind == NET_RECORDS;
        if (o->kind == NET_RECORDS && make_id(p, n) != RC_OK)
            return RC_NOMEM;
    }
    return o->providers > 0 ? RC_OK : RC_CONFIG;
}

static enum rc make_object(struct play *p, struct object *o, enum net_object kind)
{
    struct rng *rng = &p->ask_rng;
    *o = (struct object){.kind = kind};
    for (size_t i = 0; i < sizeof o->subject.b; i++)
        o->subject.b[i] = (uint8_t)rng_below(rng, 256);
    o->key = dht_id_of_name(&o->subject);
    if (kind == NET_ITEMS) {
        fill_value(o, rng);
        const struct item item = object_item(o);
        o->key = item_target(&item);
    }
    return choose_providers(p, o);
}

enum rc ask_init(struct play *p)
{
    for (unsigned k = 0; k < NET_OBJECT_COUNT; k++)
        p->first_of[k + 1] = p->first_of[k] + p->s->goods[k].objects;
    p->objects = p->first_of[NET_OBJECT_COUNT];
    p->object = arena_take_array(p->arena, p->objects, sizeof *p->object);
    p->ask = arena_take_array(p->arena, PLAY_ASKS_MAX, sizeof *p->ask);
    if (p->object == NULL || p->ask == NULL)
        return RC_NOMEM;
    for (uint32_t i = PLAY_ASKS_MAX; i-- > 0;) {
        p->ask[i].object = p->free_ask;
        p->free_ask = i + 1;
    }
    enum rc rc = RC_OK;
    for (unsigned k = 0; k < NET_OBJECT_COUNT; k++)
        for (uint32_t i = p->first_of[k]; i < p->first_of[k + 1] && rc == RC_OK; i++)
            rc = make_object(p, &p->object[i], (enum net_object)k);
    return rc;
}

// ---- Asks

struct ask *ask_take(struct node *n, enum ask_what what, uint32_t object)
{
    struct play *p = n->play;
    for (uint32_t i = 0; i < PLAY_NODE_ASKS; i++) {
        if (n->ask[i] != 0 || p->free_ask == 0)
            continue;
        struct ask *a = &p->ask[p->free_ask - 1];
        n->ask[i] = p->free_ask;
        p->free_ask = a->object;
        *a = (struct ask){
            .what = what, .node = n->index, .object = object, .start_us = play_now_us(p)};
        return a;
    }
    return NULL;
}

void ask_give(struct node *n, struct ask *a)
{
    struct play *p = n->play;
    const uint32_t at = (uint32_t)(a - p->ask) + 1;
    for (uint32_t i = 0; i < PLAY_NODE_ASKS; i++)
        if (n->ask[i] == at)
            n->ask[i] = 0;
    a->object = p->free_ask;
    p->free_ask = at;
}

static struct ask *find_ask(struct node *n, uint32_t op)
{
    for (uint32_t i = 0; i < PLAY_NODE_ASKS; i++)
        if (n->ask[i] != 0 && n->play->ask[n->ask[i] - 1].op == op)
            return &n->play->ask[n->ask[i] - 1];
    return NULL;
}

void ask_drop(struct node *n)
{
    struct play *p = n->play;
    for (uint32_t i = 0; i < PLAY_NODE_ASKS; i++) {
        if (n->ask[i] == 0)
            continue;
        struct ask *a = &p->ask[n->ask[i] - 1];
        p->f->unended += a->what != ASK_PUBLISH;
        ask_give(n, a);
    }
}

// ---- Judging

static bool is_provider_addr(const struct play *p, const struct object *o, const struct net_addr *a)
{
    for (uint32_t i = 0; i < o->providers; i++) // behind a symmetric NAT the port says nothing
        if (memcmp(p->node[o->provider[i]].addr.ip, a->ip, sizeof a->ip) == 0)
            return true;
    return false;
}

static bool is_provider_key(const struct play *p, const struct object *o,
                            const struct sign_public *key)
{
    for (uint32_t i = 0; i < o->providers; i++)
        if (memcmp(p->node[o->provider[i]].id->key_public.b, key->b, sizeof key->b) == 0)
            return true;
    return false;
}

static void told(struct play *p, struct ask *a, bool is_true)
{
    a->told++;
    a->wrong += !is_true;
    if (is_true && a->true_us == 0)
        a->true_us = play_now_us(p);
}

// Each peer and each signer is told once an op.
static void see(struct play *p, struct ask *a, uint64_t what)
{
    for (uint32_t i = 0; i < a->seen_count; i++)
        if (a->seen[i] == what)
            play_broken(p, "node %u was told the same twice in op %u", a->node, a->op);
    if (a->seen_count < PLAY_SIGNERS_MAX)
        a->seen[a->seen_count++] = what;
}

static uint64_t hash_of(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    uint64_t hash = len;
    for (size_t i = 0; i < len; i++)
        hash = rng_mix(hash ^ at[i]) + 1;
    return hash;
}

// Signed and hashed things were checked by the machine: a wrong one is a forgery that got through.
static void forged(struct play *p, const struct ask *a, const char *what)
{
    p->f->forged++;
    play_broken(p, "node %u took a forged %s in op %u", a->node, what, a->op);
}

static void judge_peers(struct play *p, struct ask *a, const struct dht_event *e)
{
    const struct object *o = &p->object[a->object];
    for (uint32_t i = 0; i < e->addr_count; i++) {
        see(p, a, hash_of(e->addrs[i].ip, 16) + e->addrs[i].port);
        told(p, a, a->what == ASK_LOOKUP && is_provider_addr(p, o, &e->addrs[i]));
    }
}

static void judge_item(struct play *p, struct ask *a, const struct dht_event *e)
{
    const struct object *o = &p->object[a->object];
    const bool is_true = a->what != ASK_ABSENT && o->kind == NET_ITEMS &&
                         bytes_equal(e->item.v, bytes_of(o->value, o->value_len));
    told(p, a, is_true);
    if (!is_true)
        forged(p, a, "item");
}

static void judge_record(struct play *p, struct ask *a, const struct dht_event *e)
{
    const struct object *o = &p->object[a->object];
    const bool is_true = a->what == ASK_LOOKUP &&
                         memcmp(e->record.key.b, o->subject.b, sizeof o->subject.b) == 0 &&
                         is_provider_key(p, o, &e->record.node);
    see(p, a, hash_of(e->record.node.b, sizeof e->record.node.b));
    told(p, a, is_true);
    if (!is_true)
        forged(p, a, "record");
}

static void count(struct net_count *c, bool is_found, bool is_right)
{
    c->asked++;
    c->found += is_found;
    c->right += is_right;
}

static void end_lookup(struct play *p, const struct ask *a, const struct dht_event *e)
{
    struct net_figures *f = p->f;
    const struct object *o = &p->object[a->object];
    const bool is_right = a->true_us != 0;
    const uint64_t at =
        (a->start_us - p->measure_us) * FIGURES_SLICES / (p->end_us - p->measure_us);
    count(&f->all, a->told > 0, is_right);
    count(&f->kind[o->kind], a->told > 0, is_right);
    count(&f->slice[num_min(at, FIGURES_SLICES - 1)], a->told > 0, is_right);
    if (p->s->siege.addresses > 0 && a->object == p->first_of[p->s->siege.object])
        count(&f->siege, a->told > 0, is_right);
    f->poisoned += a->wrong > 0;
    if (is_right)
        quantiles_put(&f->first_us, a->true_us - a->start_us);
    quantiles_put(&f->done_us, play_now_us(p) - a->start_us);
    quantiles_put(&f->hops, e->counts.hops);
    quantiles_put(&f->queries, e->counts.queries);
    f->answers += e->counts.answers;
}

static void end_ask(struct play *p, struct ask *a, const struct dht_event *e)
{
    switch (a->what) {
    case ASK_LOOKUP:
        end_lookup(p, a, e);
        break;
    case ASK_ABSENT:
        count(&p->f->absent, a->told > 0, a->told == 0);
        break;
    case ASK_PUBLISH:
        p->f->published += e->counts.stored > 0;
        p->f->publish_failed += e->counts.stored == 0;
        break;
    }
    ask_give(&p->node[a->node], a);
}

void ask_event(struct node *n, const struct dht_event *e)
{
    struct play *p = n->play;
    if (e->op == 0) {
        if (e->kind != DHT_SELF && e->kind != DHT_RESPONDS)
            play_broken(p, "node %u: event %d without an op", n->index, (int)e->kind);
        return;
    }
    struct ask *a = find_ask(n, e->op);
    if (a == NULL) {
        play_broken(p, "node %u: event %d of op %u, which ended or never was", n->index,
                    (int)e->kind, e->op);
        return;
    }
    switch (e->kind) {
    case DHT_PEERS:
        if (a->what != ASK_PUBLISH) // announcing finds others on its way
            judge_peers(p, a, e);
        break;
    case DHT_ITEM:
        judge_item(p, a, e);
        break;
    case DHT_RECORD:
        judge_record(p, a, e);
        break;
    case DHT_DONE:
        end_ask(p, a, e);
        break;
    case DHT_PONG:
    case DHT_SAMPLES:
    case DHT_SELF:
    case DHT_RESPONDS:
        play_broken(p, "node %u: event %d of op %u", n->index, (int)e->kind, e->op);
        break;
    }
}
