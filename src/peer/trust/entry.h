// SPDX-License-Identifier: MIT
// Entry: what it costs to be many.
//
//  - A puzzle on the node's key: about a second to solve, one hash to check. Against floods of
//    fresh identities, never the only barrier.
//  - At most ENTRY_BLOCK_MAX identities of one /24 (IPv6: /48) count, in whatever is counted.
//  - A quorum for what a driver executes: ENTRY_QUORUM signers of equal bytes, from as many
//    different /16 (IPv6: /32), no two vouched for by the same node; or one publisher the user
//    chose.
//
// Pure functions.
#ifndef TRUST_ENTRY_H
#define TRUST_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypt/id.h"
#include "host/net.h"

#define ENTRY_BITS      21u // leading zero bits: two million hashes on average, about a second
#define ENTRY_BLOCK_MAX 2u
#define ENTRY_QUORUM    3u
#define ENTRY_SIGNERS   32u // more are not looked at

// SHA-256("shoal entry 1" 0 id nonce), nonce as 8 bytes, highest first: does it begin with `bits`
// zero bits (at most 64)?
bool entry_solves(const struct node_id *id, uint64_t nonce, uint32_t bits);
// Tries `tries` nonces from *nonce on. True: *nonce is a solution. False: *nonce is where to go on.
bool entry_solve(const struct node_id *id, uint64_t *nonce, uint32_t bits, uint32_t tries);

// Which of `count` addresses count: is_counted[i] is set for the first ENTRY_BLOCK_MAX of each
// block. Answers how many.
size_t entry_count(const struct net_addr *addr, size_t count, bool *is_counted);

struct entry_signer {
    struct node_id node;
    struct net_addr addr;   // where it answered from, not where it says it is
    struct node_id voucher; // whose newcomer it is; zeros: nobody's
    bool is_publisher;      // the user chose this key
};

// Whether they are enough; `signer` are those of equal bytes, whose signatures were checked.
bool entry_quorum(const struct entry_signer *signer, size_t count);

#endif
