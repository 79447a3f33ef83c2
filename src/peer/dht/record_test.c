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
    struct record r = {.issued_s = 1700000000, .expires_s = 1700003600};
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

static struct bytes provider_of(const struct record *r, const struct sign_key *key,
                                uint8_t room[static RECORD_BYTES_MAX])
{
    struct buffer b = buffer_of(room, RECORD_BYTES_MAX);
    assert_int_equal(record_encode_provider(&b, r, key), RC_OK);
    return buffer_bytes(&b);
}

static const struct node_id the_accused = {{0x11, 0x11}};

static struct bytes fault_of(struct bytes proof, uint8_t room[static RECORD_BYTES_MAX])
{
    struct buffer b = buffer_of(room, RECORD_BYTES_MAX);
    record_encode_fault(&b, &the_accused, proof);
    assert_false(b.is_full);
    return buffer_bytes(&b);
}

static void a_record_to_the_byte(void **state)
{
    (void)state;
    uint8_t room[RECORD_BYTES_MAX];
    char hex[2 * RECORD_BYTES_MAX + 1];
    struct sign_key *key = key_of(7);
    const struct record r = provider();
    hex_encode(provider_of(&r, key, room), hex);
    assert_string_equal(hex, "8804"
                             "5820a2fa2f4a355ba2e907a53009e9e37caddf7ac7e66a08ba07631f553072b3f24c"
                             "58201111111111111111111111111111111111111111111111111111111111111111"
                             "40"
                             "1a6553f1001a6553ff10"
                             "8146c00002011ae1"
                             "80"
                             "58407526aab80f2e0f32c9472fd819df02d34572c6d02150f232fd9e500542104b17"
                             "da47156631d5bdd1f3651b599ba6754ce716d4bffb76156f545dcaa8739af409");
    hex_encode(fault_of(bytes_text("proof"), room), hex);
    assert_string_equal(hex, "8302"
                             "58201111000000000000000000000000000000000000000000000000000000000000"
                             "4570726f6f66");
    sign_key_free(key);
}

