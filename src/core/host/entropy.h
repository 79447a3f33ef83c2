// SPDX-License-Identifier: MIT
// What a host gives: secret bytes. The real host asks the kernel; the simulated one its seed.
#ifndef HOST_ENTROPY_H
#define HOST_ENTROPY_H

#include <stddef.h>
#include <stdint.h>

struct entropy {
    void (*fill)(void *self, uint8_t *out, size_t len); // cannot fail
    void *self;
};

static inline uint64_t entropy_u64(const struct entropy *e)
{
    uint8_t b[8];
    e->fill(e->self, b, sizeof b);
    uint64_t v = 0;
    for (size_t i = 0; i < sizeof b; i++)
        v = v << 8 | b[i];
    return v;
}

#endif
