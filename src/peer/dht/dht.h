// SPDX-License-Identifier: MIT
// A node of the DHT: Kademlia on Mainline's wire, and signed records among shoal nodes.
//
//     dht_contact(d, &addr);                  // anybody who may know others
//     op = dht_find_peers(d, &key, 0);        // 0: too much is asked already
//     dht_input(d, &from, datagram, now_us);  // what arrived
//     dht_tick(d, now_us);                    // what time did
//     while (dht_next(d, &event))             // what came of it
//         use(&event);
//     timer_set(&timer, dht_due_us(d));       // when dht_tick has something to do
//
// A machine: bytes, monotonic time and a seed come in; datagrams leave by cfg.net, results by
// dht_next. No I/O, clock, dice or globals inside: ten thousand of them run in one process, and
// the same seed, inputs and times give the same bytes. What it knows:
//
//     table   contacts that answered us, nearer ones denser; one per family of addresses (BEP 32)
//     shelf   what others stored here: peers, items (BEP 44), records (see record.h)
//     asks    queries of ours that wait for an answer
//     ops     what the host asked for, running in slots of lookups or waiting for one
//     own     records that are published again and again until they are withdrawn
//
// Two ids that are never mixed. The DHT id is 20 bytes for routing, made from our address as
// others see it (BEP 42), and changes with that. The node id (crypt/id.h) is who signs records.
//
// Memory: everything is taken at dht_new from the caller's arena; nothing per packet, per
// contact or per op. Every table has a bound in cfg; full means the least useful goes, or the
// newcomer is not taken, and a counter says so (dht_stat).
//
// now_us never before the last one given counts as the last one. Belongs to one loop.
//
// Sources: BEP 5, 20, 32, 42, 43, 44, 51; Maymounkov, Mazières 2002 (Kademlia); Baumgart, Mies
// 2007 (S/Kademlia: disjoint paths); doc/dht.md for what is ours, and why.
#ifndef DHT_DHT_H
#define DHT_DHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "crypt/id.h"
#include "dht/item.h"
#include "dht/key.h"
#include "dht/krpc.h"
#include "dht/lookup.h"
#include "dht/record.h"
#include "dht/shelf.h"
#include "host/net.h"

struct dht;

// ---- Make and end

struct dht_cfg {
    struct net net;       // where datagrams go; borrowed, and never called but from calls below
    const struct id *id;  // whose records are published, borrowed for life; NULL: none are
    uint64_t seed;        // secret in the program: tokens, transaction ids and DHT id come from it
    struct net_addr self; // our address as others see it, if known already; port 0: it is learned
    bool has_ip4;         // families that net can reach: a table each; at least one
    bool has_ip6;
    bool is_read_only; // asks and does not answer: no open port, a phone (BEP 43)
    bool is_metered;   // upkeep for at most 1 MB a day instead of 5
    // Bounds. 0 in any of them: the usual number, in brackets.
    uint32_t contacts_max;   // of each family's table (512), at most DHT_CONTACTS_MAX
    uint32_t asks_max;       // queries under way (128), at most DHT_ASKS_MAX
    uint32_t lookups_max;    // running at a time (8), at most DHT_LOOKUPS_MAX; two or more, or
                             // upkeep and the host wait for one another
    uint32_t candidates_max; // of one lookup (64), at most LOOKUP_PLACES_MAX; fewer than 40 and
                             // own records find less than all of their region
    uint32_t ops_max;        // running and waiting (24), at least lookups_max
    uint32_t own_max;        // own records (256)
    uint32_t events_bytes;   // results not yet taken (65536), at least DHT_EVENTS_BYTES_MIN
    uint32_t sources_max;    // counters for limits, a power of 2 (2048)
    uint32_t seen_max;       // items whose highest seq is remembered (128)
    uint32_t queries_s_max;  // answered to one source (20; a burst is five times that);
                             // DHT_NO_LIMIT: all
    uint32_t answer_bytes_s; // for all answers (131072; a burst is ten seconds' worth);
                             // DHT_NO_LIMIT: no bound
    struct shelf_cfg shelf;  // see shelf.h
};

#define DHT_CONTACTS_MAX     4096u
#define DHT_ASKS_MAX         1024u
#define DHT_LOOKUPS_MAX      64u
#define DHT_OPS_MAX          255u
#define DHT_OWN_MAX          65536u
#define DHT_SEEN_MAX         65536u
#define DHT_EVENTS_BYTES_MIN 1536u
#define DHT_EVENTS_BYTES_MAX (1u << 24)
#define DHT_NO_LIMIT         UINT32_MAX

// The smallest useful bounds, for thousands in one process: 32 KiB a node in all. net, id, seed
// and families are left to the caller.
struct dht_cfg dht_cfg_small(void);

