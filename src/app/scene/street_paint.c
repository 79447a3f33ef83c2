// SPDX-License-Identifier: MIT
// Paints, dice and the frame of a house front for the neon street.
//
// Radiances are set for exposure 1: tubes glow at 4 to 9 in their strongest channel, panels at
// 1 to 2.5, windows below 1.5, so that colours survive the tone curve.
#include <assert.h>

#include "scene/street_parts.h"

#define MATTE(r, g, b)                                                                             \
    {                                                                                              \
        .base = {(r), (g), (b)}, .roughness = 1.0f, .ior = 1.0f, .opacity = 1.0f                   \
    }
#define COATED(r, g, b, rough, n)                                                                  \
    {                                                                                              \
        .base = {(r), (g), (b)}, .roughness = (rough), .ior = (n), .opacity = 1.0f                 \
    }
#define METAL(r, g, b, rough)                                                                      \
    {                                                                                              \
        .base = {(r), (g), (b)}, .roughness = (rough), .metallic = 1.0f, .ior = 1.5f,              \
        .opacity = 1.0f                                                                            \
    }
#define LIGHT(r, g, b)                                                                             \
    {                                                                                              \
        .base = {0.02f, 0.02f, 0.02f}, .emission = {(r), (g), (b)}, .roughness = 1.0f,             \
        .ior = 1.0f, .opacity = 1.0f                                                               \
    }

static const struct scene_material paints[PAINT_COUNT] = {
    [PAINT_ASPHALT] = COATED(0.030f, 0.031f, 0.034f, 0.30f, 1.5f),
    [PAINT_DAMP] = COATED(0.018f, 0.018f, 0.020f, 0.16f, 1.5f),
    [PAINT_PUDDLE] = COATED(0.008f, 0.008f, 0.010f, 0.03f, 1.40f),
    [PAINT_LINE] = COATED(0.42f, 0.42f, 0.40f, 0.26f, 1.45f),
    [PAINT_SLAB_A] = COATED(0.085f, 0.083f, 0.086f, 0.24f, 1.45f),
    [PAINT_SLAB_B] = COATED(0.065f, 0.064f, 0.068f, 0.17f, 1.45f),
    [PAINT_SLAB_C] = COATED(0.105f, 0.100f, 0.098f, 0.32f, 1.45f),
    [PAINT_KERB] = COATED(0.17f, 0.17f, 0.17f, 0.30f, 1.45f),
    [PAINT_WALL_A] = COATED(0.15f, 0.10f, 0.085f, 0.55f, 1.35f),
    [PAINT_WALL_B] = COATED(0.13f, 0.13f, 0.145f, 0.45f, 1.40f),
    [PAINT_WALL_C] = COATED(0.21f, 0.19f, 0.165f, 0.55f, 1.35f),
    [PAINT_WALL_D] = COATED(0.075f, 0.085f, 0.105f, 0.35f, 1.45f),
    [PAINT_WALL_E] = COATED(0.11f, 0.075f, 0.095f, 0.50f, 1.40f),
    [PAINT_TRIM] = COATED(0.16f, 0.16f, 0.17f, 0.35f, 1.45f),
    [PAINT_DARK] = COATED(0.022f, 0.022f, 0.026f, 0.30f, 1.50f),
    [PAINT_METAL] = METAL(0.55f, 0.56f, 0.58f, 0.35f),
    [PAINT_STEEL] = METAL(0.35f, 0.36f, 0.39f, 0.5f),
    [PAINT_RUST] = COATED(0.14f, 0.075f, 0.05f, 0.6f, 1.35f),
    [PAINT_PANE] = COATED(0.010f, 0.012f, 0.016f, 0.06f, 1.75f),
    [PAINT_RUBBER] = COATED(0.02f, 0.02f, 0.02f, 0.45f, 1.4f),
    [PAINT_CAR_A] = COATED(0.16f, 0.012f, 0.018f, 0.10f, 1.6f),
    [PAINT_CAR_B] = COATED(0.02f, 0.03f, 0.07f, 0.08f, 1.6f),
    [PAINT_CAR_C] = COATED(0.35f, 0.34f, 0.32f, 0.12f, 1.6f),
    [PAINT_CLOTH_A] = MATTE(0.035f, 0.038f, 0.05f),
    [PAINT_CLOTH_B] = MATTE(0.09f, 0.075f, 0.06f),
    [PAINT_CLOTH_C] = MATTE(0.12f, 0.03f, 0.035f),
    [PAINT_SKIN] = MATTE(0.30f, 0.19f, 0.14f),
    [PAINT_BROLLY_A] = COATED(0.03f, 0.03f, 0.04f, 0.25f, 1.5f),
    [PAINT_BROLLY_B] = COATED(0.38f, 0.03f, 0.05f, 0.25f, 1.5f),
    [PAINT_BROLLY_C] = {.base = {0.75f, 0.8f, 0.85f},
                        .roughness = 0.2f,
                        .ior = 1.5f,
                        .opacity = 0.4f},
    [PAINT_LEAF] = COATED(0.03f, 0.09f, 0.035f, 0.3f, 1.45f),
    [PAINT_GOODS_A] = MATTE(0.35f, 0.10f, 0.06f),
    [PAINT_GOODS_B] = MATTE(0.08f, 0.22f, 0.30f),
    [PAINT_GOODS_C] = MATTE(0.40f, 0.33f, 0.12f),
    [PAINT_RAIN_A] = {.base = {0.9f, 0.93f, 1.0f},
                      .emission = {0.20f, 0.20f, 0.30f},
                      .roughness = 1.0f,
                      .ior = 1.0f,
                      .opacity = 0.22f},
    [PAINT_RAIN_B] = {.base = {0.9f, 0.93f, 1.0f},
                      .emission = {0.42f, 0.38f, 0.50f},
                      .roughness = 1.0f,
                      .ior = 1.0f,
                      .opacity = 0.30f},
    [PAINT_TUBE_MAGENTA] = LIGHT(9.0f, 0.55f, 4.6f),
    [PAINT_TUBE_CYAN] = LIGHT(0.35f, 5.6f, 7.0f),
    [PAINT_TUBE_ORANGE] = LIGHT(9.0f, 2.9f, 0.35f),
    [PAINT_TUBE_GREEN] = LIGHT(0.6f, 6.5f, 1.5f),
    [PAINT_TUBE_RED] = LIGHT(9.0f, 0.5f, 0.45f),
    [PAINT_TUBE_VIOLET] = LIGHT(3.9f, 0.9f, 8.5f),
    [PAINT_TUBE_BLUE] = LIGHT(0.5f, 1.6f, 9.0f),
    [PAINT_TUBE_WHITE] = LIGHT(6.0f, 5.6f, 5.2f),
    [PAINT_BOX_MAGENTA] = LIGHT(2.3f, 0.12f, 1.15f),
    [PAINT_BOX_CYAN] = LIGHT(0.10f, 1.45f, 1.85f),
    [PAINT_BOX_ORANGE] = LIGHT(2.4f, 0.78f, 0.09f),
    [PAINT_BOX_GREEN] = LIGHT(0.13f, 1.55f, 0.40f),
    [PAINT_BOX_RED] = LIGHT(2.3f, 0.13f, 0.10f),
    [PAINT_BOX_VIOLET] = LIGHT(0.95f, 0.20f, 2.2f),
    [PAINT_BOX_BLUE] = LIGHT(0.12f, 0.42f, 2.3f),
    [PAINT_BOX_WHITE] = LIGHT(1.7f, 1.55f, 1.35f),
    [PAINT_ROOM_WARM_A] = LIGHT(1.25f, 0.72f, 0.30f),
    [PAINT_ROOM_WARM_B] = LIGHT(0.62f, 0.33f, 0.12f),
    [PAINT_ROOM_WARM_C] = LIGHT(0.26f, 0.13f, 0.05f),
    [PAINT_ROOM_COOL_A] = LIGHT(0.55f, 0.72f, 0.85f),
    [PAINT_ROOM_COOL_B] = LIGHT(0.16f, 0.24f, 0.34f),
    [PAINT_ROOM_TEAL] = LIGHT(0.10f, 0.62f, 0.62f),
    [PAINT_ROOM_ROSE] = LIGHT(0.85f, 0.22f, 0.50f),
    [PAINT_ROOM_TEAL_DIM] = LIGHT(0.03f, 0.17f, 0.18f),
    [PAINT_ROOM_ROSE_DIM] = LIGHT(0.24f, 0.07f, 0.15f),
    [PAINT_ROOM_COOL_DIM] = LIGHT(0.17f, 0.22f, 0.25f),
    [PAINT_ROOM_WARM_DIM] = LIGHT(0.33f, 0.19f, 0.08f),
    [PAINT_LAMP] = LIGHT(20.0f, 13.0f, 6.5f),
    [PAINT_HEAD] = LIGHT(26.0f, 24.0f, 20.0f),
    [PAINT_TAIL] = LIGHT(9.0f, 0.25f, 0.18f),
    [PAINT_LANTERN] = LIGHT(3.4f, 0.55f, 0.16f),
};

