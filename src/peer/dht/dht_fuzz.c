// SPDX-License-Identifier: MIT
// Any sequence of datagrams, answers, times and ops: a node keeps its books and its bounds.
//
// Input: steps of u8 what, u8 which and what that needs. Datagrams come as they are, or as replies
// to the queries that the node sent last, filled from the input, so that walks get somewhere.
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "dht/dht.h"

#define STEPS_MAX   256u
#define HOSTS       32u
#define SENT        8u
#define ARENA_BYTES ((size_t)1 << 17)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sent { // a query of the node's
    struct net_addr to;
    struct dht_id target;
    uint8_t transaction[KRPC_TRANSACTION_MAX];
    size_t transaction_len;
};

struct fuzz {
    struct dht *d;
    uint64_t now_us;
    struct cursor in;
    struct sent sent[SENT];
    uint32_t sent_count;
    size_t in_bytes; // of the datagram that is being answered
    struct net_addr in_from;
    bool has_token;
};

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static struct net_addr host(uint8_t which)
{
    return which % 4 == 0 ? net_addr_ip4(0x0a000001 + which % HOSTS, 6881)
                          : net_addr_ip4(0x14010101 + which % HOSTS * 0x01030501u, 6881);
}

static void sends(void *self, const struct net_addr *to, struct bytes datagram)
{
    struct fuzz *f = self;
    struct krpc m;
    expect(datagram.len <= KRPC_BYTES_MAX && net_addr_is_host(to));
    expect(krpc_decode(&m, datagram) == RC_OK);
    if (m.kind != KRPC_QUERY) { // an answer, to whom it is due, and not much longer
        expect(net_addr_equal(to, &f->in_from));
        expect(m.kind == KRPC_ERROR || m.v.len > 0 || f->has_token ||
               datagram.len <= 3 * f->in_bytes || m.records.len > 0);
        return;
    }
    struct sent *s = &f->sent[f->sent_count++ % SENT];
    s->to = *to;
    s->target = m.target;
    s->transaction_len = m.transaction.len;
    memcpy(s->transaction, m.transaction.at, m.transaction.len);
}

static void input(struct fuzz *f, const struct net_addr *from, struct bytes datagram)
{
    struct krpc m;
    f->in_from = *from;
    f->in_bytes = datagram.len;
    f->has_token = krpc_decode(&m, datagram) == RC_OK && m.token.len > 0;
    dht_input(f->d, from, datagram, f->now_us);
    f->in_from = (struct net_addr){0}; // whatever comes later is no answer to it
}

static struct bytes take(struct fuzz *f, size_t len)
{
    return cursor_take(&f->in, len < f->in.left.len ? len : f->in.left.len);
}

static void reply(struct fuzz *f, uint8_t which)
{
    uint8_t nodes_at[8 * KRPC_NODE4_BYTES];
    uint8_t values_at[256];
    uint8_t packet[KRPC_BYTES_MAX];
    const uint8_t form = cursor_u8(&f->in);
    struct buffer nodes = buffer_of(nodes_at, sizeof nodes_at);
    struct buffer values = buffer_of(values_at, sizeof values_at);
    struct buffer b = buffer_of(packet, sizeof packet);
    if (f->sent_count == 0)
        return;
    const struct sent *s = &f->sent[which % SENT % f->sent_count];
    struct krpc m = {.kind = KRPC_REPLY, .id = s->target};
    m.transaction = bytes_of(s->transaction, s->transaction_len);
    m.id.b[which % 20] ^= form;
    for (unsigned i = 0; i < form % 9u; i++) {
        struct krpc_node node = {s->target, host((uint8_t)(form + i))};
        node.id.b[i] ^= (uint8_t)(form | 1);
        krpc_node_put(&nodes, &node);
        krpc_string_put(&values, take(f, i % 2 == 0 ? 6 : 18));
    }
    m.nodes = buffer_bytes(&nodes);
    if (form % 3 == 0)
        m.values = buffer_bytes(&values);
    else if (form % 3 == 1)
        m.records = buffer_bytes(&values);
    m.token = take(f, form % 24u);
    m.v = form % 5 == 0 ? bytes_text("5:hello") : (struct bytes){0};
    krpc_encode(&b, &m);
    if (!b.is_full)
        input(f, &s->to, buffer_bytes(&b));
}

