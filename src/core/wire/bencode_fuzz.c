// SPDX-License-Identifier: MIT
// Any bytes as bencoding: what reads without fault writes itself back byte for byte.
#include "wire/bencode.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEPTH 64u

// Reads value after value, in and out of lists and dictionaries, and writes the same.
static void copy(struct bencode_reader *r, struct buffer *b)
{
    struct bytes key[DEPTH];
    bool is_dict[DEPTH];
    size_t depth = 0;
    while (!r->is_bad && (r->left.len > 0 || depth > 0)) {
        if (depth > 0 && bencode_leave(r)) {
            bencode_put_mark(b, 'e');
            depth--;
            continue;
        }
        if (depth > 0 && is_dict[depth - 1]) {
            if (!bencode_next_key(r, &key[depth - 1]))
                return;
            bencode_put_string(b, key[depth - 1]);
        }
        const uint8_t kind = bencode_peek(r);
        if (kind == 'i') {
            bencode_put_int(b, bencode_get_int(r));
        } else if ((kind == 'l' || kind == 'd') && depth < DEPTH) {
            bencode_enter(r, kind);
            bencode_put_mark(b, kind);
            key[depth] = (struct bytes){NULL, 0};
            is_dict[depth++] = kind == 'd';
        } else {
            bencode_put_string(b, bencode_get_string(r));
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    uint8_t *at = malloc(size + 64); // what a bad value writes may be longer than it was
    assert(at != NULL);
    struct buffer b = buffer_of(at, size + 64);
    struct bencode_reader r = bencode_reader_of(in);
    copy(&r, &b);
    if (bencode_done(&r))
        assert(bytes_equal(buffer_bytes(&b), in));

    struct bencode_reader skipper = bencode_reader_of(in);
    while (!skipper.is_bad && skipper.left.len > 0) {
        const size_t left = skipper.left.len;
        const struct bytes one = bencode_skip(&skipper);
        assert(skipper.is_bad || (one.len > 0 && one.len == left - skipper.left.len));
    }
    // What can be skipped can be read, with the same judgement of its keys.
    if (bencode_done(&skipper))
        assert(bencode_done(&r) && r.is_sorted == skipper.is_sorted);
    free(at);
    return 0;
}
