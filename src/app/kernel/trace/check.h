// SPDX-License-Identifier: MIT
// How two honest results of kernel `trace` may differ, and how a spoiled one is told.
//
// Embree rounds differently from one SIMD level to the next: an edge is hit on one machine and
// missed on the other, and from there on the sample is another sample. So honest pixels are
// equal, or off by rounding, or (rarely) off by a whole sample; the first two are within the
// tolerance, the third is what the budget is for (doc/decisions/0004-verification-tolerance.md).
#ifndef KERNEL_TRACE_CHECK_H
#define KERNEL_TRACE_CHECK_H

#include "kernel/kernel.h"

// The kernel table's three entries for the hub; contracts in kernel.h.
enum rc trace_result_bounds(struct bytes params, size_t *min, size_t *max);
double trace_size(struct bytes params); // 1: as usual
enum rc trace_part(struct bytes params, uint64_t nonce, struct buffer *part_params);
enum rc trace_judge(struct bytes params, struct bytes result, struct bytes part_params,
                    struct bytes part_result, struct kernel_verdict *out);

#endif
