// SPDX-License-Identifier: MIT
// Kernel `physics`: rigid bodies under gravity, by ODE, in windows that can be redone alone.
//
// A window is `every` steps. It starts from whole numbers (state.h), is simulated in
// doubles, and ends rounded to whole numbers again, which the next one starts from: what a result
// says of one moment is all that decides the next. In a window bodies are parted into islands,
// those that may come near each other, and each island is a world of its own, with random numbers
// of its own: it comes out the same alone.
//
// Given: a world (world.h). Result: the states after each window (code.h); with
// `pick`, for each its island's states after the window: u16 bodies, then u16 body and its state
// each; of an audit, a byte each: enum physics_finding.
//
// Checked exactly: doubles are rounded the same everywhere, and of ODE's ways only those without
// sines are used. A part is shown the result, redoes random islands of random windows from the
// result's own states, and on top those that look least like physics (audit.h).
#ifndef KERNEL_PHYSICS_PHYSICS_H
#define KERNEL_PHYSICS_PHYSICS_H

#include "kernel/kernel.h"
#include "kernel/physics/params.h"

// A byte each in the result of an audit.
enum physics_finding { PHYSICS_DIFFERS, PHYSICS_EQUAL, PHYSICS_DAMAGED };

// What a worker does; as struct kernel has it.
enum rc physics_run(void *state, const struct kernel_in *in, struct buffer *result,
                    struct buffer *report);
extern const struct kernel_base physics_base; // starts ODE; no objects
extern const struct kernel physics_kernel;

#endif
