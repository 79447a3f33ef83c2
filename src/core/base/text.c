// SPDX-License-Identifier: MIT
// Bounded string builder, numbers as people read and write them, and UTF-8.
#include "base/text.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

struct text text_of(char *at, size_t cap)
{
    assert(at != NULL);
    assert(cap > 0);
    at[0] = 0;
    return (struct text){.at = at, .cap = cap};
}

void text_add(struct text *t, const char *s)
{
    assert(t->len < t->cap);
    size_t len = strlen(s);
    size_t room = t->cap - 1 - t->len;
    t->is_cut = t->is_cut || len > room;
    len = len < room ? len : room;
    memcpy(t->at + t->len, s, len);
    t->len += len;
    t->at[t->len] = 0;
}

void text_addf(struct text *t, const char *format, ...)
{
    assert(t->len < t->cap);
    va_list values;
    va_start(values, format);
    size_t room = t->cap - t->len;
    int len = vsnprintf(t->at + t->len, room, format, values);
    va_end(values);
    if (len < 0)
        t->at[t->len] = 0;
    t->is_cut = t->is_cut || len < 0 || (size_t)len >= room;
    t->len = t->is_cut ? strlen(t->at) : t->len + (size_t)len;
    assert(t->len < t->cap);
}

void text_add_size(struct text *t, uint64_t bytes)
{
    static const char *const unit[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    double v = (double)bytes;
    size_t i = 0;
    while (v >= 999.5 && i + 1 < ARRAY_COUNT(unit)) {
        v /= 1000;
        i++;
    }
    text_addf(t, i > 0 && v < 9.95 ? "%.1f %s" : "%.0f %s", v, unit[i]);
}

void text_add_time(struct text *t, uint64_t us)
{
    if (us < US_PER_MS)
        text_addf(t, "%" PRIu64 " us", us);
    else if (us < US_PER_S)
        text_addf(t, "%.1f ms", (double)us / US_PER_MS);
    else if (us < 60ull * US_PER_S)
        text_addf(t, "%.1f s", (double)us / US_PER_S);
    else
        text_addf(t, "%" PRIu64 " min %" PRIu64 " s", us / US_PER_S / 60, us / US_PER_S % 60);
}

void text_add_f64(struct text *t, double v)
{
    static const int digits[] = {15, 17}; // 17 always read back as the same number
    char number[32];
    assert(isfinite(v));
    for (size_t i = 0; i < ARRAY_COUNT(digits); i++) {
        const int len = snprintf(number, sizeof number, "%.*g", digits[i], v);
        assert(len > 0);
        assert((size_t)len < sizeof number);
        const double back = strtod(number, NULL);
        if (back >= v && back <= v)
            break;
    }
    text_add(t, number);
}

void text_add_safe(struct text *t, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++) {
        char one[2] = {b.at[i] >= 0x20 && b.at[i] < 0x7f ? (char)b.at[i] : '?', 0};
        text_add(t, one);
    }
}

void text_copy_safe(char *out, size_t cap, struct bytes b)
{
    struct text t = text_of(out, cap);
    text_add_safe(&t, b);
}

size_t text_utf8_step(struct bytes b)
{
    if (b.len == 0)
        return 0;
    uint8_t first = b.at[0];
    if (first < 0x80)
        return 1;
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || b.len < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((b.at[i] & 0xc0) != 0x80)
            return 0;
    uint8_t second = b.at[1];
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) ||
        (first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f))
        return 0;
    return len;
}

// How many of the first bytes are ASCII, by steps of eight.
static size_t ascii_run(struct bytes b)
{
    size_t i = 0;
    while (i + 8 <= b.len && (bytes_u64le(b.at + i) & UINT64_C(0x8080808080808080)) == 0)
        i += 8;
    return i;
}

bool text_is_utf8(struct bytes b)
{
    while (b.len > 0) {
        const size_t plain = ascii_run(b);
        const size_t step = plain > 0 ? plain : text_utf8_step(b);
        if (step == 0)
            return false;
        b = bytes_part(b, step, b.len);
    }
    return true;
}

bool text_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
    uint64_t v = 0;
    assert(min <= max);
    if (*s == 0)
        return false;
    for (; *s != 0; s++) {
        if (*s < '0' || *s > '9' || __builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
            return false;
    }
    if (v < min || v > max)
        return false;
    *out = v;
    return true;
}

bool text_to_size(const char *s, uint64_t *out_bytes)
{
    char digits[24];
    size_t len = strlen(s);
    if (len == 0 || len >= sizeof digits)
        return false;
    static const char units[] = "kKmMgGtT";
    const char *unit = strchr(units, s[len - 1]);
    uint64_t scale = unit == NULL ? 1 : (uint64_t)1 << 10 * ((unit - units) / 2 + 1);
    bytes_to_text(bytes_of(s, unit == NULL ? len : len - 1), digits, sizeof digits);
    uint64_t v;
    if (!text_to_u64(digits, 0, UINT64_MAX / scale, &v))
        return false;
    assert(v <= UINT64_MAX / scale);
    *out_bytes = v * scale;
    return true;
}
