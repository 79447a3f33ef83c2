// SPDX-License-Identifier: MIT
// Token bucket: how many bytes may leave now, and when may the next ones.
//
//     rc = bucket_take(&b, len, now_us);             // before sending: all of it or none
//
//     bucket_charge(&b, len, now_us);                // after receiving: it has happened already,
//     wait_us = bucket_wait_us(&b, 1, now_us);       // so the bucket may owe, and we read no more
//
// A value type: embed it, copy it, nothing to free. Reads no clock: the caller passes monotonic
// microseconds; a time before the last one seen counts as no time passed. One bucket belongs to
// one loop. In any span of t seconds bucket_take gives at most burst + rate * t, exactly: no
// fraction of a byte is lost or won by asking often. What is counted may be anything that comes
// in whole units (messages, connections); the words here say bytes.
#ifndef LINK_BUCKET_H
#define LINK_BUCKET_H

#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

// 2^40, a terabyte: so that bytes times 1e6, for a full bucket and a full debt, fit 64 bits.
#define BUCKET_RATE_BYTES_S_MAX (UINT64_C(1) << 40)
#define BUCKET_BURST_BYTES_MAX  (UINT64_C(1) << 40)
#define BUCKET_DEBT_BYTES_MAX   (UINT64_C(1) << 40) // what is charged beyond is forgiven

struct bucket_cfg {
    uint64_t rate_bytes_s; // refill, 1 .. BUCKET_RATE_BYTES_S_MAX
    uint64_t burst_bytes;  // depth, 1 .. BUCKET_BURST_BYTES_MAX
};

struct bucket { // fields are private to bucket.c
    struct bucket_cfg cfg;
    uint64_t level_bytes;   // 0 .. burst_bytes; 0 while there is debt
    uint64_t debt_bytes;    // 0 .. BUCKET_DEBT_BYTES_MAX; refill pays it first
    uint64_t carry_byte_us; // refill not yet worth a whole byte, < 1e6; 0 when full
    uint64_t seen_us;       // the latest time we were given
};

// Starts full. RC_CONFIG if a field of cfg is out of range; *b is untouched.
MUST_USE enum rc bucket_init(struct bucket *b, const struct bucket_cfg *cfg, uint64_t now_us);

// Another rate and depth from now on; what is there (up to the new depth) or owed stays.
// RC_CONFIG as above; *b is untouched.
MUST_USE enum rc bucket_set(struct bucket *b, const struct bucket_cfg *cfg, uint64_t now_us);

// Takes all of len_bytes or none of it.
// RC_AGAIN: not yet. RC_REFUSED: never, len_bytes is deeper than the bucket.
MUST_USE enum rc bucket_take(struct bucket *b, uint64_t len_bytes, uint64_t now_us);

// Takes len_bytes whatever the level: what is missing is owed, and later refill pays it before
// anything can be taken again.
void bucket_charge(struct bucket *b, uint64_t len_bytes, uint64_t now_us);

uint64_t bucket_level_bytes(struct bucket *b, uint64_t now_us); // what may be taken now

// Microseconds from now_us until take(len_bytes) succeeds if nobody else takes: 0 = now,
// UINT64_MAX = never. With len_bytes 1, until nothing is owed and something is there.
uint64_t bucket_wait_us(struct bucket *b, uint64_t len_bytes, uint64_t now_us);

#endif
