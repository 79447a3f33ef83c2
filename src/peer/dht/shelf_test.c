// SPDX-License-Identifier: MIT
// Shelf: what is kept, how long, for whom, and what is refused.
#include "dht/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/num.h"

#define NOW    (UINT64_C(1000) * US_PER_S)
#define UNIX_S UINT64_C(1700000000)

struct world {
    struct arena *arena;
    struct shelf *s;
    unsigned asked; // how often the judge was
};

static bool is_proof(void *self, const struct node_id *accused, struct bytes proof)
{
    ((struct world *)self)->asked++;
    return accused->b[0] == 0xee && proof.at[0] == 't'; // "true"
}

static void begin(struct world *w, struct shelf_cfg cfg)
{
    *w = (struct world){.arena = arena_new(64u << 20)};
    assert_non_null(w->arena);
    memset(cfg.secret, 0x5a, sizeof cfg.secret);
    cfg.judge = (struct record_judge){is_proof, w};
    assert_int_equal(shelf_new(&w->s, w->arena, &cfg), RC_OK);
}

static void end(struct world *w)
{
    shelf_check(w->s);
    arena_free(w->arena);
}

// One of 2^16 owners' addresses, each in a /24 of its own.
static struct net_addr host(unsigned owner, unsigned last)
{
    return net_addr_ip4(0x18000000u + (owner << 8) + last, 6881);
}

static struct dht_id hash_of(unsigned n)
{
    return (struct dht_id){{(uint8_t)(n >> 8), (uint8_t)n, 1}};
}

// ---- Sizes

static void sizes(void **state)
{
    (void)state;
    struct shelf_cfg tiny = shelf_cfg_tiny();
    const struct shelf_cfg node = shelf_cfg_node();
    printf("tiny: %zu bytes, node: %zu bytes\n", shelf_bytes(&tiny), shelf_bytes(&node));
    assert_true(shelf_bytes(&tiny) > 0 && shelf_bytes(&tiny) < 16384);
    assert_true(shelf_bytes(&node) < 14u << 20);
    struct shelf *s;
    struct arena *small = arena_new(8192);
    assert_int_equal(shelf_new(&s, small, &tiny), RC_NOMEM);
    assert_null(s);
    tiny.items.places = 0;
    assert_int_equal(shelf_bytes(&tiny), 0);
    assert_int_equal(shelf_new(&s, small, &tiny), RC_CONFIG);
    tiny = shelf_cfg_tiny();
    tiny.peers_each = 0;
    assert_int_equal(shelf_new(&s, small, &tiny), RC_CONFIG);
    arena_free(small);
}

// ---- Peers

static size_t peers(struct world *w, unsigned hash, bool is_ip4, uint64_t now_us)
{
    uint8_t room[4096];
    struct buffer values = buffer_of(room, sizeof room);
    const struct dht_id id = hash_of(hash);
    const size_t count = shelf_peers(w->s, &id, is_ip4, &values, now_us);
    assert_int_equal(values.len, count * (is_ip4 ? 8 : 21)); // "6:......", "18:......"
    return count;
}

static enum krpc_code put_peer(struct world *w, unsigned hash, struct net_addr a, uint64_t now_us)
{
    const struct dht_id id = hash_of(hash);
    return shelf_put_peer(w->s, &id, &a, now_us);
}

static void peers_come_and_go(void **state)
{
    (void)state;
    struct world w;
    struct net_addr six;
    begin(&w, shelf_cfg_node());
    assert_true(net_addr_parse(&six, "[2001:db8::1]:9"));
    assert_int_equal(put_peer(&w, 1, host(1, 1), NOW), 0);
    assert_int_equal(put_peer(&w, 1, host(1, 1), NOW), 0); // once more is the same
    assert_int_equal(put_peer(&w, 1, host(2, 1), NOW), 0);
    assert_int_equal(put_peer(&w, 1, six, NOW), 0);
    assert_int_equal(put_peer(&w, 2, host(1, 1), NOW), 0);
    assert_int_equal(peers(&w, 1, true, NOW), 2);
    assert_int_equal(peers(&w, 1, false, NOW), 1);
    assert_int_equal(peers(&w, 2, true, NOW), 1);
    assert_int_equal(peers(&w, 3, true, NOW), 0);
    assert_int_equal(put_peer(&w, 1, net_addr_ip4(0x18000001, 0), NOW), KRPC_PROTOCOL);
    assert_int_equal(put_peer(&w, 1, net_addr_ip4(0xe0000001, 7), NOW), KRPC_PROTOCOL);

    const uint64_t half = SHELF_PEER_US / 2;
    assert_int_equal(put_peer(&w, 1, host(2, 1), NOW + half), 0);
    assert_int_equal(peers(&w, 1, true, NOW + SHELF_PEER_US - US_PER_S), 2);
    assert_int_equal(peers(&w, 1, true, NOW + SHELF_PEER_US), 1); // one was renewed
    assert_int_equal(peers(&w, 1, true, NOW + SHELF_PEER_US + half), 0);
    struct shelf_stat t = shelf_stat(w.s);
    assert_true(t.peers == 4 && t.hashes == 2);
    shelf_tick(w.s, NOW + SHELF_PEER_US + half);
    t = shelf_stat(w.s);
    assert_true(t.peers == 0 && t.hashes == 0 && t.evicted == 0);
    end(&w);
}

