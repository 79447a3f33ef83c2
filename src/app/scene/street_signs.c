// SPDX-License-Identifier: MIT
// The signs of the neon street: panels lit from inside, bent tubes, and the gate.
#include "scene/street_parts.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"
#include "scene/glyph.h"

struct sign {
    const char *text;
    bool is_column;
    bool is_tube;    // neon on a dark board, else paint on a lit panel
    enum tint tint;  // of the panel or the letters
    enum tint frame; // of the tube around it
    bool has_frame;
    float height; // of a letter
};

static const char *const column_texts[] = {"HOTEL", "r|mn", "SHOAL", "BAR",  "kroe",   "24H",
                                           "RAMEN", "htu",  "CAFE",  "zydj", "ARCADE", "sk",
                                           "SUSHI", "b|",   "CLUB",  "otr",  "TAXI",   "pdy"};
static const char *const row_texts[] = {"RAMEN", "SHOAL",  "HOTEL", "ARCADE", "BAR 24H", "CAFE",
                                        "kroe",  "zyd jp", "GAMES", "SUSHI",  "htu",     "NOODLES"};

static unsigned tube_sides(const struct street *s, const struct frame *f)
{
    return s->fine > 1 ? 8 : f->origin.z < STREET_PLAIN_Z ? 3 : 4;
}

static void border(struct street *s, const struct frame *f, float width, float height, float z,
                   uint32_t id)
{
    const float in = 0.05f;
    const struct vec corner[5] = {frame_point(f, in, in, z), frame_point(f, width - in, in, z),
                                  frame_point(f, width - in, height - in, z),
                                  frame_point(f, in, height - in, z),
                                  frame_point(f, in, in, z + 0.004f)};
    shape_tube(s->draft, corner, 5, 0.016f, tube_sides(s, f), id);
}

// A row of text in the middle, and again on both sides of it where a long board has room.
static void rows(struct street *s, const struct frame *middle, const struct sign *g,
                 const struct glyph_pen *pen, float width)
{
    float step = glyph_row_length(strlen(g->text), g->height) + 1.5f * g->height;
    int more = width > 3.2f * step - 1.5f * g->height ? 1 : 0;
    for (int i = -more; i <= more; i++) {
        struct frame at = frame_moved(middle, step * (float)i, 0.0f, 0.0f);
        glyph_row(s->draft, &at, g->text, pen);
    }
}

// One face of a sign. The frame's origin is its lower left corner, out toward the reader.
static void face(struct street *s, const struct frame *f, const struct sign *g, float width,
                 float height)
{
    const float rim = 0.04f;
    size_t count = strlen(g->text);
    assert(count > 0);
    assert(g->height > 0.0f);
    struct glyph_pen pen = {.height = g->height};
    float x = 0.5f * (width - (g->is_column ? GLYPH_WIDTH * g->height
                                            : glyph_row_length(count, g->height)));
    float y = 0.5f * (height - (g->is_column ? glyph_column_length(count, g->height) : g->height));
    if (g->is_tube) {
        pen.radius = 0.036f * g->height;
        pen.sides = tube_sides(s, f);
        pen.material = s->id[PAINT_TUBE_MAGENTA + g->tint];
    } else {
        shape_panel(s->draft, f, (const float[2]){rim, rim},
                    (const float[2]){width - rim, height - rim}, 0.012f,
                    s->id[PAINT_BOX_MAGENTA + g->tint]);
        pen.radius = 0.068f * g->height;
        pen.material = s->id[g->tint == TINT_WHITE ? PAINT_CAR_A : PAINT_DARK];
    }
    struct frame at = frame_moved(f, x, y, g->is_tube ? 0.06f : 0.022f);
    if (g->is_column)
        glyph_column(s->draft, &at, g->text, &pen);
    else
        rows(s, &at, g, &pen, width);
    if (g->has_frame)
        border(s, f, width, height, 0.05f, s->id[PAINT_TUBE_MAGENTA + g->frame]);
}

