// SPDX-License-Identifier: MIT
// What the files of a node share: its state, and how its parts call one another.
//
//     dht.c         face: life, what arrives and time, each handed to whom it concerns
//     dht_answer.c  queries of others
//     dht_save.c    contacts for the next start
//     dht_self.c    our address as others see it, and the id that follows it
//     dht_upkeep.c  coming into the network, contacts kept fresh
//     dht_own.c     own records published again and again, others' passed on
//     dht_run.c     ops begin when there is room, and go on
//     dht_walk.c    an op's lookup: whom to ask, and whom to have store
//     dht_hear.c    what an answer tells an op: nodes, peers, items, records
//     dht_event.c   what comes out
//     dht_op.c      ops: what the host and upkeep asked for, from waiting to ended
//     dht_ask.c     queries of ours: sending, matching answers, giving up
//     dht_state.c   clocks, the way out, budgets
//
// Each calls only those below it, and no part keeps pointers into another. What a lower one
// finds out is handed up as a value: ask_input and ask_next tell what became of a query, ops that
// ended stay until they are collected.
#ifndef DHT_DHT_STATE_H
#define DHT_DHT_STATE_H

#include "base/rng.h"
#include "dht/dht.h"
#include "dht/limit.h"
#include "dht/lookup.h"
#include "dht/table.h"
#include "dht/token.h"

#define NONE8 UINT8_MAX

#define ASK_WAIT_US_MIN UINT64_C(100000)  // before a contact counts as late
#define ASK_WAIT_US_MAX UINT64_C(1500000) // libtorrent: 1 s
#define ASK_LIFE_US     UINT64_C(5000000) // an answer later than this counts for nothing

enum ask_state { ASK_FREE, ASK_WAITS, ASK_LATE };

enum ask_for {       // what its answer is for
    ASK_FOR_CONTACT, // the table alone
    ASK_FOR_WALK,    // a lookup's next step
    ASK_FOR_SEED,    // its first one, to an address without a known id
    ASK_FOR_MORE,    // of what a candidate has, by its token
    ASK_FOR_STORE,   // a lookup's end
    ASK_FOR_OP,      // the host: ping, sample
};

struct ask {
    uint8_t state;   // enum ask_state
    uint8_t purpose; // enum ask_for
    uint8_t method;  // enum krpc_method
    uint8_t slot;    // NONE8: none
    bool has_id;     // the one who answers must have it
    struct net_addr to;
    struct dht_id id;
    uint32_t nonce;
    uint32_t op; // of ASK_FOR_OP and the slot's
    uint64_t sent_us;
    uint32_t wait_us; // then it is late
};

enum op_kind {
    OP_PING,
    OP_SAMPLE,
    OP_NODES,
    OP_PEERS,
    OP_ANNOUNCE,
    OP_GET,
    OP_PUT,
    OP_RECORDS,
    OP_PUBLISH, // somebody's record
    OP_PROVIDE, // an own one
    OP_REFRESH, // upkeep
};

enum op_state { OP_FREE, OP_WAITS, OP_RUNS, OP_ENDED };

#define OP_NEAREST 8u

struct op {
    uint8_t state; // enum op_state
    uint8_t kind;  // enum op_kind
    uint8_t how;
    uint8_t body;     // NONE8: none
    bool is_six;      // the family it runs in now
    bool is_six_left; // and after that
    bool is_refused;  // somebody refused to store
    bool has_begun;
    uint8_t nearest_count;
    uint8_t salt_len;
    uint32_t number;
    uint32_t own; // of OP_PROVIDE: which
    enum rc rc;
    struct dht_id target;
    struct digest subject; // of records
    struct net_addr addr;  // of OP_PING, OP_SAMPLE
    uint16_t port;
    bool is_mutable;
    uint8_t key[SIGN_PUBLIC_BYTES]; // of items: for reading and writing
    uint8_t salt[ITEM_SALT_BYTES_MAX];
    uint8_t signature[SIGNATURE_BYTES];
    int64_t seq; // put: the item's; get: the highest that was told
    int64_t cas;
    uint64_t began_us;
    struct dht_counts counts;
    struct net_addr nearest[OP_NEAREST];
};

#define BODY_BYTES                                                                                 \
    (RECORD_BYTES_MAX > ITEM_VALUE_BYTES_MAX ? RECORD_BYTES_MAX : ITEM_VALUE_BYTES_MAX)

