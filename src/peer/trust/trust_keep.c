// SPDX-License-Identifier: MIT
// What trust keeps in the kv, and finds there again.
//
//     key              value: [version, check, body], check: the first 8 bytes of SHA-256(body)
//     "tc"             [counter_end, vouch_period, vouch_used]
//     "tl" node id     [end, proof, stake]
//     "tn" node id     [good, bad, seen, isolated_since, gave, gave_at, receipt for it, receipt
//                      for us, voucher]
//     "tr" node id     its accounts: [id, counter, time, good, bad] each
//
// Read in this order, which is that of the keys: liars are known before what they say.
#include <assert.h>
#include <math.h>
#include <string.h>

#include "crypt/hash.h"
#include "trust/trust_state.h"

#define VERSION     1
#define KEY_BYTES   (2 + NODE_ID_BYTES)
#define MICRO       1e6
#define COUNT_MAX   ((uint64_t)1 << 52)
#define LIAR_ITEMS  3
#define NODE_ITEMS  9
#define EDGE_ITEMS  5
#define FRAME_BYTES 16 // head, version, check, head of the body
#define BODY_BYTES  (TRUST_ROW_BYTES_MAX - FRAME_BYTES)

struct key {
    uint8_t b[KV_KEY_BYTES_MAX];
    size_t len;
};

static struct key key_of(char kind, const struct node_id *id)
{
    struct key k = {.b = {'t', (uint8_t)kind}, .len = 2};
    if (id != NULL) {
        memcpy(k.b + 2, id->b, NODE_ID_BYTES);
        k.len = KEY_BYTES;
    }
    return k;
}

static bool has_kv(const struct trust *t)
{
    return t->cfg.kv.ops != NULL;
}

// ---- Written

static enum rc put(struct trust *t, const struct key *key, const struct buffer *body)
{
    assert(!body->is_full);
    uint8_t value[TRUST_ROW_BYTES_MAX];
    struct buffer b = buffer_of(value, sizeof value);
    const struct digest check = hash_bytes(buffer_bytes(body));
    cbor_put_array(&b, 3);
    cbor_put_u64(&b, VERSION);
    cbor_put_u64(&b, digest_u64(&check));
    cbor_put_bytes(&b, buffer_bytes(body));
    assert(!b.is_full);
    const enum rc rc =
        t->cfg.kv.ops->put(t->cfg.kv.self, bytes_of(key->b, key->len), buffer_bytes(&b));
    t->stat.unwritten += rc != RC_OK;
    return rc == RC_OK ? RC_OK : RC_IO;
}

static void del(struct trust *t, const struct key *key)
{
    const enum rc rc = t->cfg.kv.ops->del(t->cfg.kv.self, bytes_of(key->b, key->len));
    t->stat.unwritten += rc != RC_OK && rc != RC_ABSENT;
}

static void put_micro(struct buffer *b, double v)
{
    cbor_put_u64(b, (uint64_t)llround(fmin(v, 1e9) * MICRO));
}

enum rc trust_keep_counters(struct trust *t)
{
    if (!has_kv(t))
        return RC_OK;
    struct buffer b = buffer_of(t->scratch, BODY_BYTES);
    cbor_put_array(&b, 3);
    cbor_put_u64(&b, t->counter_end);
    cbor_put_u64(&b, t->vouch_period);
    cbor_put_u64(&b, t->vouch_used);
    const struct key key = key_of('c', NULL);
    return put(t, &key, &b);
}

enum rc trust_keep_liar(struct trust *t, struct liar *l)
{
    l->is_dirty = has_kv(t);
    if (!has_kv(t))
        return RC_OK;
    struct buffer b = buffer_of(t->scratch, BODY_BYTES);
    cbor_put_array(&b, LIAR_ITEMS);
    cbor_put_u64(&b, l->end_s);
    cbor_put_bytes(&b, bytes_of(l->proof, l->len));
    cbor_put_u64(&b, l->worth.key);
    const struct key key = key_of('l', &l->id);
    const enum rc rc = put(t, &key, &b);
    l->is_dirty = rc != RC_OK;
    return rc;
}

