// SPDX-License-Identifier: MIT
// Fault: a proof, out of a node's own signed words, that it lied. Anyone can check it.
#include "trust/fault.h"

#include <assert.h>

#include "base/num.h"
#include "trust/answer.h"
#include "trust/form.h"
#include "trust/receipt.h"
#include "trust/vouch.h"

#define ITEMS    4
#define KIND_MAX 4u

enum rc fault_encode(struct buffer *out, enum fault_kind kind, struct bytes first,
                     struct bytes second)
{
    assert(out->len == 0 && kind >= 1 && kind <= KIND_MAX);
    cbor_put_array(out, ITEMS);
    cbor_put_u64(out, FORM_FAULT);
    cbor_put_u64(out, kind);
    cbor_put_bytes(out, first);
    cbor_put_bytes(out, second);
    return out->is_full || out->len > FAULT_BYTES_MAX ? RC_FULL : RC_OK;
}

struct pair {
    struct bytes first;
    struct bytes second;
    const struct seal_judge *judge;
};

static bool is_same_key(const struct sign_public *a, const struct sign_public *b)
{
    return bytes_equal(bytes_of(a->b, SIGN_PUBLIC_BYTES), bytes_of(b->b, SIGN_PUBLIC_BYTES));
}

struct word { // of the accused
    struct sign_public by;
    uint64_t time_s;
};

// All four: *out counts when they prove something.
static enum rc judge_chunk(struct word *out, const struct pair *p)
{
    struct answer a;
    const enum rc rc = answer_decode(&a, p->first, p->judge);
    if (rc != RC_OK)
        return rc;
    *out = (struct word){.by = a.by, .time_s = a.time_s};
    const bool is_fault = a.kind == ANSWER_CHUNK && !digest_equal(&a.asked, &a.given);
    return is_fault && p->second.len == 0 ? RC_OK : RC_REFUSED;
}

static enum rc judge_results(struct word *out, const struct pair *p)
{
    struct answer a;
    struct answer b;
    enum rc rc = answer_decode(&a, p->first, p->judge);
    if (rc == RC_OK)
        rc = answer_decode(&b, p->second, p->judge);
    if (rc != RC_OK)
        return rc;
    *out = (struct word){.by = a.by, .time_s = num_max(a.time_s, b.time_s)};
    const bool is_same = is_same_key(&a.by, &b.by) && a.kind == b.kind && a.kind != ANSWER_CHUNK &&
                         digest_equal(&a.asked, &b.asked);
    return is_same && !digest_equal(&a.given, &b.given) ? RC_OK : RC_REFUSED;
}

// A signature has one valid form for each body (Ed25519 is deterministic, but a signer may make
// others): what differs must be the body, so fields are compared and not bytes.
static bool is_same_receipt(const struct receipt *a, const struct receipt *b)
{
    return node_id_equal(&a->of, &b->of) && digest_equal(&a->what, &b->what) &&
           a->time_s == b->time_s && a->service == b->service && a->outcome == b->outcome &&
           a->bytes == b->bytes && a->good_centi == b->good_centi && a->bad_centi == b->bad_centi;
}

static enum rc judge_receipts(struct word *out, const struct pair *p)
{
    struct receipt a;
    struct receipt b;
    enum rc rc = receipt_decode(&a, p->first, p->judge);
    if (rc == RC_OK)
        rc = receipt_decode(&b, p->second, p->judge);
    if (rc != RC_OK)
        return rc;
    *out = (struct word){.by = a.by, .time_s = num_max(a.time_s, b.time_s)};
    const bool is_turn = is_same_key(&a.by, &b.by) && a.counter == b.counter;
    return is_turn && !is_same_receipt(&a, &b) ? RC_OK : RC_REFUSED;
}

static enum rc judge_vouchers(struct word *out, const struct pair *p)
{
    struct voucher a;
    struct voucher b;
    enum rc rc = voucher_decode(&a, p->first, p->judge);
    if (rc == RC_OK)
        rc = voucher_decode(&b, p->second, p->judge);
    if (rc != RC_OK)
        return rc;
    *out = (struct word){.by = a.by, .time_s = num_wrap_mul(a.period, VOUCH_PERIOD_S)};
    const bool is_turn = is_same_key(&a.by, &b.by) && a.period == b.period && a.slot == b.slot;
    return is_turn && !node_id_equal(&a.of, &b.of) ? RC_OK : RC_REFUSED;
}

static enum rc judge_pair(struct word *out, enum fault_kind kind, const struct pair *p)
{
    switch (kind) {
    case FAULT_CHUNK:
        return judge_chunk(out, p);
    case FAULT_RESULTS:
        return judge_results(out, p);
    case FAULT_RECEIPTS:
        return judge_receipts(out, p);
    case FAULT_VOUCHERS:
        return judge_vouchers(out, p);
    }
    return RC_MALFORMED;
}

enum rc fault_decode(struct fault *out, struct bytes proof, const struct seal_judge *judge)
{
    struct cbor_reader r = cbor_reader_of(proof);
    const bool is_form = cbor_get_array(&r, ITEMS) == ITEMS && cbor_get_u64(&r) == FORM_FAULT;
    const enum fault_kind kind = (enum fault_kind)cbor_get_u64_max(&r, KIND_MAX);
    struct pair p = {.judge = judge};
    p.first = cbor_get_bytes(&r);
    p.second = cbor_get_bytes(&r);
    if (!is_form || !cbor_done(&r) || proof.len > FAULT_BYTES_MAX)
        return RC_MALFORMED;
    struct word word;
    const enum rc rc = judge_pair(&word, kind, &p);
    if (rc == RC_OK)
        *out = (struct fault){.kind = kind, .of = node_id_of(&word.by), .time_s = word.time_s};
    return rc;
}

enum rc fault_between(struct buffer *out, struct bytes first, struct bytes second,
                      const struct seal_judge *judge)
{
    const struct pair p = {.first = first, .second = second, .judge = judge};
    struct word word;
    static const enum fault_kind of_form[] = {[FORM_RECEIPT] = FAULT_RECEIPTS,
                                              [FORM_ANSWER] = FAULT_RESULTS,
                                              [FORM_VOUCHER] = FAULT_VOUCHERS};
    const uint64_t form = seal_form_of(first);
    if (form == 0 || form >= ARRAY_COUNT(of_form))
        return RC_ABSENT;
    if (judge_pair(&word, of_form[form], &p) != RC_OK)
        return RC_ABSENT;
    return fault_encode(out, of_form[form], first, second);
}

bool fault_check(void *self, const struct node_id *accused, struct bytes proof)
{
    const struct seal_judge real = seal_judge_real();
    const struct seal_judge *judge = self != NULL ? self : &real;
    struct fault f;
    return fault_decode(&f, proof, judge) == RC_OK && node_id_equal(&f.of, accused);
}
