// SPDX-License-Identifier: MIT
// Ed25519 signatures (RFC 8032), by OpenSSL.
#ifndef CRYPT_SIGN_H
#define CRYPT_SIGN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

#define SIGN_PUBLIC_BYTES 32
#define SIGN_SEED_BYTES   32
#define SIGNATURE_BYTES   64

struct sign_public {
    uint8_t b[SIGN_PUBLIC_BYTES];
};

struct signature {
    uint8_t b[SIGNATURE_BYTES];
};

struct sign_key; // the secret half; cleansed when freed

// From 32 secret bytes (RFC 8032 section 5.1.5). RC_NOMEM: *out is NULL.
MUST_USE enum rc sign_key_new(struct sign_key **out, const uint8_t seed[static SIGN_SEED_BYTES]);
void sign_key_free(struct sign_key *k); // NULL is fine
struct sign_public sign_key_public(const struct sign_key *k);
// Deterministic. RC_NOMEM: *out is of no use.
MUST_USE enum rc sign_make(const struct sign_key *k, struct bytes message, struct signature *out);
bool sign_check(const struct sign_public *p, struct bytes message, const struct signature *s);

#endif
