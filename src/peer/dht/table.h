// SPDX-License-Identifier: MIT
// Table: contacts of one family of addresses, by how many leading bits their ids share with ours.
//
// Only who answered us comes in; who does not answer twice in a row is replaced. Each bucket has
// places for TABLE_MAIN Mainline nodes and TABLE_SHOAL shoal nodes, which are as good for
// Mainline's lookups and the only ones that keep our records, and a few spare contacts that wait
// for a place. Against crowding: an address is in once; a /24 (IPv6: /48) once a bucket, and of
// contacts whose ids do not fit their addresses (BEP 42) twice a table; private addresses are
// exempt. Who has a fitting id takes the place of who has not.
//
// The last bucket takes all that share TABLE_BUCKETS - 1 bits or more. Contacts live in a pool of
// fixed size; when it is used up, the fullest bucket gives one to an emptier one.
//
// Pointers to contacts are good until the next call that takes a table without const. Times are
// seconds since the node's start. Belongs to one loop.
#ifndef DHT_TABLE_H
#define DHT_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "dht/key.h"
#include "host/net.h"

#define TABLE_BUCKETS    24u // 8 million nodes (the Mainline DHT) fill as many
#define TABLE_MAIN       8u  // k of Mainline (BEP 5)
#define TABLE_SHOAL      20u // k of the original paper: our records outlive half of their holders
#define TABLE_SPARE      4u
#define TABLE_BAD_FAILS  2u   // unanswered in a row
#define TABLE_GOOD_S     900u // heard of within: BEP 5
#define TABLE_PLACES_MAX 4096u

enum table_kind { // in which of its bucket's lists a contact is
    TABLE_KIND_MAIN,
    TABLE_KIND_SHOAL,
    TABLE_KIND_SPARE,
    TABLE_KINDS
};

struct contact { // read it; only table.c writes
    struct dht_id id;
    struct net_addr addr;
    uint16_t rtt_ms;  // smoothed (RFC 6298)
    uint16_t vary_ms; // its deviation, likewise
    uint8_t fails;    // queries in a row without an answer
    uint8_t kind;     // enum table_kind
    bool is_shoal;
    bool is_fit; // its id fits its address
    bool is_used;
    uint32_t seen_s;  // last heard of, by query or answer
    uint32_t asked_s; // last upkeep query
};

struct table_bucket {
    uint16_t main[TABLE_MAIN];
    uint16_t shoal[TABLE_SHOAL];
    uint16_t spare[TABLE_SPARE];
    uint8_t count[TABLE_KINDS];
};

struct table { // fields are private to table.c
    struct dht_id own;
    struct table_bucket *bucket; // TABLE_BUCKETS of them
    uint32_t filled;             // bit 31 - b: bucket b is not empty
    struct contact *pool;
    uint16_t *vacant; // stack of unused places
    uint32_t places;
    uint32_t vacant_count;
};

// places: 1 .. TABLE_PLACES_MAX. RC_CONFIG, RC_NOMEM.
MUST_USE enum rc table_init(struct table *t, struct arena *arena, uint32_t places,
                            const struct dht_id *own);
// Our id is another now: contacts are sorted anew, and what finds no place is dropped.
void table_move(struct table *t, const struct dht_id *own);

// NULL: not in it.
const struct contact *table_find(const struct table *t, const struct dht_id *id);
// A node that we might take in: does its bucket have a place, or somebody bad to put out?
bool table_wants(const struct table *t, const struct dht_id *id, const struct net_addr *addr,
                 bool is_shoal);
// It queried us: known contacts are alive.
void table_heard(struct table *t, const struct dht_id *id, const struct net_addr *addr,
                 uint32_t now_s);
struct table_answer {
    const struct dht_id *id;
    const struct net_addr *addr;
    bool is_shoal;
    uint64_t rtt_us;
};
// It answered us: updated, or taken in if there is a place, or kept as a spare. False: neither.
bool table_answered(struct table *t, const struct table_answer *a, uint32_t now_s);
// It did not. Whoever is bad now goes if a spare can take its place, or if is_online, that is,
// others did answer lately: else it may be our own network that is down.
void table_failed(struct table *t, const struct dht_id *id, const struct net_addr *addr,
                  bool is_online);
// An upkeep query goes to this contact now.
void table_asked(struct table *t, const struct contact *c, uint32_t now_s);

// The contacts nearest to target that answered when last asked, nearest first; of shoal nodes
// alone if is_shoal. At most max of them; how many.
size_t table_nearest(const struct table *t, const struct dht_id *target, bool is_shoal,
                     const struct contact **out, size_t max);
// Whom to check next: heard of longest ago, not asked within retry_s; NULL: everybody was heard
// of within fresh_s.
const struct contact *table_stalest(const struct table *t, uint32_t fresh_s, uint32_t retry_s,
                                    uint32_t now_s);
// The next contact after place *at, which starts at 0; NULL: no more. Spares come too.
const struct contact *table_next(const struct table *t, size_t *at);
// Finds a bucket with fewer than TABLE_MAIN contacts that the network can fill. *bits, as many as
// its ids share with ours: where to look from, then which it is. False: no more; *bits is
// untouched.
bool table_poor(const struct table *t, unsigned *bits);

uint32_t table_count(const struct table *t); // spares are not counted
// How many nodes there are, or shoal nodes, by how near the nearest ones are to us; 0: nobody is
// known.
double table_network_size(const struct table *t, bool is_shoal);
void table_check(const struct table *t);

#endif
