// SPDX-License-Identifier: MIT
// A task: which kernel, on which inputs, with which parameters.
//
// A value type that borrows `params`. Its digest says what was asked, so that a signed result
// can be proven wrong to anybody.
#ifndef WORK_TASK_H
#define WORK_TASK_H

#include <stdint.h>

#include "base/bytes.h"
#include "crypt/hash.h"

#define TASK_KERNEL_BYTES 17 // with its final 0
#define TASK_INPUTS_MAX   20

struct task_spec {
    char kernel[TASK_KERNEL_BYTES];
    uint32_t input_count;
    struct digest input[TASK_INPUTS_MAX];
    struct bytes params;
};

// SHA-256 over the CBOR array [kernel, [inputs], SHA-256 of params].
struct digest task_digest(const struct task_spec *t);

#endif
