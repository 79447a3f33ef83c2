// SPDX-License-Identifier: MIT
// Our records as CBOR (RFC 8949), deterministic encoding (section 4.2.1), over libcbor.
#include "wire/cbor.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include <cbor.h>

#include "base/text.h"

#define HEAD_BYTES_MAX 9 // initial byte and a 64-bit argument

// len: of a head that the library wrote; it writes none only where there is no room.
static void put_head(struct buffer *b, const uint8_t *head, size_t len)
{
    assert(len >= 1);
    assert(len <= HEAD_BYTES_MAX);
    buffer_put(b, bytes_of(head, len));
}

void cbor_put_u64(struct buffer *b, uint64_t v)
{
    uint8_t head[HEAD_BYTES_MAX];
    put_head(b, head, cbor_encode_uint(v, head, sizeof head));
}

void cbor_put_i64(struct buffer *b, int64_t v)
{
    if (v >= 0) {
        cbor_put_u64(b, (uint64_t)v);
        return;
    }
    uint8_t head[HEAD_BYTES_MAX];
    put_head(b, head, cbor_encode_negint(~(uint64_t)v, head, sizeof head));
}

void cbor_put_f32(struct buffer *b, float v)
{
    uint8_t head[HEAD_BYTES_MAX];
    put_head(b, head, cbor_encode_single(v, head, sizeof head));
}

void cbor_put_flag(struct buffer *b, bool v)
{
    uint8_t head[HEAD_BYTES_MAX];
    put_head(b, head, cbor_encode_bool(v, head, sizeof head));
}

void cbor_put_bytes(struct buffer *b, struct bytes v)
{
    uint8_t head[HEAD_BYTES_MAX];
    put_head(b, head, cbor_encode_bytestring_start(v.len, head, sizeof head));
    buffer_put(b, v);
}

void cbor_put_text(struct buffer *b, const char *v)
{
    uint8_t head[HEAD_BYTES_MAX];
    struct bytes text = bytes_text(v);
    put_head(b, head, cbor_encode_string_start(text.len, head, sizeof head));
    buffer_put(b, text);
}

void cbor_put_array(struct buffer *b, size_t count)
{
    uint8_t head[HEAD_BYTES_MAX];
    put_head(b, head, cbor_encode_array_start(count, head, sizeof head));
}

enum item_kind {
    ITEM_NONE, // anything that our records do not hold
    ITEM_UINT,
    ITEM_NEGATIVE,
    ITEM_BYTES,
    ITEM_TEXT,
    ITEM_ARRAY,
    ITEM_F32,
    ITEM_BOOL,
};

struct item {
    enum item_kind kind;
    uint64_t value; // number, count, or length
    float f32;
    struct bytes string;
};

static void set(void *context, enum item_kind kind, uint64_t value)
{
    struct item *item = context;
    item->kind = kind;
    item->value = value;
}

static void on_u8(void *context, uint8_t v)
{
    set(context, ITEM_UINT, v);
}

static void on_u16(void *context, uint16_t v)
{
    set(context, ITEM_UINT, v);
}

static void on_u32(void *context, uint32_t v)
{
    set(context, ITEM_UINT, v);
}

static void on_u64(void *context, uint64_t v)
{
    set(context, ITEM_UINT, v);
}

static void on_negative_u8(void *context, uint8_t v)
{
    set(context, ITEM_NEGATIVE, v);
}

static void on_negative_u16(void *context, uint16_t v)
{
    set(context, ITEM_NEGATIVE, v);
}

static void on_negative_u32(void *context, uint32_t v)
{
    set(context, ITEM_NEGATIVE, v);
}

static void on_negative_u64(void *context, uint64_t v)
{
    set(context, ITEM_NEGATIVE, v);
}

static void on_bytes(void *context, cbor_data at, size_t len)
{
    set(context, ITEM_BYTES, len);
    ((struct item *)context)->string = (struct bytes){at, len};
}

static void on_text(void *context, cbor_data at, size_t len)
{
    set(context, ITEM_TEXT, len);
    ((struct item *)context)->string = (struct bytes){at, len};
}

static void on_array(void *context, size_t count)
{
    set(context, ITEM_ARRAY, count);
}

static void on_f32(void *context, float v)
{
    set(context, ITEM_F32, 0);
    ((struct item *)context)->f32 = v;
}

static void on_bool(void *context, bool v)
{
    set(context, ITEM_BOOL, v);
}

