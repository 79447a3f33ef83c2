// SPDX-License-Identifier: MIT
// Bencoding (BEP 3) read in place and written, without allocation.
#include "wire/bencode.h"

#include <assert.h>

#define INT_DIGITS_MAX 19u // of 63 bits; no 19 digits exceed 64

struct bencode_reader bencode_reader_of(struct bytes in)
{
    return (struct bencode_reader){.left = in, .is_sorted = true};
}

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static void drop(struct bencode_reader *r, size_t len)
{
    assert(len <= r->left.len);
    r->left = (struct bytes){r->left.at + len, r->left.len - len};
}

// Marks the reader bad. Nothing is left then, so that no read has to ask first.
static void fail(struct bencode_reader *r)
{
    r->is_bad = true;
    r->left = (struct bytes){NULL, 0};
}

uint8_t bencode_peek(const struct bencode_reader *r)
{
    return r->left.len > 0 ? r->left.at[0] : 0;
}

// Digits up to `end`, which is taken too: a number of at most INT_DIGITS_MAX digits, without
// needless zeros in front.
static uint64_t number(struct bencode_reader *r, uint8_t end)
{
    const uint8_t *at = r->left.at;
    uint64_t v = 0;
    size_t len = 0;
    while (len < INT_DIGITS_MAX && len < r->left.len && is_digit(at[len]))
        v = v * 10 + (at[len++] - (uint64_t)'0');
    if (len == 0 || len == r->left.len || at[len] != end || (at[0] == '0' && len > 1)) {
        fail(r);
        return 0;
    }
    assert(len <= INT_DIGITS_MAX);
    drop(r, len + 1);
    return v;
}

struct bytes bencode_get_string(struct bencode_reader *r)
{
    const uint64_t len = number(r, ':');
    if (r->is_bad || len > r->left.len) {
        fail(r);
        return (struct bytes){NULL, 0};
    }
    const struct bytes s = {r->left.at, (size_t)len};
    drop(r, s.len);
    assert(!r->is_bad);
    return s;
}

int64_t bencode_get_int(struct bencode_reader *r)
{
    if (bencode_peek(r) != 'i') {
        fail(r);
        return 0;
    }
    drop(r, 1);
    const bool is_negative = bencode_peek(r) == '-';
    if (is_negative)
        drop(r, 1);
    const uint64_t v = number(r, 'e');
    if (v > (uint64_t)INT64_MAX + is_negative || (is_negative && v == 0)) {
        fail(r);
        return 0;
    }
    return is_negative ? -(int64_t)(v - 1) - 1 : (int64_t)v;
}

void bencode_enter(struct bencode_reader *r, uint8_t kind)
{
    assert(kind == 'l' || kind == 'd');
    if (bencode_peek(r) == kind)
        drop(r, 1);
    else
        fail(r);
}

bool bencode_leave(struct bencode_reader *r)
{
    if (bencode_peek(r) != 'e')
        return false;
    drop(r, 1);
    return true;
}

bool bencode_next_key(struct bencode_reader *r, struct bytes *key)
{
    if (bencode_leave(r))
        return false;
    const struct bytes last = *key;
    *key = bencode_get_string(r);
    const int order = r->is_bad || last.at == NULL ? -1 : bytes_compare(last, *key);
    if (order == 0)
        fail(r);
    r->is_sorted = r->is_sorted && order < 0;
    return !r->is_bad;
}

struct bytes bencode_skip(struct bencode_reader *r)
{
    const uint8_t *from = r->left.at;
    struct bytes key[BENCODE_DEPTH_MAX]; // the last one of each dictionary we are in
    bool is_dict[BENCODE_DEPTH_MAX];
    size_t depth = 0;
    do {
        const bool is_end = depth > 0 && bencode_peek(r) == 'e';
        if (depth > 0 && is_dict[depth - 1] && !is_end)
            (void)bencode_next_key(r, &key[depth - 1]); // where it fails, what follows does too
        const uint8_t kind = bencode_peek(r);
        if (is_end) {
            (void)bencode_leave(r);
            depth--;
        } else if (kind == 'i') {
            (void)bencode_get_int(r);
        } else if ((kind == 'l' || kind == 'd') && depth < BENCODE_DEPTH_MAX) {
            bencode_enter(r, kind);
            key[depth] = (struct bytes){NULL, 0};
            is_dict[depth++] = kind == 'd';
            assert(depth <= BENCODE_DEPTH_MAX);
        } else {
            (void)bencode_get_string(r); // or nothing that there is
        }
    } while (depth > 0 && !r->is_bad);
    return r->is_bad ? (struct bytes){NULL, 0} : (struct bytes){from, (size_t)(r->left.at - from)};
}

bool bencode_done(const struct bencode_reader *r)
{
    return !r->is_bad && r->left.len == 0;
}

bool bencode_is_canonical(struct bytes in)
{
    struct bencode_reader r = bencode_reader_of(in);
    (void)bencode_skip(&r);
    return bencode_done(&r) && r.is_sorted;
}

// Decimal digits of v at the end of `out`; returns how many.
static size_t digits(uint64_t v, uint8_t out[static INT_DIGITS_MAX + 1])
{
    size_t len = 0;
    do {
        out[INT_DIGITS_MAX - len++] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    assert(len <= INT_DIGITS_MAX + 1);
    return len;
}

static void put_number(struct buffer *b, uint64_t v)
{
    uint8_t text[INT_DIGITS_MAX + 1];
    const size_t len = digits(v, text);
    buffer_put(b, bytes_of(text + sizeof text - len, len));
}

void bencode_put_string(struct buffer *b, struct bytes v)
{
    put_number(b, v.len);
    buffer_u8(b, ':');
    buffer_put(b, v);
}

void bencode_put_text(struct buffer *b, const char *v)
{
    bencode_put_string(b, bytes_text(v));
}

void bencode_put_int(struct buffer *b, int64_t v)
{
    buffer_u8(b, 'i');
    if (v < 0)
        buffer_u8(b, '-');
    put_number(b, v < 0 ? (uint64_t) - (v + 1) + 1 : (uint64_t)v);
    buffer_u8(b, 'e');
}

void bencode_put_mark(struct buffer *b, uint8_t mark)
{
    assert(mark == 'l' || mark == 'd' || mark == 'e');
    buffer_u8(b, mark);
}
