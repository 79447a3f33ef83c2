// SPDX-License-Identifier: MIT
// `shoal sim net`: those who speak the wire and lie.
//
// They know more than real ones could: who is there, with which id. Their own ids fit their
// addresses (BEP 42), for others would not be heard, unless addresses are private; attackers
// around a key take the fitting id that is nearest to it. They make themselves known by asking.
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "dht/krpc.h"
#include "prog/sim/net_play.h"

#define ASK_US       ((uint64_t)30 * US_PER_S) // each asks so often ...
#define ASKED        4u                        // ... so many others
#define BESIEGED     64u                       // nodes nearest to the key, whom attackers ask
#define LIST_US      ((uint64_t)60 * US_PER_S) // how old lists of nodes get
#define NEAREST      8u
#define WINDOW       32u         // in a list, in which the nearest are searched
#define MADE_UP_IP   0x64800000u // 100.128/9 here: addresses that nobody has
#define MADE_UP_MASK 0x007fffffu
#define RECORDS_KEPT 64u

struct liar {
    enum net_lie lie;
    struct dht_id id;
    uint32_t asked; // its queries so far: their transactions
};

struct list { // of nodes, by id
    struct krpc_node *at;
    uint32_t count;
};

struct lies {
    struct list honest, clique;
    uint64_t listed_us; // 0: never
    uint8_t record[RECORDS_KEPT][RECORD_PROVIDER_BYTES_MAX];
    size_t record_len[RECORDS_KEPT];
    uint32_t records; // that somebody gave to a liar
};

bool liar_is_made_up(const struct play *p, const struct net_addr *a)
{
    uint32_t host = 0;
    return net_addr_is_ip4(a) && a->ip[12] == MADE_UP_IP >> 24 && a->ip[13] >= 128 &&
           !sim_net_find(p->net, a, &host);
}

static struct net_addr made_up(struct play *p)
{
    const uint64_t dice = rng_u64(&p->lie_rng);
    return net_addr_ip4(MADE_UP_IP | ((uint32_t)dice & MADE_UP_MASK),
                        (uint16_t)(1024 + (dice >> 50)));
}

// ---- Who is there

static int by_id(const void *a, const void *b)
{
    const struct krpc_node *x = a;
    const struct krpc_node *y = b;
    return memcmp(x->id.b, y->id.b, DHT_ID_BYTES);
}

static void refresh(struct play *p)
{
    struct lies *l = p->lies;
    const uint64_t now_us = world_now_us(p->world);
    if (l->listed_us != 0 && now_us < l->listed_us + LIST_US)
        return;
    l->listed_us = now_us;
    l->honest.count = l->clique.count = 0;
    for (uint32_t i = 0; i < p->nodes; i++) {
        const struct node *n = &p->node[i];
        if (n->liar != NULL && n->life > 0)
            l->clique.at[l->clique.count++] = (struct krpc_node){n->liar->id, n->addr};
        else if (n->liar == NULL && node_is_up(n))
            l->honest.at[l->honest.count++] = (struct krpc_node){*dht_own_id(n->dht), n->addr};
    }
    qsort(l->honest.at, l->honest.count, sizeof *l->honest.at, by_id);
    qsort(l->clique.at, l->clique.count, sizeof *l->clique.at, by_id);
}

