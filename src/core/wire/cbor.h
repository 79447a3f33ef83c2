// SPDX-License-Identifier: MIT
// Our records as CBOR (RFC 8949), deterministic encoding (section 4.2.1), over libcbor.
//
// Writing: items go one after another into a buffer; an array's head is followed by as many items.
// Floats are always 32-bit; maps are in none of our records. Reading: ask for the item that must
// come next; anything else (other type, longer than the shortest form, indefinite length, tag)
// marks the reader bad and answers zeros from then on; test once with cbor_done. Nothing is
// allocated; byte and text strings are borrowed from the input.
#ifndef WIRE_CBOR_H
#define WIRE_CBOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

void cbor_put_u64(struct buffer *b, uint64_t v);
void cbor_put_i64(struct buffer *b, int64_t v);
void cbor_put_f32(struct buffer *b, float v);
void cbor_put_flag(struct buffer *b, bool v);
void cbor_put_bytes(struct buffer *b, struct bytes v);
void cbor_put_text(struct buffer *b, const char *v); // valid UTF-8
void cbor_put_array(struct buffer *b, size_t count);

struct cbor_reader {
    struct bytes left;
    bool is_bad;
};

struct cbor_reader cbor_reader_of(struct bytes in);
uint64_t cbor_get_u64(struct cbor_reader *r);
uint64_t cbor_get_u64_max(struct cbor_reader *r, uint64_t max); // above max is bad too
int64_t cbor_get_i64(struct cbor_reader *r);
float cbor_get_f32(struct cbor_reader *r); // finite, or bad
bool cbor_get_flag(struct cbor_reader *r);
struct bytes cbor_get_bytes(struct cbor_reader *r);
struct bytes cbor_get_text(struct cbor_reader *r); // valid UTF-8 without NUL, or bad
// Items that follow; more than the maximum, or than the rest could hold, is bad.
size_t cbor_get_array(struct cbor_reader *r, size_t count_max);
// Fixed-size byte string into out; anything else is bad and leaves zeros.
void cbor_get_fixed(struct cbor_reader *r, uint8_t *out, size_t len);
bool cbor_done(const struct cbor_reader *r); // nothing bad, nothing left

#endif
