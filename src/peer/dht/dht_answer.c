// SPDX-License-Identifier: MIT
// Queries of others: what we know and keep, never more than three times what was asked with.
#include <assert.h>
#include <string.h>

#include "dht/dht_state.h"

#define NODES_MAX      8u     // an answer: k of Mainline
#define AMPLIFY_MAX    3u     // bytes of answer for each byte of a query without a token
#define HEAD_BYTES     112u   // of a reply: all but nodes, values and the transaction; about
#define LOUD_BYTES_S   8000u  // of long values to addresses that have not answered us yet; what
#define LOUD_BURST     40000u // libtorrent's DHT sends in all
#define ANSWER_BURST_S 10u
#define SAMPLE_S       60 // BEP 51: when a new sample is worth asking for

struct reply {
    struct krpc m;
    size_t bytes_max;
    uint8_t ip[NET_COMPACT6_BYTES];
    struct token token;
    struct buffer nodes;
    struct buffer nodes6;
    struct buffer values;
    uint8_t nodes_at[NODES_MAX * KRPC_NODE4_BYTES];
    uint8_t nodes6_at[NODES_MAX * KRPC_NODE6_BYTES];
    uint8_t values_at[KRPC_BYTES];
};

static void reply_init(struct dht *d, struct reply *r, const struct net_addr *from,
                       const struct krpc *m, size_t len)
{
    memset(&r->m, 0, sizeof r->m);
    struct buffer ip = buffer_of(r->ip, sizeof r->ip);
    net_addr_put(&ip, from);
    r->m.kind = KRPC_REPLY;
    r->m.transaction = m->transaction;
    r->m.id = d->id;
    r->m.ip = buffer_bytes(&ip);
    r->bytes_max = len * AMPLIFY_MAX < KRPC_BYTES ? len * AMPLIFY_MAX : KRPC_BYTES;
    r->nodes = buffer_of(r->nodes_at, sizeof r->nodes_at);
    r->nodes6 = buffer_of(r->nodes6_at, sizeof r->nodes6_at);
}

static void put_token(struct dht *d, struct reply *r, const struct net_addr *from)
{
    r->token = token_make(&d->secret, from, d->now_us);
    r->m.token = bytes_of(r->token.b, sizeof r->token.b);
}

static void put_nodes_of(const struct dht *d, unsigned family, const struct dht_id *target,
                         bool is_shoal, struct buffer *b)
{
    assert(family < 2);
    const struct family *f = &d->family[family];
    const struct contact *near[NODES_MAX];
    if (!f->is_on)
        return;
    const size_t count = table_nearest(&f->table, target, is_shoal, near, NODES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct krpc_node node = {near[i]->id, near[i]->addr};
        krpc_node_put(b, &node);
    }
}

// Of the families that were asked for, or that of the asker (BEP 32).
static void put_nodes(const struct dht *d, struct reply *r, const struct net_addr *from,
                      const struct krpc *m, const struct dht_id *target, bool is_shoal)
{
    const bool is_ip4 = net_addr_is_ip4(from);
    const bool is_open = !m->wants4 && !m->wants6;
    if (m->wants4 || (is_open && is_ip4)) {
        put_nodes_of(d, 0, target, is_shoal, &r->nodes);
        r->m.nodes = buffer_bytes(&r->nodes);
    }
    if (m->wants6 || (is_open && !is_ip4)) {
        put_nodes_of(d, 1, target, is_shoal, &r->nodes6);
        r->m.nodes6 = buffer_bytes(&r->nodes6);
    }
}

// Takes whole entries off the end until `excess` bytes are gone, or nothing is left.
static size_t cut(struct bytes *entries, size_t each, size_t excess)
{
    const size_t have = entries->len / each;
    const size_t want = (excess + each - 1) / each;
    const size_t gone = want < have ? want : have;
    entries->len -= gone * each;
    return gone * each;
}

// Farthest nodes go first. False: it cannot be made that short.
static bool shorten(struct reply *r, size_t excess)
{
    size_t gone = cut(&r->m.nodes6, KRPC_NODE6_BYTES, excess);
    if (gone < excess)
        gone += cut(&r->m.nodes, KRPC_NODE4_BYTES, excess - gone);
    return gone > 0;
}

