// SPDX-License-Identifier: MIT
// Row: the store's keys and rows in a host's kv, as bytes.
//
//     'i' name          entry: size u64, large u8, copies u8, labels u16, born u32
//     'o' name          the bytes of a small object; in the kv of large ones, of a large one
//     'p' name label    nothing: kept under that label
//     'u' chunk u32     cells of the clock of uses
//     'x' name          nothing: a large object that is deleted, whose file may be there still
//     "meta"            counts and limits
//
// Numbers are big-endian.
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "crypt/hash.h"

enum row_kind {
    ROW_ENTRY = 'i',
    ROW_OBJECT = 'o',
    ROW_LABEL = 'p',
    ROW_USE = 'u',
    ROW_DELETED = 'x',
};

#define ROW_NAME_KEY_BYTES  (1 + DIGEST_BYTES)
#define ROW_LABEL_BYTES_MAX 64u
#define ROW_KEY_BYTES_MAX   (ROW_NAME_KEY_BYTES + ROW_LABEL_BYTES_MAX)
#define ROW_META_BYTES      112u
#define ROW_ENTRY_BYTES     16u

struct row_key {
    uint8_t b[ROW_KEY_BYTES_MAX];
    size_t len;
};

struct row_key row_key(enum row_kind kind, const struct digest *name);
struct row_key row_key_label(const struct digest *name, struct bytes label);
struct row_key row_key_use(uint32_t chunk);
struct row_key row_key_meta(void);
struct bytes row_key_bytes(const struct row_key *k);
// False: no key of that kind with a name alone.
bool row_key_name(struct bytes key, enum row_kind kind, struct digest *name);

struct row_entry {
    uint64_t size_bytes;
    bool is_large;
    uint8_t copies;
    uint16_t labels;
    uint32_t born; // the clock of uses when it came
};

void row_entry_put(const struct row_entry *e, uint8_t out[static ROW_ENTRY_BYTES]);
bool row_entry_get(struct row_entry *e, struct bytes in); // false: not such a row

struct row_meta {
    uint64_t commits; // how many there were: tells whether the last one happened
    uint64_t seed;    // of the clock's hash
    uint64_t bytes_max;
    uint64_t objects_max;
    uint64_t objects, bytes;
    uint64_t large_objects, large_bytes;
    uint64_t kept;
    uint64_t deleted; // rows ROW_DELETED
    uint32_t clock, cells;
    bool is_clean;   // no file is there that the rows do not know
    bool is_partial; // not all objects have an entry yet
};

#define ROW_META_VERSION 1u

void row_meta_put(const struct row_meta *m, uint8_t out[static ROW_META_BYTES]);
// False: not such a row; *version tells whether a later one.
bool row_meta_get(struct row_meta *m, struct bytes in, uint32_t *version);

#endif
