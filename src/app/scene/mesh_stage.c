// SPDX-License-Identifier: MIT
// The stage on which a bare mesh is shown.
#include "scene/mesh_stage.h"

#include "scene/shape.h"

// A square panel at an offset from centre, facing it; all in multiples of radius.
static void lamp(struct draft *d, struct vec centre, float radius, struct vec offset, float size,
                 const float emission[static 3])
{
    const struct scene_material m = {.emission = {emission[0], emission[1], emission[2]},
                                     .roughness = 1.0f,
                                     .ior = 1.0f,
                                     .opacity = 1.0f};
    struct frame f = {.origin = vec_along(centre, offset, radius), .out = vec_unit(offset)};
    f.right = vec_unit(vec_cross(vec_of(0.0f, 1.0f, 0.0f), f.out));
    f.up = vec_cross(f.out, f.right);
    const float half = 0.5f * size * radius;
    shape_panel(d, &f, (const float[2]){-half, -half}, (const float[2]){half, half}, 0.0f,
                draft_material(d, &m));
}

void mesh_stage_lamps(struct draft *d, struct vec centre, float radius)
{
    static const float key[3] = {11.0f, 9.8f, 8.4f};
    static const float fill[3] = {1.5f, 1.8f, 2.3f};
    static const float rim[3] = {7.0f, 7.4f, 8.0f};
    lamp(d, centre, radius, vec_of(-2.4f, 3.0f, 2.0f), 2.0f, key);
    lamp(d, centre, radius, vec_of(4.4f, 1.8f, 1.6f), 3.0f, fill);
    lamp(d, centre, radius, vec_of(1.6f, 3.6f, -3.2f), 1.6f, rim);
}

void mesh_stage_ground(struct draft *d, struct vec centre, float radius)
{
    const struct scene_material m = {
        .base = {0.42f, 0.42f, 0.43f}, .roughness = 0.45f, .ior = 1.4f, .opacity = 1.0f};
    const struct frame f = {vec_of(centre.x, 0.0f, centre.z), vec_of(1, 0, 0), vec_of(0, 0, -1),
                            vec_of(0, 1, 0)};
    shape_disc(d, &f, 40.0f * radius, 64, draft_material(d, &m));
}

void mesh_stage_camera(struct draft *d, struct vec centre, float radius)
{
    const float fov_deg = 34.0f;
    const float fit = 3.5f; // 1 / sin(17 degrees), and a little air
    struct vec from = vec_scale(vec_unit(vec_of(0.45f, 0.32f, 1.0f)), fit * radius);
    struct vec eye = vec_add(centre, from);
    const struct scene_key key = {.camera = {.eye = {eye.x, eye.y, eye.z},
                                             .target = {centre.x, centre.y, centre.z},
                                             .up = {0.0f, 1.0f, 0.0f},
                                             .fov_deg = fov_deg}};
    draft_key(d, &key);
}

void mesh_stage_sky(struct draft *d)
{
    d->sky = (struct scene_sky){.low = {0.16f, 0.17f, 0.19f},
                                .high = {0.05f, 0.06f, 0.08f},
                                // Dissolves the ground's rim, and hardly what stands on it.
                                .haze = {0.16f, 0.17f, 0.19f},
                                .haze_per_m = 0.02f};
}
