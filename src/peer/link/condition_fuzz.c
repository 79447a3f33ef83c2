// SPDX-License-Identifier: MIT
// Any text: refused with a reason, or a condition within its bounds.
#include <stdlib.h>

#include "link/condition.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_in(uint32_t value, uint32_t max)
{
    return value <= max || value == CONDITION_UNKNOWN;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct condition c = {.jitter_ms = 77};
    struct err err;
    const enum rc rc = condition_parse(&c, bytes_of(data, size), &err);
    if (rc == RC_CONFIG && c.jitter_ms == 77 && err.text[0] != '\0')
        return 0;
    const bool is_good = is_in(c.bandwidth_kbps, 1000000000) && is_in(c.latency_ms, 1000000000) &&
                         is_in(c.loss_permille, 1000) && is_in(c.signal_percent, 100);
    if (rc != RC_OK || !is_good || condition_quality(&c) > QUALITY_EXCELLENT)
        abort();
    return 0;
}
