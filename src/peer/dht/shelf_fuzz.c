// SPDX-License-Identifier: MIT
// Any sequence of calls and times: the shelf keeps its books and its promises.
//
// Input: u8 places of each kind, u8 peers_each; then calls: u8 call, u8 which, u8 who.
#include "dht/shelf.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 48u // signatures are slow
#define SIGNED    16u
#define UNIX_S    UINT64_C(1700000000)

struct signed_things { // made once: signing is what takes time
    bool is_made;
    struct sign_public public[2];
    struct signature signature[SIGNED];
    struct item item[SIGNED];
    uint8_t room[SIGNED][RECORD_PROVIDER_BYTES_MAX];
    struct bytes record[SIGNED];
};

struct fuzz {
    struct shelf *s;
    struct shelf_cfg cfg;
    const struct signed_things *things;
    uint64_t now_us;
};

static bool is_proof(void *self, const struct node_id *accused, struct bytes proof)
{
    (void)self;
    return accused->b[0] < 3 && proof.len > 1;
}

static struct sign_key *key_of(unsigned n)
{
    struct sign_key *key;
    const uint8_t seed[SIGN_SEED_BYTES] = {(uint8_t)n, 3};
    if (sign_key_new(&key, seed) != RC_OK)
        assert(false);
    return key;
}

static void make_one(struct signed_things *t, unsigned n)
{
    static const char *const values[] = {"1:a", "1:b", "d1:ai1ee", "le"};
    struct sign_key *key = key_of(n % 2);
    struct buffer b = buffer_of(t->room[n], sizeof t->room[n]);
    t->item[n] = (struct item){.v = bytes_text(values[n / 2 % 4]), .seq = n / 4};
    enum rc rc = item_sign(&t->item[n], key, &t->public[n % 2], &t -> signature[n]);
    assert(rc == RC_OK);
    sign_key_free(key);
    key = key_of(n % 5);
    struct record r = {.key = {{(uint8_t)(n % 2)}},
                       .issued_s = UNIX_S + n,
                       .expires_s = UNIX_S + n + 60u * (1u + n),
                       .relay_count = (uint8_t)(1 + n % 2)};
    rc = record_encode_provider(&b, &r, key);
    assert(rc == RC_OK);
    t->record[n] = buffer_bytes(&b);
    sign_key_free(key);
}

static const struct signed_things *things(void)
{
    static struct signed_things t;
    for (unsigned n = 0; !t.is_made && n < SIGNED; n++)
        make_one(&t, n);
    t.is_made = true;
    return &t;
}

static struct net_addr host(uint8_t who)
{
    struct net_addr a = net_addr_ip4(0x18000000u + ((uint32_t)who / 4 << 8) + 1 + who % 4, 1);
    if (who >= 240) // home
        a = net_addr_ip4(0xc0a80000u + who, 1);
    if (who % 16 == 7)
        memset(a.ip, who, 12);
    return a;
}

static void put(struct fuzz *f, unsigned call, uint8_t which, uint8_t who)
{
    const struct net_addr from = host(who);
    const struct dht_id hash = {{(uint8_t)(which % 8)}};
    const struct item *item = &f->things->item[which % SIGNED];
    const struct item plain = {.v = bytes_of(&"i0ei1ei2ei3ei4e"[3 * (which % 5)], 3)};
    const int64_t cas = who % 4;
    const uint64_t unix_s = UNIX_S + f->now_us / US_PER_S;
    uint8_t room[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct node_id accused = {{(uint8_t)(which % 4)}};
    const struct bytes proof = bytes_of(f->things->room, 1 + which % 90u * 11u);
    switch (call) {
    case 0:
        (void)shelf_put_peer(f->s, &hash, &from, f->now_us);
        break;
    case 1:
        (void)shelf_put_item(f->s, &plain, which % 2 ? &cas : NULL, &from, f->now_us);
        break;
    case 2:
        (void)shelf_put_item(f->s, item, which >= SIGNED ? &cas : NULL, &from, f->now_us);
        break;
    case 3:
        (void)shelf_put_record(f->s, f->things->record[which % SIGNED], &from, f->now_us, unix_s);
        break;
    default:
        record_encode_fault(&b, &accused, proof);
        (void)shelf_put_record(f->s, buffer_bytes(&b), &from, f->now_us, unix_s);
        break;
    }
}

static void get(struct fuzz *f, unsigned call, uint8_t which, uint8_t who)
{
    uint8_t room[4096];
    struct buffer b = buffer_of(room, 8u * who);
    const struct dht_id hash = {{(uint8_t)(which % 8)}};
    const struct digest key = {{(uint8_t)(which % 4)}};
    const struct dht_id target = item_target(&f->things->item[which % SIGNED]);
    const size_t num = shelf_stat(f->s).hashes;
    struct item item;
    switch (call) {
    case 0:
        assert(shelf_peers(f->s, &hash, which < 128, &b, f->now_us) <= f->cfg.peers_each);
        break;
    case 1:
        assert(shelf_records(f->s, &key, &b, f->now_us) <= SHELF_RECORDS_EACH + SHELF_FAULTS_EACH);
        break;
    case 2:
        assert(shelf_samples(f->s, &b, f->now_us) <= num && b.len <= num * DHT_ID_BYTES);
        break;
    default:
        b = buffer_of(room, sizeof room);
        if (shelf_item(f->s, &target, &item, &b, f->now_us) == RC_OK)
            assert(item_judge(&item) == KRPC_NO_ERROR);
        break;
    }
    assert(!b.is_full);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = {.left = bytes_of(data, size)};
    struct fuzz f = {.things = things(), .now_us = 1};
    f.cfg = shelf_cfg_tiny();
    f.cfg.peers.places = 1u + cursor_u8(&in) % 40u;
    f.cfg.items = (struct shelf_room){1u + cursor_u8(&in) % 8u, 64u * (cursor_u8(&in) % 64u)};
    f.cfg.records = (struct shelf_room){1u + cursor_u8(&in) % 20u, 64u * cursor_u8(&in)};
    f.cfg.faults = (struct shelf_room){1u + cursor_u8(&in) % 8u, 64u * cursor_u8(&in)};
    f.cfg.peers_each = 1u + cursor_u8(&in) % 20u;
    f.cfg.judge.is_proof = is_proof;
    struct arena *arena = arena_new(1u << 18);
    if (arena == NULL || shelf_new(&f.s, arena, &f.cfg) != RC_OK)
        assert(false);
    for (unsigned i = 0; i < STEPS_MAX && in.left.len > 0; i++) {
        const unsigned call = cursor_u8(&in) % 12u;
        const uint8_t which = cursor_u8(&in);
        const uint8_t who = cursor_u8(&in);
        if (call < 5)
            put(&f, call, which, who);
        else if (call < 9)
            get(&f, call - 5, which, who);
        else if (call == 9)
            f.now_us += (uint64_t)who << which % 32;
        else
            shelf_tick(f.s, f.now_us - num_min(f.now_us, which)); // sometimes backwards
        shelf_check(f.s);
        const struct shelf_stat t = shelf_stat(f.s);
        assert(t.peers <= f.cfg.peers.places && t.items <= f.cfg.items.places);
        assert(t.records <= f.cfg.records.places && t.faults <= f.cfg.faults.places);
    }
    arena_free(arena);
    return 0;
}
