// SPDX-License-Identifier: MIT
// Answer: what a node says it gave, signed by it, so that a fault can be shown to anyone.
#include "trust/answer.h"

#include <assert.h>

#include "trust/form.h"

#define ITEMS 7

static_assert(ANSWER_BYTES_MAX <= SEAL_BYTES_MAX, "an answer is a sealed record");

enum rc answer_encode(struct buffer *out, const struct answer *a, const struct sign_key *key)
{
    seal_begin(out, FORM_ANSWER, ITEMS, &a->by);
    cbor_put_bytes(out, digest_bytes(&a->request));
    cbor_put_u64(out, a->kind);
    cbor_put_bytes(out, digest_bytes(&a->asked));
    cbor_put_bytes(out, digest_bytes(&a->given));
    cbor_put_u64(out, a->time_s);
    return seal_end(out, key);
}

enum rc answer_decode(struct answer *out, struct bytes in, const struct seal_judge *judge)
{
    struct cbor_reader c;
    struct answer a = {.by = {{0}}};
    const enum rc rc = seal_open(&c, &a.by, in, FORM_ANSWER, ITEMS, judge);
    if (rc != RC_OK)
        return rc;
    cbor_get_fixed(&c, a.request.b, DIGEST_BYTES);
    a.kind = (enum answer_kind)cbor_get_u64_max(&c, ANSWER_KIND_MAX);
    cbor_get_fixed(&c, a.asked.b, DIGEST_BYTES);
    cbor_get_fixed(&c, a.given.b, DIGEST_BYTES);
    a.time_s = cbor_get_u64(&c);
    if (!cbor_done(&c) || in.len > ANSWER_BYTES_MAX)
        return RC_MALFORMED;
    if (a.kind == 0)
        return RC_REFUSED;
    *out = a;
    return RC_OK;
}
