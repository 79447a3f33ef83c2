// SPDX-License-Identifier: MIT
// Cars and people of the neon street.
#include "scene/street_parts.h"

#include "base/attr.h"

// A car's side in its frame: along it (right), up; then half its width at the sill and above.
struct section {
    float along, up, half;
};

static const struct section body[] = {
    {-2.10f, 0.34f, 0.74f}, {-2.16f, 0.55f, 0.78f}, {-2.05f, 0.86f, 0.78f}, {-1.60f, 0.95f, 0.79f},
    {-0.95f, 0.98f, 0.80f}, {1.10f, 0.96f, 0.80f},  {1.95f, 0.80f, 0.76f},  {2.12f, 0.62f, 0.74f},
    {2.14f, 0.42f, 0.72f},  {2.05f, 0.30f, 0.70f}};
static const struct section cabin[] = {{-1.75f, 0.94f, 0.74f}, {-1.10f, 1.40f, 0.58f},
                                       {-0.70f, 1.47f, 0.57f}, {0.20f, 1.46f, 0.57f},
                                       {0.45f, 1.40f, 0.58f},  {1.15f, 0.94f, 0.74f}};

// A closed outline drawn across the width, each point as wide as it says; sides are fans.
static void hull(struct street *s, const struct frame *f, const struct section *at, size_t count,
                 uint32_t top, uint32_t flank)
{
    for (size_t i = 0; i < count; i++) {
        const struct section *a = &at[i];
        const struct section *b = &at[(i + 1) % count];
        const struct vec corner[4] = {
            frame_point(f, a->along, a->up, -a->half), frame_point(f, b->along, b->up, -b->half),
            frame_point(f, b->along, b->up, b->half), frame_point(f, a->along, a->up, a->half)};
        draft_quad(s->draft, corner, top);
    }
    for (unsigned k = 0; k < 2; k++) {
        float sign = k == 0 ? -1.0f : 1.0f;
        uint32_t hub = draft_vertex(s->draft, frame_point(f, 0.0f, at[0].up + 0.2f, sign * 0.82f),
                                    vec_of(0, 0, 0));
        uint32_t first = draft_vertex_count(s->draft);
        for (size_t i = 0; i < count; i++)
            (void)draft_vertex(s->draft, frame_point(f, at[i].along, at[i].up, sign * at[i].half),
                               vec_of(0, 0, 0)); // indices run on from first
        for (uint32_t i = 0; i < count; i++)
            draft_triangle(s->draft, hub, first + i, first + (i + 1) % (uint32_t)count, flank);
    }
}

static void wheels(struct street *s, const struct frame *f)
{
    for (unsigned i = 0; i < 4; i++) {
        float along = i < 2 ? -1.3f : 1.35f;
        float out = i % 2 ? 1.0f : -1.0f;
        shape_rod(s->draft, frame_point(f, along, 0.32f, 0.60f * out),
                  frame_point(f, along, 0.32f, 0.81f * out), 0.32f, 16, s->id[PAINT_RUBBER]);
        shape_rod(s->draft, frame_point(f, along, 0.32f, 0.80f * out),
                  frame_point(f, along, 0.32f, 0.825f * out), 0.2f, 12, s->id[PAINT_METAL]);
    }
}

// A rectangle across the car, facing along it, by both its edges.
static void lamps(struct street *s, const struct frame *f, float along, const float up[static 2],
                  const float half[static 2], enum paint paint)
{
    for (unsigned i = 0; i < 2; i++) {
        float sign = i == 0 ? -1.0f : 1.0f;
        const struct vec corner[4] = {frame_point(f, along, up[0], sign * half[0]),
                                      frame_point(f, along, up[0], sign * half[1]),
                                      frame_point(f, along, up[1], sign * half[1]),
                                      frame_point(f, along, up[1], sign * half[0])};
        draft_quad(s->draft, corner, s->id[paint]);
    }
}

// heading: 1 away from the camera, -1 toward it.
static void car(struct street *s, float x, float z, float heading, enum paint paint)
{
    struct frame f = {vec_of(x, 0.0f, z), vec_of(0.0f, 0.0f, -heading), vec_of(0.0f, 1.0f, 0.0f),
                      vec_of(heading, 0.0f, 0.0f)};
    hull(s, &f, body, ARRAY_COUNT(body), s->id[paint], s->id[paint]);
    hull(s, &f, cabin, ARRAY_COUNT(cabin), s->id[PAINT_PANE], s->id[PAINT_PANE]);
    shape_box(s->draft, &f, vec_of(-0.72f, 1.462f, -0.56f), vec_of(0.22f, 1.49f, 0.56f),
              s->id[paint]);
    wheels(s, &f);
    lamps(s, &f, 2.16f, (const float[2]){0.52f, 0.64f}, (const float[2]){0.42f, 0.70f}, PAINT_HEAD);
    lamps(s, &f, -2.19f, (const float[2]){0.60f, 0.76f}, (const float[2]){0.40f, 0.75f},
          PAINT_TAIL);
    shape_box(s->draft, &f, vec_of(-2.22f, 0.36f, -0.76f), vec_of(-2.08f, 0.5f, 0.76f),
              s->id[PAINT_DARK]);
    shape_panel(
        s->draft, &(struct frame){frame_point(&f, -2.2f, 0.56f, 0.0f), f.out, f.up, f.right},
        (const float[2]){-0.2f, 0.0f}, (const float[2]){0.2f, 0.12f}, 0.0f, s->id[PAINT_CAR_C]);
}

