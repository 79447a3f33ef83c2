// SPDX-License-Identifier: MIT
// Shelf: what one node keeps for others, in memory taken once.
//
// Four pools. What is a thing's name and contents in each:
//
//     peers    info-hash 20, IP 16, port 2, u8 is_ip4   nothing
//     items    target 20                                u8 is_mutable, i64 seq, k 32, sig 64, v
//     records  key 32, keyed hash of the node           the record as it came
//     faults   node id 32, keyed hash of the proof      likewise
#include "dht/shelf.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "dht/pool.h"

#define SWEEP_US      30000000u // every place is looked at this often
#define SWEEP_STEP_US 100000u   // and not for less than this
#define BLOCK_ALIGN   16u

#define PEER_FAMILY_AT (DHT_ID_BYTES + NET_COMPACT6_BYTES) // in a peer's name

enum kind {
    KIND_PEERS,
    KIND_ITEMS,
    KIND_RECORDS,
    KIND_FAULTS,
};
#define KIND_COUNT 4u

struct shelf {
    struct shelf_cfg cfg;
    struct pool pool[KIND_COUNT];
    uint64_t swept_us;
    uint32_t sampled; // bucket of peers at which samples go on
    uint64_t refused;
};

static_assert(SHELF_SECRET_BYTES == SIP_KEY_BYTES, "the secret is the key of hashes");
static_assert(RECORD_BYTES_MAX <= POOL_CONTENTS_MAX, "records fit");
static_assert(SHELF_ITEM_ROOM_BYTES >= 9 + 32 + 64 + ITEM_VALUE_BYTES_MAX, "items fit");

struct shelf_cfg shelf_cfg_node(void)
{
    return (struct shelf_cfg){.peers = {.places = 1u << 15},
                              .items = {.places = 1u << 12, .bytes = 2u << 20},
                              .records = {.places = 1u << 14, .bytes = 4u << 20},
                              .faults = {.places = 1u << 10, .bytes = 1u << 20},
                              .peers_each = 256};
}

struct shelf_cfg shelf_cfg_tiny(void)
{
    return (struct shelf_cfg){.peers = {.places = 32},
                              .items = {.places = 4, .bytes = 2048},
                              .records = {.places = 24, .bytes = 24 * 240},
                              .faults = {.places = 2, .bytes = 1080},
                              .peers_each = 16};
}

static struct pool_cfg pool_cfg(const struct shelf_cfg *cfg, enum kind kind)
{
    const struct shelf_room *const rooms[] = {&cfg->peers, &cfg->items, &cfg->records,
                                              &cfg->faults};
    struct pool_cfg p = {.places = rooms[kind]->places,
                         .bytes = kind == KIND_PEERS ? 0 : rooms[kind]->bytes,
                         .key_bytes = kind < KIND_RECORDS ? DHT_ID_BYTES : DIGEST_BYTES};
    memcpy(p.secret, cfg->secret, sizeof p.secret);
    return p;
}

static size_t aligned(size_t bytes)
{
    return num_div_ceil(bytes, BLOCK_ALIGN) * BLOCK_ALIGN;
}

size_t shelf_bytes(const struct shelf_cfg *cfg)
{
    size_t sum = aligned(sizeof(struct shelf));
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        const struct pool_cfg p = pool_cfg(cfg, kind);
        const size_t bytes = pool_bytes(&p);
        if (bytes == 0)
            return 0;
        sum += aligned(bytes);
    }
    return cfg->peers_each > 0 ? sum : 0;
}

enum rc shelf_new(struct shelf **out, struct arena *arena, const struct shelf_cfg *cfg)
{
    const size_t bytes = shelf_bytes(cfg);
    *out = NULL;
    if (bytes == 0)
        return RC_CONFIG;
    char *at = arena_take(arena, bytes);
    if (at == NULL)
        return RC_NOMEM;
    struct shelf *s = (void *)at;
    s->cfg = *cfg;
    at += aligned(sizeof *s);
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        const struct pool_cfg p = pool_cfg(cfg, kind);
        pool_init(&s->pool[kind], &p, at);
        at += aligned(pool_bytes(&p));
    }
    *out = s;
    return RC_OK;
}

