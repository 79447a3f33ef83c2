// SPDX-License-Identifier: MIT
// Trust: whom to ask, whom to serve, whom to believe (doc/trust.md).
//
//     trust_outcome(t, &who, &what_it_did, &receipt, now_s); // and the receipt goes to it
//     trust_input(t, record, now_s);              // receipt, voucher or proof, of whoever
//     count = trust_rank(t, candidates, n, TRUST_CHECKED, order);
//     trust_show(t, since, records, n);           // what to tell whom we talk to
//     if (now_s >= trust_due_s(t))
//         trust_tick(t, now_s);
//
// What we saw ourselves comes first (trust/score). Of strangers we know what those we trust say
// of them (trust/prior), never a mean of what everybody says: liars would have the majority. A
// proof that somebody lied (trust/fault) ends it for 60 days, whatever it did before.
//
//     stranger --a voucher, or good conduct--> known --score under SCORE_ISOLATED--> isolated
//        ^                                       |                                      |
//        |                                     proof <----------------------------------|
//        |                                       v                                      |
//        '---------- after 60 days ----------- liar     60 days, or a new voucher ------'
//
// All tables are fixed at the start; no event allocates. When the table of nodes is full, the one
// of which the least is known goes, and what strangers say never displaces what we saw. Proven
// liars have a table of their own, in which those who had more to lose stay longer: whoever makes
// many fresh keys and proves each a liar pushes out fresh keys only.
//
// What we saw, proofs, vouchers and our counter are written to the kv before a call returns; what
// others said in trust_tick. A kill between two writes loses at most the call that was under way.
//
// Times are Unix seconds, since all this outlives restarts; one before the latest is taken as it.
// No I/O but the kv, no dice but the seed. Belongs to one loop.
#ifndef TRUST_TRUST_H
#define TRUST_TRUST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "crypt/id.h"
#include "crypt/seal.h"
#include "host/kv.h"
#include "trust/fault.h"
#include "trust/receipt.h"
#include "trust/score.h"

#define TRUST_NODES_MAX         65536u
#define TRUST_EDGES_MAX         262144u
#define TRUST_LIARS_MAX         65536u
#define TRUST_PAPERS_MAX        16384u
#define TRUST_ROW_MAX           256u              // accounts of one signer
#define TRUST_LIFE_S            UINT64_C(5184000) // 60 days: isolations, what others say
#define TRUST_PRIOR_S           UINT64_C(600)     // between two reckonings of what others say
#define TRUST_RECORD_BYTES_MAX  FAULT_BYTES_MAX
#define TRUST_RECEIPTS_RESERVED 1024u // counters written down at once
#define TRUST_RANK_MAX          256u
#define TRUST_EXPLORE_PARTS     20u  // one choice of so many is by lot
#define TRUST_SEED_GOOD         20.0 // a contact that gave so much is a seed

// An arena's budget that has room for all of it.
#define TRUST_ARENA_BYTES(nodes, edges, liars, papers)                                             \
    (262144 + (size_t)(nodes)*512 + (size_t)(edges)*224 + (size_t)(liars)*768 +                    \
     (size_t)(papers)*320)

struct trust;

struct trust_cfg {
    const struct id *own;    // who signs our receipts; outlives the machine
    struct kv kv;            // ops NULL: nothing is kept. Keys begin with 't'
    struct seal_judge judge; // check NULL: the real one
    uint32_t nodes_max;      // 16 .. TRUST_NODES_MAX
    uint32_t edges_max;      // accounts that others gave of one another: 16 .. TRUST_EDGES_MAX
    uint32_t liars_max;      // 16 .. TRUST_LIARS_MAX
    uint32_t papers_max;     // receipts and vouchers kept whole, of our own and of others each:
                             // 16 .. TRUST_PAPERS_MAX
    uint64_t seed;           // secret: of tables' hashes and of exploration
};

// Reads what the kv has; what is damaged there is deleted and counted. *out lives in arena and
// dies with it. RC_CONFIG: a field is out of range; RC_NOMEM; RC_IO. On failure *out is NULL.
MUST_USE enum rc trust_open(struct trust **out, struct arena *arena, const struct trust_cfg *cfg,
                            uint64_t now_s);
// A hub's or publisher's key that the user chose: a seed from now on; not kept. RC_FULL: too many.
MUST_USE enum rc trust_choose(struct trust *t, const struct node_id *node);

// ---- What happened

struct trust_outcome {
    enum receipt_service service;
    enum receipt_outcome outcome;
    struct digest what;
    uint64_t bytes;
};