static void reply_send(struct dht *d, const struct net_addr *to, struct reply *r)
{
    assert(r->bytes_max <= KRPC_BYTES_MAX);
    uint8_t bytes[KRPC_BYTES_MAX];
    struct buffer b = buffer_of(bytes, sizeof bytes);
    krpc_encode(&b, &r->m);
    bool is_cut = false;
    while (!b.is_full && b.len > r->bytes_max && shorten(r, b.len - r->bytes_max)) {
        is_cut = true;
        b = buffer_of(bytes, sizeof bytes);
        krpc_encode(&b, &r->m);
    }
    d->stat.cut += is_cut;
    if (b.is_full || b.len > r->bytes_max)
        return;
    const uint64_t per_s = d->cfg.answer_bytes_s;
    if (per_s != DHT_NO_LIMIT &&
        !dht_afford(&d->spill, b.len, per_s, per_s * ANSWER_BURST_S, d->now_us)) {
        d->stat.dropped_bytes++;
        return;
    }
    d->stat.answers_out++;
    dht_send(d, to, buffer_bytes(&b));
}

static void send_error(struct dht *d, const struct net_addr *to, const struct krpc *m,
                       enum krpc_code code)
{
    uint8_t bytes[KRPC_BYTES];
    struct buffer b = buffer_of(bytes, sizeof bytes);
    krpc_error(&b, m, code);
    if (b.is_full)
        return;
    d->stat.answers_out++;
    d->stat.errors_out++;
    dht_send(d, to, buffer_bytes(&b));
}

void answer_error(struct dht *d, const struct net_addr *from, const struct krpc *m)
{
    send_error(d, from, m, m->code != 0 ? m->code : KRPC_UNKNOWN_METHOD);
}

// What is left for values when `nodes_bytes` of nodes shall still fit, half of it at least.
static size_t room_for_values(const struct reply *r, size_t nodes_bytes)
{
    const size_t head = HEAD_BYTES + r->m.transaction.len;
    const size_t room = r->bytes_max > head ? r->bytes_max - head : 0;
    return nodes_bytes < room / 2 ? room - nodes_bytes : room - room / 2;
}

static void answer_peers(struct dht *d, struct reply *r, const struct net_addr *from,
                         const struct krpc *m)
{
    put_token(d, r, from);
    put_nodes(d, r, from, m, &m->target, false);
    r->values = buffer_of(r->values_at, room_for_values(r, r->m.nodes.len + r->m.nodes6.len));
    if (shelf_peers(d->shelf, &m->target, net_addr_is_ip4(from), &r->values, d->now_us) > 0)
        r->m.values = buffer_bytes(&r->values);
    reply_send(d, from, r);
}

// It wrote from where it says it is: a token is only told to whoever receives there. An id and an
// address that we know prove nothing, since both can be forged.
static bool is_proven(const struct dht *d, const struct net_addr *from, const struct krpc *m)
{
    return token_fits(&d->secret, m->token, from, d->now_us);
}

// A value cannot be cut, and Mainline's readers do not come twice: a stranger gets a long one as
// long as such values are few.
static bool may_be_long(struct dht *d, const struct net_addr *from, const struct krpc *m,
                        size_t len)
{
    return is_proven(d, from, m) || dht_afford(&d->loud, len, LOUD_BYTES_S, LOUD_BURST, d->now_us);
}

static void answer_get(struct dht *d, struct reply *r, const struct net_addr *from,
                       const struct krpc *m)
{
    struct item item;
    uint8_t at[SHELF_ITEM_ROOM_BYTES];
    struct buffer room = buffer_of(at, sizeof at);
    put_token(d, r, from);
    put_nodes(d, r, from, m, &m->target, false);
    if (shelf_item(d->shelf, &m->target, &item, &room, d->now_us) == RC_OK) {
        r->m.has_seq = item_is_mutable(&item);
        r->m.seq = item.seq;
        const bool is_news = !r->m.has_seq || !m->has_seq || item.seq > m->seq;
        const size_t len = HEAD_BYTES + item.v.len + item.k.len + item.sig.len;
        if (is_news && (len <= r->bytes_max || may_be_long(d, from, m, len))) {
            r->m.v = item.v;
            r->m.k = item.k;
            r->m.sig = item.sig;
            if (len > r->bytes_max)
                r->bytes_max = len < KRPC_BYTES ? KRPC_BYTES : KRPC_BYTES_MAX;
        }
    }
    reply_send(d, from, r);
}