void shelf_tick(struct shelf *s, uint64_t now_us)
{
    const uint64_t past_us = num_min(time_since(s->swept_us, now_us), SWEEP_US);
    if (past_us < SWEEP_STEP_US)
        return;
    s->swept_us = now_us;
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        struct pool *p = &s->pool[kind];
        const uint64_t count = num_div_ceil(p->cfg.places * past_us, SWEEP_US);
        pool_sweep(p, (uint32_t)count, (uint32_t)(now_us / US_PER_S));
    }
}

// ---- What the four have in common

static uint32_t second_after(uint64_t now_us, uint64_t life_us)
{
    return (uint32_t)(time_after(now_us, life_us) / US_PER_S);
}

static bool is_over(const struct pool *p, uint32_t i, uint64_t now_us)
{
    return pool_at(p, i)->expires_s <= now_us / US_PER_S;
}

static uint64_t owner_of(const struct shelf *s, const struct net_addr *who)
{
    if (!net_addr_is_private(who))
        return net_addr_block(who);
    return UINT64_C(1) << 63 | sip_hash(s->cfg.secret, bytes_of(who->ip, sizeof who->ip)) >> 1;
}

static enum krpc_code refused(struct shelf *s)
{
    s->refused++;
    return KRPC_SERVER;
}

// What stands under a key, seen from one of its names and one owner.
struct group {
    uint32_t same; // the thing of this very name, or POOL_NONE
    uint32_t count;
    uint32_t owned; // by this owner
};

static struct group group_of(const struct pool *p, const uint8_t *name, uint64_t owner)
{
    struct group g = {.same = POOL_NONE};
    struct pool_walk w = pool_walk(p, name);
    const uint32_t who = pool_owner(p, owner);
    for (uint32_t i = pool_next(p, &w); i != POOL_NONE; i = pool_next(p, &w)) {
        g.count++;
        g.owned += pool_at(p, i)->owner == who;
        if (memcmp(pool_at(p, i)->name, name, POOL_NAME_BYTES) == 0)
            g.same = i;
    }
    return g;
}

// Drops one of the things under a full key: which, the newcomer cannot choose, so that it takes
// many of them, from many owners, to get rid of a certain other.
static void drop_any(struct pool *p, const uint8_t *name, uint32_t count)
{
    assert(count > 0);
    struct pool_walk w = pool_walk(p, name);
    uint64_t left = sip_hash(p->cfg.secret, bytes_of(name, POOL_NAME_BYTES)) % count;
    uint32_t i = pool_next(p, &w);
    while (left-- > 0)
        i = pool_next(p, &w);
    pool_drop(p, i);
}

// A new thing under a key that has room for `each`, and for `each_owner` of one owner.
struct newcomer {
    uint8_t name[POOL_NAME_BYTES];
    uint64_t owner;
    struct bytes contents;
    uint32_t expires_s;
    uint32_t each, each_owner;
};

static bool may_add(const struct pool *p, const struct newcomer *n, const struct group *g)
{
    return g->owned < n->each_owner && pool_has_share(p, n->owner, n->contents.len);
}

static enum krpc_code add(struct shelf *s, struct pool *p, const struct newcomer *n,
                          const struct group *g)
{
    if (!may_add(p, n, g))
        return refused(s);
    if (g->count >= n->each)
        drop_any(p, n->name, g->count);
    const uint32_t i = pool_add(p, n->name, n->owner, n->contents, n->expires_s);
    return i != POOL_NONE ? KRPC_NO_ERROR : refused(s);
}

static struct bytes contents(const struct pool *p, uint32_t i, uint8_t *room, size_t cap)
{
    struct buffer b = buffer_of(room, cap);
    pool_read(p, i, &b);
    assert(!b.is_full);
    return buffer_bytes(&b);
}

// ---- Peers

static void name_peer(uint8_t *name, const struct dht_id *hash, const struct net_addr *peer)
{
    struct buffer b = buffer_of(name, POOL_NAME_BYTES);
    buffer_put(&b, dht_id_bytes(hash));
    buffer_put(&b, bytes_of(peer->ip, sizeof peer->ip));
    buffer_u16(&b, peer->port);
    buffer_u8(&b, net_addr_is_ip4(peer));
    assert(!b.is_full);
}