static struct sign sign_drawn(struct street *s, bool is_column)
{
    struct sign g = {.is_column = is_column};
    g.text = is_column ? column_texts[street_pick(s, ARRAY_COUNT(column_texts))]
                       : row_texts[street_pick(s, ARRAY_COUNT(row_texts))];
    g.is_tube = street_pick(s, 100) < 50;
    // Magenta, cyan and orange set the tone; the rest are guests.
    static const enum tint often[] = {TINT_MAGENTA, TINT_MAGENTA, TINT_CYAN,  TINT_CYAN,
                                      TINT_ORANGE,  TINT_ORANGE,  TINT_GREEN, TINT_RED,
                                      TINT_VIOLET,  TINT_BLUE,    TINT_WHITE};
    g.tint = often[street_pick(s, ARRAY_COUNT(often))];
    g.frame = often[street_pick(s, ARRAY_COUNT(often))];
    g.has_frame = g.is_tube ? street_pick(s, 100) < 70 : street_pick(s, 100) < 25;
    return g;
}

// A sign that stands out from the front, read from up and down the street.
static void hang(struct street *s, float side, float z, float y, const struct sign *g, float gap)
{
    size_t count = strlen(g->text);
    float width = GLYPH_WIDTH * g->height + 0.42f * g->height;
    float height = glyph_column_length(count, g->height) + 0.5f * g->height;
    const float thick = 0.2f;
    float left = side < 0.0f ? -STREET_WALL_X + gap : STREET_WALL_X - gap - width;
    struct frame f = frame_at(vec_of(left, y, z));
    shape_box(s->draft, &f, vec_of(0.0f, 0.0f, -thick), vec_of(width, height, 0.0f),
              s->id[PAINT_DARK]);
    face(s, &f, g, width, height);
    struct frame back = {vec_of(left + width, y, z - thick), vec_of(-1.0f, 0.0f, 0.0f),
                         vec_of(0.0f, 1.0f, 0.0f), vec_of(0.0f, 0.0f, -1.0f)};
    if (s->fine > 1)
        face(s, &back, g, width, height);
    else // nobody reads it, but it shines down the street
        shape_panel(s->draft, &back, (const float[2]){0.04f, 0.04f},
                    (const float[2]){width - 0.04f, height - 0.04f}, 0.012f,
                    s->id[PAINT_BOX_MAGENTA + g->tint]);
    for (unsigned i = 0; i < 2; i++) {
        float at = y + height * (0.12f + 0.76f * (float)i);
        shape_rod(s->draft, vec_of(side * (STREET_WALL_X + STREET_SUNK), at, z - 0.5f * thick),
                  vec_of(side * (STREET_WALL_X - gap - STREET_SUNK), at, z - 0.5f * thick), 0.03f,
                  4, s->id[PAINT_STEEL]);
    }
}

// A sign flat on the front.
static void mount(struct street *s, const struct frame *corner, const struct sign *g, float width,
                  float height)
{
    struct frame f = frame_moved(corner, 0.0f, 0.0f, 0.22f);
    shape_box(s->draft, &f, vec_of(0.0f, 0.0f, -0.215f), vec_of(width, height, 0.0f),
              s->id[PAINT_DARK]);
    face(s, &f, g, width, height);
}

// A disc of light on an arm.
static void roundel(struct street *s, float side, float z, float y)
{
    uint32_t id = s->id[PAINT_BOX_MAGENTA + street_pick(s, TINT_COUNT)];
    float x = side * (STREET_WALL_X - 0.62f);
    struct frame f = frame_at(vec_of(x, y, z));
    shape_rod(s->draft, vec_of(x, y, z), vec_of(x, y, z - 0.16f), 0.45f, 20, s->id[PAINT_DARK]);
    f.origin.z += 0.01f;
    shape_disc(s->draft, &f, 0.41f, 24, id);
    f.origin.z -= 0.18f;
    shape_disc(s->draft, &f, 0.41f, 24, id);
    struct glyph_pen pen = {.height = 0.44f, .radius = 0.03f, .material = s->id[PAINT_DARK]};
    struct frame letter = frame_at(vec_of(x - 0.147f, y - 0.22f, z + 0.018f));
    static const char *const one[] = {"R", "z", "d", "j", "S", "p"};
    glyph_row(s->draft, &letter, one[street_pick(s, ARRAY_COUNT(one))], &pen);
}

