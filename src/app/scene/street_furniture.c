// SPDX-License-Identifier: MIT
// What stands and hangs in the neon street: lamps, poles, cables, lanterns, machines, crates.
#include "scene/street_parts.h"

#include "base/attr.h"
#include "scene/glyph.h"

static void lamp(struct street *s, float side, float z)
{
    float x = side * (STREET_KERB_X + 0.4f);
    unsigned sides = 6 + 2 * s->fine;
    shape_rod(s->draft, vec_of(x, STREET_KERB_Y - STREET_SUNK, z), vec_of(x, 0.7f, z), 0.09f, sides,
              s->id[PAINT_DARK]);
    const struct vec mast[6] = {{x, 0.6f, z},
                                {x, 4.6f, z},
                                {x - side * 0.08f, 5.1f, z},
                                {x - side * 0.35f, 5.45f, z},
                                {x - side * 0.8f, 5.55f, z},
                                {x - side * 1.2f, 5.55f, z}};
    shape_tube(s->draft, mast, 6, 0.05f, sides, s->id[PAINT_DARK]);
    struct frame head = frame_at(vec_of(x - side * 1.35f, 5.5f, z));
    shape_box(s->draft, &head, vec_of(-0.35f, 0.0f, -0.13f), vec_of(0.35f, 0.1f, 0.13f),
              s->id[PAINT_DARK]);
    const struct vec glow[4] = {
        frame_point(&head, -0.3f, -0.02f, -0.1f), frame_point(&head, 0.3f, -0.02f, -0.1f),
        frame_point(&head, 0.3f, -0.02f, 0.1f), frame_point(&head, -0.3f, -0.02f, 0.1f)};
    draft_quad(s->draft, glow, s->id[PAINT_LAMP]);
}

// A cable that sags between two points.
static void cable(struct street *s, struct vec from, struct vec to, float sag, float radius)
{
    enum { PIECES = 12 };
    struct vec at[PIECES + 1];
    for (unsigned i = 0; i <= PIECES; i++) {
        float t = (float)i / PIECES;
        at[i] = vec_along(from, vec_sub(to, from), t);
        at[i].y -= 4.0f * sag * t * (1.0f - t);
    }
    shape_tube(s->draft, at, PIECES + 1, radius, 2 + s->fine > 6 ? 6 : 2 + s->fine,
               s->id[PAINT_RUBBER]);
}

static void pole(struct street *s, float side, float z)
{
    float x = side * (STREET_KERB_X + 0.45f);
    shape_rod(s->draft, vec_of(x, STREET_KERB_Y - 2.0f * STREET_SUNK, z), vec_of(x, 9.0f, z), 0.13f,
              10, s->id[PAINT_TRIM]);
    struct frame f = frame_at(vec_of(x, 8.0f, z));
    shape_box(s->draft, &f, vec_of(-0.9f, 0.3f, -0.05f), vec_of(0.9f, 0.42f, 0.05f),
              s->id[PAINT_STEEL]);
    shape_box(s->draft, &f, vec_of(-0.7f, -0.6f, -0.05f), vec_of(0.7f, -0.5f, 0.05f),
              s->id[PAINT_STEEL]);
    shape_rod(s->draft, vec_of(x + 0.35f, 6.6f, z + 0.1f), vec_of(x + 0.35f, 7.38f, z + 0.1f),
              0.24f, 10, s->id[PAINT_STEEL]);
}

static void wires(struct street *s)
{
    const float span = 24.0f;
    for (unsigned k = 0; k < 5; k++) {
        float z = 9.0f - span * (float)k;
        float x = STREET_KERB_X + 0.45f;
        pole(s, 1.0f, z);
        for (unsigned i = 0; i < 4; i++) {
            float off = -0.8f + 0.52f * (float)i;
            cable(s, vec_of(x + off, 8.45f, z), vec_of(x + off, 8.45f, z - span),
                  0.55f + 0.05f * (float)i, 0.014f);
        }
        for (unsigned i = 0; i < 3; i++) { // to the houses, and over the street
            float far = i == 1 ? STREET_WALL_X : -STREET_WALL_X;
            float along = street_between(s, 2.0f, 9.0f);
            float high = street_between(s, 5.5f, 9.0f);
            cable(s, vec_of(x, 7.5f + 0.3f * (float)i, z), vec_of(far, high, z - along), 0.4f,
                  0.012f);
        }
    }
    for (unsigned i = 0; i < 9; i++) {
        float z = -6.0f - 9.0f * (float)i;
        float sag = street_between(s, 0.3f, 0.9f);
        float along = street_between(s, 0, 4.0f);
        float right = street_between(s, 6.0f, 10.0f);
        float left = street_between(s, 6.0f, 10.0f);
        cable(s, vec_of(-STREET_WALL_X, left, z), vec_of(STREET_WALL_X, right, z - along), sag,
              0.013f);
    }
}