// The compact form of either family is the end of the name's IP and port.
static struct bytes peer_of(const struct pool_thing *t, bool is_ip4)
{
    const size_t len = is_ip4 ? NET_COMPACT4_BYTES : NET_COMPACT6_BYTES;
    return bytes_of(t->name + PEER_FAMILY_AT - len, t->name[PEER_FAMILY_AT] == is_ip4 ? len : 0);
}

enum krpc_code shelf_put_peer(struct shelf *s, const struct dht_id *hash,
                              const struct net_addr *peer, uint64_t now_us)
{
    struct pool *p = &s->pool[KIND_PEERS];
    struct newcomer n = {.owner = owner_of(s, peer),
                         .expires_s = second_after(now_us, SHELF_PEER_US),
                         .each = s->cfg.peers_each,
                         .each_owner = (uint32_t)num_max(s->cfg.peers_each / POOL_SHARES, 2)};
    if (!net_addr_is_host(peer))
        return KRPC_PROTOCOL;
    name_peer(n.name, hash, peer);
    const struct group g = group_of(p, n.name, n.owner);
    if (g.same == POOL_NONE)
        return add(s, p, &n, &g);
    pool_renew(p, g.same, n.expires_s);
    return KRPC_NO_ERROR;
}

size_t shelf_peers(struct shelf *s, const struct dht_id *hash, bool is_ip4, struct buffer *values,
                   uint64_t now_us)
{
    struct pool *p = &s->pool[KIND_PEERS];
    struct pool_walk w = pool_walk(p, hash->b);
    uint32_t last = POOL_NONE;
    size_t count = 0;
    for (uint32_t i = pool_next(p, &w); i != POOL_NONE; i = pool_next(p, &w)) {
        const struct bytes peer = peer_of(pool_at(p, i), is_ip4);
        if (is_over(p, i, now_us) || peer.len == 0)
            continue;
        krpc_string_put(values, peer);
        if (values->is_full)
            break;
        last = i;
        count++;
    }
    if (values->is_full && last != POOL_NONE)
        pool_turn(p, last);
    values->is_full = false;
    return count;
}

size_t shelf_samples(struct shelf *s, struct buffer *samples, uint64_t now_us)
{
    shelf_tick(s, now_us);
    pool_sample(&s->pool[KIND_PEERS], &s->sampled, samples);
    return s->pool[KIND_PEERS].keys;
}

// ---- Items

static uint32_t find_item(const struct pool *p, const struct dht_id *target, uint64_t now_us)
{
    struct pool_walk w = pool_walk(p, target->b);
    const uint32_t i = pool_next(p, &w);
    return i != POOL_NONE && !is_over(p, i, now_us) ? i : POOL_NONE;
}

static struct bytes pack_item(const struct item *i, uint8_t room[static SHELF_ITEM_ROOM_BYTES])
{
    struct buffer b = buffer_of(room, SHELF_ITEM_ROOM_BYTES);
    buffer_u8(&b, item_is_mutable(i));
    if (item_is_mutable(i)) {
        buffer_u64(&b, (uint64_t)i->seq);
        buffer_put(&b, i->k);
        buffer_put(&b, i->sig);
    }
    buffer_put(&b, i->v);
    assert(!b.is_full);
    return buffer_bytes(&b);
}

static struct item unpack_item(struct bytes packed)
{
    struct cursor c = {.left = packed};
    struct item i = {.seq = 0};
    if (cursor_u8(&c) != 0) {
        i.seq = (int64_t)cursor_u64(&c);
        i.k = cursor_take(&c, SIGN_PUBLIC_BYTES);
        i.sig = cursor_take(&c, SIGNATURE_BYTES);
    }
    i.v = cursor_take(&c, c.left.len);
    assert(cursor_done(&c));
    return i;
}

// May `item` take the place of `old`? *is_same: it need not, for nothing in it is new.
static enum krpc_code judge_update(const struct item *old, const struct item *item,
                                   const int64_t *cas, bool *is_same)
{
    *is_same = false;
    if (item_is_mutable(old) != item_is_mutable(item))
        return KRPC_PROTOCOL; // one's k and salt are the other's v: whoever does that means harm
    if (item_is_mutable(item) && cas != NULL && *cas != old->seq)
        return KRPC_CAS_MISMATCH;
    const bool is_equal = bytes_equal(old->v, item->v);
    if (item->seq < old->seq || (item->seq == old->seq && !is_equal))
        return KRPC_SEQ_TOO_LOW;
    *is_same = is_equal && item->seq == old->seq && bytes_equal(old->sig, item->sig);
    return KRPC_NO_ERROR;
}

