// SPDX-License-Identifier: MIT
// Any bytes as a proof: refused, or the same bytes when written again from its parts.
//
// Signatures are taken for right, or nothing would ever get past them.
#include "trust/fault.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool check_none(void *self, const struct sign_public *by, struct bytes message,
                       const struct signature *s)
{
    (void)self;
    (void)by;
    (void)s;
    return message.len > 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seal_judge judge = {.check = check_none};
    const struct bytes in = bytes_of(data, size);
    struct fault f;
    if (fault_decode(&f, in, &judge) != RC_OK)
        return 0;
    struct cbor_reader r = cbor_reader_of(in);
    (void)cbor_get_array(&r, 4);
    (void)cbor_get_u64(&r);
    (void)cbor_get_u64(&r);
    const struct bytes first = cbor_get_bytes(&r);
    const struct bytes second = cbor_get_bytes(&r);
    uint8_t room[FAULT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    if (!cbor_done(&r) || fault_encode(&b, f.kind, first, second) != RC_OK ||
        !bytes_equal(in, buffer_bytes(&b)) || !fault_check(&judge, &f.of, in))
        abort();
    return 0;
}
