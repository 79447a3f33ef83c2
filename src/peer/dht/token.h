// SPDX-License-Identifier: MIT
// Tokens: who wrote from an address lately may have something stored (BEP 5).
//
// A token is SipHash-2-4 of the address (without port) and of the current five minutes, under a
// secret of the node's: nothing is kept for anybody. It counts for five to ten minutes.
#ifndef DHT_TOKEN_H
#define DHT_TOKEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "host/net.h"

#define TOKEN_BYTES        8u
#define TOKEN_SECRET_BYTES 16
#define TOKEN_TURN_US      300000000u // 5 min: BEP 5

struct token {
    uint8_t b[TOKEN_BYTES];
};

struct token_secret { // random bytes of the host's
    uint8_t b[TOKEN_SECRET_BYTES];
};

struct token token_make(const struct token_secret *s, const struct net_addr *who, uint64_t now_us);
// Made for this address in this turn or the one before? In constant time.
bool token_fits(const struct token_secret *s, struct bytes token, const struct net_addr *who,
                uint64_t now_us);

#endif
