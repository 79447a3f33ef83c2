// SPDX-License-Identifier: MIT
// Looking through JSON: a text checked in one pass without memory, its values as spans of it.
//
// For messages that are looked through and passed on: what a member holds is handed on byte for
// byte, however large, and no tree is built. Accepts what wire/json reads (RFC 8259 in valid
// UTF-8, no half of a surrogate pair, no U+0000), and of what that refuses: any value at the top,
// numbers of any size, and a member that stands twice, unless it is asked for by name.
//
//     static const char *const name[] = {"type", "data"};
//     struct scan_value member[2];
//     if (scan_members(in, name, 2, member) == RC_OK && member[1].kind == SCAN_OBJECT)
//         ... // member[1].raw is valid JSON: pass it on, or scan_members it
#ifndef WIRE_SCAN_H
#define WIRE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "base/text.h"

#define SCAN_DEPTH_MAX        32 // objects and arrays within one another
#define SCAN_NAME_BYTES       64 // of a wanted name, with its final 0
#define SCAN_NUMBER_BYTES_MAX 64 // of a number that is to be read, not only passed on

enum scan_kind {
    SCAN_NONE, // there is no such member
    SCAN_OBJECT,
    SCAN_ARRAY,
    SCAN_TEXT,
    SCAN_NUMBER,
    SCAN_TRUE,
    SCAN_FALSE,
    SCAN_NULL,
};

struct scan_value { // borrows the input
    enum scan_kind kind;
    struct bytes raw; // the value's own bytes: quotes and brackets included, no space around
};

// One whole document, of which *out is the value. RC_REFUSED: nested too deep. RC_MALFORMED: no
// JSON. On failure *out is SCAN_NONE.
MUST_USE enum rc scan_document(struct bytes in, struct scan_value *out);
bool scan_is_valid(struct bytes in);

// One whole document that is an object: out[i] is its member name[i], or SCAN_NONE. Names are
// compared after unescaping; each is shorter than SCAN_NAME_BYTES. RC_REFUSED: nested too deep.
// RC_MALFORMED: no JSON, no object, or a wanted member stands twice. On failure every out[i] is
// SCAN_NONE.
MUST_USE enum rc scan_members(struct bytes object, const char *const *name, size_t count,
                              struct scan_value *out);

// The values of an array, one after the other.
struct scan_items {
    struct bytes left;
};

struct scan_items scan_items_of(const struct scan_value *array);    // none, if it is no array
bool scan_items_next(struct scan_items *i, struct scan_value *out); // false: that was the last

// What these three are given came out of a function above. False if the value is of another kind
// or out of range; *out is untouched then.
MUST_USE bool scan_u64(const struct scan_value *v, uint64_t max, uint64_t *out); // digits only
MUST_USE bool scan_f64(const struct scan_value *v, double *out);                 // finite
// Appends the text unescaped: valid UTF-8 without U+0000. What does not fit is cut between two
// characters, as out->is_cut says.
MUST_USE bool scan_text(const struct scan_value *v, struct text *out);

#endif
