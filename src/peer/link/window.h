// SPDX-License-Identifier: MIT
// The largest (or smallest) of the samples of the last while, in constant memory.
//
// Time is cut into spans; each keeps its extreme, and WINDOW_SPANS of them count. So a sample
// counts for WINDOW_SPANS - 1 to WINDOW_SPANS spans. A value type; one loop; times that go
// backwards count as none passed.
#ifndef LINK_WINDOW_H
#define LINK_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#define WINDOW_SPANS 10u

struct window { // fields are private to window.c
    uint64_t span_us;
    uint64_t span; // number of the latest
    uint64_t best[WINDOW_SPANS];
    bool has[WINDOW_SPANS];
    bool is_min;
};

struct window window_max(uint64_t span_us); // span_us > 0
struct window window_min(uint64_t span_us);
void window_put(struct window *w, uint64_t sample, uint64_t now_us);
// False: no sample counts; *out is untouched.
bool window_best(struct window *w, uint64_t *out, uint64_t now_us);

#endif
