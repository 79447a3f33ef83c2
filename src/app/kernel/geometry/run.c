// SPDX-License-Identifier: MIT
// What a worker does of kernel `geometry`: looks along the rays of pixels.
#include "kernel/geometry/geometry.h"

#include "kernel/float_mode.h"
#include "kernel/geometry/look.h"
#include "kernel/world/base.h"
#include "kernel/world/ray.h"
#include "scene/normal.h"

static void store(uint8_t *out, const struct look *middle, struct vec albedo, struct vec emission)
{
    const float light[3] = {emission.x, emission.y, emission.z};
    struct geometry_pixel p = {.depth = middle->depth,
                               .albedo = {geometry_albedo_code(albedo.x),
                                          geometry_albedo_code(albedo.y),
                                          geometry_albedo_code(albedo.z)},
                               .id = middle->id,
                               .emission = geometry_emission_code(light)};
    if (p.id != 0)
        p.normal = normal_pack(middle->normal);
    geometry_pixel_put(out, &p);
}

static void draw_pixel(const struct world *w, const struct raster *r, uint32_t side,
                       struct pixel at, uint8_t *out)
{
    const float x = (float)at.x + 0.5f;
    const float y = (float)at.y + 0.5f;
    struct look middle = look_along(w, r->eye, raster_ray(r, x, y));
    if (side == 1) {
        store(out, &middle, middle.albedo, middle.emission);
        return;
    }
    const float per = (float)side;
    struct vec albedo = vec_of(0.0f, 0.0f, 0.0f);
    struct vec emission = albedo;
    for (uint32_t i = 0; i < side * side; i++) {
        const uint32_t row = i / side;
        const float dx = tent(((float)(i - row * side) + 0.5f) / per);
        const float dy = tent(((float)row + 0.5f) / per);
        struct look l = look_along(w, r->eye, raster_ray(r, x + dx, y + dy));
        albedo = vec_add(albedo, l.albedo);
        emission = vec_add(emission, l.emission);
    }
    const float share = 1.0f / (per * per);
    store(out, &middle, vec_scale(albedo, share), vec_scale(emission, share));
}

enum rc geometry_run(void *state, const struct kernel_in *in, struct buffer *result,
                     struct buffer *report)
{
    (void)report;
    struct geometry_params p;
    enum rc rc = geometry_params_decode(&p, in->params);
    if (rc != RC_OK)
        return rc;
    const struct world *w = world_base_loaded(state);
    if (w == NULL)
        return RC_ABSENT;
    const struct pixels pixels = geometry_pixels(&p);
    const uint32_t count = pixels_count(&pixels);
    uint8_t *at = buffer_room(result, count * GEOMETRY_PIXEL_BYTES);
    if (at == NULL)
        return RC_FULL;
    const unsigned mode = float_mode_begin();
    const struct raster r = raster_of(&p.camera, p.width, p.height);
    for (uint32_t i = 0; i < count; i++, at += GEOMETRY_PIXEL_BYTES)
        draw_pixel(w, &r, p.side, pixels_at(&pixels, i), at);
    float_mode_end(mode);
    return RC_OK;
}
