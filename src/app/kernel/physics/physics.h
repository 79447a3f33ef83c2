// SPDX-License-Identifier: MIT
// Kernel `physics`: rigid bodies under gravity, by ODE, in windows that can be redone alone.
//
// A window is `every` steps. It starts from whole numbers (physics_state.h), is simulated in
// doubles, and ends rounded to whole numbers again, which the next one starts from: what a result
// says of one moment is all that decides the next. In a window bodies are parted into islands,
// those that may come near each other, and each island is a world of its own, with random numbers
// of its own: it comes out the same alone.
//
// Given: a world (physics_world.h). Result: the states after each window (physics_code.h); with
// `pick`, for each its island's states after the window: u16 bodies, then u16 body and its state
// each; of an audit, a byte each: enum physics_finding.
//
// Checked exactly: doubles are rounded the same everywhere, and of ODE's ways only those without
// sines are used. A part is shown the result, redoes random islands of random windows from the
// result's own states, and on top those that look least like physics (physics_check.h).
#ifndef KERNEL_PHYSICS_PHYSICS_H
#define KERNEL_PHYSICS_PHYSICS_H

#include "kernel/kernel.h"

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

enum physics_finding { PHYSICS_DIFFERS, PHYSICS_EQUAL, PHYSICS_DAMAGED };

// Checks every field's range on both ways. A CBOR array (doc/kernels/physics.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc physics_params_encode(const struct physics_params *p, struct buffer *out);
enum rc physics_params_decode(struct physics_params *out, struct bytes in);

extern const struct kernel_base physics_base; // starts ODE; no objects
extern const struct kernel physics_kernel;

#endif
