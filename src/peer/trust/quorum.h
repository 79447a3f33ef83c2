// SPDX-License-Identifier: MIT
// Quorum: how many of those who say the same are different people.
//
//  - At most QUORUM_BLOCK_MAX identities of one /24 (IPv6: /48) count, in whatever is counted.
//  - What a driver executes needs QUORUM_SIGNERS signers of equal bytes, from as many different
//    /16 (IPv6: /32), no two vouched for by the same node and none by another of them; or one
//    publisher the user chose.
//
// Pure functions.
#ifndef TRUST_QUORUM_H
#define TRUST_QUORUM_H

#include <stdbool.h>
#include <stddef.h>

#include "crypt/id.h"
#include "host/net.h"

#define QUORUM_BLOCK_MAX  2u
#define QUORUM_SIGNERS    3u
#define QUORUM_LOOKED_MAX 32u // signers; of more, publishers alone are looked for

// Which of `count` addresses count: is_counted[i] is set for the first QUORUM_BLOCK_MAX of each
// block. Answers how many. Looks at all pairs: for tens of them.
size_t quorum_count(const struct net_addr *addr, size_t count, bool *is_counted);

struct quorum_signer {
    struct node_id node;
    struct net_addr addr;   // where it answered from, not where it says it is
    struct node_id voucher; // whose newcomer it is (trust_voucher); zeros: nobody's
    bool is_publisher;      // the user chose this key
};

// Whether they are enough; `signer` are those of equal bytes, whose signatures were checked.
bool quorum_is_met(const struct quorum_signer *signer, size_t count);

#endif
