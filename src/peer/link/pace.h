// SPDX-License-Identifier: MIT
// Pace: a rate that grows while packets find no queue, and gives way when they do.
//
// After LEDBAT++ (draft-irtf-iccrg-ledbat-plus-plus; RFC 6817 is its root), for a rate instead of a
// window: below the target delay the rate grows by up to a 32nd in a step, less the nearer it is;
// above it the rate shrinks by half of the part that it is over, by a quarter at most; loss above
// what is set halves it. (The draft shrinks by all of that part, by half at most: tried, and a
// third of a line was left unused.) It doubles at first, until the target is reached once, and
// begins again there from what was delivered. A rate that was not made use of does not grow. A step
// is a round trip, or PACE_STEP_US if that is longer.
//
// A value type; reads no clock.
#ifndef LINK_PACE_H
#define LINK_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_STEP_US 50000u

struct pace_cfg {
    uint64_t target_us;     // of queue, 1 .. 1 s
    uint64_t rate_min;      // bytes a second, 1 .. rate_max
    uint64_t rate_max;      // .. 2^40
    uint64_t rate_first;    // rate_min .. rate_max
    uint32_t loss_permille; // more than this is taken for a full queue
};

struct pace { // fields are private to pace.c
    struct pace_cfg cfg;
    uint64_t rate_bytes_s;
    uint64_t step_us; // when the next step may be
    uint64_t then_us; // when the latest was
    uint64_t used_bytes;
    bool is_start;
};

struct pace pace_new(const struct pace_cfg *cfg, uint64_t now_us);
void pace_used(struct pace *p, uint64_t bytes); // they left under this rate
struct pace_sample {
    uint64_t queue_us;
    uint64_t rtt_us;
    uint64_t rate_bytes_s; // delivered; 0: not known
    uint64_t loss_permille;
};
// As often as one likes; it steps when it is time. Answers the rate from now on.
uint64_t pace_step(struct pace *p, const struct pace_sample *s, uint64_t now_us);

#endif
