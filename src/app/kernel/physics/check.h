// SPDX-License-Identifier: MIT
// How a result of kernel `physics` is checked: bounds, which islands' windows to redo, judging.
#ifndef KERNEL_PHYSICS_CHECK_H
#define KERNEL_PHYSICS_CHECK_H

#include "kernel/physics/physics.h"

// The kernel table's entries for the hub; contracts in kernel.h.
enum rc physics_result_bounds(struct bytes params, size_t *min, size_t *max);
double physics_size(struct bytes params);
enum rc physics_part(struct bytes params, uint64_t nonce, struct buffer *part_params);
enum rc physics_judge(struct bytes params, struct bytes result, struct bytes part_params,
                      struct bytes part_result, struct kernel_verdict *out);

#endif
