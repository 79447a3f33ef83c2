// SPDX-License-Identifier: MIT
// The shops of the neon street: lit rooms behind the fronts, awnings, shutters.
#include <assert.h>

#include "scene/street_parts.h"

#include "base/attr.h"

#define ROOM_M  2.4f   // depth behind the front
#define FLOOR_M 0.025f // above the pavement, which runs on below

struct shop {
    struct frame f; // origin at the opening's lower left corner, on the floor
    float width, height;
};

// Narrower at the back, so that two rooms side by side share an edge and no wall.
static void room(struct street *s, const struct shop *h, enum paint back, enum paint flank)
{
    const float in = 0.02f;
    const float w = h->width;
    const float top = h->height;
    const struct frame *f = &h->f;
    const struct vec at[8] = {frame_point(f, 0, 0, 0),
                              frame_point(f, w, 0, 0),
                              frame_point(f, w, top, 0),
                              frame_point(f, 0, top, 0),
                              frame_point(f, in, 0, -ROOM_M),
                              frame_point(f, w - in, 0, -ROOM_M),
                              frame_point(f, w - in, top, -ROOM_M),
                              frame_point(f, in, top, -ROOM_M)};
    draft_quad(s->draft, (struct vec[4]){at[0], at[1], at[5], at[4]}, s->id[PAINT_SLAB_C]);
    draft_quad(s->draft, (struct vec[4]){at[3], at[7], at[6], at[2]}, s->id[PAINT_WALL_C]);
    draft_quad(s->draft, (struct vec[4]){at[0], at[4], at[7], at[3]}, s->id[flank]);
    draft_quad(s->draft, (struct vec[4]){at[1], at[2], at[6], at[5]}, s->id[flank]);
    draft_quad(s->draft, (struct vec[4]){at[4], at[5], at[6], at[7]}, s->id[PAINT_WALL_C]);
    shape_panel(s->draft, f, (const float[2]){0.1f, 0.9f}, (const float[2]){w - 0.1f, top - 0.15f},
                -ROOM_M + 0.03f, s->id[back]);
    shape_panel(s->draft, f, (const float[2]){0.2f, top - 0.12f},
                (const float[2]){w - 0.2f, top - 0.02f}, -0.8f, s->id[PAINT_BOX_WHITE]);
}

// Menus, posters and bottles against the light at the back.
static void posters(struct street *s, const struct shop *h)
{
    static const enum paint sheet[] = {PAINT_GOODS_A, PAINT_GOODS_B, PAINT_GOODS_C,
                                       PAINT_CLOTH_B, PAINT_DARK,    PAINT_RUST};
    unsigned count = (unsigned)(h->width * 4.0f);
    for (unsigned i = 0; i < count; i++) {
        float x = street_between(s, 0.15f, h->width - 0.6f);
        float y = street_between(s, 0.95f, h->height - 0.9f);
        float wide = street_between(s, 0.08f, 0.42f);
        float tall = street_between(s, 0.15f, 0.55f);
        shape_panel(s->draft, &h->f, (const float[2]){x, y}, (const float[2]){x + wide, y + tall},
                    -ROOM_M + 0.05f + 0.004f * (float)i,
                    s->id[sheet[street_pick(s, ARRAY_COUNT(sheet))]]);
    }
}

static void shelves(struct street *s, const struct shop *h)
{
    static const enum paint goods[] = {PAINT_GOODS_A, PAINT_GOODS_B, PAINT_GOODS_C, PAINT_TRIM,
                                       PAINT_LEAF};
    for (unsigned k = 0; k < 3; k++) {
        float y = 0.35f + 0.55f * (float)k;
        shape_box(s->draft, &h->f, vec_of(0.25f, y - 0.04f, -1.9f),
                  vec_of(h->width - 0.25f, y, -1.5f), s->id[PAINT_TRIM]);
        float x = 0.3f;
        while (x < h->width - 0.5f) {
            float wide = street_between(s, 0.12f, 0.4f);
            float tall = street_between(s, 0.15f, 0.4f);
            shape_box(s->draft, &h->f, vec_of(x, y - STREET_SUNK, -1.85f),
                      vec_of(x + wide * 0.9f, y + tall, -1.6f),
                      s->id[goods[street_pick(s, ARRAY_COUNT(goods))]]);
            x += wide + 0.03f;
        }
    }
}

// A bar's counter with stools, and short curtains over the door.
static void counter(struct street *s, const struct shop *h)
{
    shape_box(s->draft, &h->f, vec_of(0.3f, -STREET_SUNK, -1.5f),
              vec_of(h->width - 0.3f, 1.05f, -1.1f), s->id[PAINT_RUST]);
    for (unsigned i = 0; 0.7f * (float)i < h->width - 1.1f; i++) {
        static const float stool[][2] = {{0.16f, 0.0f},  {0.03f, 0.05f}, {0.03f, 0.6f},
                                         {0.18f, 0.62f}, {0.18f, 0.7f},  {0.002f, 0.7f}};
        struct frame at = frame_moved(&h->f, 0.6f + 0.7f * (float)i, 0.0f, -0.75f);
        shape_turned(s->draft, &at, stool, ARRAY_COUNT(stool), 8, s->id[PAINT_CAR_A]);
    }
    enum paint cloth = street_pick(s, 2) ? PAINT_CLOTH_C : PAINT_CAR_B;
    for (unsigned i = 0; 0.56f * (float)i < h->width - 1.4f; i++) {
        float x = 0.5f + 0.56f * (float)i;
        shape_panel(s->draft, &h->f, (const float[2]){x, h->height - 1.25f},
                    (const float[2]){x + 0.53f, h->height - 0.7f}, 0.02f, s->id[cloth]);
    }
}

