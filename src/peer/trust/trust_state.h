// SPDX-License-Identifier: MIT
// What the files of trust share: nodes, edges, liars, papers, and the calls between them.
//
// From the ground up: trust_paper.c whole records, trust_keep.c the kv, trust_node.c nodes and what
// they say of one another, trust_liar.c liars, trust_reckon.c what all that says of strangers;
// above these trust_load.c, trust_record.c, the face, trust.c, and trust_rank.c, which asks the
// face for scores. Each calls only those before it; nobody else includes this.
#ifndef TRUST_TRUST_STATE_H
#define TRUST_TRUST_STATE_H

#include <assert.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/rng.h"
#include "trust/prior.h"
#include "trust/trust.h"
#include "trust/vouch.h"

// ---- Papers: records kept whole, the one written longest ago makes room for others.

#define TRUST_PAPER_BYTES_MAX RECEIPT_BYTES_MAX
static_assert(VOUCH_BYTES_MAX <= TRUST_PAPER_BYTES_MAX, "receipts and vouchers are kept");

struct paper {
    struct list node;
    struct paper **owner; // who holds it, and finds NULL when it is gone; NULL: free
    uint64_t seq;
    size_t len;
    uint8_t b[TRUST_PAPER_BYTES_MAX];
};

struct papers {
    struct list used; // oldest first
    struct list unused;
};

MUST_USE enum rc trust_papers_init(struct papers *p, struct arena *arena, uint32_t count);
// Into *owner's paper, or a fresh one; record is at most TRUST_PAPER_BYTES_MAX long.
void trust_paper_put(struct papers *p, struct paper **owner, struct bytes record, uint64_t seq);
void trust_paper_drop(struct papers *p, struct paper **owner); // harmless on NULL
struct bytes trust_paper_bytes(const struct paper *paper);     // empty for NULL

// ---- Nodes and edges

struct node {
    struct heap_node worth; // CONTAINER_OF: who is known least leaves first
    struct list place;      // in trust.unused while it is nobody
    struct node_id id;
    uint32_t index;
    uint32_t row;      // accounts that it gave
    bool is_chosen;    // by the user
    bool is_dirty;     // not in the kv as it is
    bool is_row_dirty; // what it said is not
    bool is_kept;      // something of it is in the kv
    bool is_row_kept;
    bool is_vouched;
    bool was_isolated; // crossed SCORE_ISOLATED, and was not forgiven
    struct score score;
    uint64_t isolated_s; // since
    double share;        // of what those we trust say
    double trust;
    double gave; // to us, in chunks, at gave_s
    uint64_t gave_s;
    uint64_t served_bytes; // on served_day
    uint64_t served_day;
    struct voucher voucher; // if is_vouched
    struct node_id voucher_id;
    struct paper *given; // our receipt for it
    struct paper *held;  // its receipt for us
    uint64_t held_counter;
    struct paper *vouched; // its voucher
    struct list out;       // edges from it, oldest first
    struct list in;
};

struct edge {
    struct list out;
    struct list in;
    struct list age; // in trust.strong, trust.weak, or trust.spare
    struct node *from;
    struct node *to;
    uint64_t counter;
    uint64_t time_s;
    uint32_t good_centi;
    uint32_t bad_centi;
    struct paper *paper; // NULL: the receipt itself made room for others
};

struct account { // of one node, by another
    struct node_id by;
    struct node_id of;
    uint64_t counter;
    uint64_t time_s;
    uint32_t good_centi;
    uint32_t bad_centi;
};

struct liar {
    struct heap_node worth; // what it had to lose; the least first
    struct list age;        // in trust.liar_age, oldest first, or trust.liar_spare
    struct node_id id;
    uint64_t end_s;
    uint64_t seq;
    bool is_dirty;
    uint16_t len;
    uint8_t proof[FAULT_BYTES_MAX];
};

#define TRUST_DAY_S         UINT64_C(86400)
#define TRUST_ROW_BYTES_MAX 20480u // TRUST_ROW_MAX accounts of 71 bytes at most, and their frame

struct trust {
    struct trust_cfg cfg;
    uint64_t now_s;
    uint64_t seq;
    uint64_t prior_due_s;
    bool is_stale;  // the prior
    uint32_t turns; // that it took; 0: there are no seeds
    struct rng rng;

    uint64_t counter;     // the next receipt's
    uint64_t counter_end; // written down up to here
    uint64_t vouch_period;
    uint32_t vouch_used;

