// SPDX-License-Identifier: MIT
// The base of the kernels that look into a scene: Embree, and the scene that is loaded.
//
// Kernels `trace`, `geometry` and `audio` stand on it; each scene object is made ready once for
// all of them.
#ifndef KERNEL_WORLD_BASE_H
#define KERNEL_WORLD_BASE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "kernel/kernel.h"

struct world;

// Takes scene objects (scene/scene.h).
extern const struct kernel_base world_base;

// state: of world_base. NULL: nothing is loaded. Valid until the next load or close.
const struct world *world_base_loaded(const void *state);
// The counter that open was given; always 0 if it was given none.
uint64_t world_base_ticks(const void *state);

// As world_base.open, with Embree held to an instruction set, for measurements: "sse2", "sse4.2",
// "avx", "avx2", "avx512"; NULL: the best there is. RC_UNSUPPORTED: this machine or Embree cannot.
MUST_USE enum rc world_base_open_isa(void **state, uint64_t (*ticks)(void), const char *isa);

#endif