static void answer_records(struct dht *d, struct reply *r, const struct net_addr *from,
                           const struct krpc *m)
{
    struct digest key;
    if (!digest_from(&key, m->key)) {
        send_error(d, from, m, KRPC_PROTOCOL);
        return;
    }
    const struct dht_id target = dht_id_of_name(&key);
    if (is_proven(d, from, m))
        r->bytes_max = KRPC_BYTES;
    put_token(d, r, from);
    put_nodes(d, r, from, m, &target, true);
    // Records are what is asked for; nodes have the rest.
    r->values = buffer_of(r->values_at, room_for_values(r, (size_t)2 * KRPC_NODE4_BYTES));
    const size_t count = shelf_records(d->shelf, &key, &r->values, d->now_us);
    r->m.has_num = true;
    r->m.num = (int64_t)count;
    if (count > 0)
        r->m.records = buffer_bytes(&r->values);
    reply_send(d, from, r);
}

static void answer_samples(struct dht *d, struct reply *r, const struct net_addr *from,
                           const struct krpc *m)
{
    put_nodes(d, r, from, m, &m->target, false);
    r->values = buffer_of(r->values_at, room_for_values(r, (size_t)2 * KRPC_NODE4_BYTES));
    r->m.has_num = r->m.has_interval = true;
    r->m.num = (int64_t)shelf_samples(d->shelf, &r->values, d->now_us);
    r->m.interval = SAMPLE_S;
    r->m.samples = buffer_bytes(&r->values);
    reply_send(d, from, r);
}

// ---- What others want kept: 0, or the code to answer with

static enum krpc_code keep_peer(struct dht *d, const struct net_addr *from, const struct krpc *m)
{
    struct net_addr peer = *from;
    if (!m->is_implied_port && !m->has_port)
        return KRPC_PROTOCOL;
    if (!m->is_implied_port)
        peer.port = m->port;
    return shelf_put_peer(d->shelf, &m->target, &peer, d->now_us);
}

static enum krpc_code keep(struct dht *d, const struct net_addr *from, const struct krpc *m)
{
    if (!token_fits(&d->secret, m->token, from, d->now_us))
        return KRPC_PROTOCOL;
    if (m->method == KRPC_ANNOUNCE_PEER)
        return keep_peer(d, from, m);
    if (m->method == KRPC_PUT) {
        const struct item item = item_of(m);
        return shelf_put_item(d->shelf, &item, m->has_cas ? &m->cas : NULL, from, d->now_us);
    }
    assert(m->method == KRPC_SH_PUT);
    return d->has_wall ? shelf_put_record(d->shelf, m->record, from, d->now_us, dht_unix_s(d))
                       : KRPC_SERVER;
}

void answer_input(struct dht *d, const struct net_addr *from, const struct krpc *m, size_t len)
{
    assert(!d->cfg.is_read_only && m->kind == KRPC_QUERY);
    struct reply r;
    enum krpc_code code;
    reply_init(d, &r, from, m, len);
    switch (m->method) {
    case KRPC_PING:
        reply_send(d, from, &r);
        break;
    case KRPC_FIND_NODE:
        put_nodes(d, &r, from, m, &m->target, false);
        reply_send(d, from, &r);
        break;
    case KRPC_GET_PEERS:
        answer_peers(d, &r, from, m);
        break;
    case KRPC_GET:
        answer_get(d, &r, from, m);
        break;
    case KRPC_SAMPLE_INFOHASHES:
        answer_samples(d, &r, from, m);
        break;
    case KRPC_SH_GET:
        answer_records(d, &r, from, m);
        break;
    case KRPC_ANNOUNCE_PEER:
    case KRPC_PUT:
    case KRPC_SH_PUT:
        code = keep(d, from, m);
        if (code != 0)
            send_error(d, from, m, code);
        else
            reply_send(d, from, &r);
        break;
    case KRPC_NO_METHOD:
        answer_error(d, from, m);
    }
}
