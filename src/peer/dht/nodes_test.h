// SPDX-License-Identifier: MIT
// A few nodes on a wire without loss, for tests: every datagram arrives after the same time.
//
// Each has a /16 of its own, or all are on one private network. Events of each node are
// counted and the last of each kind is kept. A node that is down neither hears nor ticks.
#ifndef DHT_NODES_TEST_H
#define DHT_NODES_TEST_H

#include <stdlib.h>
#include <string.h>

#include "dht/dht.h"

#define NODES_MAX    64u
#define NODES_S      UINT64_C(1000000)
#define WIRE_PLACES  8192u
#define WIRE_US      20000u // one way
#define NODE_ARENA   (4u << 20)
#define START_US     UINT64_C(5000000)
#define START_UNIX_S UINT64_C(1800000000)
#define TEST_PEERS   128u

struct nodes;

struct test_node {
    struct nodes *net;
    struct net_addr addr;
    struct arena *arena;
    struct dht *dht;
    bool is_down;
    uint8_t side; // nodes on different sides do not reach each other
    // What came out.
    uint32_t done_op;
    enum rc done_rc;
    struct dht_counts counts;
    uint32_t peers;
    struct net_addr peer[TEST_PEERS];
    uint32_t items;
    int64_t seq;
    uint8_t value[1024];
    size_t value_len;
    uint32_t records;
    struct record record;
    uint32_t pongs;
    uint32_t samples;
    uint32_t selves;
    uint32_t responds; // last: 1 yes, 2 no
};

struct in_flight {
    uint64_t due_us;
    struct net_addr from;
    struct net_addr to;
    size_t len;
    uint8_t bytes[KRPC_BYTES_MAX];
};

struct nodes {
    uint64_t now_us;
    struct test_node node[NODES_MAX];
    uint32_t count;
    struct in_flight *wire; // ring, in order of time
    uint32_t head;
    uint32_t used;
    uint64_t datagrams;
    uint64_t bytes;
    // Sees each datagram before it travels: may change it, or answer false to lose it.
    bool (*spy)(void *self, struct in_flight *f);
    void *spy_self;
    // Hears each event first; true: it is nobody else's.
    bool (*ear)(void *self, struct test_node *n, const struct dht_event *e);
    void *ear_self;
};

static inline void nodes_send(void *self, const struct net_addr *to, struct bytes datagram)
{
    struct test_node *n = self;
    struct nodes *net = n->net;
    if (net->used == WIRE_PLACES || datagram.len > KRPC_BYTES_MAX)
        abort();
    struct in_flight *f = &net->wire[(net->head + net->used) % WIRE_PLACES];
    f->due_us = net->now_us + WIRE_US;
    f->from = n->addr;
    f->to = *to;
    f->len = datagram.len;
    memcpy(f->bytes, datagram.at, datagram.len);
    if (net->spy != NULL && !net->spy(net->spy_self, f))
        return;
    net->used++;
    net->datagrams++;
    net->bytes += f->len + NET_HEAD_BYTES;
}

static inline void nodes_init(struct nodes *net)
{
    memset(net, 0, sizeof *net);
    net->now_us = START_US;
    net->wire = calloc(WIRE_PLACES, sizeof *net->wire);
    if (net->wire == NULL)
        abort();
}

static inline void nodes_free(struct nodes *net)
{
    for (uint32_t i = 0; i < net->count; i++)
        arena_free(net->node[i].arena);
    free(net->wire);
}

static inline uint64_t nodes_unix_s(const struct nodes *net)
{
    return START_UNIX_S + net->now_us / 1000000;
}

static inline void nodes_begin(struct nodes *net, uint32_t i, const struct dht_cfg *cfg)
{
    struct test_node *n = &net->node[i];
    struct dht_cfg full = *cfg;
    full.net = (struct net){nodes_send, n};
    full.seed = cfg->seed != 0 ? cfg->seed : i + 1;
    arena_free(n->arena);
    n->done_op = 0; // numbers begin anew
    n->arena = arena_new(NODE_ARENA);
    if (n->arena == NULL || dht_new(&n->dht, n->arena, &full, net->now_us) != RC_OK)
        abort();
    dht_wall(n->dht, nodes_unix_s(net), net->now_us);
}

static inline uint32_t nodes_add(struct nodes *net, const struct net_addr *addr,
                                 const struct dht_cfg *cfg)
{
    const uint32_t i = net->count++;
    if (i >= NODES_MAX)
        abort();
    net->node[i].net = net;
    net->node[i].addr = *addr;
    nodes_begin(net, i, cfg);
    return i;
}

