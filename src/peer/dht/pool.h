// SPDX-License-Identifier: MIT
// Pool: things under keys, bounded, in order of age, of which no owner has more than its share.
//
// A thing has a name: a key, under which several may stand, and a mark that tells it from those.
// It may have contents, kept in pieces of POOL_PIECE_BYTES; pieces and places come from one block
// of memory that the caller gives and never moves. When either runs out, what was added or
// renewed longest ago goes. An owner (a hash of whatever its things cost it) has at most an
// eighth of places and of pieces, but always one thing. Things of one key are given out in turns:
// see pool_turn. All hashing is keyed, so nobody can aim at places here.
//
// Things are numbers, good until something is added, replaced or dropped.
#ifndef DHT_POOL_H
#define DHT_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/sip.h"

#define POOL_NAME_BYTES   40u
#define POOL_PIECE_BYTES  60u
#define POOL_PLACES_MAX   (1u << 24)
#define POOL_CONTENTS_MAX 4096u // bytes of one thing
#define POOL_SHARES       8u    // an owner has at most one of so many
#define POOL_NONE         UINT32_MAX

struct pool_cfg {
    uint32_t places;   // 1..POOL_PLACES_MAX
    uint32_t bytes;    // of contents; 0: things have none
    uint8_t key_bytes; // 1..POOL_NAME_BYTES; the rest of a name is the mark
    uint8_t secret[SIP_KEY_BYTES];
};

struct pool_thing {                // private to pool.c but for what is said
    uint8_t name[POOL_NAME_BYTES]; // may be read
    uint32_t next, prev;           // in the ring of its bucket
    uint32_t older, newer;
    uint32_t piece;     // the first, or POOL_NONE
    uint32_t owner;     // may be read; POOL_NONE: the place is free
    uint32_t expires_s; // may be read
    uint16_t len;       // of the contents, may be read
    uint16_t note;      // the caller's: pool_note
};

struct pool { // private to pool.c but for what is said
    struct pool_cfg cfg;
    struct pool_thing *thing;
    struct pool_piece *piece;
    struct pool_owner *owner;
    uint32_t *bucket; // 1 + a thing of its ring, from which the next walk starts; 0: empty
    uint32_t mask;    // of buckets; owners are twice as many
    uint32_t pieces;
    uint32_t free_thing, free_piece, free_pieces;
    uint32_t fresh_thing, fresh_piece; // never used from here on, and not written to yet
    uint32_t oldest, newest;
    uint32_t hand;    // of the sweep
    uint32_t count;   // things, may be read
    uint32_t keys;    // different ones, may be read
    uint64_t evicted; // may be read
};

// Memory that pool_init needs; 0: cfg is out of range.
size_t pool_bytes(const struct pool_cfg *cfg);
// memory: zeroed and aligned, as from arena_take. What is not used yet is not touched, so that a
// large pool costs a process what is in it.
void pool_init(struct pool *p, const struct pool_cfg *cfg, void *memory);

const struct pool_thing *pool_at(const struct pool *p, uint32_t i);
// Appends the contents. Does not fit: b->is_full.
void pool_read(const struct pool *p, uint32_t i, struct buffer *b);

// Walks the things under a key, from where pool_turn left off, once around:
//     struct pool_walk w = pool_walk(p, key);
//     while ((i = pool_next(p, &w)) != POOL_NONE) ...
struct pool_walk {
    const uint8_t *key;
    uint32_t at, first;
};
struct pool_walk pool_walk(const struct pool *p, const uint8_t *key);
uint32_t pool_next(const struct pool *p, struct pool_walk *w);
// The next walk under the key of thing i begins behind it.
void pool_turn(struct pool *p, uint32_t i);

// May this owner have another thing with so many bytes of contents?
bool pool_has_share(const struct pool *p, uint64_t owner, size_t bytes);
// Adds a thing; name (POOL_NAME_BYTES) and contents are copied, what is in the way goes.
// POOL_NONE: it is too large, or its owner has its share.
MUST_USE uint32_t pool_add(struct pool *p, const uint8_t *name, uint64_t owner,
                           struct bytes contents, uint32_t expires_s);
// Other contents for a thing, which is renewed and stays its owner's. False, and nothing
// changed: as POOL_NONE above.
MUST_USE bool pool_replace(struct pool *p, uint32_t i, struct bytes contents, uint32_t expires_s);
void pool_renew(struct pool *p, uint32_t i, uint32_t expires_s);
void pool_drop(struct pool *p, uint32_t i);
void pool_note(struct pool *p, uint32_t i, uint16_t note); // 0 in a new one
// What `owner` of this owner's things is.
uint32_t pool_owner(const struct pool *p, uint64_t owner);

// Looks at `count` places, from where the last sweep ended, and drops what is past its time.
void pool_sweep(struct pool *p, uint32_t count, uint32_t now_s);
// Appends different keys (key_bytes each), as many as fit, from the bucket after *bucket on, and
// leaves there where it ended. *bucket may start as anything.
void pool_sample(const struct pool *p, uint32_t *bucket, struct buffer *keys);
void pool_check(const struct pool *p); // asserts all that must hold; slow

#endif
