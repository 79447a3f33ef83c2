// SPDX-License-Identifier: MIT
// What each kind of attacker does on its connection, as bytes and a pace.
#ifndef HUB_HOSTILE_PLANS_H
#define HUB_HOSTILE_PLANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define HOSTILE_TICK_US    10000 // what is sent, is sent at these times
#define HOSTILE_PLANS_MAX  16
#define HOSTILE_STEP_BYTES 65536 // in one tick, by those who flood

struct hostile_plan {
    const char *name;
    const char *path;   // of the upgrade to WebSocket; NULL: raw bytes at once
    struct bytes intro; // said once, after the upgrade
    struct bytes again; // then this over and over; empty: silence
    size_t step_bytes;  // of it at most each time
    uint64_t period_us; // from time to time
    bool reads;         // else the answers pile up
    bool resets;        // hangs up with RST as soon as it is connected
    bool is_extra;      // only where it is asked for by name
};

// The count of those at out. Their bytes live as long as the program.
size_t hostile_plans(struct hostile_plan out[static HOSTILE_PLANS_MAX], uint64_t seed);

#endif
