// SPDX-License-Identifier: MIT
// Kernel `echo`: gives its params back.
#include "kernel/echo.h"

#define USUAL_BYTES 16384.0

static enum rc echo_run(void *state, const struct kernel_in *in, struct buffer *result,
                        struct buffer *report)
{
    (void)state;
    (void)report;
    buffer_put(result, in->params);
    return result->is_full ? RC_FULL : RC_OK;
}

static enum rc echo_result_bounds(struct bytes params, size_t *min, size_t *max)
{
    *min = *max = params.len;
    return RC_OK;
}

// The way there and back counts for as much as some kilobytes.
static double echo_size(struct bytes params)
{
    return 1 + (double)params.len / USUAL_BYTES;
}

static bool echo_verify(struct bytes params, struct bytes result)
{
    return bytes_equal(params, result);
}

const struct kernel echo_kernel = {.name = "echo",
                                   .run = echo_run,
                                   .result_bounds = echo_result_bounds,
                                   .size = echo_size,
                                   .verify = echo_verify};
