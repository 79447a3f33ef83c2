// SPDX-License-Identifier: MIT
// Voucher: a node stands for another, and loses with it.
#include "trust/vouch.h"

#include <assert.h>

#include "trust/form.h"

#define ITEMS 5
#define DAY_S UINT64_C(86400)

static_assert(VOUCH_BYTES_MAX <= SEAL_BYTES_MAX, "a voucher is a sealed record");

enum rc voucher_encode(struct buffer *out, const struct voucher *v, const struct sign_key *key)
{
    seal_begin(out, FORM_VOUCHER, ITEMS, &v->by);
    cbor_put_bytes(out, bytes_of(v->of.b, NODE_ID_BYTES));
    cbor_put_u64(out, v->period);
    cbor_put_u64(out, v->slot);
    return seal_end(out, key);
}

enum rc voucher_decode(struct voucher *out, struct bytes in, const struct seal_judge *judge)
{
    struct cbor_reader c;
    struct voucher v = {.by = {{0}}};
    const enum rc rc = seal_open(&c, &v.by, in, FORM_VOUCHER, ITEMS, judge);
    if (rc != RC_OK)
        return rc;
    cbor_get_fixed(&c, v.of.b, NODE_ID_BYTES);
    v.period = cbor_get_u64(&c);
    v.slot = (uint32_t)cbor_get_u64_max(&c, VOUCH_SLOTS - 1);
    if (!cbor_done(&c) || in.len > VOUCH_BYTES_MAX)
        return RC_MALFORMED;
    const struct node_id by = node_id_of(&v.by);
    if (node_id_equal(&by, &v.of))
        return RC_REFUSED;
    *out = v;
    return RC_OK;
}

bool voucher_counts(const struct voucher *v, uint64_t now_s)
{
    const uint64_t now = now_s / VOUCH_PERIOD_S;
    return v->period <= (now_s + DAY_S) / VOUCH_PERIOD_S &&
           (v->period >= now || now - v->period < VOUCH_LIFE);
}