// *out lives in arena and dies with it; there is no free. RC_NOMEM: the arena's budget is spent;
// RC_CONFIG: a bound is out of range, or there is no family. On failure *out is NULL.
MUST_USE enum rc dht_new(struct dht **out, struct arena *arena, const struct dht_cfg *cfg,
                         uint64_t now_us);
size_t dht_bytes(const struct dht *d); // taken from the arena, all in all; never changes

// ---- Time, datagrams, events

// A datagram that arrived; anything at all is survived. Borrowed for the call. Answers and
// further queries leave before it returns.
void dht_input(struct dht *d, const struct net_addr *from, struct bytes datagram, uint64_t now_us);
void dht_tick(struct dht *d, uint64_t now_us);
uint64_t dht_due_us(const struct dht *d); // exact; later calls may bring it forward
// The wall clock, in seconds since 1970, at now_us: records carry dates. It may jump either way.
// Until it is told for the first time no record of shoal's own is taken, kept or published.
void dht_wall(struct dht *d, uint64_t unix_s, uint64_t now_us);
// The machine slept, or the network changed or came back: look again for contacts at once.
void dht_woke(struct dht *d, uint64_t now_us);

enum dht_event_kind {
    DHT_PEERS,    // addrs: have announced themselves under the key; each told once an op
    DHT_ITEM,     // item: checked against the key or its signature; seq above all told before
    DHT_RECORD,   // record: signature, date and subject checked; each signer told once an op
    DHT_PONG,     // addrs[0] answered dht_ping; rtt_us
    DHT_SAMPLES,  // samples: info-hashes that a node keeps peers for (BEP 51)
    DHT_DONE,     // the op's last event: rc, counts; addrs: the nearest nodes that answered
    DHT_SELF,     // op 0. addrs[0]: our address as others see it is new or changed
    DHT_RESPONDS, // op 0. The network answers (rc RC_OK) or no longer does (RC_TIMEOUT)
};

struct dht_counts {
    uint32_t queries;  // sent for this op
    uint32_t answers;  // of these, answered
    uint32_t hops;     // depth at which the nearest node was found: 1 = our table knew it
    uint32_t stored;   // nodes that confirmed a put, announce or provide
    uint32_t found;    // peers, items or records told
    uint32_t time_us;  // from the call to the end; UINT32_MAX is that or more
    uint32_t first_us; // from the call to the first result; 0: there was none
};

struct dht_event { // what it points to is valid until the next call of anything but dht_stat
    uint32_t op;   // as the call that began it answered
    enum dht_event_kind kind;
    enum rc rc; // of DHT_DONE: RC_OK: found, or stored with at least one node; RC_ABSENT: two or
                // more nodes of different owners answered and none had it; RC_TIMEOUT: too few
                // answered to say; RC_REFUSED: nodes refused to store (an item's seq or cas), or
                // the one that was pinged or sampled answered with an error;
                // RC_FULL: asks_max; RC_CLOSED: cancelled
    const struct net_addr *addrs;
    uint32_t addr_count;
    struct bytes samples;      // of DHT_SAMPLES: ids one after another
    int64_t num;               // of DHT_SAMPLES: how many the node has
    int64_t interval_s;        // of DHT_SAMPLES: how long until it shows others
    struct item item;          // of DHT_ITEM; its views point into the event
    struct record record;      // of DHT_RECORD; its views point into the event
    struct bytes record_bytes; // the same, as it came
    uint64_t rtt_us;
    struct dht_counts counts; // of DHT_DONE
};

// The oldest event; false: none. Events for which there is no room are dropped and counted, save
// DHT_DONE, so take them after each call that takes now_us.
bool dht_next(struct dht *d, struct dht_event *out);

// ---- Contacts

// Somebody who may be in the network: asked for others as long as we know too few. Kept in a
// small ring, so give several from different places, and give them again when DHT_RESPONDS says
// that the network is gone.
void dht_contact(struct dht *d, const struct net_addr *addr);
// The contacts we know best, for the next start: a few KiB at most. Save every ten minutes and
// at the end. False: does not fit into out, which then holds nothing of use.
#define DHT_SAVE_BYTES_MAX 16384u
bool dht_save(const struct dht *d, struct buffer *out);
// What dht_save wrote, also on another day: they are asked before they are believed. RC_MALFORMED:
// nothing is changed.
MUST_USE enum rc dht_load(struct dht *d, struct bytes saved);

// ---- Ops: each answers its number, never 0, and ends with one DHT_DONE; 0: ops_max are under
// way, or (publishing) there is no id. They begin at the next dht_tick: dht_due_us says now.

#define DHT_URGENT 1u // somebody waits: ten queries at a time instead of four

