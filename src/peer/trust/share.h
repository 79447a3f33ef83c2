// SPDX-License-Identifier: MIT
// Share: how much of our time one stranger may take, so that all of them leave some to us.
//
// Nothing is taken from anybody while there is time left. When there is none, and strangers take a
// part of it that counts, the share of each sinks until time is left again. Those who ask for less
// than the share notice nothing: only the greediest are slowed (max-min fairness).
//
// A value type; reads no clock. The owner adds up, over a span of SHARE_SPAN_US or a little more,
// how long it had nothing to do and what it did for strangers.
#ifndef TRUST_SHARE_H
#define TRUST_SHARE_H

#include <stdint.h>

#define SHARE_SPAN_US   50000u
#define SHARE_WHOLE     1000000u // a share is in millionths of our time
#define SHARE_MIN       500u     // of which 100 strangers together take a twentieth
#define SHARE_FIRST     20000u   // a rush right after the start finds us prepared
#define SHARE_BUSY      150000u  // less time left than this: shares sink
#define SHARE_FREE      250000u  // more than this: shares grow
#define SHARE_STRANGERS 30000u   // strangers who take less than this together are not to blame

struct share { // fields are private to share.c
    uint32_t ppm;
};

struct share share_first(void);
// After a span: SHARE_MIN .. SHARE_WHOLE, for each stranger from now on.
uint32_t share_next(struct share *s, uint64_t span_us, uint64_t idle_us, uint64_t strangers_us);

#endif
