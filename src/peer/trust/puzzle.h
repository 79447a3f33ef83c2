// SPDX-License-Identifier: MIT
// Puzzle: what a fresh identity costs: a search for a number that fits the node's key.
//
// About a second to solve, one hash to check. Against floods of fresh identities, never the only
// barrier: who has a hundred machines has a hundred of them a second.
//
// Pure functions.
#ifndef TRUST_PUZZLE_H
#define TRUST_PUZZLE_H

#include <stdbool.h>
#include <stdint.h>

#include "crypt/id.h"

#define PUZZLE_BITS     21u // leading zero bits: two million hashes on average, about a second
#define PUZZLE_BITS_MAX 64u

// SHA-256("shoal entry 1" 0 id nonce), nonce as 8 bytes, highest first: does it begin with `bits`
// zero bits, 0 .. PUZZLE_BITS_MAX?
bool puzzle_is_solved(const struct node_id *id, uint64_t nonce, uint32_t bits);
// Tries `tries` nonces from *nonce on. True: *nonce is a solution. False: *nonce is where to go on.
bool puzzle_solve(const struct node_id *id, uint64_t *nonce, uint32_t bits, uint32_t tries);

#endif
