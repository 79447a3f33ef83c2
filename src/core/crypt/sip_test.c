// SPDX-License-Identifier: MIT
// SipHash-2-4 against its authors' example and OpenSSL.
#include "crypt/sip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "base/rng.h"
#include "base/seed_test.h"

static void the_authors_example(void **state)
{
    (void)state;
    uint8_t key[SIP_KEY_BYTES];
    uint8_t in[15];
    for (uint8_t i = 0; i < sizeof key; i++)
        key[i] = i;
    for (uint8_t i = 0; i < sizeof in; i++)
        in[i] = i;
    // Appendix A of the paper; then the first of the vectors published with the code.
    assert_true(sip_hash(key, bytes_of(in, 15)) == UINT64_C(0xa129ca6149be45e5));
    assert_true(sip_hash(key, bytes_of(in, 0)) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(sip_hash(key, (struct bytes){NULL, 0}) == UINT64_C(0x726fdb47dd0e0e31));
    assert_true(sip_hash(key, bytes_of(in, 1)) == UINT64_C(0x74f839c593dc67fd));
    assert_true(sip_hash(key, bytes_of(in, 8)) == UINT64_C(0x93f5f5799a932462));
}

static uint64_t by_openssl(EVP_MAC_CTX *mac, const uint8_t *key, struct bytes in)
{
    uint8_t out[8];
    size_t len = 0;
    size_t size = sizeof out;
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_size_t(OSSL_MAC_PARAM_SIZE, &size),
                                 OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_MAC_init(mac, key, SIP_KEY_BYTES, params), 1);
    assert_int_equal(EVP_MAC_update(mac, in.at, in.len), 1);
    assert_int_equal(EVP_MAC_final(mac, out, &len, sizeof out), 1);
    assert_int_equal(len, sizeof out);
    struct cursor c = {.left = bytes_of(out, sizeof out)};
    return cursor_u64le(&c);
}

static void as_openssl_has_it(void **state)
{
    (void)state;
    EVP_MAC *kind = EVP_MAC_fetch(NULL, "SIPHASH", NULL);
    EVP_MAC_CTX *mac = EVP_MAC_CTX_new(kind);
    assert_non_null(mac);
    struct rng dice = rng_seeded(test_seed());
    for (int i = 0; i < 2000; i++) {
        uint8_t key[SIP_KEY_BYTES];
        uint8_t in[300];
        for (size_t k = 0; k < sizeof key; k++)
            key[k] = (uint8_t)rng_u64(&dice);
        const size_t len = (size_t)rng_below(&dice, i % 2 == 0 ? 40 : sizeof in);
        for (size_t k = 0; k < len; k++)
            in[k] = (uint8_t)rng_u64(&dice);
        assert_true(sip_hash(key, bytes_of(in, len)) == by_openssl(mac, key, bytes_of(in, len)));
    }
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(kind);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_authors_example),
        cmocka_unit_test(as_openssl_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
