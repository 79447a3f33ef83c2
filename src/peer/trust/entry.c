// SPDX-License-Identifier: MIT
// Entry: what it costs to be many.
#include "trust/entry.h"

#include <assert.h>

#include "base/num.h"
#include "crypt/hash.h"

#define CONTEXT "shoal entry 1"

bool entry_solves(const struct node_id *id, uint64_t nonce, uint32_t bits)
{
    uint8_t text[sizeof CONTEXT + NODE_ID_BYTES + sizeof nonce];
    struct buffer b = buffer_of(text, sizeof text);
    buffer_put(&b, bytes_of(CONTEXT, sizeof CONTEXT));
    buffer_put(&b, bytes_of(id->b, NODE_ID_BYTES));
    buffer_u64(&b, nonce);
    const struct digest d = hash_bytes(buffer_bytes(&b));
    return bits == 0 || digest_u64(&d) >> (64 - num_min(bits, 64)) == 0;
}

bool entry_solve(const struct node_id *id, uint64_t *nonce, uint32_t bits, uint32_t tries)
{
    for (uint32_t i = 0; i < tries; i++, *nonce = num_wrap_add(*nonce, 1))
        if (entry_solves(id, *nonce, bits))
            return true;
    return false;
}

size_t entry_count(const struct net_addr *addr, size_t count, bool *is_counted)
{
    size_t counted = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t block = net_addr_block(&addr[i]);
        uint32_t same = 0;
        for (size_t j = 0; j < i; j++)
            same += is_counted[j] && net_addr_block(&addr[j]) == block;
        is_counted[i] = same < ENTRY_BLOCK_MAX;
        counted += is_counted[i];
    }
    return counted;
}

// ---- Quorum

static bool has_voucher(const struct entry_signer *s)
{
    static const struct node_id nobody = {{0}};
    return !node_id_equal(&s->voucher, &nobody);
}

// Who came in without a voucher stands for himself, and may have vouched for the other.
static bool is_apart(const struct entry_signer *a, const struct entry_signer *b)
{
    const struct node_id *x = has_voucher(a) ? &a->voucher : &a->node;
    const struct node_id *y = has_voucher(b) ? &b->voucher : &b->node;
    return !node_id_equal(x, y) && !node_id_equal(&a->node, &b->node) &&
           net_addr_region(&a->addr) != net_addr_region(&b->addr);
}

// A third that is apart from both, after the second.
static bool has_third(const struct entry_signer *signer, size_t count, size_t i, size_t j)
{
    for (size_t k = j + 1; k < count; k++)
        if (is_apart(&signer[i], &signer[k]) && is_apart(&signer[j], &signer[k]))
            return true;
    return false;
}

bool entry_quorum(const struct entry_signer *signer, size_t count)
{
    static_assert(ENTRY_QUORUM == 3, "who is apart is looked for in threes");
    count = num_min(count, ENTRY_SIGNERS);
    for (size_t i = 0; i < count; i++)
        if (signer[i].is_publisher)
            return true;
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (is_apart(&signer[i], &signer[j]) && has_third(signer, count, i, j))
                return true;
    return false;
}
