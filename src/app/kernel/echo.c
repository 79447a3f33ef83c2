// SPDX-License-Identifier: MIT
// Kernel `echo`: gives its params back.
#include "kernel/echo.h"

#define USUAL_BYTES 16384.0

static enum rc echo_open(void **state, uint64_t (*ticks)(void))
{
    (void)ticks;
    *state = NULL; // nothing is remembered
    return RC_OK;
}

static enum rc echo_run(void *state, struct bytes params, struct buffer *result,
                        struct buffer *report)
{
    (void)state;
    (void)report;
    buffer_put(result, params);
    return result->is_full ? RC_FULL : RC_OK;
}

static void echo_close(void *state)
{
    (void)state;
}

static enum rc echo_result_bytes(struct bytes params, size_t *out)
{
    *out = params.len;
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
                                   .open = echo_open,
                                   .run = echo_run,
                                   .close = echo_close,
                                   .result_bytes = echo_result_bytes,
                                   .size = echo_size,
                                   .verify = echo_verify};