static void time_is_swept_in_steps(void **state)
{
    (void)state;
    struct world w;
    begin(&w, shelf_cfg_node());
    for (unsigned i = 0; i < 4000; i++)
        assert_int_equal(put_peer(&w, i, host(i % 100, i / 100), NOW), 0);
    shelf_tick(w.s, NOW);
    assert_int_equal(shelf_stat(w.s).peers, 4000);
    const uint64_t over = NOW + SHELF_PEER_US;
    for (uint64_t now_us = NOW; now_us < over; now_us += 50000) // more often than it cares
        shelf_tick(w.s, now_us);
    assert_int_equal(shelf_stat(w.s).peers, 4000);
    shelf_tick(w.s, over + 100000);
    const uint32_t left = shelf_stat(w.s).peers;
    assert_true(left > 3000); // not all at once
    for (unsigned i = 1; i <= 60; i++)
        shelf_tick(w.s, over + 100000 + (uint64_t)i * US_PER_S);
    assert_int_equal(shelf_stat(w.s).peers, 0);
    shelf_tick(w.s, NOW); // a clock that went backwards is no time
    end(&w);
}

static void a_small_answer_shows_all_in_turns(void **state)
{
    (void)state;
    struct world w;
    begin(&w, shelf_cfg_node());
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(put_peer(&w, 1, host(i, 1), NOW), 0);
    unsigned seen[50] = {0};
    for (unsigned turn = 0; turn < 20; turn++) {
        uint8_t room[8 * 10 + 5]; // ten of them
        struct buffer values = buffer_of(room, sizeof room);
        const struct dht_id id = hash_of(1);
        assert_int_equal(shelf_peers(w.s, &id, true, &values, NOW), 10);
        assert_false(values.is_full);
        struct bytes list = buffer_bytes(&values);
        struct bytes one;
        while (krpc_string_next(&list, &one)) {
            assert_int_equal(one.len, 6);
            seen[one.at[2]]++;
        }
    }
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(seen[i], 4);
    end(&w);
}

static void nobody_fills_the_shelf_alone(void **state)
{
    (void)state;
    struct world w;
    struct shelf_cfg cfg = shelf_cfg_tiny();
    cfg.peers.places = 256;
    cfg.peers_each = 64;
    begin(&w, cfg);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(put_peer(&w, i, host(i, 1), NOW), 0);
    unsigned kept = 0;
    for (unsigned i = 0; i < 10000; i++) // one /24, any hash
        kept += put_peer(&w, 1000 + i, host(7777, i % 256), NOW) == 0;
    assert_int_equal(kept, 256 / 8);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(peers(&w, i, true, NOW), 1);
    kept = 0;
    for (unsigned i = 0; i < 1000; i++) // one /24, one hash
        kept += put_peer(&w, 5, host(8888, i % 256), NOW) == 0;
    assert_true(kept >= 64 / 8 && peers(&w, 5, true, NOW) == 64 / 8 + 1);
    const struct shelf_stat t = shelf_stat(w.s);
    assert_true(t.evicted == 0 && t.refused > 10000);
    // At home all are in one /24.
    for (unsigned i = 0; i < 60; i++)
        assert_int_equal(put_peer(&w, 9, net_addr_ip4(0xc0a80001u + i, 1), NOW), 0);
    assert_int_equal(peers(&w, 9, true, NOW), 61);
    end(&w);
}

