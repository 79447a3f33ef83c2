// SPDX-License-Identifier: MIT
// Counter-based random numbers: a hash of (seed, frame, pixel, sample, dimension).
//
// One key per sample, mixed three times over; one more mix per dimension gives 64 fresh bits.
// The mixer is Stafford's variant 13 (the finaliser of splitmix64), a bijection that passes
// BigCrush on consecutive counters.
#ifndef KERNEL_WORLD_RANDOM_H
#define KERNEL_WORLD_RANDOM_H

#include <stdint.h>

#define RANDOM_STEP 0x9e3779b97f4a7c15u // 2^64 / golden ratio, odd

static inline uint64_t random_mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

// The same for every sample of a pixel.
static inline uint64_t random_pixel_key(uint64_t seed, uint32_t frame, uint32_t x, uint32_t y)
{
    uint64_t key = random_mix(seed + RANDOM_STEP * ((uint64_t)frame + 1));
    return random_mix(key + RANDOM_STEP * (((uint64_t)y << 32 | x) + 1));
}

static inline uint64_t random_sample_key(uint64_t pixel_key, uint32_t sample)
{
    return random_mix(pixel_key + RANDOM_STEP * ((uint64_t)sample + 1));
}

static inline uint64_t random_bits(uint64_t key, uint32_t dimension)
{
    return random_mix(key + RANDOM_STEP * ((uint64_t)dimension + 1));
}

// 0 <= u < 1 from the upper or lower half of one draw.
static inline float random_high(uint64_t bits)
{
    return (float)(int32_t)(bits >> 40) * 0x1p-24f;
}

static inline float random_low(uint64_t bits)
{
    return (float)(int32_t)((bits >> 8) & 0xffffffu) * 0x1p-24f;
}

#endif
