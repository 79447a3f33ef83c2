// SPDX-License-Identifier: MIT
// A neon street in the rain at night: order of drawing, sky, camera.
#include "scene/street.h"

#include <assert.h>

#include "base/attr.h"
#include "scene/street_parts.h"

#define RAIN_MAX 20000u // more streaks hide the street

static void draw_sky(struct draft *d)
{
    d->sky = (struct scene_sky){.low = {0.085f, 0.045f, 0.115f},
                                .high = {0.012f, 0.014f, 0.035f},
                                .haze = {0.058f, 0.040f, 0.098f},
                                .haze_per_m = 0.011f};
}

// Ten seconds, slowly down the street and a little from side to side.
static void draw_camera(struct draft *d)
{
    static const struct scene_key key[] = {
        {.camera = {{0.45f, 1.15f, 3.5f}, {-0.15f, 1.95f, -12.0f}, {0, 1, 0}, 50.0f}, .time_s = 0},
        {.camera = {{0.30f, 1.10f, 1.2f}, {-0.05f, 1.98f, -14.5f}, {0, 1, 0}, 50.0f}, .time_s = 2},
        {.camera = {{0.05f, 1.05f, -1.3f}, {0.10f, 2.02f, -17.0f}, {0, 1, 0}, 50.0f}, .time_s = 4},
        {.camera = {{-0.25f, 1.08f, -3.8f}, {0.25f, 2.08f, -20.0f}, {0, 1, 0}, 50.0f}, .time_s = 6},
        {.camera = {{-0.40f, 1.20f, -6.2f}, {0.25f, 2.15f, -23.0f}, {0, 1, 0}, 50.0f}, .time_s = 8},
        {.camera = {{-0.30f, 1.35f, -8.4f}, {0.10f, 2.25f, -26.0f}, {0, 1, 0}, 50.0f},
         .time_s = 10},
    };
    for (size_t i = 0; i < ARRAY_COUNT(key); i++)
        draft_key(d, &key[i]);
}

void street_draw(struct draft *d, uint64_t seed, uint32_t triangles)
{
    if (triangles < STREET_TRIANGLES_MIN || triangles > STREET_TRIANGLES_MAX) {
        d->rc = d->rc != RC_OK ? d->rc : RC_REFUSED;
        return;
    }
    assert(draft_triangle_count(d) == 0);
    struct street s = {
        .draft = d, .rng = rng_seeded(seed), .seed = seed, .fine = triangles >= 500000u ? 3 : 1};
    street_paints(&s);
    draw_sky(d);
    draw_camera(d);
    street_houses(&s);
    street_gate(&s, -31.0f);
    street_furniture(&s);
    street_traffic(&s);
    // What is left goes to the ground; the rain comes out exact.
    uint32_t rain = triangles / 8u < RAIN_MAX ? triangles / 8u : RAIN_MAX;
    uint32_t spent = draft_triangle_count(d) + rain;
    street_ground(&s, triangles > spent ? triangles - spent : 0);
    spent = draft_triangle_count(d);
    uint32_t left = triangles > spent ? triangles - spent : 0;
    street_rain(&s, left < RAIN_MAX ? left : RAIN_MAX);
}
