// SPDX-License-Identifier: MIT
// Share: how much of our time one stranger may take, so that all of them leave some to us.
#include "trust/share.h"

#include <assert.h>

#include "base/num.h"

struct share share_first(void)
{
    return (struct share){.ppm = SHARE_FIRST};
}

// True: part_us is less than this many millionths of span_us.
static bool is_below(uint64_t part_us, uint32_t ppm, uint64_t span_us)
{
    return (double)part_us * SHARE_WHOLE < (double)ppm * (double)span_us;
}

uint32_t share_next(struct share *s, uint64_t span_us, uint64_t idle_us, uint64_t strangers_us)
{
    const bool is_busy = is_below(idle_us, SHARE_BUSY, span_us);
    const bool is_free = !is_below(idle_us, SHARE_FREE, span_us);
    assert(s->ppm >= SHARE_MIN && s->ppm <= SHARE_WHOLE);
    uint64_t ppm = s->ppm;
    if (is_busy && !is_below(strangers_us, SHARE_STRANGERS, span_us))
        ppm = ppm / 2;
    else if (is_free)
        ppm = ppm * 9 / 8;
    s->ppm = (uint32_t)num_clamp(ppm, SHARE_MIN, SHARE_WHOLE);
    return s->ppm;
}