static uint32_t place_in(const struct list *l, const struct dht_id *target)
{
    uint32_t low = 0;
    for (uint32_t high = l->count; low < high;) {
        const uint32_t middle = low + (high - low) / 2;
        if (memcmp(l->at[middle].id.b, target->b, DHT_ID_BYTES) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

// The nearest of those around the target's place, nearest first; answers how many.
static uint32_t nearest(const struct list *l, const struct dht_id *target, uint32_t window,
                        struct krpc_node *out, uint32_t count_max)
{
    const uint32_t middle = place_in(l, target);
    const uint32_t from = middle > window / 2 ? middle - window / 2 : 0;
    const uint32_t until = (uint32_t)num_min(l->count, (uint64_t)from + window);
    uint32_t count = 0;
    for (uint32_t i = from; i < until; i++) {
        uint32_t at = count;
        while (at > 0 && dht_id_closer(target, &l->at[i].id, &out[at - 1].id) < 0)
            at--;
        if (at == count_max)
            continue;
        count = (uint32_t)num_min(count + 1, count_max);
        memmove(&out[at + 1], &out[at], (count - 1 - at) * sizeof *out);
        out[at] = l->at[i];
    }
    return count;
}

// ---- What they answer

static void say(struct node *n, const struct net_addr *to, const struct buffer *b)
{
    if (!b->is_full)
        n->face.send(n->face.self, to, buffer_bytes(b));
}

static void put_nodes(struct node *n, const struct krpc *query, struct buffer *nodes)
{
    struct play *p = n->play;
    struct krpc_node list[NEAREST];
    uint32_t count = NEAREST;
    refresh(p);
    if (n->liar->lie == NET_LIE_MADE_UP) {
        for (uint32_t i = 0; i < count; i++)
            list[i] =
                (struct krpc_node){dht_id_beside(&query->target, 20 + i, &p->lie_rng), made_up(p)};
    } else {
        const bool is_clique = n->liar->lie == NET_LIE_CLIQUE;
        count = nearest(is_clique ? &p->lies->clique : &p->lies->honest, &query->target, WINDOW,
                        list, NEAREST);
    }
    for (uint32_t i = 0; i < count; i++)
        krpc_node_put(nodes, &list[i]);
}

static void put_peers(struct play *p, struct buffer *values)
{
    for (int i = 0; i < 3; i++) {
        uint8_t compact[NET_COMPACT4_BYTES];
        struct buffer b = buffer_of(compact, sizeof compact);
        const struct net_addr a = made_up(p);
        net_addr_put(&b, &a);
        krpc_string_put(values, buffer_bytes(&b));
    }
}

// Somebody's true record with a bit turned, or whole: then most often for another subject.
static void put_record(struct play *p, struct buffer *records)
{
    struct lies *l = p->lies;
    uint8_t copy[RECORD_PROVIDER_BYTES_MAX];
    if (l->records == 0)
        return;
    const size_t at = rng_below(&p->lie_rng, num_min(l->records, RECORDS_KEPT));
    const size_t len = l->record_len[at];
    memcpy(copy, l->record[at], len);
    if (rng_below(&p->lie_rng, 2) == 0)
        copy[rng_below(&p->lie_rng, len)] ^= (uint8_t)(1 << rng_below(&p->lie_rng, 8));
    krpc_string_put(records, bytes_of(copy, len));
}

static void keep_record(struct play *p, struct bytes record)
{
    struct lies *l = p->lies;
    if (record.len == 0 || record.len > RECORD_PROVIDER_BYTES_MAX)
        return;
    memcpy(l->record[l->records % RECORDS_KEPT], record.at, record.len);
    l->record_len[l->records++ % RECORDS_KEPT] = record.len;
}

static void answer(struct node *n, const struct net_addr *from, const struct krpc *query)
{
    static const uint8_t token[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint8_t room[NET_DATAGRAM_BYTES_MAX];
    uint8_t nodes_room[NEAREST * KRPC_NODE4_BYTES];
    uint8_t values_room[RECORD_PROVIDER_BYTES_MAX + 16];
    struct buffer out = buffer_of(room, sizeof room);
    struct buffer nodes = buffer_of(nodes_room, sizeof nodes_room);
    struct buffer values = buffer_of(values_room, sizeof values_room);
    struct krpc m = {.kind = KRPC_REPLY, .transaction = query->transaction, .id = n->liar->id};
    const bool is_bad = n->liar->lie == NET_LIE_BAD;
    const bool is_search = query->method == KRPC_GET_PEERS || query->method == KRPC_GET ||
                           query->method == KRPC_SH_GET;
    if (is_search || query->method == KRPC_FIND_NODE) {
        put_nodes(n, query, &nodes);
        m.nodes = buffer_bytes(&nodes);
    }
    if (is_search)
        m.token = bytes_of(token, sizeof token);
    if (is_bad && query->method == KRPC_GET_PEERS) {
        put_peers(n->play, &values);
        m.values = buffer_bytes(&values);
    } else if (is_bad && query->method == KRPC_GET) {
        m.v = bytes_text("5:wrong");
    } else if (is_bad && query->method == KRPC_SH_GET) {
        put_record(n->play, &values);
        m.records = buffer_bytes(&values);
    }
    if (query->method == KRPC_SH_PUT)
        keep_record(n->play, query->record);
    krpc_encode(&out, &m);
    say(n, from, &out);
}

void liar_hear(struct node *n, const struct net_addr *from, struct bytes datagram)
{
    struct krpc m;
    if (krpc_decode(&m, datagram) == RC_OK && m.kind == KRPC_QUERY)
        answer(n, from, &m);
}

// ---- How they get known

static void ask_one(struct node *n, const struct net_addr *to, const struct dht_id *target)
{
    uint8_t room[NET_DATAGRAM_BYTES_MAX];
    struct buffer out = buffer_of(room, sizeof room);
    const uint32_t t = n->liar->asked++;
    const struct krpc m = {.kind = KRPC_QUERY,
                           .method = KRPC_FIND_NODE,
                           .transaction = bytes_of(&t, sizeof t),
                           .id = n->liar->id,
                           .target = *target};
    krpc_encode(&out, &m);
    say(n, to, &out);
}

static void besiege(struct node *n)
{
    struct play *p = n->play;
    const struct dht_id *key = &p->object[p->first_of[p->s->siege.object]].key;
    struct krpc_node list[BESIEGED];
    const uint32_t count = nearest(&p->lies->honest, key, 2 * BESIEGED, list, BESIEGED);
    for (uint32_t i = 0; i < ASKED * 2 && count > 0; i++)
        ask_one(n, &list[rng_below(&p->lie_rng, count)].addr, key);
}

static void ask_around(void *self, uint64_t tag)
{
    struct node *n = self;
    struct play *p = n->play;
    struct world *w = p->world;
    if (world_now_us(w) >= p->end_us)
        return;
    refresh(p);
    if (n->index >= p->siege_from)
        besiege(n);
    for (uint32_t i = 0; i < ASKED; i++) {
        const struct dht_id target = dht_id_random(&p->lie_rng);
        const struct list *l = &p->lies->honest;
        if (l->count > 0)
            ask_one(n, &l->at[rng_below(&p->lie_rng, l->count)].addr, &target);
    }
    (void)world_at(w, world_now_us(w) + play_draw_us(&p->lie_rng, (double)ASK_US), ask_around, n,
                   tag);
}

void liar_start(struct node *n)
{
    ask_around(n, n->index);
}

// ---- Make

static enum net_lie lie_of(struct play *p)
{
    double sum = 0;
    unsigned k = 0;
    for (unsigned i = 0; i < NET_LIE_COUNT; i++)
        sum += p->s->lie[i];
    double left = sum * rng_unit(&p->lie_rng);
    while (k + 1 < NET_LIE_COUNT && left >= p->s->lie[k])
        left -= p->s->lie[k++];
    return (enum net_lie)k;
}

// Where ids are free, right beside the key; else the best of those that the address allows, of
// which there are eight (BEP 42): what does not follow from the address is as in the key.
static struct dht_id id_at(struct play *p, const struct net_addr *addr, const struct dht_id *key)
{
    if (p->s->is_private)
        return dht_id_beside(key, 32 + (unsigned)rng_below(&p->lie_rng, 32), &p->lie_rng);
    struct dht_id best = dht_id_of_addr(addr, &p->lie_rng);
    for (int i = 0; i < 64; i++) {
        const struct dht_id other = dht_id_of_addr(addr, &p->lie_rng);
        if (dht_id_closer(key, &other, &best) < 0)
            best = other;
    }
    return best;
}

static enum rc make_one(struct play *p, struct node *n)
{
    n->liar = arena_take(p->arena, sizeof *n->liar);
    if (n->liar == NULL)
        return RC_NOMEM;
    n->liar->lie = n->index >= p->siege_from ? NET_LIE_CLIQUE : lie_of(p);
    n->liar->id = dht_id_of_addr(&n->addr, &p->lie_rng);
    if (n->index >= p->siege_from)
        n->liar->id = id_at(p, &n->addr, &p->object[p->first_of[p->s->siege.object]].key);
    return RC_OK;
}

enum rc liar_init(struct play *p)
{
    p->lies = arena_take(p->arena, sizeof *p->lies);
    if (p->lies == NULL)
        return RC_NOMEM;
    p->lies->honest.at = arena_take_array(p->arena, p->nodes, sizeof(struct krpc_node));
    p->lies->clique.at = arena_take_array(p->arena, p->nodes, sizeof(struct krpc_node));
    enum rc rc = p->lies->honest.at != NULL && p->lies->clique.at != NULL ? RC_OK : RC_NOMEM;
    for (uint32_t i = p->liars_from; i < p->nodes && rc == RC_OK; i++)
        rc = make_one(p, &p->node[i]);
    return rc;
}
