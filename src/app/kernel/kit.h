// SPDX-License-Identifier: MIT
// Kit: every kernel, opened, and one object loaded: what a worker holds.
//
//     kit_open(&kit, ticks);
//     kit_load(kit, object);                            // for all kernels that take such objects
//     kit_run(kit, name, &in, &result, &report);
//     kit_close(kit);
#ifndef KERNEL_KIT_H
#define KERNEL_KIT_H

#include "base/attr.h"
#include "kernel/kernel.h"

struct kit;

// *out is NULL on failure. RC_NOMEM, RC_UNSUPPORTED: a library does not start here.
MUST_USE enum rc kit_open(struct kit **out, uint64_t (*ticks)(void));
void kit_close(struct kit *k); // NULL is fine
// Replaces what was loaded; it stays valid and unchanged until the next load or close.
// RC_MALFORMED: no kernel takes such an object, or it is damaged; RC_NOMEM. Then none is loaded.
MUST_USE enum rc kit_load(struct kit *k, struct bytes object);
// RC_UNSUPPORTED: no such kernel; RC_MALFORMED: another number of inputs, or as the kernel says.
// A part of a task is given one input more than the task, if the kernel shows_result.
MUST_USE enum rc kit_run(struct kit *k, struct bytes name, const struct kernel_in *in,
                         struct buffer *result, struct buffer *report);

#endif
