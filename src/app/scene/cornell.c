// SPDX-License-Identifier: MIT
// A Cornell-like room, 2 m wide, open towards the camera.
#include "scene/cornell.h"

#include "scene/shape.h"

#define HALF 1.0f      // half the room's width; it stands on y = 0
#define SUNK (-0.005f) // the box's underside, so that it does not lie in the floor's plane

static uint32_t matte(struct draft *d, float red, float green, float blue)
{
    const struct scene_material m = {
        .base = {red, green, blue}, .roughness = 1.0f, .ior = 1.0f, .opacity = 1.0f};
    return draft_material(d, &m);
}

static void walls(struct draft *d)
{
    uint32_t white = matte(d, 0.73f, 0.73f, 0.73f);
    uint32_t red = matte(d, 0.63f, 0.065f, 0.05f);
    uint32_t green = matte(d, 0.14f, 0.45f, 0.091f);
    const float h = 2.0f * HALF;
    const struct vec near[4] = {
        {-HALF, 0, HALF}, {HALF, 0, HALF}, {HALF, h, HALF}, {-HALF, h, HALF}};
    const struct vec far[4] = {
        {-HALF, 0, -HALF}, {HALF, 0, -HALF}, {HALF, h, -HALF}, {-HALF, h, -HALF}};
    draft_quad(d, (struct vec[4]){near[0], near[1], far[1], far[0]}, white); // floor
    draft_quad(d, (struct vec[4]){near[3], far[3], far[2], near[2]}, white); // ceiling
    draft_quad(d, far, white);
    draft_quad(d, (struct vec[4]){near[0], far[0], far[3], near[3]}, red);
    draft_quad(d, (struct vec[4]){near[1], near[2], far[2], far[1]}, green);
}

static void things(struct draft *d)
{
    const struct scene_material metal = {.base = {0.95f, 0.79f, 0.48f},
                                         .roughness = 0.3f,
                                         .metallic = 1.0f,
                                         .ior = 1.5f,
                                         .opacity = 1.0f};
    const struct scene_material glass = {
        .base = {1.0f, 1.0f, 1.0f}, .transmission = 1.0f, .ior = 1.5f, .opacity = 1.0f};
    struct frame turned = frame_turned(vec_of(-0.05f, 0.0f, -0.55f), 0.3f);
    shape_box(d, &turned, vec_of(-0.3f, SUNK, -0.25f), vec_of(0.3f, 0.75f, 0.25f),
              matte(d, 0.73f, 0.73f, 0.73f));
    shape_ball(d, vec_of(-0.5f, 0.38f, 0.05f), 0.38f, 48, draft_material(d, &metal));
    shape_ball(d, vec_of(0.48f, 0.36f, 0.3f), 0.36f, 48, draft_material(d, &glass));
}

void cornell_draw(struct draft *d)
{
    walls(d);
    things(d);
    const struct scene_material light = {
        .emission = {17.0f, 12.0f, 7.0f}, .roughness = 1.0f, .ior = 1.0f, .opacity = 1.0f};
    const float y = 2.0f * HALF - 0.01f; // under the ceiling: its upper side lights only that
    const struct vec lamp[4] = {
        {-0.25f, y, -0.2f}, {0.25f, y, -0.2f}, {0.25f, y, 0.2f}, {-0.25f, y, 0.2f}};
    draft_quad(d, lamp, draft_material(d, &light));
    const struct scene_key key = {
        .camera = {.eye = {0, 1.0f, 3.9f}, .target = {0, 1.0f, 0}, .up = {0, 1, 0}, .fov_deg = 39}};
    draft_key(d, &key);
}
