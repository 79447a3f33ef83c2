// SPDX-License-Identifier: MIT
// Any bytes as a sealed record of any form: refused, or the same when its body is sealed again.
#include "crypt/seal.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// The body's head, written anew, is what the record begins with.
static void expect_same_head(struct bytes record, uint64_t form, size_t items,
                             const struct sign_public *by)
{
    uint8_t room[SEAL_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    seal_begin(&b, form, items, by);
    if (b.is_full || !bytes_equal(buffer_bytes(&b), bytes_part(record, 0, b.len)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct seal_judge judge = seal_judge_none();
    const struct bytes record = bytes_of(data, size);
    const uint64_t form = seal_form_of(record);
    unsigned opened = 0;
    for (size_t items = 3; items < 40 && form > 0; items++) {
        struct cbor_reader r;
        struct sign_public by;
        if (seal_open(&r, &by, record, form, items, &judge) != RC_OK)
            continue;
        expect_same_head(record, form, items, &by);
        opened++;
    }
    if (opened > 1 || (opened > 0 && size > SEAL_BYTES_MAX))
        abort();
    return 0;
}