uint32_t dht_ping(struct dht *d, const struct net_addr *addr);
uint32_t dht_find_nodes(struct dht *d, const struct dht_id *key, unsigned how);
uint32_t dht_find_peers(struct dht *d, const struct dht_id *info_hash, unsigned how);
// Finds peers and announces us. Port 0: the one that our datagrams come from ("implied"). Nodes
// forget it after 30 minutes; announcing again is the caller's.
uint32_t dht_announce(struct dht *d, const struct dht_id *info_hash, uint16_t port, unsigned how);
// BEP 44. salt: at most ITEM_SALT_BYTES_MAX.
uint32_t dht_get(struct dht *d, const struct dht_id *target, unsigned how);
uint32_t dht_get_mutable(struct dht *d, const struct sign_public *key, struct bytes salt,
                         unsigned how);
// The item is copied; a mutable one is signed already. cas: store only where this is the seq so
// far; DHT_NO_CAS: whatever is there. 0 also if the item breaks the format's bounds.
#define DHT_NO_CAS INT64_MIN
uint32_t dht_put(struct dht *d, const struct item *item, int64_t cas, unsigned how);
// Records under a subject: who provides an object, who was proven to be at fault.
uint32_t dht_find_records(struct dht *d, const struct digest *subject, unsigned how);
// Publishes a record that somebody signed (a proof of fault), once.
uint32_t dht_publish(struct dht *d, struct bytes record, unsigned how);
// One node's sample of the info-hashes it keeps (BEP 51); the target spreads its answers' nodes.
uint32_t dht_sample(struct dht *d, const struct net_addr *addr, const struct dht_id *target);
// No more events of it but DHT_DONE with RC_CLOSED. Harmless for one that ended.
void dht_cancel(struct dht *d, uint32_t op);

// ---- Own records: signed with cfg.id, stored on the shoal nodes nearest to the subject, good for
// 24 h, published again after 8 h +- 25 %, and at once when our address changed. RC_FULL: own_max;
// RC_REFUSED: there is no id. room: the room or manifest it belongs to, or NULL. Providing again
// publishes again. What came of it: stat's own_published.
MUST_USE enum rc dht_provide(struct dht *d, const struct digest *subject,
                             const struct digest *room);
void dht_unprovide(struct dht *d, const struct digest *subject); // what is out there runs out

// ---- What it is and how it fares

const struct dht_id *dht_own_id(const struct dht *d); // changes with our address
struct net_addr dht_self(const struct dht *d);        // as others see us; port 0: not known yet

struct dht_stat {
    // Now.
    uint32_t contacts_good; // answered, and heard of in the last 15 minutes
    uint32_t contacts_questionable;
    uint32_t contacts_bad; // did not answer twice or more
    uint32_t contacts_shoal;
    uint32_t contacts_spare; // waiting to replace others
    uint32_t asks;           // without an answer yet
    uint32_t ops_running;
    uint32_t ops_waiting;
    uint32_t own;
    uint32_t rtt_us;       // of answers, smoothed
    uint64_t network_size; // estimated from how dense ids are; 0: not yet
    // Since the start.
    uint64_t in_bytes; // without NET_HEAD_BYTES
    uint64_t out_bytes;
    uint64_t in_packets;
    uint64_t out_packets;
    uint64_t queries_in[KRPC_METHOD_COUNT]; // by enum krpc_method; 0: unknown or wrong ones
    uint64_t queries_out[KRPC_METHOD_COUNT];
    uint64_t answers_in;  // that were awaited
    uint64_t answers_out; // errors included
    uint64_t errors_in;
    uint64_t errors_out;
    uint64_t answers_late;    // after we had stopped waiting
    uint64_t answers_unasked; // nobody asked for them: wrong transaction, address or id
    uint64_t timeouts;        // queries without any answer
    uint64_t malformed;       // datagrams that are no messages
    uint64_t dropped_source;  // queries over a source's limit
    uint64_t dropped_bytes;   // over the limit for all
    uint64_t dropped_events;  // for want of room
    uint64_t cut;             // answers made shorter to stay below three times the query
    uint64_t bad_values;      // items and records that failed their check
    uint64_t bad_nodes;       // nodes in answers that were not believed: id, address, crowding
    uint64_t lookups_done;    // of the host and of upkeep
    uint64_t lookups_upkeep;  // of these, upkeep's
    uint64_t own_published;   // own records stored with at least one node
    uint64_t own_failed;      // with none: tried again within minutes
    uint64_t ids;             // how often our DHT id changed
    uint64_t endpoints;       // addresses written to that were not in the table
};

void dht_stat(const struct dht *d, struct dht_stat *out);
void dht_check(const struct dht *d); // asserts all invariants; walks everything

#endif
