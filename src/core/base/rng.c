// SPDX-License-Identifier: MIT
// Seeded random numbers for everything that is not a key: the same seed, the same numbers.
#include "base/rng.h"

#include <assert.h>

#include "base/num.h"

uint64_t rng_mix(uint64_t x)
{
    x = num_wrap_mul(x ^ x >> 30, 0xbf58476d1ce4e5b9u);
    x = num_wrap_mul(x ^ x >> 27, 0x94d049bb133111ebu);
    return x ^ x >> 31;
}

struct rng rng_seeded(uint64_t seed)
{
    struct rng r = {{0}};
    for (int i = 0; i < 4; i++) {
        seed = num_wrap_add(seed, 0x9e3779b97f4a7c15u); // splitmix64
        r.s[i] = rng_mix(seed);
    }
    assert((r.s[0] | r.s[1]) != 0); // mix is one to one, and all zeros would stay so for ever
    return r;
}

uint64_t rng_u64(struct rng *r)
{
    uint64_t result = num_wrap_mul(num_rotate(num_wrap_mul(r->s[1], 5), 7), 9);
    uint64_t t = num_wrap_shift(r->s[1], 17);
    r->s[2] ^= r->s[0];
    r->s[3] ^= r->s[1];
    r->s[1] ^= r->s[2];
    r->s[0] ^= r->s[3];
    r->s[2] ^= t;
    r->s[3] = num_rotate(r->s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *r, uint64_t bound)
{
    assert(bound > 0);
    // 2^64 mod bound: below it lies what would be drawn once too often.
    uint64_t reject = (UINT64_MAX % bound + 1) % bound;
    uint64_t x = rng_u64(r);
    while (x < reject)
        x = rng_u64(r);
    assert(x >= reject);
    return x % bound;
}

double rng_unit(struct rng *r)
{
    const double x = (double)(rng_u64(r) >> 11) * 0x1p-53;
    assert(x < 1);
    return x;
}
