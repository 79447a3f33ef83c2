// SPDX-License-Identifier: MIT
// The largest (or smallest) of the samples of the last while, in constant memory.
#include "link/window.h"

#include <assert.h>

#include "base/num.h"

struct window window_max(uint64_t span_us)
{
    assert(span_us > 0);
    return (struct window){.span_us = span_us};
}

struct window window_min(uint64_t span_us)
{
    assert(span_us > 0);
    return (struct window){.span_us = span_us, .is_min = true};
}

// Spans that ended since the latest one are empty.
static void turn_to(struct window *w, uint64_t now_us)
{
    assert(w->span_us > 0); // made by one of these two
    const uint64_t span = num_max(w->span, now_us / w->span_us);
    for (uint64_t i = num_min(span - w->span, WINDOW_SPANS); i > 0; i--)
        w->has[(span - i + 1) % WINDOW_SPANS] = false;
    w->span = span;
}

static uint64_t better(const struct window *w, uint64_t a, uint64_t b)
{
    return w->is_min ? num_min(a, b) : num_max(a, b);
}

void window_put(struct window *w, uint64_t sample, uint64_t now_us)
{
    turn_to(w, now_us);
    const unsigned at = (unsigned)(w->span % WINDOW_SPANS);
    w->best[at] = w->has[at] ? better(w, w->best[at], sample) : sample;
    w->has[at] = true;
}

bool window_best(struct window *w, uint64_t *out, uint64_t now_us)
{
    turn_to(w, now_us);
    bool has = false;
    uint64_t best = 0;
    for (unsigned i = 0; i < WINDOW_SPANS; i++) {
        if (!w->has[i])
            continue;
        best = has ? better(w, best, w->best[i]) : w->best[i];
        has = true;
    }
    if (has)
        *out = best;
    return has;
}