static void a_crowd_under_one_hash(void **state)
{
    (void)state;
    struct world w;
    struct shelf_cfg cfg = shelf_cfg_node();
    cfg.peers_each = 100;
    begin(&w, cfg);
    for (unsigned i = 0; i < 1000; i++) {
        assert_int_equal(put_peer(&w, 1, host(i, 1), NOW), 0);
        assert_int_equal(peers(&w, 1, true, NOW), i < 100 ? i + 1 : 100);
    }
    // Any may go: some of the early ones are still here, and not all.
    unsigned early = 0;
    uint8_t room[4096];
    struct buffer values = buffer_of(room, sizeof room);
    const struct dht_id id = hash_of(1);
    (void)shelf_peers(w.s, &id, true, &values, NOW);
    struct bytes list = buffer_bytes(&values);
    struct bytes one;
    while (krpc_string_next(&list, &one))
        early += (one.at[1] << 8 | one.at[2]) < 900;
    assert_true(early > 10 && early < 90);
    end(&w);
}

static void samples(void **state)
{
    (void)state;
    struct world w;
    begin(&w, shelf_cfg_node());
    bool seen[200] = {false};
    for (unsigned i = 0; i < 200; i++)
        for (unsigned k = 0; k < 1 + i % 3; k++)
            assert_int_equal(put_peer(&w, i, host(k, i % 256), NOW), 0);
    for (unsigned turn = 0; turn < 40; turn++) {
        uint8_t room[20 * DHT_ID_BYTES];
        struct buffer ids = buffer_of(room, sizeof room);
        assert_int_equal(shelf_samples(w.s, &ids, NOW), 200);
        assert_int_equal(ids.len, sizeof room);
        for (size_t at = 0; at < ids.len; at += DHT_ID_BYTES)
            seen[room[at] << 8 | room[at + 1]] = true;
    }
    unsigned count = 0;
    for (unsigned i = 0; i < 200; i++)
        count += seen[i];
    assert_true(count > 190); // in a few turns nearly everything was shown
    end(&w);
}

// ---- Items

struct author {
    struct sign_key *key;
    struct sign_public public;
    struct signature signature;
    struct item item;
};

static struct sign_key *key_of(unsigned n)
{
    struct sign_key *key;
    const uint8_t seed[SIGN_SEED_BYTES] = {(uint8_t)n, (uint8_t)(n >> 8), 1};
    assert_int_equal(sign_key_new(&key, seed), RC_OK);
    return key;
}

static const struct item *signed_item(struct author *a, int64_t seq, const char *v)
{
    a->item = (struct item){.v = bytes_text(v), .seq = seq, .salt = bytes_text("salt")};
    assert_int_equal(item_sign(&a->item, a->key, &a->public, &a->signature), RC_OK);
    return &a->item;
}

static enum krpc_code put_item(struct world *w, const struct item *item, const int64_t *cas,
                               uint64_t now_us)
{
    const struct net_addr who = host(1, 1);
    return shelf_put_item(w->s, item, cas, &who, now_us);
}

static void is_stored(struct world *w, const struct item *want, uint64_t now_us)
{
    uint8_t bytes[SHELF_ITEM_ROOM_BYTES];
    struct buffer room = buffer_of(bytes, sizeof bytes);
    const struct dht_id target = item_target(want);
    struct item got;
    assert_int_equal(shelf_item(w->s, &target, &got, &room, now_us), RC_OK);
    assert_true(bytes_equal(got.v, want->v) && got.seq == want->seq);
    assert_true(bytes_equal(got.k, want->k) && bytes_equal(got.sig, want->sig));
}

static void immutable_items(void **state)
{
    (void)state;
    struct world w;
    begin(&w, shelf_cfg_node());
    uint8_t big[1001];
    memset(big, 'x', sizeof big);
    memcpy(big, "996:", 4);
    const struct item item = {.v = bytes_text("12:Hello World!")};
    const struct item large = {.v = bytes_of(big, 1000)};
    const struct item larger = {.v = bytes_of(big, 1001)};
    assert_int_equal(put_item(&w, &item, NULL, NOW), 0);
    assert_int_equal(put_item(&w, &large, NULL, NOW), 0);
    assert_int_equal(put_item(&w, &larger, NULL, NOW), KRPC_VALUE_TOO_BIG);
    is_stored(&w, &item, NOW);
    is_stored(&w, &large, NOW);
    assert_int_equal(put_item(&w, &item, NULL, NOW + SHELF_ITEM_US / 2), 0); // renews
    is_stored(&w, &item, NOW + SHELF_ITEM_US);
    const struct dht_id target = item_target(&large);
    struct item got;
    struct buffer room = buffer_of(NULL, 0);
    assert_int_equal(shelf_item(w.s, &target, &got, &room, NOW + SHELF_ITEM_US), RC_ABSENT);
    assert_int_equal(put_item(&w, &large, NULL, NOW + SHELF_ITEM_US), 0); // over, not yet swept
    is_stored(&w, &large, NOW + SHELF_ITEM_US);
    assert_int_equal(shelf_stat(w.s).items, 2);
    end(&w);
}

