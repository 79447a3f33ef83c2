// SPDX-License-Identifier: MIT
// Verified results by what was asked: the same task again costs no work.
//
// Short results lie in memory, others in a store of objects, which checks nothing by itself after
// a crash: what comes out of it is hashed again here, and a damaged one is no result any more.
// A result is kept for RESULTS_LIFE_S, then its work is done anew. At most RESULTS_MAX, or fewer,
// are known, and they take at most a RESULTS_SHARE'th of the budget that all work comes from; the
// one that was not asked for longest leaves first.
#ifndef COMPUTE_RESULTS_H
#define COMPUTE_RESULTS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "compute/msg.h"
#include "store/store.h"

#define RESULTS_MAX         65536u
#define RESULTS_LIFE_S      86400u
#define RESULTS_SHARE       4u // what was done must not crowd out what is to be done
#define RESULTS_SHORT_BYTES 4096u
// A long result is kept only if making it took longer than the disk takes: bytes a microsecond.
#define RESULTS_DISK_BYTES_US 50u

struct result {
    struct list use; // longest unused first
    struct digest asked;
    struct digest hash;
    struct digest node;        // who made it
    char name[MSG_NAME_BYTES]; // of who made it
    uint64_t cpu_us, wall_us;
    uint64_t until_us; // then it is forgotten
    bool is_stored;    // else its bytes follow
    size_t len;
    uint8_t at[];
};

struct results {
    struct budget *budget;
    struct store *store; // NULL: only short results are kept
    uint32_t count_max;
    struct map *by_asked;
    struct list use;
    size_t bytes;      // of the budget
    bool holds_object; // a results_get waits for its release
    uint64_t hits, misses;
};

// For count_max, 1..RESULTS_MAX. RC_NOMEM. budget and store outlive it.
MUST_USE enum rc results_init(struct results *r, struct arena *arena, struct budget *budget,
                              struct store *store, uint32_t count_max, uint64_t seed);
void results_reset(struct results *r); // gives all memory back

struct result_cfg {
    struct digest asked, hash, node;
    const char *name;
    uint64_t cpu_us, wall_us;
    struct bytes bytes; // of which hash is the SHA-256
    bool is_stored;     // bytes is empty: they are in the store already
    uint64_t until_us;
};
// Keeps it if it is worth it. The result, or NULL: it is not, or there is no room.
struct result *results_put(struct results *r, const struct result_cfg *cfg);
// Known and not too old; counts as a hit or a miss. NULL: no.
struct result *results_find(struct results *r, const struct digest *asked, uint64_t now_us);
// Its bytes, borrowed until results_release, which every RC_OK needs before the next put.
// RC_ABSENT: they are gone or damaged, and so is the result now.
MUST_USE enum rc results_get(struct results *r, struct result *result, struct bytes *bytes);
void results_release(struct results *r);

#endif