    struct node *node; // nodes_max
    struct map *nodes;
    struct heap worth;
    struct list unused;
    struct map *edges;  // (from, to) -> edge
    struct list strong; // edges of whom we trust, oldest first
    struct list weak;   // of others
    struct list spare;
    struct map *liars;
    struct heap liar_worth;
    struct list liar_age;
    struct list liar_spare;
    struct papers own;    // given, held, vouchers
    struct papers others; // edges' receipts

    struct prior prior; // its arrays
    struct prior_edge *flat;
    uint8_t *is_seed;
    struct trust_stat stat;
    uint8_t scratch[TRUST_ROW_BYTES_MAX]; // of keep
};

static inline void trust_pass_time(struct trust *t, uint64_t now_s)
{
    t->now_s = now_s > t->now_s ? now_s : t->now_s;
}

static inline bool trust_is_own(const struct trust *t, const struct node_id *id)
{
    return node_id_equal(id, &t->cfg.own->node);
}

// ---- trust_keep.c: rows written and deleted

#define TRUST_KEEP_VERSION  1u
#define TRUST_KEY_FIRST     't'
#define TRUST_KEY_BYTES     (2 + NODE_ID_BYTES)
#define TRUST_FRAME_ITEMS   3u
#define TRUST_COUNTER_ITEMS 3u
#define TRUST_LIAR_ITEMS    3u
#define TRUST_NODE_ITEMS    9u
#define TRUST_EDGE_ITEMS    5u
#define TRUST_MICRO         1e6 // counts are kept in millionths

enum trust_kept { // the second byte of a key
    TRUST_KEPT_COUNTERS = 'c',
    TRUST_KEPT_LIAR = 'l',
    TRUST_KEPT_NODE = 'n',
    TRUST_KEPT_ROW = 'r',
};

struct trust_key {
    uint8_t b[KV_KEY_BYTES_MAX];
    size_t len;
};

MUST_USE enum rc trust_keep_counters(struct trust *t); // counter_end, vouch_period and vouch_used
enum rc trust_keep_node(struct trust *t, struct node *n);
enum rc trust_keep_row(struct trust *t, struct node *n);
enum rc trust_keep_liar(struct trust *t, struct liar *l);
void trust_keep_del(struct trust *t, const struct trust_key *key);
void trust_keep_forget_node(struct trust *t, const struct node *n);
void trust_keep_forget_liar(struct trust *t, const struct node_id *id);

// ---- trust_node.c

MUST_USE enum rc trust_nodes_init(struct trust *t, struct arena *arena);
struct node *trust_node_find(const struct trust *t, const struct node_id *id);
enum node_class { NODE_TOLD, NODE_NAMED, NODE_SEEN, NODE_CHOSEN };
// Found or made. NULL: all there are matter more than one of this class.
struct node *trust_node_make(struct trust *t, const struct node_id *id, enum node_class class);
void trust_node_weigh(struct trust *t, struct node *n); // its worth has changed
double trust_node_score(const struct trust *t, const struct node *n);
bool trust_node_is_seed(const struct node *n);
void trust_node_isolate_if_bad(struct trust *t, struct node *n);
void trust_node_unvouch(struct trust *t, struct node *n);
void trust_node_forgive(struct trust *t, struct node *n); // a newcomer again
void trust_node_cut(struct trust *t, struct node *n);     // all that it said, or others of it, goes
// record: what it says in whole, empty if that is not at hand.
enum rc trust_edge_put(struct trust *t, const struct account *a, struct bytes record);
void trust_edge_drop(struct trust *t, struct edge *e);
struct list *trust_edge_home(struct trust *t, const struct edge *e); // strong or weak
// The whole receipt of that signer with that counter; NULL: none is known.
const struct paper *trust_edge_with_counter(const struct trust *t, const struct node_id *by,
                                            uint64_t counter);

// ---- trust_liar.c

MUST_USE enum rc trust_liars_init(struct trust *t, struct arena *arena);
struct liar *trust_liar_find(const struct trust *t, const struct node_id *id);
enum rc trust_liar_put(struct trust *t, const struct node_id *id, struct bytes proof,
                       uint64_t end_s);
void trust_liar_forgive(struct trust *t); // whose time is over

// ---- trust_reckon.c, trust_load.c

void trust_reckon(struct trust *t);
bool trust_reckon_is_due(const struct trust *t); // something changed, or was said too long ago
MUST_USE enum rc trust_load(struct trust *t);    // RC_IO

#endif
