// SPDX-License-Identifier: MIT
// What trust keeps in the kv (read again by trust_load.c).
//
//     key              value: [version, check, body], check: the first 8 bytes of SHA-256(body)
//     "tc"             [counter_end, vouch_period, vouch_used]
//     "tl" node id     [end, proof, stake]
//     "tn" node id     [good, bad, seen, isolated_since, gave, gave_at, receipt for it, receipt
//                      for us, voucher]
//     "tr" node id     its accounts: [id, counter, time, good, bad] each
#include <assert.h>
#include <math.h>
#include <string.h>

#include "crypt/hash.h"
#include "trust/trust_state.h"

#define FRAME_BYTES 16 // head, version, check, head of the body
#define BODY_BYTES  (TRUST_ROW_BYTES_MAX - FRAME_BYTES)

static struct trust_key key_of(enum trust_kept kind, const struct node_id *id)
{
    struct trust_key k = {.b = {TRUST_KEY_FIRST, (uint8_t)kind}, .len = 2};
    if (id != NULL) {
        memcpy(k.b + 2, id->b, NODE_ID_BYTES);
        k.len = TRUST_KEY_BYTES;
    }
    return k;
}

static bool has_kv(const struct trust *t)
{
    return t->cfg.kv.ops != NULL;
}

// ---- Written

static enum rc put(struct trust *t, const struct trust_key *key, const struct buffer *body)
{
    assert(!body->is_full);
    uint8_t value[TRUST_ROW_BYTES_MAX];
    struct buffer b = buffer_of(value, sizeof value);
    const struct digest check = hash_bytes(buffer_bytes(body));
    cbor_put_array(&b, TRUST_FRAME_ITEMS);
    cbor_put_u64(&b, TRUST_KEEP_VERSION);
    cbor_put_u64(&b, digest_u64(&check));
    cbor_put_bytes(&b, buffer_bytes(body));
    assert(!b.is_full);
    const enum rc rc =
        t->cfg.kv.ops->put(t->cfg.kv.self, bytes_of(key->b, key->len), buffer_bytes(&b));
    t->stat.unwritten += rc != RC_OK;
    return rc == RC_OK ? RC_OK : RC_IO;
}

void trust_keep_del(struct trust *t, const struct trust_key *key)
{
    const enum rc rc = t->cfg.kv.ops->del(t->cfg.kv.self, bytes_of(key->b, key->len));
    t->stat.unwritten += rc != RC_OK && rc != RC_ABSENT;
}

static void put_micro(struct buffer *b, double v)
{
    cbor_put_u64(b, (uint64_t)llround(fmin(v, 1e9) * TRUST_MICRO));
}

enum rc trust_keep_counters(struct trust *t)
{
    if (!has_kv(t))
        return RC_OK;
    struct buffer b = buffer_of(t->scratch, BODY_BYTES);
    cbor_put_array(&b, TRUST_COUNTER_ITEMS);
    cbor_put_u64(&b, t->counter_end);
    cbor_put_u64(&b, t->vouch_period);
    cbor_put_u64(&b, t->vouch_used);
    const struct trust_key key = key_of(TRUST_KEPT_COUNTERS, NULL);
    return put(t, &key, &b);
}

enum rc trust_keep_liar(struct trust *t, struct liar *l)
{
    l->is_dirty = has_kv(t);
    if (!has_kv(t))
        return RC_OK;
    struct buffer b = buffer_of(t->scratch, BODY_BYTES);
    cbor_put_array(&b, TRUST_LIAR_ITEMS);
    cbor_put_u64(&b, l->end_s);
    cbor_put_bytes(&b, bytes_of(l->proof, l->len));
    cbor_put_u64(&b, l->worth.key);
    const struct trust_key key = key_of(TRUST_KEPT_LIAR, &l->id);
    const enum rc rc = put(t, &key, &b);
    l->is_dirty = rc != RC_OK;
    return rc;
}

enum rc trust_keep_node(struct trust *t, struct node *n)
{
    if (!has_kv(t))
        return RC_OK;
    struct buffer b = buffer_of(t->scratch, BODY_BYTES);
    cbor_put_array(&b, TRUST_NODE_ITEMS);
    put_micro(&b, n->score.good);
    put_micro(&b, n->score.bad);
    cbor_put_u64(&b, n->score.seen_s);
    cbor_put_u64(&b, n->was_isolated ? n->isolated_s : 0);
    put_micro(&b, n->gave);
    cbor_put_u64(&b, n->gave_s);
    cbor_put_bytes(&b, trust_paper_bytes(n->given));
    cbor_put_bytes(&b, trust_paper_bytes(n->held));
    cbor_put_bytes(&b, trust_paper_bytes(n->vouched));
    const struct trust_key key = key_of(TRUST_KEPT_NODE, &n->id);
    const enum rc rc = put(t, &key, &b);
    n->is_kept = true; // perhaps
    n->is_dirty = rc != RC_OK;
    return rc;
}

static void put_edge(struct buffer *b, const struct edge *e)
{
    cbor_put_array(b, TRUST_EDGE_ITEMS);
    cbor_put_bytes(b, bytes_of(e->to->id.b, NODE_ID_BYTES));
    cbor_put_u64(b, e->counter);
    cbor_put_u64(b, e->time_s);
    cbor_put_u64(b, e->good_centi);
    cbor_put_u64(b, e->bad_centi);
}

enum rc trust_keep_row(struct trust *t, struct node *n)
{
    if (!has_kv(t))
        return RC_OK;
    const struct trust_key key = key_of(TRUST_KEPT_ROW, &n->id);
    if (n->row == 0) {
        if (n->is_row_kept)
            trust_keep_del(t, &key);
        n->is_row_dirty = false;
        n->is_row_kept = false;
        return RC_OK;
    }
    struct buffer b = buffer_of(t->scratch, BODY_BYTES);
    cbor_put_array(&b, n->row);
    LIST_FOR (at, &n->out)
        put_edge(&b, CONTAINER_OF(at, struct edge, out));
    const enum rc rc = put(t, &key, &b);
    n->is_row_kept = true;
    n->is_row_dirty = rc != RC_OK;
    return rc;
}

void trust_keep_forget_node(struct trust *t, const struct node *n)
{
    const struct trust_key key = key_of(TRUST_KEPT_NODE, &n->id);
    const struct trust_key row = key_of(TRUST_KEPT_ROW, &n->id);
    if (has_kv(t) && n->is_kept)
        trust_keep_del(t, &key);
    if (has_kv(t) && n->is_row_kept)
        trust_keep_del(t, &row);
}

void trust_keep_forget_liar(struct trust *t, const struct node_id *id)
{
    const struct trust_key key = key_of(TRUST_KEPT_LIAR, id);
    if (has_kv(t))
        trust_keep_del(t, &key);
}
