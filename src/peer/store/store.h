// SPDX-License-Identifier: MIT
// Store: objects named by the SHA-256 of their bytes, in a host's kv, within a size limit.
//
// Nothing goes in under a name that is not its hash. When the limit is reached, what was used
// longest ago goes; a pinned object never does. Index, pins and order of use live in memory: an
// open walks the kv, and takes key order for order of use. In the kv, an object is the key 'o'
// followed by the 32 bytes of its name; other keys are left alone.
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "host/kv.h"

#define STORE_OBJECTS_MAX   (1u << 20)
#define STORE_DISK_FULL_MAX 8u // objects dropped for one put that the disk has no room for

struct store;

struct store_cfg {
    struct kv kv;         // what it points to must outlive the store
    uint64_t bytes_max;   // of all objects together, 1..
    uint32_t objects_max; // 1..STORE_OBJECTS_MAX; the index takes about 128 bytes for each
    uint64_t seed;        // of the index's hash: secret, or names could be made to collide in it
};

// Walks the kv; objects past the limits are deleted from it, in key order. *out lives in arena
// and dies with it; there is no free. RC_CONFIG: a field is out of range; RC_NOMEM: the arena's
// budget is spent; RC_IO. On failure *out is NULL.
MUST_USE enum rc store_open(struct store **out, struct arena *arena, const struct store_cfg *cfg);

bool store_has(const struct store *s, const struct digest *name);

// *bytes is borrowed until store_release; every RC_OK needs one release before the next call
// that writes (put, del, verify). Counts as use. Not hashed again: see store_verify.
// RC_ABSENT, RC_IO.
MUST_USE enum rc store_get(struct store *s, const struct digest *name, struct bytes *bytes);
void store_release(struct store *s);

// RC_OK also if it is there already. RC_MALFORMED: the bytes hash to another name, and nothing
// changed. RC_REFUSED: larger than the whole store may be. RC_FULL: too much is pinned, or the
// disk is full even after STORE_DISK_FULL_MAX evictions. RC_IO. After RC_FULL or RC_IO the
// object is absent, and others may have been evicted for it.
MUST_USE enum rc store_put(struct store *s, const struct digest *wanted, struct bytes bytes);
// As store_put under the name that it finds, which goes to *name (which may be NULL).
MUST_USE enum rc store_add(struct store *s, struct bytes bytes, struct digest *name);
// RC_ABSENT; RC_REFUSED: it is pinned; RC_IO.
MUST_USE enum rc store_del(struct store *s, const struct digest *name);

// Pins count: an object is free to go after as many unpins as pins. RC_ABSENT.
MUST_USE enum rc store_pin(struct store *s, const struct digest *name);
// Harmless where nothing is pinned: verify may have dropped it.
void store_unpin(struct store *s, const struct digest *name);

// Hashes it again. RC_MALFORMED: it was damaged, and is deleted, pinned or not (its pins are
// gone with it). RC_ABSENT, RC_IO.
MUST_USE enum rc store_verify(struct store *s, const struct digest *name);
// Every object; *damaged is how many were deleted. RC_IO: stopped there.
MUST_USE enum rc store_verify_all(struct store *s, uint64_t *damaged);

// The object with the smallest name greater than *after (NULL: the very first). Objects may come
// and go between calls. RC_ABSENT: no more. RC_IO.
MUST_USE enum rc store_next(struct store *s, const struct digest *after, struct digest *name,
                            uint64_t *size_bytes);

struct store_stat {
    uint64_t objects;
    uint64_t bytes;
    uint64_t evicted; // since it was opened
    uint64_t damaged; // found by verify since it was opened
};

struct store_stat store_stat(const struct store *s);

#endif
