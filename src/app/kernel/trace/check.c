// SPDX-License-Identifier: MIT
// Draws the pixels to redo, and compares them with what was handed in.
#include "kernel/trace/check.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/trace/trace.h"

#define PARAMS_BYTES_MAX (TRACE_PARTS_MAX * sizeof(struct trace_pixel) + 256) // encoded
#define PIXEL_WORDS      (TRACE_LAYERS * 3)

// Numbers measured: doc/decisions/0004-verification-tolerance.md. A channel differs if it is
// further off than 1 / 64 of the smaller of both plus 1 / 16 of radiance 1.
#define TOLERANCE_PART  64u
#define TOLERANCE_FLOOR (TRACE_UNIT / 16)
#define MISMATCHES_MAX  3u

#define USUAL_SAMPLES 16384.0 // of a task: 64 by 64 pixels, 4 of each

enum rc trace_result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct trace_params p;
    enum rc rc = trace_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    size_t pixels = p.pixel_count > 0 ? p.pixel_count : (size_t)p.w * p.h;
    *min = *max = pixels * TRACE_PIXEL_BYTES; // below 2^22 * 24
    return RC_OK;
}

double trace_size(struct bytes params)
{
    struct trace_params p;
    if (trace_params_decode(&p, params) != RC_OK)
        return 1;
    const double pixels = p.pixel_count > 0 ? p.pixel_count : (double)p.w * p.h;
    return pixels * p.sample_count / USUAL_SAMPLES;
}

static struct trace_pixel pixel_at(const struct trace_params *p, uint32_t index)
{
    if (p->pixel_count > 0)
        return p->pixel[index];
    return (struct trace_pixel){.x = (uint16_t)(p->x + index % p->w),
                                .y = (uint16_t)(p->y + index / p->w)};
}

// Where a pixel's sums are in the result; false: it is not asked for.
static bool pixel_find(const struct trace_params *p, struct trace_pixel at, uint32_t *index)
{
    if (p->pixel_count == 0) {
        if (at.x < p->x || at.x - p->x >= p->w || at.y < p->y || at.y - p->y >= p->h)
            return false;
        *index = (at.y - p->y) * p->w + (at.x - p->x);
        return true;
    }
    for (uint32_t i = 0; i < p->pixel_count; i++) {
        if (p->pixel[i].x == at.x && p->pixel[i].y == at.y) {
            *index = i;
            return true;
        }
    }
    return false;
}

// Floyd's choice: one draw each.
void trace_choose(uint32_t *out, uint32_t count, uint32_t n, uint64_t nonce)
{
    assert(count <= n);
    struct rng rng = rng_seeded(nonce);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t top = n - count + i;
        uint32_t pick = (uint32_t)rng_below(&rng, (uint64_t)top + 1);
        for (uint32_t j = 0; j < i; j++) {
            if (out[j] == pick) {
                pick = top; // which no earlier turn could draw
                break;
            }
        }
        out[i] = pick;
    }
}

enum rc trace_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct trace_params p;
    enum rc rc = trace_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    uint32_t n = p.pixel_count > 0 ? p.pixel_count : p.w * p.h;
    uint32_t count = (uint32_t)num_min(TRACE_PARTS, n);
    uint32_t index[TRACE_PARTS];
    trace_choose(index, count, n, nonce);
    struct trace_pixel pixel[TRACE_PARTS];
    for (uint32_t i = 0; i < count; i++)
        pixel[i] = pixel_at(&p, index[i]);
    for (uint32_t i = 0; i < count; i++)
        p.pixel[i] = pixel[i];
    p.pixel_count = count;
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

// Whether a part asks for single pixels of the same samples of the same picture: then it is the
// task itself with another list of pixels.
static bool belongs(const struct trace_params *task, const struct trace_params *part,
                    struct bytes part_params)
{
    struct trace_params wanted = *task;
    wanted.pixel_count = part->pixel_count;
    memcpy(wanted.pixel, part->pixel, sizeof wanted.pixel);
    uint8_t at[PARAMS_BYTES_MAX];
    struct buffer b = buffer_of(at, sizeof at);
    return part->pixel_count > 0 && trace_params_encode(&wanted, &b) == RC_OK &&
           bytes_equal(buffer_bytes(&b), part_params);
}

enum rc trace_judge(struct bytes params, struct bytes result, struct bytes part_params,
                    struct bytes part_result, struct kernel_verdict *out)
{
    *out = (struct kernel_verdict){0};
    struct trace_params p;
    struct trace_params part;
    if (trace_params_decode(&p, params) != RC_OK ||
        trace_params_decode(&part, part_params) != RC_OK || !belongs(&p, &part, part_params))
        return RC_MALFORMED;
    size_t pixels = p.pixel_count > 0 ? p.pixel_count : (size_t)p.w * p.h;
    if (result.len != pixels * TRACE_PIXEL_BYTES ||
        part_result.len != (size_t)part.pixel_count * TRACE_PIXEL_BYTES)
        return RC_MALFORMED;
    uint32_t mismatches = 0;
    for (uint32_t i = 0; i < part.pixel_count; i++) {
        uint32_t at;
        if (!pixel_find(&p, part.pixel[i], &at))
            return RC_MALFORMED;
        mismatches += pixel_differs(result, at, part_result, i, p.sample_count);
    }
    *out = (struct kernel_verdict){.parts = part.pixel_count,
                                   .mismatches = mismatches,
                                   .is_right = mismatches <= MISMATCHES_MAX};
    return RC_OK;
}