static void lantern(struct street *s, struct vec at, float radius)
{
    static const float outline[][2] = {{0.45f, -1.1f}, {0.8f, -0.85f}, {1.0f, -0.3f},
                                       {1.0f, 0.3f},   {0.8f, 0.85f},  {0.45f, 1.1f}};
    struct frame f = {at, vec_of(radius, 0, 0), vec_of(0, radius, 0), vec_of(0, 0, radius)};
    shape_turned(s->draft, &f, outline, ARRAY_COUNT(outline), 6 + 2 * s->fine,
                 s->id[PAINT_LANTERN]);
    float cap = 1.1f * radius;
    shape_rod(s->draft, vec_of(at.x, at.y + cap, at.z), vec_of(at.x, at.y + 1.3f * cap, at.z),
              0.5f * radius, 5, s->id[PAINT_DARK]);
    shape_rod(s->draft, vec_of(at.x, at.y - 1.3f * cap, at.z), vec_of(at.x, at.y - cap, at.z),
              0.5f * radius, 5, s->id[PAINT_DARK]);
}

// Lanterns on a string over the street, and by the doors.
static void lanterns(struct street *s)
{
    static const float across[] = {-21.0f, -46.0f};
    for (unsigned k = 0; k < ARRAY_COUNT(across); k++) {
        const float half = STREET_WALL_X;
        cable(s, vec_of(-half, 6.6f, across[k]), vec_of(half, 6.6f, across[k]), 0.8f, 0.012f);
        for (unsigned i = 1; i < 10; i++) {
            float t = (float)i / 10.0f;
            lantern(s, vec_of(half * (2.0f * t - 1.0f), 6.3f - 3.2f * t * (1.0f - t), across[k]),
                    0.2f);
        }
    }
    float z = -3.6f;
    while (z > -60.0f) {
        float side = street_pick(s, 2) ? 1.0f : -1.0f;
        for (unsigned i = 0; i < 3; i++)
            lantern(s, vec_of(side * (STREET_WALL_X - 0.35f), 2.45f, z - 0.55f * (float)i), 0.17f);
        z -= street_between(s, 5.0f, 12.0f);
    }
}

// A drinks machine: a bright front behind which cans stand.
static void machine(struct street *s, float side, float z)
{
    struct frame f = street_front(side, z, z - 1.0f);
    f.origin.y = STREET_KERB_Y;
    shape_box(s->draft, &f, vec_of(0.0f, -STREET_SUNK, 0.05f), vec_of(1.0f, 1.85f, 0.75f),
              s->id[street_pick(s, 2) ? PAINT_CAR_A : PAINT_CAR_C]);
    shape_panel(s->draft, &f, (const float[2]){0.08f, 0.85f}, (const float[2]){0.92f, 1.75f},
                0.755f, s->id[street_pick(s, 2) ? PAINT_BOX_WHITE : PAINT_ROOM_COOL_A]);
    static const enum paint can[] = {PAINT_GOODS_A, PAINT_GOODS_B, PAINT_GOODS_C, PAINT_CAR_B};
    for (unsigned k = 0; k < 3; k++)
        for (unsigned i = 0; i < 7; i++) {
            float x = 0.13f + 0.11f * (float)i;
            float y = 0.9f + 0.28f * (float)k;
            shape_panel(s->draft, &f, (const float[2]){x, y},
                        (const float[2]){x + 0.075f, y + 0.19f}, 0.765f,
                        s->id[can[street_pick(s, ARRAY_COUNT(can))]]);
        }
    shape_panel(s->draft, &f, (const float[2]){0.15f, 0.2f}, (const float[2]){0.85f, 0.45f}, 0.76f,
                s->id[PAINT_DARK]);
}

