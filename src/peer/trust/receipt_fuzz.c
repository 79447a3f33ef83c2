// SPDX-License-Identifier: MIT
// Any bytes as a receipt, an answer or a voucher: refused, or the same bytes when written again.
#include "trust/receipt.h"

#include <stdlib.h>

#include "crypt/id.h"
#include "crypt/seal.h"
#include "trust/answer.h"
#include "trust/vouch.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// All but the signature, which another key makes here.
static void expect_same(struct bytes in, const struct buffer *out)
{
    const size_t sealing = 2 + SIGNATURE_BYTES;
    if (out->len != in.len || !bytes_equal(bytes_part(in, 0, in.len - sealing),
                                           bytes_part(buffer_bytes(out), 0, out->len - sealing)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t seed[SIGN_SEED_BYTES] = {1};
    const struct seal_judge judge = seal_judge_none();
    const struct bytes in = bytes_of(data, size);
    uint8_t room[SEAL_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    struct sign_key *key = NULL;
    if (sign_key_new(&key, seed) != RC_OK)
        abort();
    struct receipt r;
    struct answer a;
    struct voucher v;
    enum rc rc = RC_ABSENT;
    if (receipt_decode(&r, in, &judge) == RC_OK)
        rc = receipt_encode(&b, &r, key);
    else if (answer_decode(&a, in, &judge) == RC_OK)
        rc = answer_encode(&b, &a, key);
    else if (voucher_decode(&v, in, &judge) == RC_OK)
        rc = voucher_encode(&b, &v, key);
    if (rc == RC_OK)
        expect_same(in, &b);
    else if (rc != RC_ABSENT)
        abort();
    sign_key_free(key);
    return 0;
}
