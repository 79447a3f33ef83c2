// SPDX-License-Identifier: MIT
// DHT ids: distance, buckets, and the examples of BEP 42.
#include "dht/key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/seed_test.h"

static struct net_addr addr_of(const char *text)
{
    struct net_addr a;
    assert_true(net_addr_parse(&a, text));
    return a;
}

static struct dht_id id_of(const char *hex)
{
    struct dht_id id;
    assert_true(hex_decode(bytes_text(hex), id.b, sizeof id.b));
    return id;
}

static void the_examples_of_bep_42(void **state)
{
    (void)state;
    static const struct {
        const char *addr, *id;
    } example[] = {
        {"124.31.75.21:1", "5fbfbff10c5d6a4ec8a88e4c6ab4c28b95eee401"},
        {"21.75.31.124:1", "5a3ce9c14e7a08645677bbd1cfe7d8f956d53256"},
        {"65.23.51.170:1", "a5d43220bc8f112a3d426c84764f8c2a1150e616"},
        {"84.124.73.14:1", "1b0321dd1bb1fe518101ceef99462b947a01ff41"},
        {"43.213.53.83:1", "e56f6cbf5b7c4be0237986d5243b87aa6d51305a"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(example); i++) {
        const struct net_addr addr = addr_of(example[i].addr);
        const struct dht_id id = id_of(example[i].id);
        assert_true(dht_id_fits(&id, &addr));
        for (unsigned bit = 0; bit < DHT_ID_BITS; bit++) { // 21 bits count, and three of dice
            struct dht_id other = id;
            other.b[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            const bool counts = bit < 21 || bit >= DHT_ID_BITS - 3;
            assert_true(dht_id_fits(&other, &addr) == !counts);
        }
    }
}

static void ids_made_for_an_address_fit_it(void **state)
{
    (void)state;
    static const char *const text[] = {"8.8.8.8:1", "203.0.113.200:6881", "[2001:db8::1]:1",
                                       "[2a02:8071:1:2:3:4:5:6]:6881"};
    struct rng dice = rng_seeded(test_seed());
    unsigned others = 0;
    for (int i = 0; i < 200; i++) {
        const struct net_addr a = addr_of(text[i % 4]);
        const struct net_addr b = addr_of(text[(i + 1) % 4]);
        const struct dht_id id = dht_id_of_addr(&a, &dice);
        assert_true(dht_id_fits(&id, &a));
        others += dht_id_fits(&id, &b);
    }
    assert_int_equal(others, 0); // 200 in 2^21
    const struct net_addr home = addr_of("192.168.1.2:1");
    const struct net_addr world = addr_of("192.169.1.2:1");
    const struct dht_id any = dht_id_random(&dice);
    assert_true(dht_id_fits(&any, &home));
    assert_false(dht_id_fits(&any, &world));
}

static void an_ipv6_id_by_hand(void **state)
{
    (void)state;
    // BEP 42 with an address of zeros but for 0x80 in its first byte, which the mask drops: what
    // is left is CRC32C over 8 bytes, the first of them dice << 5. Dice 0: eight zeros.
    struct net_addr a = {.ip = {0x80}, .port = 1};
    struct dht_id id = {{0x8c, 0x28, 0xb2}}; // CRC32C of eight zeros is 0x8c28b28a
    id.b[19] = 0xf8;
    assert_false(net_addr_is_private(&a));
    assert_true(dht_id_fits(&id, &a));
    a.ip[7] = 1; // the eighth byte counts in full
    assert_false(dht_id_fits(&id, &a));
    a.ip[7] = 0;
    a.ip[8] = 1; // the ninth does not
    assert_true(dht_id_fits(&id, &a));
}

static void distance(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int i = 0; i < 2000; i++) {
        const struct dht_id t = dht_id_random(&dice);
        const struct dht_id a = dht_id_beside(&t, (unsigned)rng_below(&dice, 161), &dice);
        const struct dht_id b = dht_id_beside(&t, (unsigned)rng_below(&dice, 161), &dice);
        uint8_t da[DHT_ID_BYTES];
        uint8_t db[DHT_ID_BYTES];
        for (size_t k = 0; k < DHT_ID_BYTES; k++) {
            da[k] = a.b[k] ^ t.b[k];
            db[k] = b.b[k] ^ t.b[k];
        }
        const int want = memcmp(da, db, sizeof da);
        const int got = dht_id_closer(&t, &a, &b);
        assert_true((want > 0) == (got > 0) && (want < 0) == (got < 0));
        assert_true(dht_id_closer(&t, &b, &a) == -got);
        assert_true((got == 0) == dht_id_equal(&a, &b));
        if (dht_id_common_bits(&t, &a) > dht_id_common_bits(&t, &b))
            assert_true(got < 0);
    }
}

static void ids_beside_another(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    const struct dht_id id = dht_id_random(&dice);
    for (unsigned bits = 0; bits <= DHT_ID_BITS; bits++) {
        for (int i = 0; i < 20; i++) {
            const struct dht_id other = dht_id_beside(&id, bits, &dice);
            assert_int_equal(dht_id_common_bits(&id, &other), bits);
        }
    }
    struct dht_id seen = {{0}}; // every bit behind the common ones is sometimes set
    for (int i = 0; i < 100; i++) {
        const struct dht_id other = dht_id_beside(&id, 9, &dice);
        for (size_t k = 0; k < DHT_ID_BYTES; k++)
            seen.b[k] |= other.b[k] ^ id.b[k];
    }
    assert_int_equal(seen.b[0], 0);
    assert_int_equal(seen.b[1], 0x7f);
    for (size_t k = 2; k < DHT_ID_BYTES; k++)
        assert_int_equal(seen.b[k], 0xff);
}

static void forms(void **state)
{
    (void)state;
    const struct digest name = hash_bytes(bytes_text("abc"));
    const struct dht_id id = dht_id_of_name(&name);
    struct dht_id back;
    char hex[DHT_ID_HEX_BYTES];
    dht_id_hex(&id, hex);
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a3"); // FIPS 180-2
    assert_true(dht_id_from(&back, dht_id_bytes(&id)));
    assert_true(dht_id_equal(&id, &back));
    assert_false(dht_id_from(&back, bytes_of(name.b, 19)));
    assert_false(dht_id_from(&back, digest_bytes(&name)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_examples_of_bep_42), cmocka_unit_test(ids_made_for_an_address_fit_it),
        cmocka_unit_test(an_ipv6_id_by_hand),     cmocka_unit_test(distance),
        cmocka_unit_test(ids_beside_another),     cmocka_unit_test(forms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
