// SPDX-License-Identifier: MIT
// Puzzle: what a fresh identity costs: a search for a number that fits the node's key.
#include "trust/puzzle.h"

#include <assert.h>

#include "base/num.h"
#include "crypt/hash.h"

#define CONTEXT "shoal entry 1"

bool puzzle_is_solved(const struct node_id *id, uint64_t nonce, uint32_t bits)
{
    assert(bits <= PUZZLE_BITS_MAX);
    uint8_t text[sizeof CONTEXT + NODE_ID_BYTES + sizeof nonce];
    struct buffer b = buffer_of(text, sizeof text);
    buffer_put(&b, bytes_of(CONTEXT, sizeof CONTEXT));
    buffer_put(&b, bytes_of(id->b, NODE_ID_BYTES));
    buffer_u64(&b, nonce);
    assert(!b.is_full && b.len == sizeof text);
    const struct digest d = hash_bytes(buffer_bytes(&b));
    return bits == 0 || digest_u64(&d) >> (PUZZLE_BITS_MAX - bits) == 0;
}

bool puzzle_solve(const struct node_id *id, uint64_t *nonce, uint32_t bits, uint32_t tries)
{
    for (uint32_t i = 0; i < tries; i++, *nonce = num_wrap_add(*nonce, 1))
        if (puzzle_is_solved(id, *nonce, bits))
            return true;
    return false;
}
