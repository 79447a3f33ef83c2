// SPDX-License-Identifier: MIT
// Records: their one form to the byte, their limits, signatures and proofs.
#include "dht/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/seed_test.h"

static struct sign_key *key_of(uint8_t first)
{
    struct sign_key *key;
    const uint8_t seed[SIGN_SEED_BYTES] = {first};
    assert_int_equal(sign_key_new(&key, seed), RC_OK);
    return key;
}

static struct record provider(void)
{
    struct record r = {.kind = RECORD_PROVIDER, .issued_s = 1700000000, .expires_s = 1700003600};
    memset(r.key.b, 0x11, sizeof r.key.b);
    r.address_count = 1;
    r.address[0] = net_addr_ip4(0xc0000201, 6881);
    return r;
}

static struct record full_provider(void)
{
    struct record r = provider();
    r.has_room = true;
    memset(r.room.b, 0x22, sizeof r.room.b);
    r.expires_s = r.issued_s + RECORD_LIFE_S_MAX;
    r.address_count = RECORD_ADDRESSES_MAX;
    for (unsigned i = 0; i < RECORD_ADDRESSES_MAX; i++)
        assert_true(
            net_addr_parse(&r.address[i], i % 2 ? "[2001:db8::7]:9" : "198.51.100.7:65535"));
    r.relay_count = RECORD_RELAYS_MAX;
    memset(r.relay, 0x33, sizeof r.relay);
    return r;
}

static struct bytes encoded(const struct record *r, uint8_t room[static RECORD_BYTES_MAX])
{
    struct buffer b = buffer_of(room, RECORD_BYTES_MAX);
    record_encode(&b, r);
    assert_false(b.is_full);
    return buffer_bytes(&b);
}

static void a_record_to_the_byte(void **state)
{
    (void)state;
    uint8_t room[RECORD_BYTES_MAX];
    char hex[2 * RECORD_BYTES_MAX + 1];
    struct record r = provider();
    memset(r.node.b, 0x44, sizeof r.node.b);
    memset(r.signature.b, 0x55, sizeof r.signature.b);
    hex_encode(encoded(&r, room), hex);
    assert_string_equal(hex, "8901"
                             "58201111111111111111111111111111111111111111111111111111111111111111"
                             "58204444444444444444444444444444444444444444444444444444444444444444"
                             "40"
                             "1a6553f1001a6553ff10"
                             "8146c00002011ae1"
                             "80"
                             "58405555555555555555555555555555555555555555555555555555555555555555"
                             "5555555555555555555555555555555555555555555555555555555555555555");
    const struct record fault = {.kind = RECORD_FAULT, .key = r.key, .proof = bytes_text("proof")};
    hex_encode(encoded(&fault, room), hex);
    assert_string_equal(hex, "8302"
                             "58201111111111111111111111111111111111111111111111111111111111111111"
                             "4570726f6f66");
}

static void there_and_back(void **state)
{
    (void)state;
    struct sign_key *key = key_of(7);
    const struct record_judge none = {0};
    for (int is_full = 0; is_full < 2; is_full++) {
        uint8_t room[RECORD_BYTES_MAX];
        uint8_t again[RECORD_BYTES_MAX];
        struct record r = is_full ? full_provider() : provider();
        struct record back;
        assert_int_equal(record_sign(&r, key), RC_OK);
        const struct bytes text = encoded(&r, room);
        assert_true(text.len <= RECORD_PROVIDER_BYTES_MAX);
        assert_int_equal(record_decode(&back, text), RC_OK);
        assert_true(bytes_equal(encoded(&back, again), text));
        assert_int_equal(back.address_count, r.address_count);
        assert_true(net_addr_equal(&back.address[0], &r.address[0]));
        assert_true(back.has_room == r.has_room && digest_equal(&back.room, &r.room));
        assert_true(record_check(&back, &none));
        for (size_t i = 0; i < text.len; i++) { // no byte of it can be another
            room[i] ^= 0x10;
            if (record_decode(&back, text) == RC_OK)
                assert_false(record_check(&back, &none));
            room[i] ^= 0x10;
            assert_int_equal(record_decode(&back, bytes_part(text, 0, i)), RC_MALFORMED);
        }
    }
    sign_key_free(key);
}

static bool is_even(void *self, const struct node_id *accused, struct bytes proof)
{
    (*(int *)self)++;
    return accused->b[0] == 0x11 && proof.len % 2 == 0;
}

static void proofs_are_the_judges_business(void **state)
{
    (void)state;
    int asked = 0;
    uint8_t room[RECORD_BYTES_MAX];
    uint8_t proof[RECORD_PROOF_BYTES_MAX] = {0};
    const struct record_judge judge = {is_even, &asked};
    const struct record_judge none = {0};
    struct record r = {.kind = RECORD_FAULT, .proof = bytes_of(proof, sizeof proof)};
    struct record back;
    memset(r.key.b, 0x11, sizeof r.key.b);
    assert_int_equal(record_decode(&back, encoded(&r, room)), RC_OK);
    assert_true(record_check(&back, &judge));
    assert_false(record_check(&back, &none));
    r.proof.len--;
    assert_int_equal(record_decode(&back, encoded(&r, room)), RC_OK);
    assert_false(record_check(&back, &judge));
    assert_int_equal(asked, 2);
    assert_true(record_is_due(&back, 0) && record_is_due(&back, UINT64_MAX));
    r.proof.len = 0;
    assert_int_equal(record_decode(&back, encoded(&r, room)), RC_MALFORMED);
}

