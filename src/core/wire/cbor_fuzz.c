// SPDX-License-Identifier: MIT
// Any bytes as a record: what reads without fault writes itself back byte for byte.
#include "wire/cbor.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Reads the next item as what it claims to be (RFC 8949 section 3) and writes it again.
static void copy_item(struct cbor_reader *r, struct buffer *b)
{
    const uint8_t first = r->left.len > 0 ? r->left.at[0] : 0;
    switch (first >> 5) {
    case 0:
        cbor_put_u64(b, cbor_get_u64(r));
        break;
    case 1:
        cbor_put_i64(b, cbor_get_i64(r));
        break;
    case 2:
        cbor_put_bytes(b, cbor_get_bytes(r));
        break;
    case 3: {
        const struct bytes got = cbor_get_text(r);
        char *text = malloc(got.len + 1);
        assert(text != NULL);
        bytes_to_text(got, text, got.len + 1);
        cbor_put_text(b, text);
        free(text);
        break;
    }
    case 4:
        cbor_put_array(b, cbor_get_array(r, SIZE_MAX));
        break;
    default:
        if (first == 0xfa)
            cbor_put_f32(b, cbor_get_f32(r));
        else
            cbor_put_flag(b, cbor_get_flag(r));
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *at = malloc(size + 64); // what a bad item writes may be longer than it was
    assert(at != NULL);
    struct buffer b = buffer_of(at, size + 64);
    struct cbor_reader r = cbor_reader_of(bytes_of(data, size));
    while (!r.is_bad && r.left.len > 0) {
        const size_t left = r.left.len;
        copy_item(&r, &b);
        assert(r.is_bad || r.left.len < left);
    }
    if (cbor_done(&r))
        assert(bytes_equal(buffer_bytes(&b), bytes_of(data, size)));
    free(at);
    return 0;
}
