// SPDX-License-Identifier: MIT
// Ed25519 signatures (RFC 8032), by OpenSSL.
#include "crypt/sign.h"

#include <assert.h>

#include <openssl/evp.h>

// An OpenSSL key under a name of ours: never dereferenced here.
static EVP_PKEY *pkey_of(const struct sign_key *k)
{
    // NOLINTNEXTLINE(performance-no-int-to-ptr): OpenSSL 3.0 asks for keys without const
    return (EVP_PKEY *)(uintptr_t)k;
}

enum rc sign_key_new(struct sign_key **out, const uint8_t seed[static SIGN_SEED_BYTES])
{
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SIGN_SEED_BYTES);
    *out = (struct sign_key *)key;
    return key == NULL ? RC_NOMEM : RC_OK;
}

void sign_key_free(struct sign_key *k)
{
    EVP_PKEY_free(pkey_of(k)); // cleanses the secret half
}

struct sign_public sign_key_public(const struct sign_key *k)
{
    struct sign_public p = {{0}};
    size_t len = sizeof p.b;
    assert(k != NULL);
    const int is_done = EVP_PKEY_get_raw_public_key(pkey_of(k), p.b, &len);
    assert(is_done == 1); // sign_key_new makes no other keys
    assert(len == sizeof p.b);
    return p;
}

enum rc sign_make(const struct sign_key *k, struct bytes message, struct signature *out)
{
    assert(k != NULL);
    size_t len = sizeof out->b;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = context != NULL &&
                   EVP_DigestSignInit(context, NULL, NULL, NULL, pkey_of(k)) == 1 &&
                   EVP_DigestSign(context, out->b, &len, message.at, message.len) == 1;
    EVP_MD_CTX_free(context);
    assert(!is_good || len == sizeof out->b);
    return is_good ? RC_OK : RC_NOMEM;
}

bool sign_check(const struct sign_public *p, struct bytes message, const struct signature *s)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, p->b, sizeof p->b);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool is_good = key != NULL && context != NULL &&
                   EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
                   EVP_DigestVerify(context, s->b, sizeof s->b, message.at, message.len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return is_good;
}
