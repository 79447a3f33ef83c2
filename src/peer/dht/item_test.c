// SPDX-License-Identifier: MIT
// BEP 44 items: the test vectors of the BEP, limits, and signing.
#include "dht/item.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "wire/bencode.h"

// BEP 44, "test vectors". Their secret key is the expanded one, which RFC 8032's seed cannot be
// had from: signatures are checked here, not made.
#define VECTOR_K "77ff84905a91936367c01360803104f92432fcd904a43511876df5cdf3e7e548"

struct vector {
    struct sign_public k;
    struct signature sig;
    struct item item;
};

static struct vector *vector(struct vector *v, const char *sig, const char *salt)
{
    assert_true(hex_decode(bytes_text(VECTOR_K), v->k.b, sizeof v->k.b));
    assert_true(hex_decode(bytes_text(sig), v->sig.b, sizeof v->sig.b));
    v->item = (struct item){.v = bytes_text("12:Hello World!"),
                            .k = bytes_of(v->k.b, sizeof v->k.b),
                            .salt = bytes_text(salt),
                            .sig = bytes_of(v->sig.b, sizeof v->sig.b),
                            .seq = 1};
    return v;
}

static void is_signed_as(const struct item *i, const char *text)
{
    uint8_t room[ITEM_SIGNED_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    item_signed(&b, i);
    assert_true(bytes_is(buffer_bytes(&b), text));
}

static void is_target(const struct item *i, const char *hex)
{
    char got[DHT_ID_HEX_BYTES];
    const struct dht_id id = item_target(i);
    dht_id_hex(&id, got);
    assert_string_equal(got, hex);
}

static void vectors_of_the_bep(void **state)
{
    (void)state;
    struct vector v;
    const struct item *i =
        &vector(&v,
                "305ac8aeb6c9c151fa120f120ea2cfb923564e11552d06a5d856091e5e853cff"
                "1260d3f39e4999684aa92eb73ffd136e6f4f3ecbfda0ce53a1608ecd7ae21f01",
                "")
             ->item;
    is_signed_as(i, "3:seqi1e1:v12:Hello World!");
    is_target(i, "4a533d47ec9c7d95b1ad75f576cffc641853b750");
    assert_int_equal(item_check(i), KRPC_NO_ERROR);

    i = &vector(&v,
                "6834284b6b24c3204eb2fea824d82f88883a3d95e8b4a21b8c0ded553d17d17d"
                "df9a8a7104b1258f30bed3787e6cb896fca78c58f8e03b5f18f14951a87d9a08",
                "foobar")
             ->item;
    is_signed_as(i, "4:salt6:foobar3:seqi1e1:v12:Hello World!");
    is_target(i, "411eba73b6f087ca51a3795d9c8c938d365e32c1");
    assert_int_equal(item_check(i), KRPC_NO_ERROR);
    const struct dht_id same = item_target_of(&v.k, bytes_text("foobar"));
    const struct dht_id target = item_target(i);
    assert_true(dht_id_equal(&same, &target));

    const struct item immutable = {.v = bytes_text("12:Hello World!")};
    is_target(&immutable, "e5f96f6f38320f0f33959cb4d3d656452117aadb");
    assert_int_equal(item_check(&immutable), KRPC_NO_ERROR);
}

static void every_bit_is_signed(void **state)
{
    (void)state;
    struct sign_key *key;
    struct sign_public public;
    struct signature signature;
    const uint8_t seed[SIGN_SEED_BYTES] = {9};
    uint8_t v[] = "12:Hello World!";
    uint8_t salt[] = "salt";
    assert_int_equal(sign_key_new(&key, seed), RC_OK);
    struct item i = {.v = bytes_of(v, 15), .salt = bytes_of(salt, 4), .seq = 42};
    assert_int_equal(item_sign(&i, key, &public, &signature), RC_OK);
    assert_int_equal(item_check(&i), KRPC_NO_ERROR);
    v[5] ^= 1;
    assert_int_equal(item_check(&i), KRPC_BAD_SIGNATURE);
    v[5] ^= 1;
    salt[0] ^= 1;
    assert_int_equal(item_check(&i), KRPC_BAD_SIGNATURE);
    salt[0] ^= 1;
    i.seq++;
    assert_int_equal(item_check(&i), KRPC_BAD_SIGNATURE);
    i.seq--;
    signature.b[40] ^= 1;
    assert_int_equal(item_check(&i), KRPC_BAD_SIGNATURE);
    signature.b[40] ^= 1;
    public.b[3] ^= 1;
    assert_int_equal(item_check(&i), KRPC_BAD_SIGNATURE);
    public.b[3] ^= 1;
    assert_int_equal(item_check(&i), KRPC_NO_ERROR);
    sign_key_free(key);
}

static struct bytes string_of(uint8_t *room, size_t encoded_bytes)
{
    struct buffer b = buffer_of(room, encoded_bytes);
    uint8_t text[ITEM_VALUE_BYTES_MAX + 10];
    memset(text, 'x', sizeof text);
    const size_t head = encoded_bytes > 1000 ? 5 : 4; // "996:"
    bencode_put_string(&b, bytes_of(text, encoded_bytes - head));
    assert_true(!b.is_full && b.len == encoded_bytes);
    return buffer_bytes(&b);
}

static void limits(void **state)
{
    (void)state;
    static const uint8_t zeros[ITEM_SALT_BYTES_MAX + 1] = {0};
    uint8_t room[ITEM_VALUE_BYTES_MAX + 10];
    struct item i = {.v = string_of(room, 1000)};
    assert_int_equal(item_judge(&i), KRPC_NO_ERROR);
    i.v = bytes_of(room, sizeof room);
    assert_int_equal(item_judge(&i), KRPC_VALUE_TOO_BIG);
    i = (struct item){.v = bytes_text("i1e"),
                      .k = bytes_of(zeros, 32),
                      .sig = bytes_of(zeros, 64),
                      .salt = bytes_of(zeros, 64)};
    assert_int_equal(item_judge(&i), KRPC_NO_ERROR);
    assert_int_equal(item_check(&i), KRPC_BAD_SIGNATURE);
    i.salt.len = 65;
    assert_int_equal(item_judge(&i), KRPC_SALT_TOO_BIG);
    i.salt.len = 0;
    i.seq = -1;
    assert_int_equal(item_judge(&i), KRPC_PROTOCOL);
    i.seq = INT64_MAX;
    assert_int_equal(item_judge(&i), KRPC_NO_ERROR);
    i.sig = (struct bytes){NULL, 0};
    assert_int_equal(item_judge(&i), KRPC_PROTOCOL);
    i.sig = bytes_of(zeros, 64);
    i.k = (struct bytes){NULL, 0};
    assert_int_equal(item_judge(&i), KRPC_PROTOCOL);
    i.sig = (struct bytes){NULL, 0};
    static const char *const bad[] = {
        "", "x", "i01e", "i1ei2e", "d1:bi1e1:ai1ee", "d1:ai1e1:ai1ee"};
    for (size_t n = 0; n < ARRAY_COUNT(bad); n++) {
        i.v = bytes_text(bad[n]);
        assert_int_equal(item_judge(&i), KRPC_PROTOCOL);
    }
    struct sign_key *key;
    struct sign_public public;
    struct signature signature;
    const uint8_t seed[SIGN_SEED_BYTES] = {9};
    assert_int_equal(sign_key_new(&key, seed), RC_OK);
    assert_int_equal(item_sign(&i, key, &public, &signature), RC_REFUSED);
    sign_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_of_the_bep),
        cmocka_unit_test(every_bit_is_signed),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
