// SPDX-License-Identifier: MIT
// Any bytes as a proof: refused, or the same bytes when written again from its parts.
#include "trust/fault.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seal_judge judge = seal_judge_none();
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
