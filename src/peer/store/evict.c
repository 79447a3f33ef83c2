// SPDX-License-Identifier: MIT
// Evict: time unused, weighed by rarity and size.
#include "store/evict.h"

#include <assert.h>

#include "base/num.h"

#define IDLE_MAX   (UINT64_C(1) << 48) // so that weights cannot overflow
#define SMALL_BITS 12u                 // up to 4 KiB all are alike
#define SIZE_STEPS 8u                  // from there to 1 MiB, an eighth for each doubling

// In eighths.
static uint64_t copies_weight(uint32_t copies)
{
    if (copies == EVICT_COPIES_UNKNOWN)
        return 8;
    if (copies == 1) // ours alone
        return 1;
    if (copies == 2)
        return 2;
    if (copies < 5)
        return 4;
    if (copies < 17)
        return 8;
    return copies < 65 ? 16 : 32;
}

// In eighths.
static uint64_t size_weight(uint64_t size_bytes)
{
    uint64_t steps = 0;
    while (steps < SIZE_STEPS && size_bytes >> (SMALL_BITS + steps) > 0)
        steps++;
    return 8 + steps;
}

uint64_t evict_score(const struct evict_entry *e)
{
    if (e->is_pinned)
        return 0;
    const uint64_t idle = num_min(e->idle, IDLE_MAX) + 1;
    static_assert(IDLE_MAX < UINT64_MAX / 32 / (8 + SIZE_STEPS), "weights cannot overflow");
    return idle * copies_weight(e->copies) * size_weight(e->size_bytes);
}
