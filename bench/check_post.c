// SPDX-License-Identifier: MIT
// check_bench's case of kernel `post`: a noisy light on made-up hills, of a layer as usual.
#include "check.h"
#include "kernel/geometry/geometry.h"
#include "kernel/post/post.h"
#include "kernel/trace/trace.h"
#include "measure.h"
#include "scene/normal.h"

#define WIDTH   480u
#define HEIGHT  270u
#define PIXELS  ((size_t)WIDTH * HEIGHT)
#define SAMPLES 16u

static struct bytes hills(void)
{
    uint8_t *at = measure_take(PIXELS * GEOMETRY_PIXEL_BYTES);
    for (size_t i = 0; i < PIXELS; i++) {
        const float x = (float)(i % WIDTH) / WIDTH;
        const float lamp[3] = {0.1f, 0.1f, 0.1f};
        const struct vec up = vec_unit(vec_of(0.3f * sinf(x * 40.0f), 1.0f, 0.5f));
        const struct geometry_pixel p = {.depth = 4.0f + x,
                                         .normal = normal_pack(up),
                                         .albedo = {150, 140, 130},
                                         .id = (uint8_t)(1 + i % WIDTH / 60),
                                         .emission = geometry_emission_code(lamp)};
        geometry_pixel_put(at + i * GEOMETRY_PIXEL_BYTES, &p);
    }
    return bytes_of(at, PIXELS * GEOMETRY_PIXEL_BYTES);
}

static struct bytes light(void)
{
    struct rng r = rng_seeded(4);
    struct buffer b =
        buffer_of(measure_take(PIXELS * TRACE_PIXEL_BYTES), PIXELS * TRACE_PIXEL_BYTES);
    for (size_t i = 0; i < PIXELS * TRACE_LAYERS * 3; i++)
        buffer_u32le(&b, (uint32_t)((0.1 + rng_unit(&r)) * SAMPLES * TRACE_UNIT));
    return buffer_bytes(&b);
}

static void make(struct check_task *out)
{
    const struct camera camera = {{0, 1, 5}, {0, 1, 0}, {0, 1, 0}, 50.0f};
    const struct post_params p = {.width = WIDTH,
                                  .height = HEIGHT,
                                  .levels = 4,
                                  .history_max = 32,
                                  .camera = camera,
                                  .before = camera,
                                  .tile_count = 1,
                                  .tile = {{0, 0, WIDTH, HEIGHT, SAMPLES}}};
    struct buffer params = buffer_of(measure_take(512), 512);
    measure_need(post_params_encode(&p, &params), "params");
    out->given[0] = hills();
    out->given[1] = light();
    out->given_count = 2;
    out->params = buffer_bytes(&params);
}

// A quarter brighter in red.
static void lie(struct rng *r, double share, struct buffer *result)
{
    struct check_share s = check_share_of(r, share, PIXELS);
    for (size_t i = 0; i < PIXELS; i++) {
        if (!check_is_spoiled(&s))
            continue;
        uint8_t *at = result->at + LAYER_HEADER_BYTES + i * LAYER_PIXEL_BYTES;
        struct buffer b = buffer_of(at, 2);
        buffer_u16le(&b, (uint16_t)(at[0] + (at[1] << 8) + 1024));
    }
}

const struct check_case check_post = {"post", "pixels", make, lie};
