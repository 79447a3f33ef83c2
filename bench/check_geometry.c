// SPDX-License-Identifier: MIT
// check_bench's case of kernel `geometry`: a part of the neon street.
#include "check.h"
#include "kernel/geometry/geometry.h"
#include "measure.h"
#include "scene/scene.h"
#include "scene/scenes.h"

static struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};

static void make(struct check_task *out)
{
    struct buffer object = {0};
    struct scene scene;
    struct err err;
    measure_need(scenes_make(bytes_text("neon-street"), &budget, &object, &err), "scene");
    measure_need(scene_open(&scene, buffer_bytes(&object), &err), "scene");
    const struct geometry_params p = {.width = 480,
                                      .height = 270,
                                      .x = 120,
                                      .y = 100,
                                      .w = 240,
                                      .h = 135,
                                      .side = 2,
                                      .camera = scene_camera(&scene, 0)};
    struct buffer params = buffer_of(measure_take(512), 512);
    measure_need(geometry_params_encode(&p, &params), "params");
    out->object = buffer_bytes(&object);
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