static struct cbor_callbacks callbacks(void)
{
    struct cbor_callbacks c = cbor_empty_callbacks; // what we do not take stays ITEM_NONE
    c.uint8 = on_u8;
    c.uint16 = on_u16;
    c.uint32 = on_u32;
    c.uint64 = on_u64;
    c.negint8 = on_negative_u8;
    c.negint16 = on_negative_u16;
    c.negint32 = on_negative_u32;
    c.negint64 = on_negative_u64;
    c.byte_string = on_bytes;
    c.string = on_text;
    c.array_start = on_array;
    c.float4 = on_f32;
    c.boolean = on_bool;
    return c;
}

// Bytes of the head that the shortest form of this argument has (RFC 8949 section 4.2.1).
static size_t shortest(uint64_t value)
{
    if (value < 24)
        return 1;
    if (value <= UINT8_MAX)
        return 2;
    if (value <= UINT16_MAX)
        return 3;
    return value <= UINT32_MAX ? 5 : HEAD_BYTES_MAX;
}

// Bytes of the head as it stands, by its initial byte (section 3).
static size_t stated(uint8_t initial)
{
    const uint8_t info = initial & 31;
    assert(info < 28); // the library takes no other for a finished item with an argument
    return info < 24 ? 1 : 1 + ((size_t)1 << (info - 24));
}

struct cbor_reader cbor_reader_of(struct bytes in)
{
    return (struct cbor_reader){.left = in};
}

static struct item take(struct cbor_reader *r, enum item_kind want)
{
    struct item item = {.kind = ITEM_NONE};
    if (r->is_bad || r->left.len == 0) {
        r->is_bad = true;
        return item;
    }
    struct cbor_callbacks c = callbacks();
    struct cbor_decoder_result got = cbor_stream_decode(r->left.at, r->left.len, &c, &item);
    bool has_argument = want != ITEM_F32 && want != ITEM_BOOL;
    if (got.status != CBOR_DECODER_FINISHED || item.kind != want ||
        (has_argument && stated(r->left.at[0]) != shortest(item.value))) {
        r->is_bad = true;
        return (struct item){.kind = ITEM_NONE};
    }
    assert(got.read <= r->left.len);
    assert(got.read > 0);
    r->left = (struct bytes){r->left.at + got.read, r->left.len - got.read};
    return item;
}

uint64_t cbor_get_u64(struct cbor_reader *r)
{
    return take(r, ITEM_UINT).value;
}

uint64_t cbor_get_u64_max(struct cbor_reader *r, uint64_t max)
{
    uint64_t v = take(r, ITEM_UINT).value;
    if (v > max) {
        r->is_bad = true;
        return 0;
    }
    return v;
}

int64_t cbor_get_i64(struct cbor_reader *r)
{
    bool is_negative = r->left.len > 0 && r->left.at[0] >> 5 == 1;
    uint64_t v = take(r, is_negative ? ITEM_NEGATIVE : ITEM_UINT).value;
    if (v > INT64_MAX) {
        r->is_bad = true;
        return 0;
    }
    return is_negative && !r->is_bad ? -1 - (int64_t)v : (int64_t)v;
}

float cbor_get_f32(struct cbor_reader *r)
{
    float v = take(r, ITEM_F32).f32;
    if (!isfinite(v)) {
        r->is_bad = true;
        return 0;
    }
    return v;
}

bool cbor_get_flag(struct cbor_reader *r)
{
    return take(r, ITEM_BOOL).value != 0;
}

struct bytes cbor_get_bytes(struct cbor_reader *r)
{
    return take(r, ITEM_BYTES).string;
}

struct bytes cbor_get_text(struct cbor_reader *r)
{
    struct bytes text = take(r, ITEM_TEXT).string;
    const bool has_nul = text.len > 0 && memchr(text.at, 0, text.len) != NULL;
    if (has_nul || !text_is_utf8(text)) {
        r->is_bad = true;
        return (struct bytes){NULL, 0};
    }
    return text;
}

size_t cbor_get_array(struct cbor_reader *r, size_t count_max)
{
    const uint64_t count = take(r, ITEM_ARRAY).value;
    // An item takes a byte at least: a count beyond what is left is refused here, before anyone
    // makes room for it.
    if (count > count_max || count > r->left.len) {
        r->is_bad = true;
        return 0;
    }
    return (size_t)count;
}

void cbor_get_fixed(struct cbor_reader *r, uint8_t *out, size_t len)
{
    struct bytes b = take(r, ITEM_BYTES).string;
    if (b.at == NULL || b.len != len) {
        r->is_bad = true;
        memset(out, 0, len);
        return;
    }
    memcpy(out, b.at, len);
}

bool cbor_done(const struct cbor_reader *r)
{
    return !r->is_bad && r->left.len == 0;
}