static_assert(PAINT_BOX_MAGENTA - PAINT_TUBE_MAGENTA == TINT_COUNT, "one tube a tint");
static_assert(PAINT_ROOM_WARM_A - PAINT_BOX_MAGENTA == TINT_COUNT, "one panel a tint");

void street_paints(struct street *s)
{
    for (unsigned i = 0; i < PAINT_COUNT; i++) {
        assert(paints[i].opacity > 0.0f); // none forgotten
        s->id[i] = draft_material(s->draft, &paints[i]);
    }
}

float street_between(struct street *s, float low, float high)
{
    assert(low <= high);
    return low + (high - low) * (float)rng_unit(&s->rng);
}

uint32_t street_pick(struct street *s, uint32_t count)
{
    assert(count > 0);
    return (uint32_t)rng_below(&s->rng, count);
}

struct frame street_front(float side, float z_near, float z_far)
{
    assert(z_far < z_near);
    if (side < 0.0f)
        return (struct frame){vec_of(-STREET_WALL_X, 0.0f, z_near), vec_of(0.0f, 0.0f, -1.0f),
                              vec_of(0.0f, 1.0f, 0.0f), vec_of(1.0f, 0.0f, 0.0f)};
    return (struct frame){vec_of(STREET_WALL_X, 0.0f, z_far), vec_of(0.0f, 0.0f, 1.0f),
                          vec_of(0.0f, 1.0f, 0.0f), vec_of(-1.0f, 0.0f, 0.0f)};
}
