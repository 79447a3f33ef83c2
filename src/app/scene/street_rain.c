// SPDX-License-Identifier: MIT
// Rain over the neon street: streaks that the lights colour, splashes on the ground.
#include "scene/street_parts.h"

#define WIND_X 0.045f // metres sideways for each metre of fall
#define PATH_M 1.7f   // wide and high, kept dry for the camera: a drop on the lens fills the view

// A streak as a quad that faces up and down the street.
static void streak(struct street *s, struct vec at, float length, float width)
{
    const struct vec corner[4] = {{at.x, at.y, at.z},
                                  {at.x + width, at.y, at.z},
                                  {at.x + width + WIND_X * length, at.y + length, at.z},
                                  {at.x + WIND_X * length, at.y + length, at.z}};
    draft_quad(s->draft, corner, s->id[PAINT_RAIN_A + street_pick(s, 2)]);
}

static void splash(struct street *s, float x, float z)
{
    float y = fabsf(x) > STREET_KERB_X ? STREET_KERB_Y : 0.0f;
    for (unsigned i = 0; i < 3; i++) {
        float lean = 0.007f * ((float)i - 1.0f);
        float tall = street_between(s, 0.006f, 0.02f);
        const struct vec corner[4] = {{x + lean, y, z},
                                      {x + lean + 0.004f, y, z},
                                      {x + 2.2f * lean + 0.003f, y + tall, z},
                                      {x + 2.2f * lean, y + tall, z}};
        draft_quad(s->draft, corner, s->id[PAINT_RAIN_B]);
    }
}

void street_rain(struct street *s, uint32_t triangles)
{
    uint32_t end = draft_triangle_count(s->draft) + triangles;
    unsigned splashes = triangles / 60u; // six triangles each: a tenth of all
    for (unsigned i = 0; i < splashes; i++) {
        float far = street_between(s, 0.0f, 1.0f);
        splash(s, street_between(s, -STREET_WALL_X, STREET_WALL_X), 1.0f - 38.0f * far * far);
    }
    while (s->draft->rc == RC_OK && draft_triangle_count(s->draft) + 2 <= end) {
        float far = street_between(s, 0.0f, 1.0f);
        float z = 1.0f - 62.0f * far * far;
        float x = street_between(s, -STREET_WALL_X, STREET_WALL_X);
        // The view widens with depth; near the camera only its height is worth filling.
        float y = street_between(s, 0.0f, fminf(11.0f, 3.5f + 0.35f * fabsf(z)));
        if (z > -10.0f && fabsf(x) < 0.5f * PATH_M && y < PATH_M)
            continue;
        float length = street_between(s, 0.35f, 0.95f);
        float width = 0.0030f + 0.00050f * fabsf(z - 3.5f);
        streak(s, vec_of(x, y, z), length, width);
    }
}
