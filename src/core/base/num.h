// SPDX-License-Identifier: MIT
// Arithmetic on lengths and times that cannot wrap unseen.
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

#define US_PER_MS 1000u
#define US_PER_S  1000000u

// *out = a + b or a * b; false, and *out untouched, if that does not fit.
static inline MUST_USE bool num_add(size_t a, size_t b, size_t *out)
{
    size_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return false;
    *out = sum;
    return true;
}

static inline MUST_USE bool num_mul(size_t a, size_t b, size_t *out)
{
    size_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return false;
    *out = product;
    return true;
}

// a + b, a * b, a << by modulo 2^64: for mixing and hashing, where wrapping is meant, and the
// integer sanitizer is told so.
static inline uint64_t num_wrap_add(uint64_t a, uint64_t b)
{
    uint64_t sum;
    (void)__builtin_add_overflow(a, b, &sum);
    return sum;
}

static inline uint64_t num_wrap_mul(uint64_t a, uint64_t b)
{
    uint64_t product;
    (void)__builtin_mul_overflow(a, b, &product);
    return product;
}

static inline uint64_t num_wrap_shift(uint64_t a, unsigned by) // by 0..63
{
    return (a & UINT64_MAX >> by) << by;
}

// a with its bits turned left, those that fall out coming in below; by 1..63.
static inline uint64_t num_rotate(uint64_t a, unsigned by)
{
    return num_wrap_shift(a, by) | a >> (64 - by);
}

static inline uint64_t num_min(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t num_max(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

// value, moved into low..high; low <= high.
static inline uint64_t num_clamp(uint64_t value, uint64_t low, uint64_t high)
{
    return num_min(num_max(value, low), high);
}

// a / b rounded up; b > 0.
static inline uint64_t num_div_ceil(uint64_t a, uint64_t b)
{
    return a / b + (a % b != 0);
}

// now + wait that stays at UINT64_MAX ("never") instead of wrapping.
static inline uint64_t time_after(uint64_t now_us, uint64_t wait_us)
{
    return wait_us > UINT64_MAX - now_us ? UINT64_MAX : now_us + wait_us;
}

// Microseconds from then to now; 0 if then is later (a clock that went backwards).
static inline uint64_t time_since(uint64_t then_us, uint64_t now_us)
{
    return now_us > then_us ? now_us - then_us : 0;
}

#endif
