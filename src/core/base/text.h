// SPDX-License-Identifier: MIT
// Bounded string builder, numbers as people read and write them, and UTF-8.
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct text {
    char *at; // the caller's memory, always 0-ended
    size_t len;
    size_t cap;  // at least 1
    bool is_cut; // something did not fit and was cut
};

struct text text_of(char *at, size_t cap);
void text_add(struct text *t, const char *s);
void text_addf(struct text *t, const char *format, ...) PRINTF(2, 3);
void text_add_size(struct text *t, uint64_t bytes); // "1.5 MB": decimal, one digit under 10
void text_add_time(struct text *t, uint64_t us);    // "850 us", "12.3 ms", "4.2 s", "3 min 5 s"
void text_add_f64(struct text *t, double v);        // as short as reads back as v; v is finite
// Bytes from a stranger as one printable line: control and non-ASCII bytes become '?'.
void text_add_safe(struct text *t, struct bytes b);
// The same into out[cap], in place of what was there; what does not fit is cut.
void text_copy_safe(char *out, size_t cap, struct bytes b);

// Bytes of the UTF-8 sequence at the front, 1..4; 0: there is none, it is overlong, a surrogate,
// beyond U+10FFFF, or cut (RFC 3629 section 4).
size_t text_utf8_step(struct bytes b);
bool text_is_utf8(struct bytes b); // all of it, one such sequence after the other

// The whole text as a decimal number within min..max (min <= max); false otherwise, *out untouched.
MUST_USE bool text_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out);
// "4G", "512M", "64k", "100" -> bytes (powers of 1024); false: none of these, *out_bytes untouched.
MUST_USE bool text_to_size(const char *s, uint64_t *out_bytes);

#endif
