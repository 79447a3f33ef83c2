// SPDX-License-Identifier: MIT
// Opening kernel `trace` on a chosen instruction set, for measurements only.
#ifndef KERNEL_TRACE_OPEN_H
#define KERNEL_TRACE_OPEN_H

#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"

// As trace_kernel.open, with Embree held to an instruction set: "sse2", "sse4.2", "avx", "avx2",
// "avx512"; NULL: the best there is. RC_UNSUPPORTED: this machine or Embree cannot.
MUST_USE enum rc trace_open_isa(void **state, uint64_t (*ticks)(void), const char *isa);

#endif
