// SPDX-License-Identifier: MIT
// Kernel `geometry` as a hub sees it: how much work it is, and how a result is checked.
//
// Pixels are redone by somebody else and compared as those of kernel `trace` are, and for the
// same reason: everything of ours is exact, but which of two triangles through one point Embree
// finds depends on its SIMD level (doc/decisions/0004-verification-tolerance.md).
#include "kernel/geometry/geometry.h"

#include <assert.h>
#include <math.h>

#include "kernel/world/base.h"
#include "scene/math.h"
#include "scene/normal.h"

#define USUAL_RAYS 1000000.0 // of a task: 480 by 270 pixels, two rays each way, mirrors

#define DEPTH_PART     256u // depths may be a 256th apart
#define NORMAL_MIN     0.99f
#define ALBEDO_APART   8     // codes
#define EMISSION_PART  32.0f // emissions may be a 32nd apart, and
#define EMISSION_FLOOR 0.002f
#define MISMATCHES_MAX 3u

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct geometry_params p;
    enum rc rc = geometry_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const struct pixels pixels = geometry_pixels(&p);
    *min = *max = pixels_count(&pixels) * GEOMETRY_PIXEL_BYTES;
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct geometry_params p;
    if (geometry_params_decode(&p, params) != RC_OK)
        return 1;
    const struct pixels pixels = geometry_pixels(&p);
    return (double)pixels_count(&pixels) * (p.side == 1 ? 1 : p.side * p.side + 1) / USUAL_RAYS;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct geometry_params p;
    enum rc rc = geometry_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const struct pixels pixels = geometry_pixels(&p);
    p.pixel_count = pixels_choose(&pixels, GEOMETRY_PARTS, nonce, p.pixel);
    return geometry_params_encode(&p, part_params);
}

static bool emission_differs(uint32_t x, uint32_t y)
{
    float a[3];
    float b[3];
    geometry_emission(x, a);
    geometry_emission(y, b);
    // One exponent for three: a small channel is as coarse as the largest.
    float least =
        float_min(float_max(a[0], float_max(a[1], a[2])), float_max(b[0], float_max(b[1], b[2])));
    for (size_t i = 0; i < 3; i++) {
        if (fabsf(a[i] - b[i]) > least / EMISSION_PART + EMISSION_FLOOR)
            return true;
    }
    return false;
}

static bool pixel_differs(const struct geometry_pixel *a, const struct geometry_pixel *b)
{
    if (a->id != b->id || emission_differs(a->emission, b->emission))
        return true;
    for (size_t i = 0; i < 3; i++) {
        int apart = (int)a->albedo[i] - (int)b->albedo[i];
        if (apart > ALBEDO_APART || apart < -ALBEDO_APART)
            return true;
    }
    if (fabsf(a->depth - b->depth) > float_min(a->depth, b->depth) / DEPTH_PART)
        return true;
    return vec_dot(vec_unit(normal_unpack(a->normal)), vec_unit(normal_unpack(b->normal))) <
           NORMAL_MIN;
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    *out = (struct kernel_verdict){0};
    struct geometry_params p;
    struct geometry_params part;
    if (geometry_params_decode(&p, params) != RC_OK ||
        geometry_params_decode(&part, part_params) != RC_OK ||
        !parts_belong(params, p.pixel_count, part_params, part.pixel_count))
        return RC_MALFORMED;
    const struct pixels pixels = geometry_pixels(&p);
    if (result.len != pixels_count(&pixels) * GEOMETRY_PIXEL_BYTES ||
        part_result.len != part.pixel_count * GEOMETRY_PIXEL_BYTES)
        return RC_MALFORMED;
    assert(part.pixel_count > 0);
    assert(part.side == p.side);
    uint32_t mismatches = 0;
    for (uint32_t i = 0; i < part.pixel_count; i++) {
        uint32_t at;
        if (!pixels_find(&pixels, part.pixel[i], &at))
            return RC_MALFORMED;
        struct geometry_pixel a = geometry_pixel_at(result, at);
        struct geometry_pixel b = geometry_pixel_at(part_result, i);
        mismatches += pixel_differs(&a, &b);
    }
    *out = (struct kernel_verdict){.parts = part.pixel_count,
                                   .mismatches = mismatches,
                                   .is_right = mismatches <= MISMATCHES_MAX};
    return RC_OK;
}

const struct kernel geometry_kernel = {
    .name = "geometry",
    .base = &world_base,
    .run = geometry_run,
    .result_bounds = result_bounds,
    .size = size_of,
    .part = draw_part,
    .judge = judge,
};