enum rc trust_keep_node(struct trust *t, struct node *n)
{
    if (!has_kv(t))
        return RC_OK;
    struct buffer b = buffer_of(t->scratch, BODY_BYTES);
    cbor_put_array(&b, NODE_ITEMS);
    put_micro(&b, n->score.good);
    put_micro(&b, n->score.bad);
    cbor_put_u64(&b, n->score.seen_s);
    cbor_put_u64(&b, n->was_isolated ? n->isolated_s : 0);
    put_micro(&b, n->gave);
    cbor_put_u64(&b, n->gave_s);
    cbor_put_bytes(&b, trust_paper_bytes(n->given));
    cbor_put_bytes(&b, trust_paper_bytes(n->held));
    cbor_put_bytes(&b, trust_paper_bytes(n->vouched));
    const struct key key = key_of('n', &n->id);
    const enum rc rc = put(t, &key, &b);
    n->is_kept = true; // perhaps
    n->is_dirty = rc != RC_OK;
    return rc;
}

static void put_edge(struct buffer *b, const struct edge *e)
{
    const struct account a = trust_edge_account(e);
    cbor_put_array(b, EDGE_ITEMS);
    cbor_put_bytes(b, bytes_of(a.of.b, NODE_ID_BYTES));
    cbor_put_u64(b, a.counter);
    cbor_put_u64(b, a.time_s);
    cbor_put_u64(b, a.good_centi);
    cbor_put_u64(b, a.bad_centi);
}