static inline void nodes_take(struct test_node *n)
{
    struct dht_event e;
    while (dht_next(n->dht, &e)) {
        if (n->net->ear != NULL && n->net->ear(n->net->ear_self, n, &e))
            continue;
        switch (e.kind) {
        case DHT_PEERS:
            for (uint32_t i = 0; i < e.addr_count && n->peers < TEST_PEERS; i++)
                n->peer[n->peers++] = e.addrs[i];
            break;
        case DHT_ITEM:
            n->items++;
            n->seq = e.item.seq;
            n->value_len = e.item.v.len;
            memcpy(n->value, e.item.v.at, e.item.v.len);
            break;
        case DHT_RECORD:
            n->records++;
            n->record = e.record;
            break;
        case DHT_PONG:
            n->pongs++;
            break;
        case DHT_SAMPLES:
            n->samples += (uint32_t)(e.samples.len / DHT_ID_BYTES);
            break;
        case DHT_DONE:
            n->done_op = e.op;
            n->done_rc = e.rc;
            n->counts = e.counts;
            break;
        case DHT_SELF:
            n->selves++;
            break;
        case DHT_RESPONDS:
            n->responds = e.rc == RC_OK ? 1 : 2;
            break;
        }
    }
}

static inline struct test_node *nodes_at(struct nodes *net, const struct net_addr *addr)
{
    for (uint32_t i = 0; i < net->count; i++)
        if (net_addr_equal(&net->node[i].addr, addr))
            return &net->node[i];
    return NULL;
}

static inline void nodes_deliver(struct nodes *net)
{
    const struct in_flight *f = &net->wire[net->head];
    struct test_node *to = nodes_at(net, &f->to);
    const struct test_node *from = nodes_at(net, &f->from);
    const bool is_cut = from != NULL && to != NULL && from->side != to->side;
    if (to != NULL && !to->is_down && !is_cut) {
        dht_input(to->dht, &f->from, bytes_of(f->bytes, f->len), net->now_us);
        nodes_take(to);
    }
    net->head = (net->head + 1) % WIRE_PLACES;
    net->used--;
}

static inline uint64_t nodes_due_us(const struct nodes *net)
{
    uint64_t due = net->used > 0 ? net->wire[net->head].due_us : UINT64_MAX;
    for (uint32_t i = 0; i < net->count; i++) {
        const struct test_node *n = &net->node[i];
        if (!n->is_down && dht_due_us(n->dht) < due)
            due = dht_due_us(n->dht);
    }
    return due;
}

static inline void nodes_step(struct nodes *net)
{
    while (net->used > 0 && net->wire[net->head].due_us <= net->now_us)
        nodes_deliver(net);
    for (uint32_t i = 0; i < net->count; i++) {
        struct test_node *n = &net->node[i];
        if (n->is_down || dht_due_us(n->dht) > net->now_us)
            continue;
        dht_tick(n->dht, net->now_us);
        nodes_take(n);
        if (dht_due_us(n->dht) <= net->now_us)
            abort(); // it would never sleep
    }
}

static inline void nodes_run(struct nodes *net, uint64_t us)
{
    const uint64_t until = net->now_us + us;
    for (uint64_t due; (due = nodes_due_us(net)) <= until;) {
        net->now_us = due > net->now_us ? due : net->now_us;
        nodes_step(net);
    }
    net->now_us = until;
    for (uint32_t i = 0; i < net->count; i++)
        dht_check(net->node[i].dht);
}

// Until node i is told that op is done, or a minute has passed.
static inline bool nodes_await(struct nodes *net, uint32_t i, uint32_t op)
{
    for (unsigned n = 0; n < 600 && net->node[i].done_op != op; n++)
        nodes_run(net, 100000);
    return op != 0 && net->node[i].done_op == op;
}

// ---- What most tests begin with

static inline struct net_addr nodes_public_addr(uint32_t i)
{
    return net_addr_ip4((20 + i) << 24 | (i * 7 + 1) << 16 | 0x0101, (uint16_t)(6000 + i));
}

static inline struct net_addr nodes_private_addr(uint32_t i)
{
    return net_addr_ip4(0x0a000001 + i, (uint16_t)(6000 + i));
}

static inline struct dht_cfg nodes_cfg(void)
{
    struct dht_cfg cfg = dht_cfg_small();
    cfg.has_ip4 = true;
    return cfg;
}

// `count` nodes that know the first one.
static inline void nodes_network(struct nodes *net, uint32_t count, bool is_private)
{
    nodes_init(net);
    const struct dht_cfg cfg = nodes_cfg();
    for (uint32_t i = 0; i < count; i++) {
        const struct net_addr addr = is_private ? nodes_private_addr(i) : nodes_public_addr(i);
        nodes_add(net, &addr, &cfg);
        if (i > 0)
            dht_contact(net->node[i].dht, &net->node[0].addr);
    }
}

static inline struct dht_stat nodes_stat(const struct nodes *net, uint32_t i)
{
    struct dht_stat s;
    dht_stat(net->node[i].dht, &s);
    return s;
}

#endif
