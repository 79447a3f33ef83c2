// SPDX-License-Identifier: MIT
// What an answer tells an op: nodes to go on with, peers, items, records.
//
// Each is checked before it is told, and told once.
#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "dht/dht_state.h"

// A public node knows no private addresses that would mean anything to us.
static bool is_credible(const struct dht *d, const struct net_addr *teller,
                        const struct krpc_node *node)
{
    return net_addr_is_host(&node->addr) && !dht_id_equal(&node->id, &d->id) &&
           (net_addr_is_private(teller) || !net_addr_is_private(&node->addr));
}

void hear_nodes(struct dht *d, struct slot *s, const struct ask *a, const struct krpc *m)
{
    struct bytes nodes = s->op->is_six ? m->nodes6 : m->nodes;
    struct krpc_node node;
    for (unsigned i = 0; i < 2 * TABLE_SHOAL && krpc_node_next(&nodes, s->op->is_six, &node); i++) {
        if (!is_credible(d, &a->to, &node)) {
            d->stat.bad_nodes++;
            continue;
        }
        (void)lookup_add(&s->lookup, &node, &m->id); // known, or too far, most often
    }
}

static bool is_told(const struct slot *s, uint64_t name)
{
    for (unsigned i = 0; i < s->told_count; i++)
        if (s->told[i] == (uint32_t)name)
            return true;
    return false;
}

// Is it the first time that this is told of this op?
static bool is_news(struct slot *s, uint64_t name)
{
    assert(s->told_count <= SLOT_TOLD);
    if (is_told(s, name) || s->told_count == SLOT_TOLD)
        return false;
    s->told[s->told_count++] = (uint32_t)name;
    return true;
}

static uint64_t addr_hash(const struct net_addr *a)
{
    uint64_t part[2];
    memcpy(part, a->ip, sizeof part);
    return rng_mix(rng_mix(part[0]) ^ part[1] ^ (uint64_t)a->port << 40);
}

static void hear_peers(struct dht *d, struct slot *s, const struct krpc *m)
{
    struct net_addr peer[SLOT_TOLD];
    struct bytes values = m->values;
    struct bytes one;
    uint32_t count = 0;
    while (count < SLOT_TOLD && krpc_string_next(&values, &one)) {
        if (!net_addr_get(&peer[count], one) || !net_addr_is_host(&peer[count]))
            continue;
        if (!is_news(s, addr_hash(&peer[count])))
            continue;
        op_found(d, s->op);
        count++;
    }
    if (count == 0)
        return;
    const struct dht_event e = {
        .op = s->op->number, .kind = DHT_PEERS, .addrs = peer, .addr_count = count};
    dht_tell(d, &e);
}

// The highest seq that was ever seen of an item: older ones are not told again.
static struct seen *seen_of(struct dht *d, const struct dht_id *target, bool is_made)
{
    struct seen *oldest = &d->seen[0];
    for (uint32_t i = 0; i < d->cfg.seen_max; i++) {
        struct seen *s = &d->seen[i];
        if (s->used > 0 && dht_id_equal(&s->target, target)) {
            s->used = ++d->seen_turn;
            return s;
        }
        if (s->used < oldest->used)
            oldest = s;
    }
    if (!is_made)
        return NULL;
    *oldest = (struct seen){*target, INT64_MIN, ++d->seen_turn};
    return oldest;
}

// What is not above it is no news: the highest told, or what is to be put out of its place.
static int64_t known_seq(const struct op *op)
{
    return op->kind == OP_PUT && op->cas != DHT_NO_CAS ? op->cas : op->seq;
}

static void hear_item(struct dht *d, struct slot *s, const struct krpc *m)
{
    struct op *op = s->op;
    struct item item = item_of(m);
    item.salt = bytes_of(op->salt, op->salt_len);
    const bool is_mutable = item_is_mutable(&item);
    const struct seen *seen = is_mutable ? seen_of(d, &op->target, false) : NULL;
    if (is_mutable && (item.seq <= known_seq(op) || (seen != NULL && item.seq < seen->seq)))
        return;
    const struct dht_id target = item_target(&item);
    if (!dht_id_equal(&target, &op->target) || item_check(&item) != 0) {
        d->stat.bad_values++;
        return;
    }
    if (is_mutable)
        seen_of(d, &op->target, true)->seq = item.seq;
    if (op->kind == OP_PUT) {
        // A newer one is out there (nobody would keep ours), or this very value, which is no news.
        op->is_refused |= is_mutable;
        s->is_over |= is_mutable;
        return;
    }
    op->seq = item.seq;
    op_found(d, op);
    const struct dht_event e = {.op = op->number, .kind = DHT_ITEM, .item = item};
    dht_tell(d, &e);
    s->is_over |= !is_mutable; // there is nothing more to find
}

static void hear_record(struct dht *d, struct slot *s, struct bytes bytes)
{
    struct record r;
    struct op *op = s->op;
    if (record_decode(&r, bytes) != RC_OK || !digest_equal(&r.key, &op->subject) || !d->has_wall ||
        !record_is_due(&r, dht_unix_s(d))) {
        d->stat.bad_values++;
        return;
    }
    const struct digest signer = r.kind == RECORD_PROVIDER
                                     ? hash_bytes(bytes_of(r.node.b, sizeof r.node.b))
                                     : hash_bytes(r.proof);
    if (is_told(s, digest_u64(&signer)))
        return; // before its signature is looked at, which is slow
    if (!record_check(&r, &d->cfg.shelf.judge)) {
        d->stat.bad_values++;
        return;
    }
    if (!is_news(s, digest_u64(&signer)))
        return;
    op_found(d, op);
    const struct dht_event e = {.op = op->number, .kind = DHT_RECORD, .record_bytes = bytes};
    dht_tell(d, &e);
}

// True: it has more than may be sent to one who has not shown a token of its.
static bool hear_records(struct dht *d, struct slot *s, const struct krpc *m)
{
    struct bytes records = m->records;
    struct bytes one;
    int64_t count = 0;
    if (s->op->kind != OP_RECORDS)
        return false;
    while (count < (int64_t)SHELF_RECORDS_EACH && krpc_string_next(&records, &one)) {
        count++;
        hear_record(d, s, one);
    }
    return m->has_num && m->num > count;
}

bool hear_values(struct dht *d, struct slot *s, const struct krpc *m)
{
    switch (op_query(s->op)) {
    case KRPC_GET_PEERS:
        hear_peers(d, s, m);
        return false;
    case KRPC_GET:
        if (m->v.len > 0)
            hear_item(d, s, m);
        return false;
    case KRPC_SH_GET:
        return hear_records(d, s, m);
    default: // nodes alone
        return false;
    }
}
