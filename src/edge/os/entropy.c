// SPDX-License-Identifier: MIT
// Secret bytes from the kernel.
#include "os/entropy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

static void fill(void *self, uint8_t *out, size_t len)
{
    (void)self;
    while (len > 0) {
        const ssize_t got = getrandom(out, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        // A kernel without getrandom, or one that forbids it: no key may be made without it.
        if (got <= 0)
            abort();
        out += got;
        len -= (size_t)got;
    }
}

struct entropy entropy_os(void)
{
    return (struct entropy){.fill = fill};
}
