// SPDX-License-Identifier: MIT
// The table of kernels.
#include "kernel/kernel.h"

#include "kernel/audio/audio.h"
#include "kernel/crowd/crowd.h"
#include "kernel/dialogue/dialogue.h"
#include "kernel/echo.h"
#include "kernel/encode/encode.h"
#include "kernel/geometry/geometry.h"
#include "kernel/level/level.h"
#include "kernel/pack/pack.h"
#include "kernel/physics/physics.h"
#include "kernel/post/post.h"
#include "kernel/route/route.h"
#include "kernel/trace/trace.h"

static const struct kernel *const kernels[] = {
    &trace_kernel,    &geometry_kernel, &post_kernel,    &encode_kernel,
    &route_kernel,    &crowd_kernel,    &physics_kernel, &audio_kernel,
    &dialogue_kernel, &level_kernel,    &pack_kernel,    &echo_kernel,
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
