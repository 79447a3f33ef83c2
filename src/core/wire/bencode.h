// SPDX-License-Identifier: MIT
// Bencoding (BEP 3) read in place and written, without allocation.
//
// Reading: as with wire/cbor, ask for the value that must come next; anything else marks the
// reader bad, every later read answers zeros, and one test at the end suffices. Strings are
// borrowed from the input.
//
//     struct bencode_reader r = bencode_reader_of(in);
//     struct bytes key = {NULL, 0};
//     bencode_enter(&r, 'd');
//     while (bencode_next_key(&r, &key)) ... // then read or skip one value
//     if (!bencode_done(&r)) ...
//
// Strict where a value would have two forms: no zeros in front, no -0, no number beyond 64 bits,
// no key twice in a row. Tolerant where strangers are sloppy: keys may be out of order, and
// is_sorted remembers whether any were.
#ifndef WIRE_BENCODE_H
#define WIRE_BENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"

#define BENCODE_DEPTH_MAX 16u // lists and dictionaries inside one another, of what is skipped

struct bencode_reader { // is_bad and is_sorted may be read
    struct bytes left;
    bool is_bad;
    bool is_sorted; // all keys so far were in ascending order
};

struct bencode_reader bencode_reader_of(struct bytes in);
// First byte of the value that comes next: 'i', 'l', 'd', '0'..'9', or 'e' for the end of what it
// is in; 0: nothing is left, or the reader is bad.
uint8_t bencode_peek(const struct bencode_reader *r);
struct bytes bencode_get_string(struct bencode_reader *r);
int64_t bencode_get_int(struct bencode_reader *r);
// Into a list ('l') or dictionary ('d').
void bencode_enter(struct bencode_reader *r, uint8_t kind);
// Out of it again, if its end is next; for lists: while (!r.is_bad && !bencode_leave(&r)).
bool bencode_leave(struct bencode_reader *r);
// The next key of a dictionary, or out of it: false. *key is the one before (at == NULL: none),
// and then the next.
bool bencode_next_key(struct bencode_reader *r, struct bytes *key);
// One value of any kind, checked all through, as its bytes.
struct bytes bencode_skip(struct bencode_reader *r);
bool bencode_done(const struct bencode_reader *r); // nothing bad, nothing left

// All of `in` is one value in its canonical form: keys in ascending order, at every depth.
bool bencode_is_canonical(struct bytes in);

void bencode_put_string(struct buffer *b, struct bytes v);
void bencode_put_text(struct buffer *b, const char *v);
void bencode_put_int(struct buffer *b, int64_t v);
// 'l' or 'd' opens, 'e' closes.
void bencode_put_mark(struct buffer *b, uint8_t mark);

#endif
