// SPDX-License-Identifier: MIT
// SHA-1 (FIPS 180-4), by OpenSSL: only where a foreign wire format wants it.
//
// Those are BEP 44 and RFC 6455. Collisions can be made: nothing of ours is ever named or trusted
// by it.
#ifndef CRYPT_SHA1_H
#define CRYPT_SHA1_H

#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define SHA1_BYTES 20

struct sha1 {
    uint8_t b[SHA1_BYTES];
};

// Over several parts in order.
struct sha1 sha1_parts(const struct bytes *part, size_t count);

#endif
