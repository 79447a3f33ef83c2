// SPDX-License-Identifier: MIT
// SHA-256 and the names made of it.
//
// An object's name is the SHA-256 of its uncompressed bytes; people see it as an IPFS CIDv1
// (raw codec): "bafkrei..." (multiformats CID v1, base32 lower case).
#ifndef CRYPT_HASH_H
#define CRYPT_HASH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

#define DIGEST_BYTES     32
#define DIGEST_HEX_BYTES 65 // with its final 0
#define CID_TEXT_BYTES   60 // "b" + 58 base32 digits of 36 bytes + 0

struct digest {
    uint8_t b[DIGEST_BYTES];
};

// SHA-256 of all of `in`.
struct digest hash_bytes(struct bytes in);
// SHA-256 over several parts in order.
struct digest hash_parts(const struct bytes *part, size_t count);
bool digest_equal(const struct digest *a, const struct digest *b);
bool digest_from(struct digest *out, struct bytes in); // false unless in.len is DIGEST_BYTES
uint64_t digest_u64(const struct digest *d); // its first eight bytes, the first one highest
struct bytes digest_bytes(const struct digest *d);
void digest_hex(const struct digest *d, char out[static DIGEST_HEX_BYTES]);
bool digest_from_hex(struct digest *out, const char *text); // false: *out is of no use
void digest_cid(const struct digest *d, char out[static CID_TEXT_BYTES]);
// False: not a raw CIDv1 of SHA-256; *out is untouched.
bool digest_from_cid(struct digest *out, const char *text);

#endif