static void mutable_items(void **state)
{
    (void)state;
    struct world w;
    struct author a = {.key = key_of(1)};
    begin(&w, shelf_cfg_node());
    const int64_t one = 1;
    const int64_t two = 2;
    assert_int_equal(put_item(&w, signed_item(&a, 1, "3:one"), &two, NOW), 0); // none is there yet
    is_stored(&w, &a.item, NOW);
    assert_int_equal(put_item(&w, signed_item(&a, 1, "3:uno"), NULL, NOW), KRPC_SEQ_TOO_LOW);
    assert_int_equal(put_item(&w, signed_item(&a, 1, "3:one"), NULL, NOW), 0);
    assert_int_equal(put_item(&w, signed_item(&a, 2, "3:two"), &two, NOW), KRPC_CAS_MISMATCH);
    assert_int_equal(put_item(&w, signed_item(&a, 2, "3:two"), &one, NOW), 0);
    is_stored(&w, &a.item, NOW);
    assert_int_equal(put_item(&w, signed_item(&a, 1, "3:one"), NULL, NOW), KRPC_SEQ_TOO_LOW);
    is_stored(&w, signed_item(&a, 2, "3:two"), NOW);
    (void)signed_item(&a, 3, "5:three");
    a.signature.b[7] ^= 1;
    assert_int_equal(put_item(&w, &a.item, NULL, NOW), KRPC_BAD_SIGNATURE);
    (void)signed_item(&a, 2, "3:two");
    a.signature.b[7] ^= 1; // nothing new but the signature: it is checked all the same
    assert_int_equal(put_item(&w, &a.item, NULL, NOW), KRPC_BAD_SIGNATURE);
    is_stored(&w, signed_item(&a, 2, "3:two"), NOW);
    a.item.salt =
        bytes_text("................................................................."); // 65
    assert_int_equal(put_item(&w, &a.item, NULL, NOW), KRPC_SALT_TOO_BIG);
    a.item.salt = bytes_text("salt");
    a.item.v = bytes_text("3:tw");
    assert_int_equal(put_item(&w, &a.item, NULL, NOW), KRPC_PROTOCOL);
    // After two hours without news it is gone, and an older one may come again.
    assert_int_equal(put_item(&w, signed_item(&a, 1, "3:one"), NULL, NOW + SHELF_ITEM_US), 0);
    is_stored(&w, &a.item, NOW + SHELF_ITEM_US);
    assert_int_equal(shelf_stat(w.s).items, 1);
    sign_key_free(a.key);
    end(&w);
}

static void items_from_one_owner(void **state)
{
    (void)state;
    struct world w;
    struct shelf_cfg cfg = shelf_cfg_node();
    cfg.items = (struct shelf_room){.places = 64, .bytes = 64 * 600};
    begin(&w, cfg);
    unsigned kept = 0;
    for (unsigned i = 0; i < 100; i++) {
        char v[32];
        (void)snprintf(v, sizeof v, "i%ue", i);
        const struct item item = {.v = bytes_text(v)};
        kept += put_item(&w, &item, NULL, NOW) == 0;
    }
    assert_int_equal(kept, 8);
    assert_int_equal(shelf_stat(w.s).refused, 92);
    end(&w);
}

// ---- Records

static struct digest name_of(uint8_t first)
{
    return (struct digest){{first}};
}

// Node n's record under `key`, encoded into room.
static struct bytes record_of(unsigned n, uint8_t key, uint64_t issued_s, uint64_t life_s,
                              uint8_t room[static RECORD_BYTES_MAX])
{
    struct sign_key *secret = key_of(n);
    struct record r = {.key = name_of(key),
                       .issued_s = issued_s,
                       .expires_s = issued_s + life_s,
                       .address_count = 1,
                       .address = {host(n, 1)}};
    struct buffer b = buffer_of(room, RECORD_BYTES_MAX);
    assert_int_equal(record_encode_provider(&b, &r, secret), RC_OK);
    sign_key_free(secret);
    return buffer_bytes(&b);
}

