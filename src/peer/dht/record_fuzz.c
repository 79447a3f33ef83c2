// SPDX-License-Identifier: MIT
// Any bytes as a record: what is one writes itself back byte for byte.
#include "dht/record.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool never(void *self, const struct node_id *accused, struct bytes proof)
{
    (void)self;
    (void)accused;
    assert(proof.len > 0 && proof.len <= RECORD_PROOF_BYTES_MAX);
    return false;
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
    record_encode(&b, &r);
    assert(!b.is_full && bytes_equal(buffer_bytes(&b), in));
    assert(r.kind != RECORD_PROVIDER || in.len <= RECORD_PROVIDER_BYTES_MAX);
    assert(r.kind != RECORD_PROVIDER || !record_is_due(&r, r.expires_s));
    if (r.kind == RECORD_FAULT || r.signature.b[0] == 0) // signatures are slow: some will do
        assert(!record_check(&r, &judge) || r.kind == RECORD_PROVIDER);
    return 0;
}
