// SPDX-License-Identifier: MIT
// Shelf: what one node keeps for others, in memory taken once.
//
// Four kinds, each with its own places, so that none pushes out another:
//
//     peers    addresses under an info-hash       30 min                        BEP 5
//     items    one value under a target           2 h                           BEP 44
//     records  providers under a 32-byte key      what the record says, <= 24 h dht/record
//     faults   proofs under an accused node id    30 days                       dht/record
//
// When a kind is full, what was put or renewed longest ago goes. No /24 (IPv6: /48; among private
// addresses: no single one) ever has more than an eighth of a kind, so one owner cannot push out
// all others. What is asked for often is given out in turns: each answer goes on where the last
// one stopped, so a small answer still shows everything to many askers.
//
// Tokens are the caller's business (dht/token): every `who` here has shown one. Times are
// monotonic but for unix_s, which only records' own times are compared with. Memory never grows;
// nothing is scanned whole: shelf_tick sweeps a part at a time (dht/pool).
#ifndef DHT_SHELF_H
#define DHT_SHELF_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "dht/item.h"
#include "dht/key.h"
#include "dht/krpc.h"
#include "dht/record.h"
#include "host/net.h"

#define SHELF_PEER_US            1800000000u             // 30 min
#define SHELF_ITEM_US            7200000000u             // 2 h: BEP 44
#define SHELF_FAULT_US           UINT64_C(2592000000000) // 30 days
#define SHELF_RECORDS_EACH       64u                     // under one key
#define SHELF_RECORDS_EACH_BLOCK 2u                      // of those, from one /24 or /48
#define SHELF_FAULTS_EACH        2u                      // proofs against one node
#define SHELF_SECRET_BYTES       16
#define SHELF_PLACES_MAX         (1u << 24)
#define SHELF_ITEM_ROOM_BYTES    1200u // that shelf_item needs for any item

struct shelf_room {
    uint32_t places; // things of this kind, 1..SHELF_PLACES_MAX
    uint32_t bytes;  // of all their contents together
};

struct shelf_cfg {
    struct shelf_room peers;   // bytes: none needed
    struct shelf_room items;   // bytes: at least SHELF_ITEM_ROOM_BYTES, or large ones are refused
    struct shelf_room records; // likewise RECORD_PROVIDER_BYTES_MAX
    struct shelf_room faults;  // likewise RECORD_BYTES_MAX
    uint32_t peers_each;       // under one info-hash, 1..
    uint8_t secret[SHELF_SECRET_BYTES]; // random: hashes by it cannot be aimed at
    struct record_judge judge;          // what it points to outlives the shelf
};

struct shelf_cfg shelf_cfg_node(void); // for a real node: about 12 MiB
struct shelf_cfg shelf_cfg_tiny(void); // for one of ten thousand simulated: below 16 KiB

struct shelf;

// Memory that shelf_new takes of its arena; 0: a field of cfg is out of range.
size_t shelf_bytes(const struct shelf_cfg *cfg);
// *out lives in arena and dies with it. RC_CONFIG, RC_NOMEM: *out is NULL.
MUST_USE enum rc shelf_new(struct shelf **out, struct arena *arena, const struct shelf_cfg *cfg);
// Drops some of what is past its time: all of it within a minute, if called at least once a
// second, whatever the intervals. Cheap; what is past its time is never given out anyway.
void shelf_tick(struct shelf *s, uint64_t now_us);

// ---- Put: 0, or the code to answer with. 202 always means: no place for this owner or size.

// peer: the address to be announced, whose IP is the asker's. A known one is renewed. Under one
// info-hash, a /24 has at most an eighth too. 203: no host can have that address.
enum krpc_code shelf_put_peer(struct shelf *s, const struct dht_id *hash,
                              const struct net_addr *peer, uint64_t now_us);
// cas: NULL, or the sequence number that must be stored now, if one is. 205, 206, 207, 203 as
// item_check; 301, 302. An equal seq with an equal value renews, and with another is 302. The
// signature of what is stored already is not checked again.
enum krpc_code shelf_put_item(struct shelf *s, const struct item *item, const int64_t *cas,
                              const struct net_addr *who, uint64_t now_us);
// encoded: as it came. 203: malformed, or not in force at unix_s; 206: its signature, or proof,
// is not good. A node's older record under the same key is replaced; 302: a newer one is stored.
// The signature of what is stored already is not checked again. Against a node that has been
// proven guilty SHELF_FAULTS_EACH times, nothing more is kept, and 0 answered.
enum krpc_code shelf_put_record(struct shelf *s, struct bytes encoded, const struct net_addr *who,
                                uint64_t now_us, uint64_t unix_s);

// ---- Get: into a buffer whose cap is what the answer may take; what does not fit is left out

// Peers of one family, as krpc's `values`. Returns how many were written.
size_t shelf_peers(struct shelf *s, const struct dht_id *hash, bool is_ip4, struct buffer *values,
                   uint64_t now_us);
// RC_ABSENT. Contents are copied to room (SHELF_ITEM_ROOM_BYTES), views point into it. The salt
// is not given back, as BEP 44 never sends it.
MUST_USE enum rc shelf_item(struct shelf *s, const struct dht_id *target, struct item *out,
                            struct buffer *room, uint64_t now_us);
// Provider and fault records under a key, as krpc's `records`. Returns how many there are.
size_t shelf_records(struct shelf *s, const struct digest *key, struct buffer *records,
                     uint64_t now_us);
// Info-hashes that have peers, as krpc's `samples` (BEP 51). Returns how many there are.
size_t shelf_samples(struct shelf *s, struct buffer *samples, uint64_t now_us);

// Appends the provider record that has not been put here for longest, if that is min_us ago or
// more (in minutes, up to 45 days), and takes it for put now: whoever keeps it then hands it to
// the nodes nearest to its key, which are others as time goes (Kademlia, section 2.5). False:
// there is none.
bool shelf_pass(struct shelf *s, uint64_t min_us, struct buffer *record, uint64_t now_us);

struct shelf_stat {
    uint32_t peers, hashes, items, records, faults; // stored, some perhaps past their time
    uint64_t evicted;                               // dropped for others
    uint64_t refused;                               // puts answered with 202
};

struct shelf_stat shelf_stat(const struct shelf *s);
void shelf_check(const struct shelf *s); // asserts all that must hold; slow

#endif
