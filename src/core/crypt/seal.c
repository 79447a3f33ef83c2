// SPDX-License-Identifier: MIT
// Seal: a record that somebody signed, as it travels.
#include "crypt/seal.h"

#include <assert.h>
#include <string.h>

#define CONTEXT       "shoal seal 1"
#define CONTEXT_BYTES sizeof CONTEXT // with its final 0

static bool check_real(void *self, const struct sign_public *by, struct bytes message,
                       const struct signature *s)
{
    (void)self;
    return sign_check(by, message, s);
}

struct seal_judge seal_judge_real(void)
{
    return (struct seal_judge){.check = check_real};
}

static bool check_none(void *self, const struct sign_public *by, struct bytes message,
                       const struct signature *s)
{
    (void)self;
    (void)by;
    (void)s;
    return message.len > 0;
}

struct seal_judge seal_judge_none(void)
{
    return (struct seal_judge){.check = check_none};
}

struct message { // what is signed
    uint8_t b[CONTEXT_BYTES + SEAL_BYTES_MAX];
    size_t len;
};

static struct message message_of(struct bytes body)
{
    assert(body.len <= SEAL_BYTES_MAX);
    struct message m = {.b = CONTEXT, .len = CONTEXT_BYTES + body.len};
    memcpy(m.b + CONTEXT_BYTES, body.at, body.len);
    return m;
}

void seal_begin(struct buffer *b, uint64_t form, size_t items, const struct sign_public *by)
{
    assert(b->len == 0);
    assert(form > 0 && items > 2);
    cbor_put_array(b, items);
    cbor_put_u64(b, form);
    cbor_put_bytes(b, bytes_of(by->b, SIGN_PUBLIC_BYTES));
}

enum rc seal_end(struct buffer *b, const struct sign_key *key)
{
    assert(b->len > 0);
    if (b->is_full || b->len + SEAL_ENDING_BYTES > SEAL_BYTES_MAX)
        return RC_FULL;
    struct signature s;
    const struct message m = message_of(buffer_bytes(b));
    const enum rc rc = sign_make(key, bytes_of(m.b, m.len), &s);
    if (rc != RC_OK)
        return rc;
    const size_t body_bytes = b->len;
    cbor_put_bytes(b, bytes_of(s.b, SIGNATURE_BYTES));
    assert(b->is_full || b->len == body_bytes + SEAL_ENDING_BYTES);
    return b->is_full ? RC_FULL : RC_OK;
}

uint64_t seal_form_of(struct bytes record)
{
    struct cbor_reader r = cbor_reader_of(record);
    (void)cbor_get_array(&r, SEAL_BYTES_MAX);
    const uint64_t form = cbor_get_u64(&r);
    return r.is_bad ? 0 : form;
}

enum rc seal_open(struct cbor_reader *out, struct sign_public *by, struct bytes record,
                  uint64_t form, size_t items, const struct seal_judge *judge)
{
    assert(form > 0 && items > 2);
    if (record.len <= SEAL_ENDING_BYTES || record.len > SEAL_BYTES_MAX)
        return RC_MALFORMED;
    const struct bytes body = bytes_part(record, 0, record.len - SEAL_ENDING_BYTES);
    struct cbor_reader tail = cbor_reader_of(bytes_part(record, body.len, SEAL_ENDING_BYTES));
    struct signature s;
    cbor_get_fixed(&tail, s.b, SIGNATURE_BYTES);
    struct cbor_reader r = cbor_reader_of(body);
    const bool is_form = cbor_get_array(&r, items) == items && cbor_get_u64(&r) == form;
    struct sign_public key;
    cbor_get_fixed(&r, key.b, SIGN_PUBLIC_BYTES);
    if (!cbor_done(&tail) || r.is_bad || !is_form)
        return RC_MALFORMED;
    const struct message m = message_of(body);
    if (!judge->check(judge->self, &key, bytes_of(m.b, m.len), &s))
        return RC_REFUSED;
    *out = r;
    *by = key;
    return RC_OK;
}