static void brolly(struct street *s, struct vec hand, enum paint paint)
{
    static const float dome[][2] = {{0.56f, -0.02f}, {0.52f, 0.07f}, {0.42f, 0.16f},
                                    {0.28f, 0.23f},  {0.13f, 0.27f}, {0.004f, 0.285f}};
    struct frame f = frame_at(vec_of(hand.x, hand.y + 0.72f, hand.z));
    shape_turned(s->draft, &f, dome, ARRAY_COUNT(dome), 12, s->id[paint]);
    shape_rod(s->draft, hand, vec_of(hand.x, hand.y + 1.08f, hand.z), 0.011f, 5, s->id[PAINT_DARK]);
}

// A walker under an umbrella; height in metres, turned about y.
static void walker(struct street *s, float x, float z, float turn, float height, enum paint cover)
{
    static const float coat[][2] = {{0.25f, 0.42f},  {0.235f, 0.62f}, {0.19f, 0.98f},
                                    {0.215f, 1.22f}, {0.22f, 1.38f},  {0.12f, 1.48f},
                                    {0.055f, 1.5f}};
    const float k = height / 1.72f;
    float ground = fabsf(x) > STREET_KERB_X ? STREET_KERB_Y : 0.0f;
    struct frame f = frame_turned(vec_of(x, ground, z), turn);
    f.right = vec_scale(f.right, k);
    f.up = vec_scale(f.up, k);
    f.out = vec_scale(f.out, k * 0.68f); // people are flatter than round
    enum paint cloth = PAINT_CLOTH_A + street_pick(s, 3);
    shape_turned(s->draft, &f, coat, ARRAY_COUNT(coat), 10, s->id[cloth]);
    for (unsigned i = 0; i < 2; i++) {
        float side = i == 0 ? -0.1f : 0.1f;
        float stride = i == 0 ? 0.22f : -0.2f;
        const struct vec leg[3] = {frame_point(&f, side, 0.75f, 0.0f),
                                   frame_point(&f, side, 0.42f, 0.6f * stride),
                                   frame_point(&f, side, 0.03f, stride)};
        shape_tube(s->draft, leg, 3, 0.068f * k, 5, s->id[PAINT_CLOTH_A]);
        shape_rod(s->draft, frame_point(&f, side, 0.05f, stride - 0.06f),
                  frame_point(&f, side, 0.05f, stride + 0.24f), 0.05f * k, 5, s->id[PAINT_RUBBER]);
    }
    struct vec hand = frame_point(&f, 0.2f, 1.14f, 0.3f);
    const struct vec arm[3] = {frame_point(&f, 0.21f, 1.36f, 0.0f),
                               frame_point(&f, 0.29f, 1.08f, 0.1f), hand};
    shape_tube(s->draft, arm, 3, 0.055f * k, 5, s->id[cloth]);
    const struct vec other[3] = {frame_point(&f, -0.21f, 1.36f, 0.0f),
                                 frame_point(&f, -0.27f, 1.08f, -0.05f),
                                 frame_point(&f, -0.25f, 0.82f, 0.1f)};
    shape_tube(s->draft, other, 3, 0.055f * k, 5, s->id[cloth]);
    shape_ball(s->draft, frame_point(&f, 0.0f, 1.6f, 0.02f), 0.105f * k, 5, s->id[PAINT_SKIN]);
    shape_ball(s->draft, frame_point(&f, 0.0f, 1.63f, -0.03f), 0.112f * k, 6, s->id[PAINT_CLOTH_A]);
    brolly(s, hand, cover);
}

void street_traffic(struct street *s)
{
    car(s, -2.45f, -15.5f, 1.0f, PAINT_CAR_B);
    car(s, 2.5f, -24.5f, -1.0f, PAINT_CAR_A);
    car(s, -2.4f, -44.0f, 1.0f, PAINT_CAR_C);
    car(s, 1.55f, -62.0f, -1.0f, PAINT_CAR_C);
    walker(s, 1.05f, -11.4f, 0.4f, 1.75f, PAINT_BROLLY_A); // over the crossing, away from us
    walker(s, -4.6f, -7.6f, MATH_PI, 1.70f, PAINT_BROLLY_B);
    walker(s, 4.75f, -12.8f, 0.1f, 1.78f, PAINT_BROLLY_A);
    walker(s, 5.1f, -13.3f, MATH_PI + 0.2f, 1.66f, PAINT_BROLLY_C);
    for (unsigned i = 0; i < 12; i++) {
        float side = street_pick(s, 2) ? 1.0f : -1.0f;
        enum paint cover = PAINT_BROLLY_A + street_pick(s, 3);
        float height = street_between(s, 1.58f, 1.84f);
        float turn = MATH_PI * (float)street_pick(s, 2);
        turn += street_between(s, -0.3f, 0.3f);
        float x = side * street_between(s, 4.0f, 5.3f);
        walker(s, x, -19.0f - 4.1f * (float)i, turn, height, cover);
    }
}