struct body { // what an op stores
    bool is_used;
    uint16_t len;
    uint8_t bytes[BODY_BYTES];
};

#define SLOT_TOLD 64u

struct slot {      // where an op runs
    struct op *op; // NULL: nowhere
    bool is_storing;
    bool is_over; // nothing more is to be found
    uint64_t began_us;
    uint8_t flying; // asks under way but for those of the lookup's own; late ones not counted
    uint8_t told_count;
    uint8_t more_paths;       // on which somebody was asked for more, a bit each
    uint32_t told[SLOT_TOLD]; // hashes of peers and signers told to the host
    struct lookup lookup;
};

struct own {
    bool is_used;
    bool is_running;
    bool has_room;
    uint8_t failures; // in a row
    struct digest subject;
    struct digest room;
    uint64_t due_us;
};

struct seen { // the highest seq that was seen of an item
    struct dht_id target;
    int64_t seq;
    uint32_t used; // turn
};

#define BOOT_PLACES 16u
#define VOTE_PLACES 4u
#define VOTERS      4u

struct vote { // for an address of ours
    struct net_addr addr;
    uint32_t region[VOTERS]; // of who said so
    uint8_t count;
    uint8_t same_port; // said in a row
};

struct family {
    bool is_on;
    struct table table;
    struct net_addr self; // port 0: not known
    struct vote vote[VOTE_PLACES];
    struct net_addr boot[BOOT_PLACES];
    uint8_t boot_count;
    uint8_t boot_next;
    uint64_t ping_due_us;
    uint64_t refresh_due_us;
    uint64_t boot_due_us;
    uint64_t boot_wait_us; // doubled each time in vain
    uint64_t answered_us;  // last answer from anybody
    uint8_t poor_bits;     // bucket to look at next
    uint8_t poor_tries;
    uint8_t round;   // of refreshes that were not for a poor bucket
    bool has_joined; // looked itself up since it came into the network
};

struct dht_purse { // starts full
    uint64_t full_us;
};

struct dht {
    struct dht_cfg cfg;
    size_t bytes;
    uint64_t start_us;
    uint64_t now_us;
    uint64_t due_us;
    struct rng rng;
    struct dht_id id;
    struct token_secret secret;
    struct family family[2]; // 0: IPv4, 1: IPv6
    struct shelf *shelf;
    uint64_t shelf_us; // last swept
    struct limit limit;
    struct dht_purse spill;    // bytes for answers
    struct dht_purse loud;     // bytes of long values, to strangers
    struct dht_purse stranger; // addresses never written to
    bool has_wall;
    uint64_t wall_s; // at wall_us
    uint64_t wall_us;
    struct ask *ask;
    uint32_t ask_busy;   // in use
    uint32_t ask_high;   // none in use from here on
    uint64_t ask_due_us; // when the first is late or dead
    struct op *op;
    uint32_t op_number;
    uint32_t ended;       // ops of the host whose DHT_DONE was not taken
    uint32_t uncollected; // ops of upkeep that ended
    struct body *body;
    uint32_t body_count;
    struct slot *slot;
    struct candidate *candidate; // cfg.candidates_max for each slot
    struct own *own;
    uint32_t own_count;
    uint64_t own_due_us;
    uint64_t pass_due_us; // when to look for what others gave us long ago
    struct seen *seen;
    uint32_t seen_turn;
    uint32_t loss_permille; // of upkeep queries, smoothed
    uint32_t rtt_us;
    uint32_t rtt_vary_us;
    uint8_t *event; // queue of bytes
    uint32_t event_head;
    uint32_t event_tail;
    bool has_self_news[2];
    bool is_online;
    bool has_online_news;
    bool is_dirty;        // due_us is to be found anew
    struct dht_stat stat; // what only grows
};

// ---- dht_state.c
uint32_t dht_now_s(const struct dht *d); // since the start
uint64_t dht_unix_s(const struct dht *d);
uint64_t dht_about(struct dht *d, uint64_t us); // that, +- 25 %
void dht_send(struct dht *d, const struct net_addr *to, struct bytes datagram);
struct family *dht_family(struct dht *d, const struct net_addr *addr); // NULL: not ours
// Takes `cost` from a purse that refills by per_s and holds `burst`; false: not enough in it.
bool dht_afford(struct dht_purse *p, uint64_t cost, uint64_t per_s, uint64_t burst,
                uint64_t now_us);

