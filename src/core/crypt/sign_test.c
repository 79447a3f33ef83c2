// SPDX-License-Identifier: MIT
// Ed25519 by RFC 8032's examples (section 7.1); what was changed is refused.
#include "crypt/sign.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static const struct {
    const char *seed, *key_public, *message, *signature;
} vector[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
     "b46bd25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
     "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
     "c6594a7c15e9716ed28dc027beceea1ec40a"},
    {"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
     "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
     "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
     "ebbd454d4423643ce80e2a9ac94fa54ca49f",
     "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431"
     "e0303dca179c138ac17ad9bef1177331a704"},
};

static void unhex(const char *hex, uint8_t *out, size_t len)
{
    assert_true(hex_decode(bytes_text(hex), out, len));
}

static void the_rfcs_examples(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_COUNT(vector); i++) {
        uint8_t seed[SIGN_SEED_BYTES];
        uint8_t message[64];
        struct sign_public want_public;
        struct signature want;
        const size_t len = strlen(vector[i].message) / 2;
        unhex(vector[i].seed, seed, sizeof seed);
        unhex(vector[i].key_public, want_public.b, sizeof want_public.b);
        unhex(vector[i].message, message, len);
        unhex(vector[i].signature, want.b, sizeof want.b);
        struct sign_key *k;
        assert_int_equal(sign_key_new(&k, seed), RC_OK);
        const struct sign_public got_public = sign_key_public(k);
        assert_memory_equal(got_public.b, want_public.b, sizeof want_public.b);
        struct signature got;
        assert_int_equal(sign_make(k, bytes_of(message, len), &got), RC_OK);
        assert_memory_equal(got.b, want.b, sizeof want.b);
        assert_true(sign_check(&want_public, bytes_of(message, len), &want));
        sign_key_free(k);
    }
}

static void one_changed_bit_is_refused(void **state)
{
    (void)state;
    static const uint8_t seed[SIGN_SEED_BYTES] = {1, 2, 3};
    struct sign_key *k;
    assert_int_equal(sign_key_new(&k, seed), RC_OK);
    const struct sign_public p = sign_key_public(k);
    uint8_t message[20] = "a commitment";
    struct signature s;
    assert_int_equal(sign_make(k, bytes_of(message, sizeof message), &s), RC_OK);
    assert_true(sign_check(&p, bytes_of(message, sizeof message), &s));
    for (size_t bit = 0; bit < 8 * sizeof s.b; bit++) {
        struct signature wrong = s;
        wrong.b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(sign_check(&p, bytes_of(message, sizeof message), &wrong));
    }
    for (size_t bit = 0; bit < 8 * sizeof message; bit++) {
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(sign_check(&p, bytes_of(message, sizeof message), &s));
        message[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_false(sign_check(&p, bytes_of(message, sizeof message - 1), &s));
    sign_key_free(k);
    sign_key_free(NULL);
}

static void a_key_that_is_no_point_is_refused(void **state)
{
    (void)state;
    struct sign_public p;
    struct signature s = {{0}};
    memset(p.b, 0xff, sizeof p.b);
    assert_false(sign_check(&p, bytes_text("anything"), &s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfcs_examples),
        cmocka_unit_test(one_changed_bit_is_refused),
        cmocka_unit_test(a_key_that_is_no_point_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
