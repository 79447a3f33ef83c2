// SPDX-License-Identifier: MIT
// The table of kernels.
#include "kernel/kernel.h"

#include "kernel/crowd.h"
#include "kernel/echo.h"
#include "kernel/route.h"
#include "kernel/trace.h"

static const struct kernel *const kernels[] = {
    &trace_kernel,
    &echo_kernel,
    &route_kernel,
    &crowd_kernel,
};

const struct kernel *kernel_at(size_t index)
{
    return index < ARRAY_COUNT(kernels) ? kernels[index] : NULL;
}

const struct kernel *kernel_find(struct bytes name)
{
    for (size_t i = 0; i < ARRAY_COUNT(kernels); i++) {
        if (bytes_is(name, kernels[i]->name))
            return kernels[i];
    }
    return NULL;
}
