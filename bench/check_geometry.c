// SPDX-License-Identifier: MIT
// check_bench's case of kernel `geometry`: a part of the neon street.
#include "check.h"
#include "kernel/geometry/geometry.h"
#include "measure.h"

static void make(struct check_task *out)
{
    struct camera camera;
    out->object = check_street(&camera);
    const struct geometry_params p = {.width = 480,
                                      .height = 270,
                                      .x = 120,
                                      .y = 100,
                                      .w = 240,
                                      .h = 135,
                                      .side = 2,
                                      .camera = camera};
    struct buffer params = buffer_of(measure_take(512), 512);
    measure_need(geometry_params_encode(&p, &params), "params");
    out->params = buffer_bytes(&params);
}

// Nearer by a fiftieth: what would move a pixel where the next frame looks for it.
static void spoil(uint8_t *at)
{
    struct geometry_pixel p = geometry_pixel_at(bytes_of(at, GEOMETRY_PIXEL_BYTES), 0);
    p.depth *= 0.98f;
    p.albedo[0] ^= 0x10; // where there is no depth
    geometry_pixel_put(at, &p);
}

static void lie(struct rng *r, double share, struct buffer *result)
{
    const size_t all = result->len / GEOMETRY_PIXEL_BYTES;
    struct check_share s = check_share_of(r, share, all);
    for (size_t i = 0; i < all; i++)
        if (check_is_spoiled(&s))
            spoil(result->at + i * GEOMETRY_PIXEL_BYTES);
}

const struct check_case check_geometry = {"geometry", "pixels", make, lie};
