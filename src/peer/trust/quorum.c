// SPDX-License-Identifier: MIT
// Quorum: how many of those who say the same are different people.
#include "trust/quorum.h"

#include <assert.h>
#include <stdint.h>

#include "base/num.h"

size_t quorum_count(const struct net_addr *addr, size_t count, bool *is_counted)
{
    size_t counted = 0;
    for (size_t i = 0; i < count; i++) {
        const uint64_t block = net_addr_block(&addr[i]);
        uint32_t same = 0;
        for (size_t j = 0; j < i; j++)
            same += is_counted[j] && net_addr_block(&addr[j]) == block;
        is_counted[i] = same < QUORUM_BLOCK_MAX;
        counted += is_counted[i];
    }
    return counted;
}

static bool has_one_voucher(const struct quorum_signer *a, const struct quorum_signer *b)
{
    static const struct node_id nobody = {{0}};
    return node_id_equal(&a->voucher, &b->voucher) && !node_id_equal(&a->voucher, &nobody);
}

static bool is_apart(const struct quorum_signer *a, const struct quorum_signer *b)
{
    const bool is_kin = has_one_voucher(a, b) || node_id_equal(&a->voucher, &b->node) ||
                        node_id_equal(&b->voucher, &a->node);
    return !is_kin && !node_id_equal(&a->node, &b->node) &&
           net_addr_region(&a->addr) != net_addr_region(&b->addr);
}

// A third that is apart from both, after the second.
static bool has_third(const struct quorum_signer *signer, size_t count, size_t i, size_t j)
{
    for (size_t k = j + 1; k < count; k++)
        if (is_apart(&signer[i], &signer[k]) && is_apart(&signer[j], &signer[k]))
            return true;
    return false;
}

bool quorum_is_met(const struct quorum_signer *signer, size_t count)
{
    static_assert(QUORUM_SIGNERS == 3, "who is apart is looked for in threes");
    for (size_t i = 0; i < count; i++)
        if (signer[i].is_publisher)
            return true;
    count = num_min(count, QUORUM_LOOKED_MAX);
    for (size_t i = 0; i < count; i++)
        for (size_t j = i + 1; j < count; j++)
            if (is_apart(&signer[i], &signer[j]) && has_third(signer, count, i, j))
                return true;
    return false;
}
