// SPDX-License-Identifier: MIT
// Store: objects named by the SHA-256 of their bytes, in a host's kv, within a size limit.
//
// Nothing goes in under a name that is not its hash. When the limit is reached, what lay unused
// longest goes, weighed by how rare and how large it is (store/evict.h; among 64 taken at random,
// so that no order has to be kept); a pinned object never does. Small objects lie in the index
// itself, large ones as files beside it. Index, counts, named pins and order of use are on the
// disk; memory holds the clock of uses (store/use.h) and who is pinned for now: an open reads those
// and walks nothing, unless the last one did not end by store_close.
//
// What is put is durable when the call returns, or when the group's commit does:
//
//     rc = store_begin(s);                       // many puts, one sync
//     rc = store_put(s, &name, bytes); ...
//     rc = store_commit(s);                      // all of them are on the disk, or none is there
//
// A crash at any moment, of the process or of the machine, leaves all that was committed, and
// nothing else. doc/store.md has the layout and the order of syncs. A commit waits for the disk:
// a loop that must not wait puts in groups, at times when it may.
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "host/kv.h"

#define STORE_OBJECTS_MAX     (1u << 24)
#define STORE_BYTES_MAX       (UINT64_C(1) << 62)
#define STORE_INLINE_BYTES    UINT64_C(65536) // the default; doc/store.md has the figures
#define STORE_PINS_MAX        65536u          // objects pinned for now
#define STORE_DISK_FULL_MAX   8u // objects dropped for one put that the disk has no room for
#define STORE_LABEL_BYTES_MAX 64u
#define STORE_OBJECTS_UNSAID  (1u << 20) // a new store's limits, where none are given
#define STORE_BYTES_UNSAID    (UINT64_C(4) << 30)

struct store;

struct store_cfg {
    struct kv kv;    // index and small objects; what it points to must outlive the store
    struct kv large; // objects of more than inline_bytes; .ops NULL: they go into kv as well
    // Of all objects together, 1..STORE_BYTES_MAX, 1..STORE_OBJECTS_MAX. 0: as at the last open,
    // or as a new store's. Memory: 8..16 bytes an object of objects_max, and up to 150 for each
    // that can be pinned at a time (objects_max or STORE_PINS_MAX, whichever is less).
    uint64_t bytes_max;
    uint32_t objects_max;
    uint64_t inline_bytes; // 0: STORE_INLINE_BYTES
    uint64_t seed; // of the indexes' hashes: secret, or names could be made to collide in them
    // For what can be made again: large objects are not synced, and after an end without close
    // are found by their names, unread: whoever gets one checks it.
    bool is_cache;
};

// Objects past the limits are deleted, but for pinned ones. A store that has objects and no index
// (of an earlier version, or a cache whose index was lost) gets one, by a walk. *out lives in arena
// and dies with it; there is no free. RC_CONFIG: a field is out of range; RC_UNSUPPORTED: written
// by a later version; RC_NOMEM: the arena's budget is spent; RC_FULL; RC_IO, also for counts that
// cannot be. On failure *out is NULL.
MUST_USE enum rc store_open(struct store **out, struct arena *arena, const struct store_cfg *cfg);
// Writes the order of use, and a mark that makes the next open short. No group is begun, nothing
// borrowed. The store can go on being used. RC_FULL, RC_IO: the next open walks, no more.
enum rc store_close(struct store *s);

// Groups do not nest. Within one, a put that fails with RC_IO, or RC_FULL of the disk, spoils it:
// every later call says so again, and commit aborts it. RC_IO, RC_NOMEM: none was begun.
MUST_USE enum rc store_begin(struct store *s);
// RC_FULL, RC_IO: nothing of the group is there (after RC_IO on the last write: or all of it).
MUST_USE enum rc store_commit(struct store *s);
void store_abort(struct store *s);
// Writes the order of use as far as it changed, which otherwise goes with the commit after so many
// uses. RC_FULL, RC_IO.
MUST_USE enum rc store_flush(struct store *s);

bool store_has(const struct store *s, const struct digest *name);

// *bytes is borrowed until the last store_release; every RC_OK needs one release before the next
// call that writes (put, del, keep, verify ...). Counts as use. Not hashed again: see store_verify.
// RC_ABSENT, RC_IO; RC_FULL: too much is borrowed (KV_LENT_MAX).
MUST_USE enum rc store_get(struct store *s, const struct digest *name, struct bytes *bytes);
void store_release(struct store *s);