enum krpc_code shelf_put_item(struct shelf *s, const struct item *item, const int64_t *cas,
                              const struct net_addr *who, uint64_t now_us)
{
    struct pool *p = &s->pool[KIND_ITEMS];
    uint8_t packed[SHELF_ITEM_ROOM_BYTES];
    struct newcomer n = {.owner = owner_of(s, who),
                         .expires_s = second_after(now_us, SHELF_ITEM_US),
                         .each = 1,
                         .each_owner = 1};
    enum krpc_code code = item_judge(item);
    if (code != KRPC_NO_ERROR)
        return code;
    const struct dht_id target = item_target(item);
    memcpy(n.name, target.b, sizeof target.b);
    const struct group g = group_of(p, n.name, n.owner);
    const bool has_old = g.same != POOL_NONE && !is_over(p, g.same, now_us);
    if (has_old) {
        uint8_t room[SHELF_ITEM_ROOM_BYTES];
        const struct item old = unpack_item(contents(p, g.same, room, sizeof room));
        bool is_same;
        code = judge_update(&old, item, cas, &is_same);
        if (is_same)
            pool_renew(p, g.same, n.expires_s);
        if (is_same || code != KRPC_NO_ERROR)
            return code;
    }
    n.contents = pack_item(item, packed);
    if (g.same == POOL_NONE && !may_add(p, &n, &g))
        return refused(s); // before the signature, which costs most
    code = item_check(item);
    if (code != KRPC_NO_ERROR)
        return code;
    if (g.same == POOL_NONE)
        return add(s, p, &n, &g);
    return pool_replace(p, g.same, n.contents, n.expires_s) ? KRPC_NO_ERROR : refused(s);
}

enum rc shelf_item(struct shelf *s, const struct dht_id *target, struct item *out,
                   struct buffer *room, uint64_t now_us)
{
    const struct pool *p = &s->pool[KIND_ITEMS];
    const uint32_t i = find_item(p, target, now_us);
    if (i == POOL_NONE)
        return RC_ABSENT;
    const size_t from = room->len;
    pool_read(p, i, room);
    assert(!room->is_full); // SHELF_ITEM_ROOM_BYTES are asked for
    *out = unpack_item(bytes_part(buffer_bytes(room), from, room->len));
    return RC_OK;
}

// ---- Records

static void name_record(const struct shelf *s, uint8_t *name, const struct record *r)
{
    struct buffer b = buffer_of(name, POOL_NAME_BYTES);
    const struct bytes node = bytes_of(r->node.b, sizeof r->node.b);
    buffer_put(&b, digest_bytes(&r->key));
    buffer_u64(&b, sip_hash(s->cfg.secret, r->kind == RECORD_PROVIDER ? node : r->proof));
}

static uint32_t record_end(const struct record *r, uint64_t now_us, uint64_t unix_s)
{
    if (r->kind == RECORD_FAULT)
        return second_after(now_us, SHELF_FAULT_US);
    return second_after(now_us, num_min(r->expires_s - unix_s, RECORD_LIFE_S_MAX) * US_PER_S);
}

static uint16_t minute_of(uint64_t now_us)
{
    return (uint16_t)(now_us / (60 * (uint64_t)US_PER_S)); // differences are what is looked at
}

// What was put is the newest; when, is for shelf_pass.
static enum krpc_code put_down(struct pool *p, enum krpc_code code, uint64_t now_us)
{
    if (code == KRPC_NO_ERROR)
        pool_note(p, p->newest, minute_of(now_us));
    return code;
}

// Puts record r in place of the same node's older one.
static enum krpc_code update_record(struct shelf *s, uint32_t i, const struct record *r,
                                    const struct newcomer *n)
{
    struct pool *p = &s->pool[r->kind == RECORD_PROVIDER ? KIND_RECORDS : KIND_FAULTS];
    uint8_t room[RECORD_BYTES_MAX];
    struct record old;
    const struct bytes stored = contents(p, i, room, sizeof room);
    if (bytes_equal(stored, n->contents)) {
        pool_renew(p, i, n->expires_s);
        return KRPC_NO_ERROR;
    }
    const bool is_old = record_decode(&old, stored) == RC_OK && old.issued_s < r->issued_s;
    if (!is_old)
        return KRPC_SEQ_TOO_LOW;
    if (!record_check(r, &s->cfg.judge))
        return KRPC_BAD_SIGNATURE;
    return pool_replace(p, i, n->contents, n->expires_s) ? KRPC_NO_ERROR : refused(s);
}

