// SPDX-License-Identifier: MIT
// Seeded random numbers for everything that is not a key: the same seed, the same numbers.
//
// xoshiro256** (Blackman, Vigna 2018), seeded by splitmix64. A value type. Never for secrets:
// those come from host/entropy.
#ifndef BASE_RNG_H
#define BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t s[4];
};

struct rng rng_seeded(uint64_t seed);
uint64_t rng_u64(struct rng *r);
uint64_t rng_below(struct rng *r, uint64_t bound); // 0 .. bound - 1 without bias; bound > 0
double rng_unit(struct rng *r);                    // 0 <= x < 1
// One well-mixed word from another: splitmix64's finaliser, for hashing small integers.
uint64_t rng_mix(uint64_t x);

#endif