static uint32_t begin_op(struct fuzz *f, uint8_t which)
{
    struct digest d = {{which}};
    struct dht_id id = {{(uint8_t)(which * 37)}};
    struct sign_public k = {{which}};
    const struct net_addr addr = host(which);
    const struct item item = {.v = bytes_text("5:hello")};
    switch (which % 11) {
    case 0:
        return dht_ping(f->d, &addr);
    case 1:
        return dht_find_nodes(f->d, &id, DHT_URGENT);
    case 2:
        return dht_find_peers(f->d, &id, 0);
    case 3:
        return dht_announce(f->d, &id, which, 0);
    case 4:
        return dht_get(f->d, &id, 0);
    case 5:
        return dht_get_mutable(f->d, &k, take(f, which), 0);
    case 6:
        return dht_put(f->d, &item, DHT_NO_CAS, 0);
    case 7:
        return dht_find_records(f->d, &d, 0);
    case 8:
        return dht_publish(f->d, take(f, which), 0);
    case 9:
        return dht_sample(f->d, &addr, &id);
    default:
        dht_unprovide(f->d, &d);
        return dht_provide(f->d, &d, NULL) == RC_OK;
    }
}

static void save_and_load(struct fuzz *f)
{
    static uint8_t at[DHT_SAVE_BYTES_MAX];
    struct buffer b = buffer_of(at, sizeof at);
    expect(dht_save(f->d, &b));
    expect(dht_load(f->d, buffer_bytes(&b)) == RC_OK);
    const uint16_t len = cursor_u16(&f->in);
    const enum rc rc = dht_load(f->d, take(f, len)); // whatever it is
    expect(rc == RC_OK || rc == RC_MALFORMED);
}

static void step(struct fuzz *f)
{
    const uint8_t what = cursor_u8(&f->in);
    const uint8_t which = cursor_u8(&f->in);
    const struct net_addr from = host(which);
    switch (what % 8) {
    case 0: {
        const uint16_t len = cursor_u16(&f->in);
        input(f, &from, take(f, len));
        break;
    }
    case 1:
    case 2:
        reply(f, which);
        break;
    case 3:
        f->now_us += (uint64_t)which * which * which * 10;
        dht_tick(f->d, f->now_us);
        break;
    case 4:
        f->now_us = dht_due_us(f->d) > f->now_us ? dht_due_us(f->d) : f->now_us;
        dht_tick(f->d, f->now_us);
        expect(dht_due_us(f->d) > f->now_us);
        break;
    case 5:
        (void)begin_op(f, which); // too many: another time
        break;
    case 6:
        dht_contact(f->d, &from);
        break;
    default:
        if (which % 4 == 0)
            dht_woke(f->d, f->now_us);
        else if (which % 4 == 1)
            dht_wall(f->d, cursor_u32(&f->in), f->now_us);
        else if (which % 4 == 2)
            save_and_load(f);
        else
            dht_cancel(f->d, which);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz f = {.in = {.left = bytes_of(data, size)}, .now_us = 1000};
    struct arena *arena = arena_new(ARENA_BYTES);
    struct dht_cfg cfg = dht_cfg_small();
    struct dht_event e;
    if (arena == NULL)
        return 0;
    cfg.net = (struct net){sends, &f};
    cfg.has_ip4 = true;
    cfg.has_ip6 = size % 2 == 0;
    cfg.seed = size;
    expect(dht_new(&f.d, arena, &cfg, f.now_us) == RC_OK);
    for (unsigned i = 0; i < STEPS_MAX && f.in.left.len > 0; i++) {
        step(&f);
        while (size % 3 != 0 && dht_next(f.d, &e)) // or nobody takes them
            expect(e.kind <= DHT_RESPONDS);
        dht_check(f.d);
    }
    arena_free(arena);
    return 0;
}