// What `of` did for us. The receipt for it goes into *receipt (RECEIPT_BYTES_MAX at least, empty),
// which stays empty on every code but RC_OK. RC_REFUSED: it is us. RC_FULL: no room, and nothing
// was counted. RC_IO: counted, but our counter or the account could not be written. RC_NOMEM:
// counted, and not signed.
MUST_USE enum rc trust_outcome(struct trust *t, const struct node_id *of,
                               const struct trust_outcome *o, struct buffer *receipt,
                               uint64_t now_s);
// What we did for it: for the free allowance, which begins anew each day.
void trust_served(struct trust *t, const struct node_id *to, uint64_t bytes, uint64_t now_s);
// A record: receipt, voucher or proof. RC_OK: taken, or known. RC_MALFORMED, RC_REFUSED: worth
// nothing (by form; by signature, age, number or because a liar signed it): who sent it should
// know better. RC_ABSENT: a receipt about us by a node that we do not know. RC_FULL: no room for
// it. RC_IO: it counts, and could not be written.
enum rc trust_input(struct trust *t, struct bytes record, uint64_t now_s);
// Signed records that prove a fault: one answer, or two records that contradict. RC_ABSENT: they
// prove nothing. Otherwise as trust_input.
enum rc trust_accuse(struct trust *t, struct bytes first, struct bytes second, uint64_t now_s);
// Our own voucher for `of`, into *out (VOUCH_BYTES_MAX at least, empty). RC_FULL: all of this
// period are given. RC_REFUSED: it is us, or a liar. RC_IO: not given, since not written.
// RC_NOMEM: not signed, and its slot is used up.
MUST_USE enum rc trust_vouch(struct trust *t, const struct node_id *of, struct buffer *out,
                             uint64_t now_s);

// ---- What to do

enum trust_standing {
    TRUST_STRANGER, // nothing seen, nobody vouches
    TRUST_NEWCOMER, // little seen, or somebody vouches
    TRUST_KNOWN,    // TRUST_KNOWN_COUNT and more seen, or a seed
    TRUST_ISOLATED, // not used, not served beyond the free allowance
    TRUST_LIAR,     // proven
};
#define TRUST_KNOWN_COUNT 3.0

enum trust_use {
    TRUST_CHECKED,  // what comes is checked against a hash
    TRUST_EXECUTED, // a driver will execute it: known ones only, no exploration
};

enum trust_standing trust_standing(const struct trust *t, const struct node_id *node);
double trust_score(const struct trust *t, const struct node_id *node); // 0 .. 1
bool trust_allows(const struct trust *t, const struct node_id *node, enum trust_use use);
// What it gave us lately, in chunks, with a half-life of a day; for trust/slots.
double trust_gave(const struct trust *t, const struct node_id *node, uint64_t now_s);
uint64_t trust_served_bytes(const struct trust *t, const struct node_id *node, uint64_t now_s);
// Indices of those to be asked, best first, into order[count]; answers how many. Looks at the first
// TRUST_RANK_MAX. Those who are nearly equal come in an order of chance, so that not all of us ask
// the same one. Who is not allowed, or far below the best, is left out: other candidates are better
// then. One choice of TRUST_EXPLORE_PARTS puts any allowed one first, drawn by its score.
size_t trust_rank(struct trust *t, const struct node_id *node, size_t count, enum trust_use use,
                  uint32_t *order);
// Who vouches for it, for trust/quorum; zeros: nobody.
struct node_id trust_voucher(const struct trust *t, const struct node_id *node);

// ---- What to tell others

// Records that changed after `since` (0: ever; else a former trust_seq), newest first, proofs
// before the rest: liars' proofs, our own receipts, what others signed about us, vouchers. At
// most max; borrowed until the next call that changes anything. Answers how many.
size_t trust_show(const struct trust *t, uint64_t since, struct bytes *record, size_t max);
uint64_t trust_seq(const struct trust *t);

// ---- Time

// Reckons the prior, forgives what is over, writes what could not be written. RC_IO: not all could
// be; it will be tried again.
enum rc trust_tick(struct trust *t, uint64_t now_s);
uint64_t trust_due_s(const struct trust *t);

struct trust_stat {
    uint32_t nodes;
    uint32_t edges;
    uint32_t liars;
    uint32_t isolated;
    uint64_t forgotten; // nodes that left for others; since the start, as all below
    uint64_t forgotten_liars;
    uint64_t refused;   // records
    uint64_t damaged;   // found in the kv
    uint64_t unwritten; // writes that failed
};

struct trust_stat trust_stat(const struct trust *t);
void trust_check(const struct trust *t); // asserts all invariants; walks the tables

#endif
