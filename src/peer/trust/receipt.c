// SPDX-License-Identifier: MIT
// Receipt: what one node did for another, signed by the one who received it.
#include "trust/receipt.h"

#include <assert.h>

#include "trust/form.h"

#define ITEMS 11

static_assert(RECEIPT_BYTES_MAX <= SEAL_BYTES_MAX, "a receipt is a sealed record");

enum rc receipt_encode(struct buffer *out, const struct receipt *r, const struct sign_key *key)
{
    seal_begin(out, FORM_RECEIPT, ITEMS, &r->by);
    cbor_put_bytes(out, bytes_of(r->of.b, NODE_ID_BYTES));
    cbor_put_u64(out, r->counter);
    cbor_put_u64(out, r->time_s);
    cbor_put_u64(out, r->service);
    cbor_put_u64(out, r->outcome);
    cbor_put_bytes(out, digest_bytes(&r->what));
    cbor_put_u64(out, r->bytes);
    cbor_put_u64(out, r->good_centi);
    cbor_put_u64(out, r->bad_centi);
    return seal_end(out, key);
}

static bool is_sane(const struct receipt *r)
{
    const struct node_id by = node_id_of(&r->by);
    return r->counter > 0 && r->service > 0 && r->outcome > 0 && !node_id_equal(&by, &r->of);
}

enum rc receipt_decode(struct receipt *out, struct bytes in, const struct seal_judge *judge)
{
    struct cbor_reader c;
    struct receipt r = {.by = {{0}}};
    const enum rc rc = seal_open(&c, &r.by, in, FORM_RECEIPT, ITEMS, judge);
    if (rc != RC_OK)
        return rc;
    cbor_get_fixed(&c, r.of.b, NODE_ID_BYTES);
    r.counter = cbor_get_u64(&c);
    r.time_s = cbor_get_u64(&c);
    r.service = (enum receipt_service)cbor_get_u64_max(&c, RECEIPT_SERVICE_MAX);
    r.outcome = (enum receipt_outcome)cbor_get_u64_max(&c, RECEIPT_OUTCOME_MAX);
    cbor_get_fixed(&c, r.what.b, DIGEST_BYTES);
    r.bytes = cbor_get_u64(&c);
    r.good_centi = (uint32_t)cbor_get_u64_max(&c, RECEIPT_COUNT_MAX);
    r.bad_centi = (uint32_t)cbor_get_u64_max(&c, RECEIPT_COUNT_MAX);
    if (!cbor_done(&c) || in.len > RECEIPT_BYTES_MAX)
        return RC_MALFORMED;
    if (!is_sane(&r))
        return RC_REFUSED;
    *out = r;
    return RC_OK;
}
