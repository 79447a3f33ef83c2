// SPDX-License-Identifier: MIT
// Any bytes as a record: what is one writes itself back byte for byte.
#include "dht/record.h"

#include <assert.h>
#include <string.h>

#include "crypt/seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SIGNER_AT 4u // after the heads of the array and of the key, and the form

static bool never(void *self, const struct node_id *accused, struct bytes proof)
{
    (void)self;
    (void)accused;
    assert(proof.len > 0 && proof.len <= RECORD_PROOF_BYTES_MAX);
    return false;
}

// Encodes r by a key of ours, then with the signer and the signature that it came with.
static void encode(struct buffer *b, const struct record *r, struct bytes in)
{
    struct sign_key *key;
    const uint8_t seed[SIGN_SEED_BYTES] = {1};
    if (sign_key_new(&key, seed) != RC_OK || record_encode_provider(b, r, key) != RC_OK)
        assert(false);
    sign_key_free(key);
    assert(b->len == in.len);
    memcpy(b->at + SIGNER_AT, r->node.b, sizeof r->node.b);
    const size_t ending = in.len - SIGNATURE_BYTES;
    memcpy(b->at + ending, in.at + ending, SIGNATURE_BYTES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    const struct record_judge judge = {never, NULL};
    uint8_t room[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    struct record r;
    if (record_decode(&r, in) != RC_OK)
        return 0;
    if (r.kind == RECORD_FAULT) {
        struct node_id accused;
        memcpy(accused.b, r.key.b, sizeof accused.b);
        record_encode_fault(&b, &accused, r.proof);
        assert(!record_check(&r, &judge));
    } else {
        encode(&b, &r, in);
        assert(in.len <= RECORD_PROVIDER_BYTES_MAX && !record_is_due(&r, r.expires_s));
        if (in.at[in.len - 1] == 0) // signatures are slow: some will do
            (void)record_check(&r, &judge);
    }
    assert(!b.is_full && bytes_equal(buffer_bytes(&b), in));
    return 0;
}
