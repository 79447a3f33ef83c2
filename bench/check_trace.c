// SPDX-License-Identifier: MIT
// check_bench's case of kernel `trace`: a tile of the neon street.
#include "check.h"
#include "kernel/trace/trace.h"
#include "measure.h"

#define SIDE    64u
#define SAMPLES 16u
#define BRIGHT  0.25f // added to each sample of a spoiled pixel, in red

static void make(struct check_task *out)
{
    struct camera camera;
    out->object = check_street(&camera);
    const struct trace_params p = {.width = 640,
                                   .height = 360,
                                   .x = 288,
                                   .y = 148,
                                   .w = SIDE,
                                   .h = SIDE,
                                   .sample_count = SAMPLES,
                                   .depth_max = 6,
                                   .cell = 8,
                                   .camera = camera};
    struct buffer params = buffer_of(measure_take(512), 512);
    measure_need(trace_params_encode(&p, &params), "params");
    out->params = buffer_bytes(&params);
}

static void spoil(uint8_t *pixel)
{
    struct cursor c = {.left = bytes_of(pixel, 4)};
    struct buffer out = buffer_of(pixel, 4);
    buffer_u32le(&out, cursor_u32le(&c) + (uint32_t)(BRIGHT * TRACE_UNIT * SAMPLES));
}

static void lie(struct rng *r, double share, struct buffer *result)
{
    const size_t all = result->len / TRACE_PIXEL_BYTES;
    struct check_share s = check_share_of(r, share, all);
    for (size_t i = 0; i < all; i++)
        if (check_is_spoiled(&s))
            spoil(result->at + i * TRACE_PIXEL_BYTES);
}

const struct check_case check_trace = {"trace", "pixels", make, lie};
