// SPDX-License-Identifier: MIT
// Any image: loaded or refused, and never more than half a day's bytes out of it.
#include <stdlib.h>

#include "base/num.h"
#include "link/allowance.h"

#define DAY_BYTES 1000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct allowance a;
    uint8_t image[ALLOWANCE_IMAGE_BYTES];
    uint64_t wall_s = 1000000;
    const enum rc rc = allowance_load(&a, DAY_BYTES, bytes_of(data, size), wall_s, 5);
    if (rc != RC_OK && rc != RC_MALFORMED)
        abort();
    uint64_t taken = 0;
    for (unsigned i = 0; i < 1000; i++) {
        if (allowance_wants_save(&a, 5))
            allowance_save(&a, image, wall_s, 5);
        taken += allowance_take(&a, 1000, 5) == RC_OK ? 1000 : 0;
    }
    if (taken > DAY_BYTES / 2 || (rc != RC_OK && taken > 0))
        abort();
    allowance_save(&a, image, wall_s, 5);
    if (allowance_load(&a, DAY_BYTES, bytes_of(image, sizeof image), wall_s, 5) != RC_OK)
        abort();
    return 0;
}