enum krpc_code shelf_put_record(struct shelf *s, struct bytes encoded, const struct net_addr *who,
                                uint64_t now_us, uint64_t unix_s)
{
    struct record r;
    if (record_decode(&r, encoded) != RC_OK || !record_is_due(&r, unix_s))
        return KRPC_PROTOCOL;
    const bool is_fault = r.kind == RECORD_FAULT;
    struct pool *p = &s->pool[is_fault ? KIND_FAULTS : KIND_RECORDS];
    struct newcomer n = {.owner = owner_of(s, who),
                         .contents = encoded,
                         .expires_s = record_end(&r, now_us, unix_s),
                         .each = is_fault ? SHELF_FAULTS_EACH : SHELF_RECORDS_EACH,
                         .each_owner = SHELF_RECORDS_EACH_BLOCK};
    name_record(s, n.name, &r);
    const struct group g = group_of(p, n.name, n.owner);
    if (g.same != POOL_NONE)
        return put_down(p, update_record(s, g.same, &r, &n), now_us);
    if (is_fault && g.count >= SHELF_FAULTS_EACH)
        return KRPC_NO_ERROR;
    if (!may_add(p, &n, &g))
        return refused(s); // before the signature, which costs most
    if (!record_check(&r, &s->cfg.judge))
        return KRPC_BAD_SIGNATURE;
    return put_down(p, add(s, p, &n, &g), now_us);
}

bool shelf_pass(struct shelf *s, uint64_t min_us, struct buffer *record, uint64_t now_us)
{
    struct pool *p = &s->pool[KIND_RECORDS];
    const uint32_t i = p->oldest;
    if (p->count == 0 || is_over(p, i, now_us))
        return false; // sweeping takes it
    const struct pool_thing *t = pool_at(p, i);
    const uint16_t age = (uint16_t)(minute_of(now_us) - t->note);
    if (age < min_us / (60 * (uint64_t)US_PER_S))
        return false;
    pool_read(p, i, record);
    pool_renew(p, i, t->expires_s);
    pool_note(p, i, minute_of(now_us));
    return !record->is_full;
}

// Writes those of one kind; returns how many there are.
static size_t write_records(struct pool *p, const struct digest *key, struct buffer *records,
                            uint64_t now_us)
{
    struct pool_walk w = pool_walk(p, key->b);
    uint32_t last = POOL_NONE;
    size_t count = 0;
    for (uint32_t i = pool_next(p, &w); i != POOL_NONE; i = pool_next(p, &w)) {
        uint8_t room[RECORD_BYTES_MAX];
        if (is_over(p, i, now_us))
            continue;
        count++;
        if (records->is_full)
            continue;
        krpc_string_put(records, contents(p, i, room, sizeof room));
        last = records->is_full ? last : i;
    }
    if (records->is_full && last != POOL_NONE)
        pool_turn(p, last);
    records->is_full = false;
    return count;
}

size_t shelf_records(struct shelf *s, const struct digest *key, struct buffer *records,
                     uint64_t now_us)
{
    const size_t faults = write_records(&s->pool[KIND_FAULTS], key, records, now_us);
    return faults + write_records(&s->pool[KIND_RECORDS], key, records, now_us);
}

// ---- Ask

struct shelf_stat shelf_stat(const struct shelf *s)
{
    struct shelf_stat t = {.peers = s->pool[KIND_PEERS].count,
                           .hashes = s->pool[KIND_PEERS].keys,
                           .items = s->pool[KIND_ITEMS].count,
                           .records = s->pool[KIND_RECORDS].count,
                           .faults = s->pool[KIND_FAULTS].count,
                           .refused = s->refused};
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        t.evicted += s->pool[kind].evicted;
    return t;
}

void shelf_check(const struct shelf *s)
{
    for (unsigned kind = 0; kind < KIND_COUNT; kind++)
        pool_check(&s->pool[kind]);
}