static void crates(struct street *s, float side, float z)
{
    unsigned count = 2 + street_pick(s, 3);
    for (unsigned i = 0; i < count; i++) {
        struct frame f =
            frame_turned(vec_of(side * (STREET_WALL_X - 0.45f - 0.5f * (float)(i % 2)),
                                STREET_KERB_Y + (i >= 2 ? 0.36f : 0.0f) + 0.004f * (float)i,
                                z - 0.1f * (float)i),
                         street_between(s, -0.3f, 0.3f));
        shape_box(s->draft, &f, vec_of(-0.25f, -0.015f, -0.2f), vec_of(0.25f, 0.34f, 0.2f),
                  s->id[PAINT_GOODS_A + street_pick(s, 3)]);
    }
}

static void plant(struct street *s, float side, float z)
{
    static const float pot[][2] = {{0.13f, 0.0f}, {0.2f, 0.38f}, {0.17f, 0.38f}, {0.002f, 0.34f}};
    float x = side * (STREET_WALL_X - 0.4f);
    struct frame f = frame_at(vec_of(x, STREET_KERB_Y, z));
    shape_turned(s->draft, &f, pot, ARRAY_COUNT(pot), 10, s->id[PAINT_RUST]);
    for (unsigned i = 0; i < 26; i++) {
        float a = street_between(s, 0.0f, 2.0f * MATH_PI);
        float reach = street_between(s, 0.15f, 0.42f);
        float rise = street_between(s, 0.5f, 1.3f);
        struct vec tip = frame_point(&f, reach * shape_cosine(a), rise, reach * shape_sine(a));
        struct vec root = frame_point(&f, 0.0f, 0.36f + 0.3f * (rise - 0.4f), 0.0f);
        struct vec side_way = vec_of(-0.06f * shape_sine(a), 0.02f, 0.06f * shape_cosine(a));
        struct vec middle = vec_scale(vec_add(root, tip), 0.5f);
        const struct vec leaf[4] = {root, vec_add(middle, side_way), tip,
                                    vec_sub(middle, side_way)};
        draft_quad(s->draft, leaf, s->id[PAINT_LEAF]);
    }
}

// A board on the pavement with a lit panel.
static void stand(struct street *s, float side, float z)
{
    struct frame f =
        frame_turned(vec_of(side * (STREET_KERB_X + 0.75f), STREET_KERB_Y, z), -0.35f * side);
    shape_box(s->draft, &f, vec_of(-0.3f, -1.3f * STREET_SUNK, -0.1f), vec_of(0.3f, 1.15f, 0.1f),
              s->id[PAINT_DARK]);
    enum tint tint = street_pick(s, TINT_COUNT);
    shape_panel(s->draft, &f, (const float[2]){-0.25f, 0.15f}, (const float[2]){0.25f, 1.1f}, 0.11f,
                s->id[PAINT_BOX_MAGENTA + tint]);
    static const char *const text[] = {"BAR", "jp", "zd", "24H", "r|"};
    struct glyph_pen pen = {.height = 0.22f, .radius = 0.016f, .material = s->id[PAINT_DARK]};
    struct frame at = frame_moved(&f, -0.075f, 0.25f, 0.12f);
    glyph_column(s->draft, &at, text[street_pick(s, ARRAY_COUNT(text))], &pen);
}

static void manhole(struct street *s, float x, float z)
{
    static const float lid[][2] = {
        {0.34f, 0.0f}, {0.33f, 0.012f}, {0.28f, 0.012f}, {0.27f, 0.006f}, {0.002f, 0.008f}};
    struct frame f = frame_at(vec_of(x, 0.0f, z));
    shape_turned(s->draft, &f, lid, ARRAY_COUNT(lid), 24, s->id[PAINT_STEEL]);
}

void street_furniture(struct street *s)
{
    for (unsigned i = 0; i < 6; i++) {
        float z = -7.0f - 19.0f * (float)i;
        lamp(s, -1.0f, z);
        lamp(s, 1.0f, z - 9.5f);
    }
    wires(s);
    lanterns(s);
    float z = 5.0f;
    while (z > -75.0f) {
        float side = street_pick(s, 2) ? 1.0f : -1.0f;
        machine(s, side, z);
        crates(s, -side, z - 1.5f);
        plant(s, side, z - 2.2f);
        plant(s, -side, z - 3.0f);
        float along = street_between(s, 0.0f, 4.0f);
        stand(s, street_pick(s, 2) ? 1.0f : -1.0f, z - along);
        z -= street_between(s, 4.0f, 8.0f);
    }
    manhole(s, 1.3f, -6.2f);
    manhole(s, -1.6f, -19.0f);
    manhole(s, 0.9f, -33.0f);
}