void street_signs(struct street *s, const struct frame *front, float side, float width,
                  float height)
{
    float z_near = side < 0.0f ? front->origin.z : front->origin.z + width;
    unsigned count = 1 + street_pick(s, 2) + (width > 8.0f);
    for (unsigned i = 0; i < count; i++) {
        struct sign g = sign_drawn(s, true);
        g.height = street_between(s, 0.42f, 0.85f);
        float length = glyph_column_length(strlen(g.text), g.height) + 0.5f * g.height;
        float top = fminf(height, 15.0f);
        if (length > top - 4.2f)
            continue;
        float y = street_between(s, 3.7f, fminf(top - length, 7.0f));
        float z = z_near - width * ((float)i + street_between(s, 0.15f, 0.85f)) / (float)count;
        hang(s, side, z, y, &g, street_between(s, 0.18f, 0.5f));
    }
    if (street_pick(s, 3) == 0)
        roundel(s, side, z_near - width + 0.45f, street_between(s, 3.2f, 3.8f));
    struct sign g = sign_drawn(s, false);
    g.height = 0.52f;
    float board = width - 1.0f;
    const struct frame over_shop = frame_moved(front, 0.5f, 3.02f, 0.0f);
    if (glyph_row_length(strlen(g.text), g.height) < board)
        mount(s, &over_shop, &g, board, 0.86f);
    if (height > 13.0f && street_pick(s, 2) == 0) {
        g = sign_drawn(s, false);
        g.height = 0.9f;
        float length = glyph_row_length(strlen(g.text), g.height) + 0.8f;
        if (length < width - 1.0f) {
            const struct frame high =
                frame_moved(front, 0.5f * (width - length), height - 2.4f, 0.0f);
            mount(s, &high, &g, length, 1.7f);
        }
    }
}

void street_gate(struct street *s, float z)
{
    const float half = STREET_KERB_X + 0.55f;
    const float y = 4.7f;
    for (unsigned i = 0; i < 2; i++) {
        float x = i == 0 ? -half : half;
        shape_rod(s->draft, vec_of(x, 0.0f, z), vec_of(x, y + 1.4f, z), 0.14f, 12,
                  s->id[PAINT_STEEL]);
        shape_tube(s->draft, (const struct vec[2]){{x, 0.6f, z + 0.17f}, {x, y + 1.3f, z + 0.17f}},
                   2, 0.03f, 6, s->id[i == 0 ? PAINT_TUBE_MAGENTA : PAINT_TUBE_CYAN]);
    }
    struct frame f = frame_at(vec_of(-half, y, z));
    shape_box(s->draft, &f, vec_of(0.0f, 0.0f, -0.25f), vec_of(2.0f * half, 1.25f, 0.0f),
              s->id[PAINT_DARK]);
    struct sign g = {.text = "SHOAL ARCADE",
                     .is_tube = true,
                     .tint = TINT_MAGENTA,
                     .frame = TINT_CYAN,
                     .has_frame = true,
                     .height = 0.66f};
    face(s, &f, &g, 2.0f * half, 1.25f);
    enum { ARC = 24 };
    struct vec arc[ARC + 1];
    for (unsigned k = 0; k < 2; k++) {
        for (unsigned i = 0; i <= ARC; i++) {
            float t = 2.0f * (float)i / ARC - 1.0f;
            arc[i] = vec_of(half * t, y + 1.4f + (1.1f - 0.2f * (float)k) * (1.0f - t * t), z);
        }
        shape_tube(s->draft, arc, ARC + 1, 0.03f, 6,
                   s->id[k == 0 ? PAINT_TUBE_ORANGE : PAINT_TUBE_VIOLET]);
    }
}
