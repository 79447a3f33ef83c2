// SPDX-License-Identifier: MIT
// What trust finds in the kv at a start: each row by itself, what is damaged left out and deleted.
//
// Rows are read in the order of their keys: liars are known before what they say.
#include <assert.h>
#include <string.h>

#include "crypt/hash.h"
#include "trust/trust_state.h"

#define COUNT_MAX ((uint64_t)1 << 52)

static double get_micro(struct cbor_reader *r)
{
    return (double)cbor_get_u64_max(r, COUNT_MAX) / TRUST_MICRO;
}

static bool load_counters(struct trust *t, struct cbor_reader *r)
{
    const bool is_form = cbor_get_array(r, TRUST_COUNTER_ITEMS) == TRUST_COUNTER_ITEMS;
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
    const bool is_form = cbor_get_array(r, TRUST_LIAR_ITEMS) == TRUST_LIAR_ITEMS;
    const uint64_t end_s = cbor_get_u64(r);
    const struct bytes proof = cbor_get_bytes(r);
    const uint64_t stake = cbor_get_u64(r);
    if (!is_form || !cbor_done(r) || proof.len > FAULT_BYTES_MAX)
        return false;
    if (trust_liar_put(t, id, proof, end_s) != RC_OK)
        return true; // no room for all of them any more
    struct liar *l = trust_liar_find(t, id);
    assert(l != NULL);
    heap_move(&t->liar_worth, &l->worth, stake);
    l->is_dirty = false;
    return true;
}

static void load_paper(struct trust *t, struct paper **owner, struct bytes record)
{
    if (record.len > 0 && record.len <= TRUST_PAPER_BYTES_MAX)
        trust_paper_put(&t->own, owner, record, ++t->seq);
}

static void load_voucher(struct trust *t, struct node *n, struct bytes record)
{
    const struct seal_judge judge = seal_judge_none();
    struct voucher v;
    if (record.len == 0 || voucher_decode(&v, record, &judge) != RC_OK)
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
    const struct seal_judge judge = seal_judge_none();
    struct receipt held;
    const bool is_form = cbor_get_array(r, TRUST_NODE_ITEMS) == TRUST_NODE_ITEMS;
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
    if (paper[1].len > 0 && receipt_decode(&held, paper[1], &judge) == RC_OK) {
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
        const bool is_form = cbor_get_array(r, TRUST_EDGE_ITEMS) == TRUST_EDGE_ITEMS;
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
static bool load_body(struct trust *t, const struct trust_key *key, struct bytes value)
{
    struct cbor_reader r = cbor_reader_of(value);
    const bool is_form = cbor_get_array(&r, TRUST_FRAME_ITEMS) == TRUST_FRAME_ITEMS &&
                         cbor_get_u64(&r) == TRUST_KEEP_VERSION;
    const uint64_t check = cbor_get_u64(&r);
    const struct bytes body = cbor_get_bytes(&r);
    const struct digest found = hash_bytes(body);
    if (!is_form || !cbor_done(&r) || digest_u64(&found) != check)
        return false;
    struct cbor_reader in = cbor_reader_of(body);
    if (key->b[1] == TRUST_KEPT_COUNTERS && key->len == 2)
        return load_counters(t, &in);
    if (key->len != TRUST_KEY_BYTES)
        return false;
    struct node_id id;
    memcpy(id.b, key->b + 2, NODE_ID_BYTES);
    switch (key->b[1]) {
    case TRUST_KEPT_LIAR:
        return load_liar(t, &id, &in);
    case TRUST_KEPT_NODE:
        return load_node(t, &id, &in);
    case TRUST_KEPT_ROW:
        return load_row(t, &id, &in);
    default:
        return false;
    }
}

// The entry after *key into the scratch, and its key there. RC_ABSENT: no more of ours.
static enum rc step(struct trust *t, struct trust_key *key, struct bytes *value)
{
    const struct kv *kv = &t->cfg.kv;
    struct bytes next;
    struct bytes found;
    enum rc rc = kv->ops->next(kv->self, bytes_of(key->b, key->len), &next, &found);
    if (rc != RC_OK)
        return rc;
    const bool is_ours = next.len >= 1 && next.at[0] == TRUST_KEY_FIRST;
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

enum rc trust_load(struct trust *t)
{
    if (t->cfg.kv.ops == NULL)
        return RC_OK;
    struct trust_key key = {.b = {TRUST_KEY_FIRST}, .len = 1};
    struct bytes value;
    enum rc rc;
    while ((rc = step(t, &key, &value)) == RC_OK) {
        if (value.len > 0 && load_body(t, &key, value))
            continue;
        t->stat.damaged++;
        trust_keep_del(t, &key);
    }
    return rc == RC_ABSENT ? RC_OK : RC_IO;
}