static enum krpc_code put_record(struct world *w, struct bytes record, unsigned owner,
                                 uint64_t after_s)
{
    const struct net_addr who = host(owner, 9);
    return shelf_put_record(w->s, record, &who, NOW + after_s * US_PER_S, UNIX_S + after_s);
}

static size_t records(struct world *w, uint8_t key, uint64_t after_s, size_t cap, size_t *total)
{
    uint8_t room[32768];
    struct buffer b = buffer_of(room, cap);
    const struct digest name = name_of(key);
    struct bytes one;
    size_t count = 0;
    *total = shelf_records(w->s, &name, &b, NOW + after_s * US_PER_S);
    assert_false(b.is_full);
    for (struct bytes list = buffer_bytes(&b); krpc_string_next(&list, &one); count++) {
        struct record r;
        assert_int_equal(record_decode(&r, one), RC_OK);
        assert_true(digest_equal(&r.key, &name));
    }
    return count;
}

static void records_come_and_go(void **state)
{
    (void)state;
    struct world w;
    uint8_t room[RECORD_BYTES_MAX];
    size_t total;
    begin(&w, shelf_cfg_node());
    assert_int_equal(put_record(&w, record_of(1, 5, UNIX_S, 3600, room), 1, 0), 0);
    assert_int_equal(records(&w, 5, 3599, sizeof room, &total), 1);
    assert_int_equal(records(&w, 5, 3600, sizeof room, &total), 0);
    assert_int_equal(records(&w, 6, 0, sizeof room, &total), 0);
    // The same again; a newer one; the old one again.
    assert_int_equal(put_record(&w, bytes_of(room, 0), 1, 0), KRPC_PROTOCOL);
    assert_int_equal(put_record(&w, record_of(1, 5, UNIX_S, 3600, room), 1, 10), 0);
    assert_int_equal(records(&w, 5, 3600, sizeof room, &total), 0); // its own end counts
    assert_int_equal(put_record(&w, record_of(1, 5, UNIX_S + 60, 86400, room), 1, 100), 0);
    assert_int_equal(put_record(&w, record_of(1, 5, UNIX_S, 3600, room), 1, 100), KRPC_SEQ_TOO_LOW);
    assert_int_equal(put_record(&w, record_of(1, 5, UNIX_S + 60, 3600, room), 1, 100),
                     KRPC_SEQ_TOO_LOW);
    assert_int_equal(records(&w, 5, 3600, sizeof room, &total), 1);
    // Too late, too early, forged.
    assert_int_equal(put_record(&w, record_of(2, 5, UNIX_S, 50, room), 2, 50), KRPC_PROTOCOL);
    assert_int_equal(put_record(&w, record_of(2, 5, UNIX_S + 601, 50, room), 2, 0), KRPC_PROTOCOL);
    struct bytes forged = record_of(2, 5, UNIX_S, 50, room);
    room[forged.len - 1] ^= 1;
    assert_int_equal(put_record(&w, forged, 2, 0), KRPC_BAD_SIGNATURE);
    forged = record_of(1, 5, UNIX_S + 70, 3600, room);
    room[forged.len - 1] ^= 1;
    assert_int_equal(put_record(&w, forged, 1, 100), KRPC_BAD_SIGNATURE);
    assert_int_equal(shelf_stat(w.s).records, 1);
    end(&w);
}

