// SPDX-License-Identifier: MIT
// Records that others sign: receipts, vouchers and proofs, taken for what they are worth.
#include <assert.h>

#include "base/num.h"
#include "trust/form.h"
#include "trust/trust_state.h"

static enum rc take_proof(struct trust *t, struct bytes record)
{
    struct fault f;
    enum rc rc = fault_decode(&f, record, &t->cfg.judge);
    if (rc != RC_OK)
        return rc;
    struct liar *known = trust_liar_find(t, &f.of);
    if (trust_is_own(t, &f.of) || (known != NULL && !known->is_dirty))
        return RC_OK;
    if (known != NULL)
        return trust_keep_liar(t, known);
    if (time_since(f.time_s, t->now_s) >= FAULT_LIFE_S)
        return RC_REFUSED;
    rc = trust_liar_put(t, &f.of, record, num_min(f.time_s, t->now_s) + FAULT_LIFE_S);
    if (rc != RC_OK)
        return rc;
    t->is_stale = true;
    return trust_keep_liar(t, trust_liar_find(t, &f.of));
}

// Two records that contradict end their signer.
static enum rc take_contradiction(struct trust *t, struct bytes first, struct bytes second)
{
    uint8_t room[FAULT_BYTES_MAX];
    struct buffer proof = buffer_of(room, sizeof room);
    const enum rc rc = fault_between(&proof, first, second, &t->cfg.judge);
    return rc == RC_OK ? take_proof(t, buffer_bytes(&proof)) : rc;
}

// What it says about us, which we show to others.
static enum rc hold(struct trust *t, const struct node_id *by, const struct receipt *r,
                    struct bytes record)
{
    struct node *n = trust_node_find(t, by);
    if (n == NULL)
        return RC_ABSENT; // we never had to do with it
    if (r->counter <= n->held_counter)
        return RC_OK;
    n->held_counter = r->counter;
    n->is_dirty = true;
    trust_paper_put(&t->own, &n->held, record, ++t->seq);
    return RC_OK;
}

static enum rc take_receipt(struct trust *t, struct bytes record)
{
    struct receipt r;
    enum rc rc = receipt_decode(&r, record, &t->cfg.judge);
    if (rc != RC_OK)
        return rc;
    const struct node_id by = node_id_of(&r.by);
    if (trust_is_own(t, &by))
        return RC_OK;
    if (trust_liar_find(t, &by) != NULL || r.time_s > time_after(t->now_s, TRUST_DAY_S) ||
        time_since(r.time_s, t->now_s) >= TRUST_LIFE_S)
        return RC_REFUSED;
    const struct paper *other = trust_edge_with_counter(t, &by, r.counter);
    if (other != NULL) {
        rc = take_contradiction(t, trust_paper_bytes(other), record);
        if (rc != RC_ABSENT)
            return rc == RC_OK ? RC_REFUSED : rc;
    }
    if (trust_is_own(t, &r.of))
        return hold(t, &by, &r, record);
    if (trust_liar_find(t, &r.of) != NULL)
        return RC_OK;
    const struct account a = {.by = by,
                              .of = r.of,
                              .counter = r.counter,
                              .time_s = r.time_s,
                              .good_centi = r.good_centi,
                              .bad_centi = r.bad_centi};
    return trust_edge_put(t, &a, record);
}

// Whose word brings somebody in: somebody who has something to lose here.
static bool may_vouch(const struct trust *t, const struct node *n)
{
    return n != NULL && !n->was_isolated && trust_node_score(t, n) >= SCORE_NEWCOMER &&
           (n->is_chosen || n->share > 0 || score_count(&n->score) >= TRUST_KNOWN_COUNT);
}

// Another voucher of the same signer with the same number; NULL: none is known.
static const struct paper *voucher_contradicts(const struct trust *t, const struct node_id *by,
                                               const struct voucher *v)
{
    for (uint32_t i = 0; i < t->cfg.nodes_max; i++) {
        const struct node *n = &t->node[i];
        if (n->is_vouched && n->vouched != NULL && n->voucher.period == v->period &&
            n->voucher.slot == v->slot && node_id_equal(&n->voucher_id, by) &&
            !node_id_equal(&n->id, &v->of))
            return n->vouched;
    }
    return NULL;
}

static enum rc vouch_for(struct trust *t, struct node *n, const struct voucher *v,
                         struct bytes record)
{
    const struct node_id by = node_id_of(&v->by);
    const bool is_again = n->is_vouched && node_id_equal(&by, &n->voucher_id);
    const bool is_newer = v->period > n->voucher.period ||
                          (v->period == n->voucher.period && v->slot > n->voucher.slot);
    if (n->is_vouched && (!n->was_isolated || (is_again && !is_newer)))
        return RC_OK;
    n->voucher = *v;
    n->voucher_id = by;
    n->is_vouched = true;
    trust_paper_put(&t->own, &n->vouched, record, ++t->seq);
    if (n->was_isolated)
        trust_node_forgive(t, n);
    trust_node_weigh(t, n);
    return trust_keep_node(t, n);
}

static enum rc take_voucher(struct trust *t, struct bytes record)
{
    struct voucher v;
    const enum rc rc = voucher_decode(&v, record, &t->cfg.judge);
    if (rc != RC_OK)
        return rc;
    const struct node_id by = node_id_of(&v.by);
    if (trust_is_own(t, &v.of) || trust_is_own(t, &by))
        return RC_OK;
    if (!voucher_counts(&v, t->now_s) || trust_liar_find(t, &by) != NULL)
        return RC_REFUSED;
    const struct paper *other = voucher_contradicts(t, &by, &v);
    if (other != NULL) {
        const enum rc proven = take_contradiction(t, trust_paper_bytes(other), record);
        return proven == RC_OK ? RC_REFUSED : proven;
    }
    if (trust_liar_find(t, &v.of) != NULL || !may_vouch(t, trust_node_find(t, &by)))
        return RC_OK; // it brings nobody in
    struct node *n = trust_node_make(t, &v.of, NODE_NAMED);
    return n != NULL ? vouch_for(t, n, &v, record) : RC_FULL;
}

enum rc trust_input(struct trust *t, struct bytes record, uint64_t now_s)
{
    trust_pass_time(t, now_s);
    enum rc rc = RC_MALFORMED;
    switch (seal_form_of(record)) {
    case FORM_RECEIPT:
        rc = take_receipt(t, record);
        break;
    case FORM_VOUCHER:
        rc = take_voucher(t, record);
        break;
    case FORM_FAULT:
        rc = take_proof(t, record);
        break;
    default:
        break;
    }
    t->stat.refused += rc == RC_MALFORMED || rc == RC_REFUSED;
    return rc;
}

enum rc trust_accuse(struct trust *t, struct bytes first, struct bytes second, uint64_t now_s)
{
    trust_pass_time(t, now_s);
    if (second.len > 0)
        return take_contradiction(t, first, second);
    uint8_t room[FAULT_BYTES_MAX];
    struct buffer proof = buffer_of(room, sizeof room);
    struct fault f;
    if (fault_encode(&proof, FAULT_CHUNK, first, second) != RC_OK ||
        fault_decode(&f, buffer_bytes(&proof), &t->cfg.judge) != RC_OK)
        return RC_ABSENT;
    return take_proof(t, buffer_bytes(&proof));
}
