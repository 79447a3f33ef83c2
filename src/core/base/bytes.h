// SPDX-License-Identifier: MIT
// Views of bytes, a cursor that reads without overrun, a buffer that writes without overrun.
//
// `struct bytes` borrows: it is valid as long as what it points into. A cursor or buffer that
// was asked for more than there is answers zeros, or drops the write, and remembers; the caller
// tests once at the end. Big-endian unless the name ends in `le`.
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct bytes {
    const uint8_t *at; // may be NULL if len is 0
    size_t len;
};

struct bytes bytes_of(const void *at, size_t len);
struct bytes bytes_text(const char *text); // without its final 0
bool bytes_equal(struct bytes a, struct bytes b);
bool bytes_is(struct bytes a, const char *text);
// < 0, 0, > 0: by the first byte that differs, else by length, as memcmp and dictionaries have it.
int bytes_compare(struct bytes a, struct bytes b);
// The part from `from`, at most len long; empty where there is nothing left.
struct bytes bytes_part(struct bytes b, size_t from, size_t len);
// Takes what stands before the first such byte, and that byte, off the front; returns it without
// the byte. All of it, where there is none.
struct bytes bytes_take_until(struct bytes *b, uint8_t end);
// Copies at most cap - 1 bytes and ends them with 0; cap > 0.
void bytes_to_text(struct bytes b, char *out, size_t cap);

// Four or eight bytes as a number, the first one lowest. Written out: compilers see one load.
static inline uint32_t bytes_u32le(const uint8_t at[static 4])
{
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static inline uint64_t bytes_u64le(const uint8_t at[static 8])
{
    return (uint64_t)at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24 |
           (uint64_t)at[4] << 32 | (uint64_t)at[5] << 40 | (uint64_t)at[6] << 48 |
           (uint64_t)at[7] << 56;
}

struct cursor {
    struct bytes left; // what was not read yet
    bool is_bad;       // a read went past the end; every later read answers zeros
};

uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
uint16_t cursor_u16le(struct cursor *c);
uint32_t cursor_u32le(struct cursor *c);
uint64_t cursor_u64le(struct cursor *c);
float cursor_f32le(struct cursor *c); // any bit pattern: the caller judges NaN and infinity
struct bytes cursor_take(struct cursor *c, size_t len);
bool cursor_done(const struct cursor *c); // nothing bad, nothing left

struct buffer {
    uint8_t *at; // the caller's memory
    size_t len;  // written so far
    size_t cap;
    bool is_full; // a write did not fit and was dropped, as are all later ones
};

struct buffer buffer_of(void *at, size_t cap);
struct bytes buffer_bytes(const struct buffer *b);
void buffer_put(struct buffer *b, struct bytes bytes);
void buffer_u8(struct buffer *b, uint8_t v);
void buffer_u16(struct buffer *b, uint16_t v);
void buffer_u32(struct buffer *b, uint32_t v);
void buffer_u64(struct buffer *b, uint64_t v);
void buffer_u16le(struct buffer *b, uint16_t v);
void buffer_u32le(struct buffer *b, uint32_t v);
void buffer_u64le(struct buffer *b, uint64_t v);
void buffer_f32le(struct buffer *b, float v);
// len bytes to be filled by the caller, or NULL if they do not fit.
uint8_t *buffer_room(struct buffer *b, size_t len);

int hex_digit(uint8_t c); // its value, of either case; -1: it is none
// Lower-case hex. out has 2 * in.len + 1 bytes, 0-ended.
void hex_encode(struct bytes in, char *out);
// Exactly len bytes from 2 * len hex digits; false: they are not, and out holds nothing of use.
MUST_USE bool hex_decode(struct bytes text, uint8_t *out, size_t len);

#endif
