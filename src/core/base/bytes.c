// SPDX-License-Identifier: MIT
// Views of bytes, a cursor that reads without overrun, a buffer that writes without overrun.
#include "base/bytes.h"

#include <assert.h>
#include <string.h>

struct bytes bytes_of(const void *at, size_t len)
{
    assert(at != NULL || len == 0);
    return (struct bytes){at, len};
}

struct bytes bytes_text(const char *text)
{
    assert(text != NULL);
    return (struct bytes){(const uint8_t *)text, strlen(text)};
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len > 0 ? memcmp(a.at, b.at, len) : 0;
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

bool bytes_is(struct bytes a, const char *text)
{
    return bytes_equal(a, bytes_text(text));
}

struct bytes bytes_part(struct bytes b, size_t from, size_t len)
{
    if (from >= b.len)
        return (struct bytes){NULL, 0};
    size_t left = b.len - from;
    return (struct bytes){b.at + from, len < left ? len : left};
}

struct bytes bytes_take_until(struct bytes *b, uint8_t end)
{
    const uint8_t *at = b->len > 0 ? memchr(b->at, end, b->len) : NULL;
    const struct bytes taken = {b->at, at != NULL ? (size_t)(at - b->at) : b->len};
    *b = bytes_part(*b, taken.len + 1, b->len);
    return taken;
}

void bytes_to_text(struct bytes b, char *out, size_t cap)
{
    assert(out != NULL);
    assert(cap > 0);
    size_t len = b.len < cap - 1 ? b.len : cap - 1;
    if (len > 0)
        memcpy(out, b.at, len);
    out[len] = 0;
}

struct bytes cursor_take(struct cursor *c, size_t len)
{
    if (c->is_bad || len > c->left.len) {
        c->is_bad = true;
        return (struct bytes){NULL, 0};
    }
    struct bytes taken = {c->left.at, len};
    c->left = (struct bytes){len > 0 ? c->left.at + len : c->left.at, c->left.len - len};
    assert(taken.at != NULL || len == 0);
    return taken;
}

static uint64_t take_big(struct cursor *c, size_t len)
{
    assert(len <= sizeof(uint64_t));
    struct bytes b = cursor_take(c, len);
    uint64_t v = 0;
    for (size_t i = 0; i < b.len; i++)
        v = v << 8 | b.at[i];
    return v;
}

static uint64_t take_little(struct cursor *c, size_t len)
{
    assert(len <= sizeof(uint64_t));
    struct bytes b = cursor_take(c, len);
    uint64_t v = 0;
    for (size_t i = b.len; i > 0; i--)
        v = v << 8 | b.at[i - 1];
    return v;
}

uint8_t cursor_u8(struct cursor *c)
{
    return (uint8_t)take_big(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
    return (uint16_t)take_big(c, 2);
}

uint32_t cursor_u32(struct cursor *c)
{
    return (uint32_t)take_big(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
    return take_big(c, 8);
}

uint16_t cursor_u16le(struct cursor *c)
{
    return (uint16_t)take_little(c, 2);
}

uint32_t cursor_u32le(struct cursor *c)
{
    return (uint32_t)take_little(c, 4);
}

uint64_t cursor_u64le(struct cursor *c)
{
    return take_little(c, 8);
}

float cursor_f32le(struct cursor *c)
{
    uint32_t bits = cursor_u32le(c);
    float v;
    static_assert(sizeof v == sizeof bits, "a float is 32 bits");
    memcpy(&v, &bits, sizeof v);
    return v;
}

bool cursor_done(const struct cursor *c)
{
    return !c->is_bad && c->left.len == 0;
}

struct buffer buffer_of(void *at, size_t cap)
{
    assert(at != NULL || cap == 0);
    return (struct buffer){.at = at, .cap = cap};
}

struct bytes buffer_bytes(const struct buffer *b)
{
    return (struct bytes){b->at, b->len};
}

uint8_t *buffer_room(struct buffer *b, size_t len)
{
    assert(b->len <= b->cap);
    if (b->is_full || len > b->cap - b->len) {
        b->is_full = true;
        return NULL;
    }
    uint8_t *room = b->at + b->len;
    b->len += len;
    assert(b->len <= b->cap);
    return room;
}

void buffer_put(struct buffer *b, struct bytes bytes)
{
    if (bytes.len == 0)
        return;
    uint8_t *room = buffer_room(b, bytes.len);
    if (room != NULL)
        memcpy(room, bytes.at, bytes.len);
}

static void put_big(struct buffer *b, uint64_t v, size_t len)
{
    assert(len <= sizeof v);
    uint8_t *room = buffer_room(b, len);
    for (size_t i = 0; room != NULL && i < len; i++)
        room[i] = (uint8_t)(v >> 8 * (len - 1 - i));
}

static void put_little(struct buffer *b, uint64_t v, size_t len)
{
    assert(len <= sizeof v);
    uint8_t *room = buffer_room(b, len);
    for (size_t i = 0; room != NULL && i < len; i++)
        room[i] = (uint8_t)(v >> 8 * i);
}

void buffer_u8(struct buffer *b, uint8_t v)
{
    put_big(b, v, 1);
}

void buffer_u16(struct buffer *b, uint16_t v)
{
    put_big(b, v, 2);
}

void buffer_u32(struct buffer *b, uint32_t v)
{
    put_big(b, v, 4);
}

void buffer_u64(struct buffer *b, uint64_t v)
{
    put_big(b, v, 8);
}

void buffer_u16le(struct buffer *b, uint16_t v)
{
    put_little(b, v, 2);
}

void buffer_u32le(struct buffer *b, uint32_t v)
{
    put_little(b, v, 4);
}

void buffer_u64le(struct buffer *b, uint64_t v)
{
    put_little(b, v, 8);
}

void buffer_f32le(struct buffer *b, float v)
{
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    put_little(b, bits, 4);
}

void hex_encode(struct bytes in, char *out)
{
    static const char digit[] = "0123456789abcdef";
    assert(out != NULL);
    for (size_t i = 0; i < in.len; i++) {
        out[2 * i] = digit[in.at[i] >> 4];
        out[2 * i + 1] = digit[in.at[i] & 15];
    }
    out[2 * in.len] = 0;
}

int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool hex_decode(struct bytes text, uint8_t *out, size_t len)
{
    assert(out != NULL || len == 0);
    if (text.len / 2 != len || text.len % 2 != 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        int high = hex_digit(text.at[2 * i]);
        int low = hex_digit(text.at[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}
