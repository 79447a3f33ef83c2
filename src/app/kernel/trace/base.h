// SPDX-License-Identifier: MIT
// The scene that kernel `trace` has loaded, for other kernels of the same base.
#ifndef KERNEL_TRACE_BASE_H
#define KERNEL_TRACE_BASE_H

struct world;

// state: of trace_base. NULL: nothing is loaded. Valid until the next load or close.
const struct world *trace_base_world(void *state);

#endif
