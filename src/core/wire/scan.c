// SPDX-License-Identifier: MIT
// Looking through JSON: a text checked in one pass without memory, its values as spans of it.
#include "wire/scan.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

// The past_ functions are given where something should begin, and the end of the input; they give
// the place behind it, or NULL if it is not there. None reads at or behind end.

static const uint8_t *past_space(const uint8_t *at, const uint8_t *end)
{
    while (at < end && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t'))
        at++;
    return at;
}

// Space, then this character.
static const uint8_t *past_mark(const uint8_t *at, const uint8_t *end, char mark)
{
    at = past_space(at, end);
    return at < end && *at == (uint8_t)mark ? at + 1 : NULL;
}

#define EACH_BYTE 0x0101010101010101u // times a byte: that byte, eight times

// How many of these 8 bytes come before one that a text cannot simply hold: a quote, a backslash, a
// control or a byte of a longer character. All eight are judged at once, each in its own byte of a
// word: no sum carries into the next, for both parts are at most 0x7f.
static size_t plain_count(const uint8_t at[static 8])
{
    const uint64_t word = bytes_u64le(at);
    const uint64_t low = EACH_BYTE * 0x7f;
    const uint64_t is_no_control = (word & low) + EACH_BYTE * (0x80 - 0x20);
    const uint64_t is_no_quote = ((word ^ EACH_BYTE * '"') & low) + low;
    const uint64_t is_no_backslash = ((word ^ EACH_BYTE * '\\') & low) + low;
    const uint64_t is_plain = is_no_control & is_no_quote & is_no_backslash & ~word;
    const uint64_t stops = ~is_plain & ~low;
    return stops == 0 ? 8 : (size_t)__builtin_ctzll(stops) / 8;
}

// The four hex digits of a \u escape, or -1.
static int32_t hex_unit(const uint8_t *at, const uint8_t *end)
{
    if (end - at < 4)
        return -1;
    int32_t unit = 0;
    for (size_t i = 0; i < 4; i++) {
        const int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

// at: behind the backslash. *code becomes the character that the escape stands for.
static const uint8_t *past_escape(const uint8_t *at, const uint8_t *end, uint32_t *code)
{
    static const char letter[] = "\"\\/bfnrt";
    static const char meaning[] = "\"\\/\b\f\n\r\t";
    if (at == end)
        return NULL;
    const char *found = memchr(letter, *at, sizeof letter - 1);
    if (found != NULL) {
        *code = (uint8_t)meaning[found - letter];
        return at + 1;
    }
    const int32_t unit = *at == 'u' ? hex_unit(at + 1, end) : -1;
    if (unit <= 0 || (unit >= 0xdc00 && unit <= 0xdfff)) // no escape, U+0000, a second half
        return NULL;
    *code = (uint32_t)unit;
    at += 5;
    if (unit < 0xd800 || unit > 0xdfff)
        return at;
    const int32_t second = end - at >= 2 && memcmp(at, "\\u", 2) == 0 ? hex_unit(at + 2, end) : -1;
    if (second < 0xdc00 || second > 0xdfff)
        return NULL;
    *code = 0x10000u + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(second - 0xdc00);
    return at + 6;
}

// at: behind the opening quote.
static const uint8_t *past_text(const uint8_t *at, const uint8_t *end)
{
    while (at < end) {
        const size_t plain = end - at >= 8 ? plain_count(at) : 0;
        at += plain;
        if (plain == 8)
            continue;
        uint32_t code; // of no use here
        if (*at == '"')
            return at + 1;
        if (*at == '\\') {
            at = past_escape(at + 1, end, &code);
            if (at == NULL)
                return NULL;
            continue;
        }
        const size_t step = *at < 0x20 ? 0 : text_utf8_step(bytes_of(at, (size_t)(end - at)));
        if (step == 0)
            return NULL;
        at += step;
    }
    return NULL;
}

static const uint8_t *past_digits(const uint8_t *at, const uint8_t *end)
{
    const uint8_t *const first = at;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at > first ? at : NULL;
}

static const uint8_t *past_number(const uint8_t *at, const uint8_t *end)
{
    if (at < end && *at == '-')
        at++;
    at = at < end && *at == '0' ? at + 1 : past_digits(at, end);
    if (at != NULL && at < end && *at == '.')
        at = past_digits(at + 1, end);
    if (at == NULL || at == end || (*at != 'e' && *at != 'E'))
        return at;
    at++;
    if (at < end && (*at == '+' || *at == '-'))
        at++;
    return past_digits(at, end);
}

static const uint8_t *past_word(const uint8_t *at, const uint8_t *end, const char *word)
{
    const size_t len = strlen(word);
    return (size_t)(end - at) >= len && memcmp(at, word, len) == 0 ? at + len : NULL;
}

// Anything but an object or an array; at < end.
static const uint8_t *past_simple(const uint8_t *at, const uint8_t *end)
{
    switch (*at) {
    case '"':
        return past_text(at + 1, end);
    case 't':
        return past_word(at, end, "true");
    case 'f':
        return past_word(at, end, "false");
    case 'n':
        return past_word(at, end, "null");
    default:
        return past_number(at, end);
    }
}

// A member's name and the colon behind it.
static const uint8_t *past_name(const uint8_t *at, const uint8_t *end)
{
    at = past_mark(at, end, '"');
    at = at == NULL ? NULL : past_text(at, end);
    return at == NULL ? NULL : past_mark(at, end, ':');
}

// The objects and arrays that are open: no recursion, and nothing but a bit for each.
struct nest {
    uint32_t depth;
    uint32_t depth_max;
    uint64_t is_object; // lowest bit: the innermost
    bool is_too_deep;
};

static_assert(SCAN_DEPTH_MAX <= 64, "a bit for each level");

// What stands behind a value: closing brackets, and, unless that was the last, a comma and the name
// of the next member. A value is to come where the depth is not 0.
static const uint8_t *past_closing(const uint8_t *at, const uint8_t *end, struct nest *n)
{
    while (n->depth > 0) {
        const bool is_object = (n->is_object & 1) != 0;
        at = past_space(at, end);
        if (at == end)
            return NULL;
        const uint8_t c = *at++;
        if (c == ',')
            return is_object ? past_name(at, end) : at;
        if (c != (is_object ? '}' : ']'))
            return NULL;
        n->depth--;
        n->is_object >>= 1;
    }
    return at;
}

// at: the bracket. To the first value within, or, where that is none, to what past_closing gives.
static const uint8_t *past_opening(const uint8_t *at, const uint8_t *end, struct nest *n)
{
    const bool is_object = *at == '{';
    n->is_too_deep = n->depth >= n->depth_max;
    if (n->is_too_deep)
        return NULL;
    n->depth++;
    assert(n->depth <= SCAN_DEPTH_MAX);
    n->is_object = (n->is_object & UINT64_MAX >> 1) << 1 | is_object; // the bits that stay
    at = past_space(at + 1, end);
    if (at < end && *at == (is_object ? '}' : ']'))
        return past_closing(at, end, n);
    return is_object ? past_name(at, end) : at;
}

// at: no space.
static const uint8_t *past_value(const uint8_t *at, const uint8_t *end, struct nest *n)
{
    assert(n->depth == 0);
    do {
        at = past_space(at, end);
        if (at == end)
            return NULL;
        if (*at == '{' || *at == '[') {
            at = past_opening(at, end, n);
            continue;
        }
        at = past_simple(at, end);
        if (at != NULL)
            at = past_closing(at, end, n);
    } while (at != NULL && n->depth > 0);
    return at;
}

// By its first byte; of a value that is known to be one.
static enum scan_kind kind_of(uint8_t first)
{
    switch (first) {
    case '{':
        return SCAN_OBJECT;
    case '[':
        return SCAN_ARRAY;
    case '"':
        return SCAN_TEXT;
    case 't':
        return SCAN_TRUE;
    case 'f':
        return SCAN_FALSE;
    case 'n':
        return SCAN_NULL;
    default:
        return SCAN_NUMBER;
    }
}

// A value, its span and kind in *out.
static const uint8_t *past_span(const uint8_t *at, const uint8_t *end, struct nest *n,
                                struct scan_value *out)
{
    const uint8_t *const first = past_space(at, end);
    at = past_value(first, end, n);
    if (at != NULL)
        *out = (struct scan_value){kind_of(*first), bytes_of(first, (size_t)(at - first))};
    return at;
}

// An empty span may have no place at all, and arithmetic on that is undefined.
static const uint8_t *start_of(struct bytes b)
{
    return b.len > 0 ? b.at : (const uint8_t *)"";
}

enum rc scan_document(struct bytes in, struct scan_value *out)
{
    struct nest n = {.depth_max = SCAN_DEPTH_MAX};
    const uint8_t *at = start_of(in);
    const uint8_t *const end = at + in.len;
    *out = (struct scan_value){SCAN_NONE, {NULL, 0}};
    struct scan_value value;
    at = past_span(at, end, &n, &value);
    if (at == NULL || past_space(at, end) != end)
        return n.is_too_deep ? RC_REFUSED : RC_MALFORMED;
    *out = value;
    return RC_OK;
}

bool scan_is_valid(struct bytes in)
{
    struct scan_value unused;
    return scan_document(in, &unused) == RC_OK;
}

// Whether a name without escapes is this one. No 0 stands in a name, so this stops at wanted's end.
static bool is_name(const uint8_t *at, size_t len, const char *wanted)
{
    size_t same = 0;
    while (same < len && wanted[same] == (char)at[same])
        same++;
    return same == len && wanted[same] == 0;
}

struct wanted {
    const char *const *name;
    size_t count;
    struct scan_value *out;
};

// A member's name without its quotes; unescaped in room, should that be needed. False: longer than
// any that is wanted.
static bool plain_name(const struct scan_value *name, char room[static SCAN_NAME_BYTES],
                       struct bytes *out)
{
    *out = bytes_of(name->raw.at + 1, name->raw.len - 2);
    if (memchr(out->at, '\\', out->len) == NULL)
        return true;
    struct text plain = text_of(room, SCAN_NAME_BYTES);
    const bool is_whole = scan_text(name, &plain) && !plain.is_cut;
    *out = bytes_of(room, plain.len);
    return is_whole;
}

// Takes the value if its name is wanted. False: it was there already.
static bool keep(const struct wanted *w, const struct scan_value *name,
                 const struct scan_value *value)
{
    char room[SCAN_NAME_BYTES];
    struct bytes plain;
    if (!plain_name(name, room, &plain))
        return true;
    for (size_t i = 0; i < w->count; i++) {
        if (!is_name(plain.at, plain.len, w->name[i]))
            continue;
        if (w->out[i].kind != SCAN_NONE)
            return false;
        w->out[i] = *value;
        return true;
    }
    return true;
}

// at: behind the opening bracket. One member, and the comma or the bracket behind it.
static const uint8_t *past_member(const uint8_t *at, const uint8_t *end, struct nest *n,
                                  const struct wanted *w)
{
    struct scan_value name;
    struct scan_value value;
    const uint8_t *const quote = past_space(at, end);
    at = past_mark(quote, end, '"');
    at = at == NULL ? NULL : past_text(at, end);
    if (at == NULL)
        return NULL;
    name = (struct scan_value){SCAN_TEXT, bytes_of(quote, (size_t)(at - quote))};
    at = past_mark(at, end, ':');
    at = at == NULL ? NULL : past_span(at, end, n, &value);
    if (at == NULL || !keep(w, &name, &value))
        return NULL;
    at = past_space(at, end);
    return at < end && (*at == ',' || *at == '}') ? at + 1 : NULL;
}

static void clear(struct scan_value *out, size_t count)
{
    for (size_t i = 0; i < count; i++)
        out[i] = (struct scan_value){SCAN_NONE, {NULL, 0}};
}

enum rc scan_members(struct bytes object, const char *const *name, size_t count,
                     struct scan_value *out)
{
    const struct wanted w = {name, count, out};
    struct nest n = {.depth_max = SCAN_DEPTH_MAX - 1}; // within this object
    const uint8_t *at = start_of(object);
    const uint8_t *const end = at + object.len;
    clear(out, count);
    for (size_t i = 0; i < count; i++)
        assert(strlen(name[i]) < SCAN_NAME_BYTES);
    at = past_mark(at, end, '{');
    const uint8_t *const empty = at == NULL ? NULL : past_mark(at, end, '}');
    if (empty != NULL)
        at = empty;
    while (at != NULL && at[-1] != '}')
        at = past_member(at, end, &n, &w);
    if (at != NULL && past_space(at, end) == end)
        return RC_OK;
    clear(out, count);
    return n.is_too_deep ? RC_REFUSED : RC_MALFORMED;
}

struct scan_items scan_items_of(const struct scan_value *array)
{
    if (array->kind != SCAN_ARRAY)
        return (struct scan_items){{NULL, 0}};
    assert(array->raw.len >= 2);
    return (struct scan_items){bytes_part(array->raw, 1, array->raw.len - 2)};
}

bool scan_items_next(struct scan_items *i, struct scan_value *out)
{
    const uint8_t *at = start_of(i->left);
    const uint8_t *const end = at + i->left.len;
    struct nest n = {.depth_max = SCAN_DEPTH_MAX};
    at = past_span(at, end, &n, out);
    if (at == NULL)
        return false;
    const uint8_t *const comma = past_mark(at, end, ',');
    i->left = comma == NULL ? bytes_of(end, 0) : bytes_of(comma, (size_t)(end - comma));
    return true;
}

bool scan_u64(const struct scan_value *v, uint64_t max, uint64_t *out)
{
    if (v->kind != SCAN_NUMBER)
        return false;
    uint64_t number = 0;
    for (size_t i = 0; i < v->raw.len; i++) {
        const uint8_t c = v->raw.at[i];
        if (c < '0' || c > '9' || __builtin_mul_overflow(number, 10u, &number) ||
            __builtin_add_overflow(number, (uint64_t)(c - '0'), &number))
            return false;
    }
    if (number > max)
        return false;
    *out = number;
    return true;
}

bool scan_f64(const struct scan_value *v, double *out)
{
    char digits[SCAN_NUMBER_BYTES_MAX + 1];
    if (v->kind != SCAN_NUMBER || v->raw.len >= sizeof digits)
        return false;
    bytes_to_text(v->raw, digits, sizeof digits);
    const double number = strtod(digits, NULL);
    if (!isfinite(number))
        return false;
    *out = number;
    return true;
}

// All of them or none.
static void add_whole(struct text *t, const void *at, size_t len)
{
    t->is_cut = t->is_cut || len > t->cap - 1 - t->len;
    if (t->is_cut)
        return;
    memcpy(t->at + t->len, at, len);
    t->len += len;
    assert(t->len < t->cap);
    t->at[t->len] = 0;
}

// A character in UTF-8 (RFC 3629 section 3).
static void add_code(struct text *t, uint32_t code)
{
    assert(code > 0 && code <= 0x10ffff);
    uint8_t b[4];
    const size_t len = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const uint8_t first[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = len; i-- > 1; code >>= 6)
        b[i] = (uint8_t)(0x80 | (code & 0x3f));
    b[0] = (uint8_t)(first[len] | code);
    add_whole(t, b, len);
}

bool scan_text(const struct scan_value *v, struct text *out)
{
    if (v->kind != SCAN_TEXT)
        return false;
    assert(v->raw.len >= 2);
    const uint8_t *at = v->raw.at + 1;
    const uint8_t *const end = v->raw.at + v->raw.len - 1;
    while (at < end && !out->is_cut) {
        uint32_t code;
        if (*at == '\\') {
            at = past_escape(at + 1, end, &code);
            if (at == NULL)
                return false;
            add_code(out, code);
            continue;
        }
        const uint8_t *const escape = memchr(at, '\\', (size_t)(end - at));
        size_t step = (size_t)((escape == NULL ? end : escape) - at);
        if (step > out->cap - 1 - out->len) // as much of it as there is room for
            step = text_utf8_step(bytes_of(at, step));
        if (step == 0)
            return false;
        add_whole(out, at, step);
        at += step;
    }
    return true;
}
