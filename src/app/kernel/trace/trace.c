// SPDX-License-Identifier: MIT
// Kernel `trace` as a hub sees it: how much work it is, and how a result is checked: by single
// pixels, redone and compared.
//
// Embree rounds differently from one SIMD level to the next: an edge is hit on one machine and
// missed on the other, and from there on the sample is another sample. So honest pixels are
// equal, or off by rounding, or (rarely) off by a whole sample; the first two are within the
// tolerance, the third is what the budget is for (doc/decisions/0004-verification-tolerance.md).
#include "kernel/trace/trace.h"

#include <assert.h>

#include "kernel/world/base.h"

#define PIXEL_WORDS (TRACE_LAYERS * 3)

// Numbers measured: doc/decisions/0004-verification-tolerance.md. A channel differs if it is
// further off than 1 / 64 of the smaller of both plus 1 / 16 of radiance 1.
#define TOLERANCE_PART  64u
#define TOLERANCE_FLOOR (TRACE_UNIT / 16)
#define MISMATCHES_MAX  3u

#define USUAL_SAMPLES 16384.0 // of a task: 64 by 64 pixels, 4 of each

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct trace_params p;
    enum rc rc = trace_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const struct pixels pixels = trace_pixels(&p);
    *min = *max = pixels_count(&pixels) * TRACE_PIXEL_BYTES;
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct trace_params p;
    if (trace_params_decode(&p, params) != RC_OK)
        return 1;
    const struct pixels pixels = trace_pixels(&p);
    return (double)pixels_count(&pixels) * p.sample_count / USUAL_SAMPLES;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct trace_params p;
    enum rc rc = trace_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const struct pixels pixels = trace_pixels(&p);
    p.pixel_count = pixels_choose(&pixels, TRACE_PARTS, nonce, p.pixel);
    return trace_params_encode(&p, part_params);
}

static uint32_t word_at(struct bytes b, uint32_t pixel, uint32_t word)
{
    struct cursor c = {.left =
                           bytes_part(b, (size_t)pixel * TRACE_PIXEL_BYTES + (size_t)word * 4, 4)};
    return cursor_u32le(&c);
}

static bool pixel_differs(struct bytes a, uint32_t at_a, struct bytes b, uint32_t at_b,
                          uint32_t samples)
{
    for (uint32_t i = 0; i < PIXEL_WORDS; i++) {
        uint32_t x = word_at(a, at_a, i);
        uint32_t y = word_at(b, at_b, i);
        uint32_t apart = x > y ? x - y : y - x;
        if (apart > ((x > y ? y : x) + (uint64_t)TOLERANCE_FLOOR * samples) / TOLERANCE_PART)
            return true;
    }
    return false;
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    *out = (struct kernel_verdict){0};
    struct trace_params p;
    struct trace_params part;
    if (trace_params_decode(&p, params) != RC_OK ||
        trace_params_decode(&part, part_params) != RC_OK ||
        !parts_belong(params, p.pixel_count, part_params, part.pixel_count))
        return RC_MALFORMED;
    const struct pixels pixels = trace_pixels(&p);
    if (result.len != pixels_count(&pixels) * TRACE_PIXEL_BYTES ||
        part_result.len != part.pixel_count * TRACE_PIXEL_BYTES)
        return RC_MALFORMED;
    assert(part.pixel_count > 0);
    assert(part.sample_count == p.sample_count);
    uint32_t mismatches = 0;
    for (uint32_t i = 0; i < part.pixel_count; i++) {
        uint32_t at;
        if (!pixels_find(&pixels, part.pixel[i], &at))
            return RC_MALFORMED;
        mismatches += pixel_differs(result, at, part_result, i, p.sample_count);
    }
    *out = (struct kernel_verdict){.parts = part.pixel_count,
                                   .mismatches = mismatches,
                                   .is_right = mismatches <= MISMATCHES_MAX};
    return RC_OK;
}

const struct kernel trace_kernel = {
    .name = "trace",
    .base = &world_base,
    .run = trace_run,
    .result_bounds = result_bounds,
    .size = size_of,
    .part = draw_part,
    .judge = judge,
};
