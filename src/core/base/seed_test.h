// SPDX-License-Identifier: MIT
// The seed of a test that rolls dice: printed, and taken from the variable SEED if it is set.
#ifndef BASE_SEED_TEST_H
#define BASE_SEED_TEST_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static inline uint64_t test_seed(void)
{
    const char *given = getenv("SEED");
    const uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 1;
    printf("SEED=%llu\n", (unsigned long long)seed);
    return seed;
}

#endif