// RC_OK also if it is there already. RC_MALFORMED: the bytes hash to another name, and nothing
// changed. RC_REFUSED: larger than the whole store may be. RC_FULL: too much is pinned, and nothing
// changed (outside of groups); or the disk is full even after STORE_DISK_FULL_MAX evictions. RC_IO.
MUST_USE enum rc store_put(struct store *s, const struct digest *wanted, struct bytes bytes);
// As store_put under the name that it finds, which goes to *name (which may be NULL).
MUST_USE enum rc store_add(struct store *s, struct bytes bytes, struct digest *name);
// RC_ABSENT; RC_REFUSED: it is pinned; RC_FULL, RC_IO.
MUST_USE enum rc store_del(struct store *s, const struct digest *name);

// For now, in memory. Pins count: an object is free to go after as many unpins as pins. RC_ABSENT,
// RC_IO; RC_FULL: STORE_PINS_MAX objects are pinned.
MUST_USE enum rc store_pin(struct store *s, const struct digest *name);
// Harmless where nothing is pinned: verify may have dropped it.
void store_unpin(struct store *s, const struct digest *name);
// For good, on the disk, under a label of 1..STORE_LABEL_BYTES_MAX bytes (asserted) that says for
// whom; the same label twice is once. RC_ABSENT; RC_FULL: of labels, or of the disk; RC_IO.
MUST_USE enum rc store_keep(struct store *s, const struct digest *name, struct bytes label);
// RC_ABSENT: not kept under that label. RC_FULL, RC_IO.
MUST_USE enum rc store_unkeep(struct store *s, const struct digest *name, struct bytes label);
// The label after `after` (empty: the first), as text in out. RC_ABSENT: no more. RC_IO.
MUST_USE enum rc store_kept(const struct store *s, const struct digest *name, struct bytes after,
                            char out[static STORE_LABEL_BYTES_MAX + 1]);

// What the swarm knows: how many nodes have it, ourselves among them; 0: not known. A hint, kept
// on the disk. Costs nothing if it is not news. RC_ABSENT, RC_FULL, RC_IO.
MUST_USE enum rc store_rarity(struct store *s, const struct digest *name, uint32_t copies);

// Hashes it again, and changes nothing: no use either. RC_MALFORMED: it is damaged, or its file is
// gone. RC_ABSENT, RC_FULL (of what is borrowed), RC_IO.
MUST_USE enum rc store_probe(struct store *s, const struct digest *name);
// The same, and RC_MALFORMED: it was damaged, and is deleted, pinned or not (its pins are gone with
// it). RC_ABSENT, RC_FULL, RC_IO.
MUST_USE enum rc store_verify(struct store *s, const struct digest *name);
// Every object; *damaged is how many were deleted. RC_IO, RC_FULL: stopped there.
MUST_USE enum rc store_verify_all(struct store *s, uint64_t *damaged);
// Looks through the files of large objects for those that no entry knows and removes them (a cache:
// takes them in). As an open does after a crash. RC_FULL, RC_IO.
MUST_USE enum rc store_gc(struct store *s);

// The object with the smallest name greater than *after (NULL: the very first). Objects may come
// and go between calls. RC_ABSENT: no more. RC_IO.
MUST_USE enum rc store_next(const struct store *s, const struct digest *after, struct digest *name,
                            uint64_t *size_bytes);

struct store_info {
    uint64_t size_bytes;
    uint64_t idle; // uses of other objects since its last one, about
    uint32_t copies;
    uint32_t labels;
    uint32_t pins; // for now
    bool is_large; // a file
};

MUST_USE enum rc store_info(const struct store *s, const struct digest *name,
                            struct store_info *out); // RC_ABSENT, RC_IO

struct store_stat {
    uint64_t objects;
    uint64_t bytes;
    uint64_t evicted; // since it was opened
    uint64_t damaged; // found by verify since it was opened
    uint64_t large_objects;
    uint64_t large_bytes;
    uint64_t kept;    // objects with a label
    uint64_t pinned;  // objects pinned for now
    uint64_t orphans; // files without an entry, removed or taken in, since it was opened
    uint64_t bytes_max;
    uint64_t objects_max;
};

struct store_stat store_stat(const struct store *s);

#endif