static void is_malformed(const struct record *r)
{
    uint8_t room[RECORD_BYTES_MAX];
    struct record back;
    assert_int_equal(record_decode(&back, encoded(r, room)), RC_MALFORMED);
}

static void limits(void **state)
{
    (void)state;
    struct sign_key *key = key_of(7);
    struct record r = provider();
    assert_int_equal(record_sign(&r, key), RC_OK);
    r.expires_s = r.issued_s + RECORD_LIFE_S_MAX + 1;
    is_malformed(&r);
    assert_int_equal(record_sign(&r, key), RC_REFUSED);
    r.expires_s = r.issued_s;
    is_malformed(&r);
    assert_int_equal(record_sign(&r, key), RC_REFUSED);
    r = provider();
    r.address[0].port = 0;
    is_malformed(&r);
    assert_int_equal(record_sign(&r, key), RC_REFUSED);
    r = provider();
    r.address_count = 0; // nobody could be reached
    is_malformed(&r);
    assert_int_equal(record_sign(&r, key), RC_REFUSED);
    r.relay_count = 1;
    assert_int_equal(record_sign(&r, key), RC_OK);
    r.address_count = RECORD_ADDRESSES_MAX + 1;
    assert_int_equal(record_sign(&r, key), RC_REFUSED);
    r = (struct record){.kind = RECORD_FAULT};
    assert_int_equal(record_sign(&r, key), RC_REFUSED);
    sign_key_free(key);
}

static void times(void **state)
{
    (void)state;
    const struct record r = provider();
    assert_true(record_is_due(&r, r.issued_s));
    assert_true(record_is_due(&r, r.expires_s - 1));
    assert_false(record_is_due(&r, r.expires_s));
    assert_true(record_is_due(&r, r.issued_s - RECORD_EARLY_S_MAX));
    assert_false(record_is_due(&r, r.issued_s - RECORD_EARLY_S_MAX - 1));
    assert_false(record_is_due(&r, 0));
    assert_false(record_is_due(&r, UINT64_MAX));
}

// Forms that are not the one: each from the good record by one change.
static void other_forms(void **state)
{
    (void)state;
    static const struct {
        const char *was, *is;
    } change[] = {
        {"8901", "8903"},                                                 // another kind
        {"8901", "8801"},                                                 // another count
        {"8901", "891801"},                                               // a longer head
        {"1a6553f100", "1b000000006553f100"},                             // a longer number
        {"1a6553f100", "fb41d954fc40000000"},                             // a float
        {"8146c00002011ae1", "8145c00002011a"},                           // no address
        {"8146c00002011ae1", "8146e00000011ae1"},                         // multicast
        {"8146c00002011ae1", "815200000000000000000000ffffc00002011ae1"}, // IPv4 in IPv6's clothes
        {"8146c00002011ae1", "9f46c00002011ae1ff"},                       // of no stated length
        {"8146c00002011ae180", "8146c00002011ae1814131"},
    };
    uint8_t room[RECORD_BYTES_MAX];
    char hex[2 * RECORD_BYTES_MAX + 1];
    struct record r = provider();
    struct record back;
    hex_encode(encoded(&r, room), hex);
    for (size_t i = 0; i < ARRAY_COUNT(change); i++) {
        char other[2 * RECORD_BYTES_MAX + 64];
        uint8_t bytes[RECORD_BYTES_MAX];
        const char *at = strstr(hex, change[i].was);
        assert_non_null(at);
        const int len = snprintf(other, sizeof other, "%.*s%s%s", (int)(at - hex), hex,
                                 change[i].is, at + strlen(change[i].was));
        assert_true(hex_decode(bytes_text(other), bytes, (size_t)len / 2));
        if (record_decode(&back, bytes_of(bytes, (size_t)len / 2)) != RC_MALFORMED)
            fail_msg("taken: %s for %s", change[i].is, change[i].was);
    }
    struct rng dice = rng_seeded(test_seed());
    for (int i = 0; i < 20000; i++) {
        uint8_t noise[64];
        for (size_t k = 0; k < sizeof noise; k++)
            noise[k] = (uint8_t)rng_u64(&dice);
        assert_int_equal(record_decode(&back, bytes_of(noise, rng_below(&dice, sizeof noise))),
                         RC_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_to_the_byte),
        cmocka_unit_test(there_and_back),
        cmocka_unit_test(proofs_are_the_judges_business),
        cmocka_unit_test(limits),
        cmocka_unit_test(times),
        cmocka_unit_test(other_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
