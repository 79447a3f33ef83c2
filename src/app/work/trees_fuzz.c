// SPDX-License-Identifier: MIT
// Fuzz target of trees: whatever is read can be asked, and every way ends.
#include <stdlib.h>

#include "work/trees.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trees t;
    float feature[TREES_FEATURES_MAX];
    const bool is_read = trees_read(&t, bytes_of(data, size), TREES_FEATURES_MAX) == RC_OK;
    for (int turn = -4; turn <= 4; turn++) {
        for (uint32_t i = 0; i < TREES_FEATURES_MAX; i++)
            feature[i] = (float)turn * (float)(i % 5 + 1) / 2;
        const float sum = trees_ask(&t, feature);
        if (!is_read && (sum < 0 || sum > 0))
            abort();
    }
    return 0;
}
