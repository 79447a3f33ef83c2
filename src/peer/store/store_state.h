// SPDX-License-Identifier: MIT
// What the store's files share: its state, and how its parts call one another.
//
// From the ground up: store_rows.c rows in the kv, store_group.c groups and their order on the
// disk, store_index.c entries and counts, store_pin.c what must stay, store_room.c what goes; above
// these store_open.c and the face, store.c. Each calls only those before it; nobody else includes
// this.
#ifndef STORE_STORE_STATE_H
#define STORE_STORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "store/row.h"
#include "store/store.h"
#include "store/use.h"

#define STORE_FRESH_MAX      64u // files of a group that an abort takes away at once
#define STORE_CANDIDATES_MAX 8u

struct store_pin {    // an object pinned for now
    struct list node; // of those unused
    struct digest name;
    uint32_t count;
};

struct store_candidate {
    struct digest name;
    uint64_t score;
};

struct store {
    struct store_cfg cfg; // limits as they hold now
    struct row_meta meta; // as it will be after the group
    struct row_meta meta_before;
    struct use *use;
    struct map *pins; // digest -> struct store_pin
    struct list pins_unused;
    struct rng rng; // where to look for what may go
    uint64_t evicted, damaged, orphans;
    uint64_t evicted_before;              // as meta_before
    uint32_t borrowed;                    // gets without a release yet
    uint32_t lent_kv, lent_large;         // what they took from whom
    bool is_begun;                        // a group, the caller's or for one call
    bool is_callers;                      // the caller's
    bool is_large_begun;                  // and large values are to be synced with it
    bool has_taken_uses;                  // and chunks were taken for it
    bool has_unknown_files;               // left by an abort: no clean end
    bool has_unsynced_ends;               // of files, by an abort: no clean end before a sync
    enum rc spoiled;                      // the group: why it cannot be committed
    struct digest fresh[STORE_FRESH_MAX]; // large values written in this group
    size_t fresh_count;
    struct store_candidate candidate[STORE_CANDIDATES_MAX]; // what may go next, best first
    size_t candidate_count;
};

static inline bool store_has_large(const struct store *s)
{
    return s->cfg.large.ops != NULL;
}

// ---- store_rows.c

// Reading: RC_ABSENT, RC_IO (also for a row that is none). Writing, within a group: a failure
// spoils it, and is what the call answers.
MUST_USE enum rc store_entry(const struct store *s, const struct digest *name,
                             struct row_entry *out);
MUST_USE enum rc store_entry_put(struct store *s, const struct digest *name,
                                 const struct row_entry *e);
MUST_USE enum rc store_row_put(struct store *s, const struct row_key *k, struct bytes value);
MUST_USE enum rc store_row_del(struct store *s, const struct row_key *k); // absent is fine
enum rc store_spoil(struct store *s, enum rc rc); // rc, remembered if it is a failure

struct store_place { // in a walk over a kv: the last key seen
    uint8_t key[KV_KEY_BYTES_MAX];
    size_t len;
};

struct store_place store_place_at(struct bytes key);
struct store_place store_place_before(enum row_kind kind); // all rows of this kind
// To the next key, whose value is as long as *size_bytes says. RC_ABSENT: no more; RC_IO.
MUST_USE enum rc store_step(const struct kv *kv, struct store_place *p, uint64_t *size_bytes);
// To the next row of that kind under a name alone. RC_ABSENT: no more; RC_IO.
MUST_USE enum rc store_step_name(const struct kv *kv, struct store_place *p, enum row_kind kind,
                                 struct digest *name, uint64_t *size_bytes);
// Labels of one name, each after `after` (empty: the first). RC_ABSENT: no more; RC_IO.
struct store_place store_place_of_labels(const struct digest *name, struct bytes after);
MUST_USE enum rc store_step_label(const struct kv *kv, struct store_place *p,
                                  const struct digest *name);
struct bytes store_place_label(const struct store_place *p); // where such a step came to; a view

// ---- store_group.c

// A group for one call, or the caller's that is there. Every RC_OK needs one store_leave.
MUST_USE enum rc store_enter(struct store *s);
// Ends a group for one call: commits if rc is RC_OK, else aborts; rc, or why it failed.
MUST_USE enum rc store_leave(struct store *s, enum rc rc);
MUST_USE enum rc store_large_begin(struct store *s); // what is written there is synced by commit
// Takes away the files of what is deleted.
void store_unlink_deleted(struct store *s);

// ---- store_index.c: within a group

// Counts it in, and writes its entry; its bytes are in place.
MUST_USE enum rc store_take_in(struct store *s, const struct digest *name, uint64_t size_bytes,
                               bool is_large);
// Out of both kvs, with its labels. A row or file that is not there is fine. RC_IO also: the
// counts have no such object.
MUST_USE enum rc store_drop(struct store *s, const struct digest *name, const struct row_entry *e);
// Uses of others since its own last one. The clock's cells may be lost with a crash: it is at least
// as young as it is.
uint64_t store_idle(const struct store *s, const struct digest *name, const struct row_entry *e);

// ---- store_pin.c

bool store_is_pinned(const struct store *s, const struct digest *name, const struct row_entry *e);
void store_pins_drop(struct store *s, const struct digest *name);

// ---- store_room.c: within a group

// Evicts until size_bytes more fit. RC_FULL: too much is pinned (the group is not spoilt).
MUST_USE enum rc store_make_room(struct store *s, uint64_t size_bytes);
MUST_USE enum rc store_evict(struct store *s); // one
bool store_is_over(const struct store *s, uint64_t size_bytes, uint64_t objects);

#endif