static void there_and_back(void **state)
{
    (void)state;
    struct sign_key *key = key_of(7);
    const struct record_judge none = {0};
    for (int is_full = 0; is_full < 2; is_full++) {
        uint8_t room[RECORD_BYTES_MAX];
        uint8_t again[RECORD_BYTES_MAX];
        const struct record r = is_full ? full_provider() : provider();
        const struct sign_public node = sign_key_public(key);
        struct record back;
        const struct bytes text = provider_of(&r, key, room);
        assert_int_equal(record_decode(&back, text), RC_OK);
        assert_true(bytes_equal(provider_of(&back, key, again), text));
        assert_int_equal(back.kind, RECORD_PROVIDER);
        assert_memory_equal(back.node.b, node.b, sizeof node.b);
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

static void the_largest(void **state)
{
    (void)state;
    struct sign_key *key = key_of(7);
    uint8_t room[RECORD_BYTES_MAX];
    struct record r = full_provider();
    struct record back;
    r.issued_s = UINT64_MAX - 1;
    r.expires_s = UINT64_MAX;
    for (unsigned i = 0; i < RECORD_ADDRESSES_MAX; i++)
        assert_true(net_addr_parse(&r.address[i], "[2001:db8::7]:9"));
    const struct bytes text = provider_of(&r, key, room);
    assert_int_equal(text.len, RECORD_PROVIDER_BYTES_MAX);
    assert_int_equal(record_decode(&back, text), RC_OK);
    struct buffer small = buffer_of(room, RECORD_PROVIDER_BYTES_MAX - 1);
    assert_int_equal(record_encode_provider(&small, &r, key), RC_FULL);
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
    uint8_t proof[RECORD_PROOF_BYTES_MAX + 1] = {0};
    const struct record_judge judge = {is_even, &asked};
    const struct record_judge none = {0};
    struct record back;
    struct bytes text = fault_of(bytes_of(proof, RECORD_PROOF_BYTES_MAX), room);
    assert_int_equal(record_decode(&back, text), RC_OK);
    assert_memory_equal(back.key.b, the_accused.b, sizeof the_accused.b);
    assert_true(record_check(&back, &judge));
    assert_false(record_check(&back, &none));
    text = fault_of(bytes_of(proof, RECORD_PROOF_BYTES_MAX - 1), room);
    assert_int_equal(record_decode(&back, text), RC_OK);
    assert_false(record_check(&back, &judge));
    assert_int_equal(asked, 2);
    assert_true(record_is_due(&back, 0) && record_is_due(&back, UINT64_MAX));
    assert_int_equal(record_decode(&back, fault_of(bytes_of(proof, 0), room)), RC_MALFORMED);
    text = fault_of(bytes_of(proof, sizeof proof), room);
    assert_int_equal(record_decode(&back, text), RC_MALFORMED);
}

static void is_refused(const struct record *r, const struct sign_key *key)
{
    uint8_t room[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    assert_int_equal(record_encode_provider(&b, r, key), RC_REFUSED);
    assert_int_equal(b.len, 0);
}

// What others send past these: see other_forms.
static void limits(void **state)
{
    (void)state;
    struct sign_key *key = key_of(7);
    uint8_t room[RECORD_BYTES_MAX];
    struct record r = provider();
    r.expires_s = r.issued_s + RECORD_LIFE_S_MAX + 1;
    is_refused(&r, key);
    r.expires_s = r.issued_s;
    is_refused(&r, key);
    r = provider();
    r.address[0].port = 0;
    is_refused(&r, key);
    r = provider();
    r.address_count = 0; // nobody could be reached
    is_refused(&r, key);
    r.relay_count = 1;
    assert_true(provider_of(&r, key, room).len > 0);
    r.relay_count = RECORD_RELAYS_MAX + 1;
    is_refused(&r, key);
    r = provider();
    r.address_count = RECORD_ADDRESSES_MAX + 1;
    is_refused(&r, key);
    sign_key_free(key);
}

static void times(void **state)
{
    (void)state;
    struct record r = provider();
    r.kind = RECORD_PROVIDER;
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
        {"8804", "8805"},                                                 // another form
        {"8804", "8704"},                                                 // another count
        {"8804", "881804"},                                               // a longer head
        {"1a6553f100", "1b000000006553f100"},                             // a longer number
        {"1a6553f100", "fb41d954fc40000000"},                             // a float
        {"1a6553ff10", "1a6553f100"},                                     // of no time
        {"1a6553ff10", "1a65554281"},                                     // of more than a day
        {"8146c00002011ae1", "8145c00002011a"},                           // no address
        {"8146c00002011ae1", "80"},                                       // nor a relay
        {"8146c00002011ae1", "8146c00002010000"},                         // no port
        {"8146c00002011ae1", "8146e00000011ae1"},                         // multicast
        {"8146c00002011ae1", "815200000000000000000000ffffc00002011ae1"}, // IPv4 in IPv6's clothes
        {"8146c00002011ae1", "9f46c00002011ae1ff"},                       // of no stated length
        {"8146c00002011ae180", "8146c00002011ae1814131"},
        {"8146c00002011ae1805840", "8146c00002011ae180005840"}, // one item more
    };
    uint8_t room[RECORD_BYTES_MAX];
    char hex[2 * RECORD_BYTES_MAX + 1];
    struct sign_key *key = key_of(7);
    const struct record r = provider();
    struct record back;
    hex_encode(provider_of(&r, key, room), hex);
    sign_key_free(key);
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
        cmocka_unit_test(the_largest),
        cmocka_unit_test(proofs_are_the_judges_business),
        cmocka_unit_test(limits),
        cmocka_unit_test(times),
        cmocka_unit_test(other_forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