// Rows of game cabinets, each with a screen.
static void cabinets(struct street *s, const struct shop *h)
{
    for (unsigned i = 0; 0.85f * (float)i < h->width - 1.15f; i++) {
        float x = 0.35f + 0.85f * (float)i;
        shape_box(s->draft, &h->f, vec_of(x, -STREET_SUNK, -1.7f), vec_of(x + 0.65f, 1.75f, -1.05f),
                  s->id[PAINT_DARK]);
        shape_panel(s->draft, &h->f, (const float[2]){x + 0.08f, 0.95f},
                    (const float[2]){x + 0.57f, 1.4f}, -1.04f,
                    s->id[PAINT_BOX_MAGENTA + street_pick(s, TINT_COUNT)]);
        shape_panel(s->draft, &h->f, (const float[2]){x + 0.04f, 1.5f},
                    (const float[2]){x + 0.61f, 1.7f}, -1.04f,
                    s->id[PAINT_BOX_MAGENTA + street_pick(s, TINT_COUNT)]);
    }
}

static void shutter(struct street *s, const struct shop *h)
{
    uint32_t id = s->id[PAINT_STEEL];
    for (unsigned i = 0; 0.12f * (float)i < h->height; i++) {
        float y = 0.12f * (float)i;
        const struct vec corner[4] = {frame_point(&h->f, 0.0f, y, -0.1f),
                                      frame_point(&h->f, h->width, y, -0.1f),
                                      frame_point(&h->f, h->width, y + 0.12f, -0.05f),
                                      frame_point(&h->f, 0.0f, y + 0.12f, -0.05f)};
        draft_quad(s->draft, corner, id);
    }
}

static void frontage(struct street *s, const struct shop *h)
{
    for (unsigned i = 0; i <= 4; i++) {
        float x = h->width * (float)i / 4.0f;
        shape_box(s->draft, &h->f, vec_of(fmaxf(x - 0.03f, 0.003f), -STREET_SUNK, -0.08f),
                  vec_of(fminf(x + 0.03f, h->width - 0.003f), h->height - 0.003f, 0.0f),
                  s->id[PAINT_DARK]);
    }
    shape_box(s->draft, &h->f, vec_of(0.01f, -0.8f * STREET_SUNK, -0.075f),
              vec_of(h->width * 0.5f, 0.45f, -0.005f), s->id[PAINT_DARK]);
    shape_box(s->draft, &h->f, vec_of(0.01f, 2.25f, -0.075f),
              vec_of(h->width - 0.01f, 2.33f, -0.005f), s->id[PAINT_DARK]);
}

static void awning(struct street *s, const struct shop *h)
{
    enum paint bright = street_pick(s, 2) ? PAINT_BROLLY_B : PAINT_CAR_C;
    unsigned stripes = (unsigned)(h->width / 0.42f);
    for (unsigned i = 0; i < stripes; i++) {
        float x0 = h->width * (float)i / (float)stripes;
        float x1 = h->width * (float)(i + 1) / (float)stripes;
        uint32_t id = s->id[i % 2 ? bright : PAINT_TRIM];
        const struct vec at[6] = {
            frame_point(&h->f, x0, 2.85f, 0.0f),  frame_point(&h->f, x1, 2.85f, 0.0f),
            frame_point(&h->f, x0, 2.45f, 1.1f),  frame_point(&h->f, x1, 2.45f, 1.1f),
            frame_point(&h->f, x0, 2.25f, 1.12f), frame_point(&h->f, x1, 2.25f, 1.12f)};
        draft_quad(s->draft, (struct vec[4]){at[0], at[1], at[3], at[2]}, id);
        draft_quad(s->draft, (struct vec[4]){at[2], at[3], at[5], at[4]}, id);
    }
}

void street_shop(struct street *s, const struct frame *front, float x, float width, float height)
{
    static const enum paint wash[][2] = {
        {PAINT_ROOM_WARM_A, PAINT_ROOM_WARM_DIM}, {PAINT_ROOM_WARM_A, PAINT_ROOM_WARM_DIM},
        {PAINT_ROOM_COOL_A, PAINT_ROOM_COOL_DIM}, {PAINT_ROOM_TEAL, PAINT_ROOM_TEAL_DIM},
        {PAINT_ROOM_ROSE, PAINT_ROOM_ROSE_DIM},   {PAINT_ROOM_WARM_B, PAINT_ROOM_WARM_DIM}};
    const float y = STREET_KERB_Y + FLOOR_M;
    assert(width > 0.0f);
    assert(height > y);
    struct shop h = {frame_moved(front, x, y, 0.0f), width, height - y};
    if (street_pick(s, 100) < 16) {
        shutter(s, &h);
        return;
    }
    const enum paint *light = wash[street_pick(s, ARRAY_COUNT(wash))];
    room(s, &h, light[0], light[1]);
    if (front->origin.z < STREET_PLAIN_Z && s->fine < 2)
        return;
    posters(s, &h);
    switch (street_pick(s, 3)) {
    case 0:
        shelves(s, &h);
        break;
    case 1:
        counter(s, &h);
        break;
    default:
        cabinets(s, &h);
        break;
    }
    frontage(s, &h);
    if (street_pick(s, 100) < 35)
        awning(s, &h);
}