static bool is_passed(struct world *w, uint64_t after_s, struct bytes want)
{
    uint8_t room[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    if (!shelf_pass(w->s, 3600 * (uint64_t)US_PER_S, &b, NOW + after_s * US_PER_S))
        return false;
    assert_true(bytes_equal(buffer_bytes(&b), want));
    return true;
}

static void records_are_passed_on(void **state)
{
    (void)state;
    struct world w;
    uint8_t room[2][RECORD_BYTES_MAX];
    begin(&w, shelf_cfg_tiny());
    const struct bytes one = record_of(1, 5, UNIX_S, 86400, room[0]);
    const struct bytes two = record_of(2, 5, UNIX_S, 86400, room[1]);
    assert_false(is_passed(&w, 9000, one)); // there is none
    assert_int_equal(put_record(&w, one, 1, 0), 0);
    assert_int_equal(put_record(&w, two, 2, 0), 0);
    assert_false(is_passed(&w, 3500, one));
    assert_int_equal(put_record(&w, one, 3, 3000), 0); // somebody passed it on to us
    assert_true(is_passed(&w, 3700, two));
    assert_false(is_passed(&w, 3700, one)); // both were put within the hour
    assert_true(is_passed(&w, 6700, one));
    assert_true(is_passed(&w, 7400, two));
    assert_int_equal(records(&w, 5, 86300, 1200, &(size_t){0}), 2); // they live as long as before
    assert_false(is_passed(&w, 86400, one));                        // past its time
    end(&w);
}

static void records_of_many(void **state)
{
    (void)state;
    struct world w;
    uint8_t room[RECORD_BYTES_MAX];
    size_t total;
    begin(&w, shelf_cfg_node());
    for (unsigned n = 0; n < 5; n++) // two from one /24
        assert_int_equal(put_record(&w, record_of(n, 5, UNIX_S, 3600, room), 77, 0),
                         n < 2 ? 0 : KRPC_SERVER);
    for (unsigned n = 5; n < 100; n++)
        assert_int_equal(put_record(&w, record_of(n, 5, UNIX_S, 3600, room), n, 0), 0);
    assert_int_equal(records(&w, 5, 0, 32768, &total), SHELF_RECORDS_EACH);
    assert_int_equal(total, SHELF_RECORDS_EACH);
    // A datagram's worth at a time shows all of them soon.
    bool seen[100] = {false};
    unsigned count = 0;
    for (unsigned turn = 0; turn < 20; turn++) {
        uint8_t some[900];
        struct buffer b = buffer_of(some, sizeof some);
        const struct digest name = name_of(5);
        struct bytes one;
        assert_int_equal(shelf_records(w.s, &name, &b, NOW), SHELF_RECORDS_EACH);
        for (struct bytes list = buffer_bytes(&b); krpc_string_next(&list, &one);) {
            struct record r;
            assert_int_equal(record_decode(&r, one), RC_OK);
            const unsigned n = r.address[0].ip[14];
            count += !seen[n];
            seen[n] = true;
        }
    }
    assert_int_equal(count, SHELF_RECORDS_EACH);
    end(&w);
}

static struct bytes fault_of(uint8_t accused, const char *proof,
                             uint8_t room[static RECORD_BYTES_MAX])
{
    struct buffer b = buffer_of(room, RECORD_BYTES_MAX);
    record_encode_fault(&b, &(struct node_id){{accused}}, bytes_text(proof));
    return buffer_bytes(&b);
}

static void faults(void **state)
{
    (void)state;
    struct world w;
    uint8_t room[RECORD_BYTES_MAX];
    size_t total;
    begin(&w, shelf_cfg_tiny());
    assert_int_equal(put_record(&w, fault_of(0xee, "lies", room), 1, 0), KRPC_BAD_SIGNATURE);
    assert_int_equal(put_record(&w, fault_of(0xdd, "true", room), 1, 0), KRPC_BAD_SIGNATURE);
    assert_int_equal(put_record(&w, fault_of(0xee, "true", room), 1, 0), 0);
    assert_int_equal(w.asked, 3);
    assert_int_equal(put_record(&w, fault_of(0xee, "true", room), 2, 0), 0);
    assert_int_equal(w.asked, 3); // it was known
    assert_int_equal(put_record(&w, fault_of(0xee, "true too", room), 2, 0), 0);
    assert_int_equal(put_record(&w, fault_of(0xee, "true, again", room), 3, 0), 0);
    assert_int_equal(w.asked, 4); // two are enough
    assert_int_equal(records(&w, 0xee, 0, 4096, &total), 2);
    assert_int_equal(records(&w, 0xee, 30 * 86400 - 1, 4096, &total), 2);
    assert_int_equal(records(&w, 0xee, 30 * 86400, 4096, &total), 0);
    assert_int_equal(shelf_stat(w.s).faults, 2);
    shelf_tick(w.s, NOW + SHELF_FAULT_US + 1);
    assert_int_equal(shelf_stat(w.s).faults, 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes),
        cmocka_unit_test(peers_come_and_go),
        cmocka_unit_test(time_is_swept_in_steps),
        cmocka_unit_test(a_small_answer_shows_all_in_turns),
        cmocka_unit_test(nobody_fills_the_shelf_alone),
        cmocka_unit_test(a_crowd_under_one_hash),
        cmocka_unit_test(samples),
        cmocka_unit_test(immutable_items),
        cmocka_unit_test(mutable_items),
        cmocka_unit_test(items_from_one_owner),
        cmocka_unit_test(records_come_and_go),
        cmocka_unit_test(records_are_passed_on),
        cmocka_unit_test(records_of_many),
        cmocka_unit_test(faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