// ---- dht_ask.c
struct ask_wish {
    enum ask_for purpose;
    const struct net_addr *to;
    const struct dht_id *id; // NULL: whoever answers
    uint8_t slot;
    uint32_t op;
};
// Sends query m (its method and fields are set) and remembers it. False: too many under way.
bool ask_send(struct dht *d, const struct ask_wish *wish, struct krpc *m);
bool ask_ping(struct dht *d, const struct net_addr *to, const struct dht_id *id);
bool ask_is_pending(const struct dht *d, const struct net_addr *to);
void ask_forget_slot(struct dht *d, uint8_t slot); // its answers still serve the table

enum ask_fate {   // what became of a query
    ASK_ANSWERED, // as it should be
    ASK_STRANGE,  // by another id than was asked: it moved, or somebody gave us a false one
    ASK_REFUSED,  // with an error
    ASK_SLOW,     // not in the time that it usually takes: an answer may still come
    ASK_SILENT,   // not at all
};

struct ask_news {
    enum ask_fate fate;
    struct ask ask; // as it was before
};
// What arrived. False: nobody asked for it.
bool ask_input(struct dht *d, const struct net_addr *from, const struct krpc *m,
               struct ask_news *out);
// What time did to the asks from *at on, which starts at 0; false: no more. No ask may be sent
// in between.
bool ask_next(struct dht *d, uint32_t *at, struct ask_news *out);

// ---- dht_op.c
struct op *op_new(struct dht *d, enum op_kind kind, unsigned how); // NULL: no room
// An op that stores a record; NULL: no room, or it is no record.
struct op *op_publish(struct dht *d, enum op_kind kind, struct bytes record, unsigned how);
struct op *op_by_number(struct dht *d, uint32_t number);
void op_found(struct dht *d, struct op *op); // counts something that was told
// NULL, or one that ended already, is fine. The host's stay until dht_next tells, upkeep's until
// they are collected.
void op_end(struct dht *d, struct op *op, enum rc rc);
// An op of upkeep's that ended, whose place is free after this call; false: no more.
bool op_collect(struct dht *d, struct op *out);
bool op_is_internal(const struct op *op);       // upkeep's
bool op_is_of_records(const struct op *op);     // among shoal nodes
bool op_is_store(const struct op *op);          // it ends with storing
enum krpc_method op_query(const struct op *op); // that its lookup asks with

// ---- dht_event.c
// Queues an event; what it points to is copied.
void dht_tell(struct dht *d, const struct dht_event *e);

// ---- dht_hear.c
void hear_nodes(struct dht *d, struct slot *s, const struct ask *a, const struct krpc *m);
// Peers, items or records of an answer, checked and told. True: who sent it has more of them that
// we may not know.
bool hear_values(struct dht *d, struct slot *s, const struct krpc *m);

// ---- dht_walk.c
void walk_begin(struct dht *d, uint8_t slot, struct op *op);
void walk_step(struct dht *d, uint8_t slot);
// m: what was answered, if anything.
void walk_news(struct dht *d, const struct ask_news *n, const struct krpc *m);

// ---- dht_run.c
void run_tick(struct dht *d);
bool run_is_due(const struct dht *d); // something waits and may begin
void run_news(struct dht *d, const struct ask_news *n, const struct krpc *m); // of ASK_FOR_OP

// ---- dht_own.c
void own_start(struct dht *d);
void own_tick(struct dht *d);
uint64_t own_due_us(const struct dht *d);
void own_renew(struct dht *d); // our address changed, which records carry
void own_done(struct dht *d, const struct op *op);

// ---- dht_upkeep.c
void upkeep_start(struct dht *d);
void upkeep_tick(struct dht *d);
uint64_t upkeep_due_us(const struct dht *d);
void upkeep_heard(struct dht *d, const struct net_addr *from, const struct krpc *m); // a query
void upkeep_news(struct dht *d, const struct ask_news *n);
void upkeep_moved(struct dht *d);                     // our id changed
void upkeep_done(struct dht *d, const struct op *op); // a refresh

// ---- dht_self.c
// ip: our address as `from` sees it.
void self_vote(struct dht *d, const struct net_addr *from, struct bytes ip);

// ---- dht_answer.c
void answer_input(struct dht *d, const struct net_addr *from, const struct krpc *m, size_t len);
void answer_error(struct dht *d, const struct net_addr *from, const struct krpc *m);

#endif
