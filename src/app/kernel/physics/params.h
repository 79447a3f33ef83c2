// SPDX-License-Identifier: MIT
// What kernel `physics` is asked: how many steps of how many bodies, and which of them to redo.
#ifndef KERNEL_PHYSICS_PARAMS_H
#define KERNEL_PHYSICS_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

#define PHYSICS_BODIES_MAX  4096u
#define PHYSICS_EVERY_MAX   1000u
#define PHYSICS_WINDOWS_MAX 4096u
#define PHYSICS_STATES_MAX  (1u << 20) // bodies times windows
#define PHYSICS_STEPS_MAX   (1u << 20) // of all windows
#define PHYSICS_STEP_US_MIN 500u
#define PHYSICS_STEP_US_MAX 50000u
#define PHYSICS_PICKS_MAX   256u

struct physics_pick { // the island of a body in a window
    uint16_t window;
    uint16_t body;
};

struct physics_params {
    uint64_t seed;
    uint32_t bodies;  // as many as the world has, 1..PHYSICS_BODIES_MAX
    uint32_t step_us; // PHYSICS_STEP_US_MIN..PHYSICS_STEP_US_MAX
    uint32_t every;   // steps of a window, 1..PHYSICS_EVERY_MAX
    uint32_t windows; // 1..PHYSICS_WINDOWS_MAX
    // None: all islands of all windows. Else only these, ascending by window: of window 0, from the
    // world given, so that many may share in one window; or with is_audit, from a result shown.
    bool is_audit;
    uint32_t pick_count;
    struct physics_pick pick[PHYSICS_PICKS_MAX];
};

// Checks every field's range on both ways. A CBOR array (doc/kernels/physics.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc physics_params_encode(const struct physics_params *p, struct buffer *out);
enum rc physics_params_decode(struct physics_params *out, struct bytes in);

#endif