enum rc trust_keep_row(struct trust *t, struct node *n)
{
    if (!has_kv(t))
        return RC_OK;
    const struct key key = key_of('r', &n->id);
    if (n->row == 0) {
        if (n->is_row_kept)
            del(t, &key);
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
    const struct key key = key_of('n', &n->id);
    const struct key row = key_of('r', &n->id);
    if (has_kv(t) && n->is_kept)
        del(t, &key);
    if (has_kv(t) && n->is_row_kept)
        del(t, &row);
}

void trust_keep_forget_liar(struct trust *t, const struct node_id *id)
{
    const struct key key = key_of('l', id);
    if (has_kv(t))
        del(t, &key);
}

// ---- Read

static double get_micro(struct cbor_reader *r)
{
    return (double)cbor_get_u64_max(r, COUNT_MAX) / MICRO;
}

static bool load_counters(struct trust *t, struct cbor_reader *r)
{
    const bool is_form = cbor_get_array(r, 3) == 3;
    const uint64_t end = cbor_get_u64(r);
    const uint64_t period = cbor_get_u64(r);
    const uint32_t used = (uint32_t)cbor_get_u64_max(r, VOUCH_SLOTS);
    if (!is_form || !cbor_done(r))
        return false;
    t->counter_end = end;
    t->vouch_period = period;
    t->vouch_used = used;
    return true;
}

static bool load_liar(struct trust *t, const struct node_id *id, struct cbor_reader *r)
{
    const bool is_form = cbor_get_array(r, LIAR_ITEMS) == LIAR_ITEMS;
    const uint64_t end_s = cbor_get_u64(r);
    const struct bytes proof = cbor_get_bytes(r);
    const uint64_t stake = cbor_get_u64(r);
    if (!is_form || !cbor_done(r) || proof.len > FAULT_BYTES_MAX)
        return false;
    if (trust_liar_put(t, id, proof, end_s) != RC_OK)
        return true; // no room for all of them any more
    struct liar *l = trust_liar_find(t, id);
    heap_move(&t->liar_worth, &l->worth, stake);
    l->is_dirty = false;
    return true;
}

// What was judged before it was written need not be judged again.
static bool check_none(void *self, const struct sign_public *by, struct bytes message,
                       const struct signature *s)
{
    (void)self;
    (void)by;
    (void)message;
    (void)s;
    return true;
}

static const struct seal_judge no_judge = {.check = check_none};

static void load_paper(struct trust *t, struct paper **owner, struct bytes record)
{
    if (record.len > 0 && record.len <= SEAL_BYTES_MAX)
        trust_paper_put(&t->own, owner, record, ++t->seq);
}

static void load_voucher(struct trust *t, struct node *n, struct bytes record)
{
    struct voucher v;
    if (record.len == 0 || voucher_decode(&v, record, &no_judge) != RC_OK)
        return;
    const struct node_id by = node_id_of(&v.by);
    if (trust_liar_find(t, &by) != NULL)
        return;
    n->voucher = v;
    n->voucher_id = by;
    n->is_vouched = true;
    load_paper(t, &n->vouched, record);
}

static bool load_node(struct trust *t, const struct node_id *id, struct cbor_reader *r)
{
    struct receipt held;
    const bool is_form = cbor_get_array(r, NODE_ITEMS) == NODE_ITEMS;
    struct score score;
    score.good = get_micro(r);
    score.bad = get_micro(r);
    score.seen_s = cbor_get_u64(r);
    const uint64_t isolated_s = cbor_get_u64(r);
    const double gave = get_micro(r);
    const uint64_t gave_s = cbor_get_u64(r);
    struct bytes paper[3];
    for (size_t i = 0; i < ARRAY_COUNT(paper); i++)
        paper[i] = cbor_get_bytes(r);
    if (!is_form || !cbor_done(r))
        return false;
    struct node *n = trust_node_make(t, id, NODE_SEEN);
    if (n == NULL)
        return true;
    n->score = score;
    n->was_isolated = isolated_s > 0;
    n->isolated_s = isolated_s;
    n->gave = gave;
    n->gave_s = gave_s;
    n->is_kept = true;
    load_paper(t, &n->given, paper[0]);
    if (paper[1].len > 0 && receipt_decode(&held, paper[1], &no_judge) == RC_OK) {
        n->held_counter = held.counter;
        load_paper(t, &n->held, paper[1]);
    }
    load_voucher(t, n, paper[2]);
    trust_node_weigh(t, n);
    return true;
}

static bool load_row(struct trust *t, const struct node_id *id, struct cbor_reader *r)
{
    const size_t count = cbor_get_array(r, TRUST_ROW_MAX);
    for (size_t i = 0; i < count && !r->is_bad; i++) {
        struct account a = {.by = *id};
        const bool is_form = cbor_get_array(r, EDGE_ITEMS) == EDGE_ITEMS;
        cbor_get_fixed(r, a.of.b, NODE_ID_BYTES);
        a.counter = cbor_get_u64(r);
        a.time_s = cbor_get_u64(r);
        a.good_centi = (uint32_t)cbor_get_u64_max(r, RECEIPT_COUNT_MAX);
        a.bad_centi = (uint32_t)cbor_get_u64_max(r, RECEIPT_COUNT_MAX);
        if (!is_form || r->is_bad)
            return false;
        if (trust_liar_find(t, &a.by) == NULL && trust_liar_find(t, &a.of) == NULL)
            (void)trust_edge_put(t, &a, bytes_of(NULL, 0)); // no room: others will say it again
    }
    struct node *n = trust_node_find(t, id);
    if (n != NULL) {
        n->is_row_kept = true;
        n->is_row_dirty = false;
    }
    return cbor_done(r);
}

// False: damaged, or of another version.
static bool load_body(struct trust *t, const struct key *key, struct bytes value)
{
    struct cbor_reader r = cbor_reader_of(value);
    const bool is_form = cbor_get_array(&r, 3) == 3 && cbor_get_u64(&r) == VERSION;
    const uint64_t check = cbor_get_u64(&r);
    const struct bytes body = cbor_get_bytes(&r);
    const struct digest found = hash_bytes(body);
    if (!is_form || !cbor_done(&r) || digest_u64(&found) != check)
        return false;
    struct cbor_reader in = cbor_reader_of(body);
    if (key->b[1] == 'c' && key->len == 2)
        return load_counters(t, &in);
    if (key->len != KEY_BYTES)
        return false;
    struct node_id id;
    memcpy(id.b, key->b + 2, NODE_ID_BYTES);
    switch (key->b[1]) {
    case 'l':
        return load_liar(t, &id, &in);
    case 'n':
        return load_node(t, &id, &in);
    case 'r':
        return load_row(t, &id, &in);
    default:
        return false;
    }
}

// The entry after *key into the scratch, and its key there. RC_ABSENT: no more of ours.
static enum rc step(struct trust *t, struct key *key, struct bytes *value)
{
    const struct kv *kv = &t->cfg.kv;
    struct bytes next;
    struct bytes found;
    enum rc rc = kv->ops->next(kv->self, bytes_of(key->b, key->len), &next, &found);
    if (rc != RC_OK)
        return rc;
    const bool is_ours = next.len >= 1 && next.at[0] == 't';
    assert(next.len <= sizeof key->b);
    key->len = next.len;
    memcpy(key->b, next.at, key->len);
    const size_t len = found.len <= sizeof t->scratch ? found.len : 0;
    if (is_ours && len > 0)
        memcpy(t->scratch, found.at, len);
    *value = bytes_of(t->scratch, len);
    kv->ops->release(kv->self);
    return is_ours ? RC_OK : RC_ABSENT;
}

enum rc trust_keep_load(struct trust *t)
{
    if (!has_kv(t))
        return RC_OK;
    struct key key = {.b = {'t'}, .len = 1};
    struct bytes value;
    enum rc rc;
    while ((rc = step(t, &key, &value)) == RC_OK) {
        if (value.len > 0 && load_body(t, &key, value))
            continue;
        t->stat.damaged++;
        del(t, &key);
    }
    return rc == RC_ABSENT ? RC_OK : RC_IO;
}
