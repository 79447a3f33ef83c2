// SPDX-License-Identifier: MIT
// The houses of the neon street: fronts with windows, fire escapes, pipes, and the far end.
#include <assert.h>

#include "scene/street_parts.h"

#include "base/attr.h"

#define STOREY_M 3.0f
#define GROUND_M 3.5f    // the shop's storey
#define BODY_OUT (-0.3f) // where the body's front lies, behind the windows
#define DEPTH_M  9.0f

struct house {
    struct frame front;
    float side, width, height;
    unsigned storeys; // above the shop
    enum paint wall;
    bool is_plain; // far away
};

// Tiles stand out a little unevenly; no dice, for plain walls throw none.
static float tile_depth(float x, float y)
{
    uint64_t h = rng_mix((uint64_t)(x * 100.0f) * 4096u + (uint64_t)(y * 100.0f));
    return 0.016f + 0.006f * (float)(h % 256) / 256.0f;
}

// A rectangle of wall: plain, or laid of tiles where triangles allow.
static void wall(struct street *s, const struct house *h, const float low[static 2],
                 const float high[static 2])
{
    uint32_t id = s->id[h->wall];
    shape_panel(s->draft, &h->front, low, high, 0.0f, id);
    if (s->fine < 2 || h->is_plain)
        return;
    const float wide = 0.42f;
    const float tall = 0.21f;
    const float gap = 0.012f;
    // A last tile narrower than a tenth is not worth its triangles.
    unsigned across = (unsigned)((high[0] - low[0]) / wide + 0.9f);
    unsigned up = (unsigned)((high[1] - low[1]) / tall + 0.9f);
    for (unsigned n = 0; n < across * up; n++) {
        unsigned line = n / across;
        float x = low[0] + wide * (float)(n - line * across);
        float y = low[1] + tall * (float)line;
        shape_box(s->draft, &h->front, vec_of(x, y, 0.001f),
                  vec_of(fminf(x + wide, high[0]) - gap, fminf(y + tall, high[1]) - gap,
                         tile_depth(x, y)),
                  id);
    }
}

static enum paint window_paint(struct street *s)
{
    static const enum paint lit[] = {PAINT_ROOM_WARM_A, PAINT_ROOM_WARM_B, PAINT_ROOM_WARM_B,
                                     PAINT_ROOM_WARM_C, PAINT_ROOM_WARM_C, PAINT_ROOM_COOL_A,
                                     PAINT_ROOM_COOL_B, PAINT_ROOM_COOL_B, PAINT_ROOM_TEAL,
                                     PAINT_ROOM_ROSE};
    if (street_pick(s, 100) < 58)
        return PAINT_PANE;
    return lit[street_pick(s, ARRAY_COUNT(lit))];
}

// The four sides of an opening, from the wall's face back to z.
static void reveal(struct street *s, const struct frame *f, const float low[static 2],
                   const float high[static 2], float z)
{
    const float x[5] = {low[0], high[0], high[0], low[0], low[0]};
    const float y[5] = {low[1], low[1], high[1], high[1], low[1]};
    for (unsigned i = 0; i < 4; i++) {
        const struct vec corner[4] = {
            frame_point(f, x[i], y[i], 0.0f), frame_point(f, x[i + 1], y[i + 1], 0.0f),
            frame_point(f, x[i + 1], y[i + 1], z), frame_point(f, x[i], y[i], z)};
        draft_quad(s->draft, corner, s->id[PAINT_TRIM]);
    }
}

// What hangs inside a lit window: a blind drawn part of the way, or a pair of curtains.
static void drapery(struct street *s, const struct frame *f, const float low[static 2],
                    const float high[static 2])
{
    float width = high[0] - low[0];
    float height = high[1] - low[1];
    uint32_t id = s->id[street_pick(s, 2) ? PAINT_CLOTH_B : PAINT_TRIM];
    if (street_pick(s, 2)) {
        unsigned slats = 3 * s->fine + street_pick(s, 5);
        for (unsigned i = 0; i < slats; i++) {
            float y = high[1] - 0.09f * (float)(i + 1);
            if (y > low[1])
                shape_panel(s->draft, f, (const float[2]){low[0], y},
                            (const float[2]){high[0], y + 0.055f}, -0.12f, id);
        }
        return;
    }
    float left = width * street_between(s, 0.1f, 0.35f);
    shape_panel(s->draft, f, low, (const float[2]){low[0] + left, high[1]}, -0.12f, id);
    shape_panel(s->draft, f, (const float[2]){high[0] - left, low[1] + 0.02f * height}, high,
                -0.12f, id);
}

static void cooler(struct street *s, const struct frame *f, float x, float y)
{
    shape_box(s->draft, f, vec_of(x, y, 0.04f), vec_of(x + 0.8f, y + 0.55f, 0.36f),
              s->id[PAINT_TRIM]);
    struct frame fan = frame_moved(f, x + 0.3f, y + 0.28f, 0.365f);
    shape_disc(s->draft, &fan, 0.2f, 12, s->id[PAINT_DARK]);
    shape_tube(s->draft,
               (const struct vec[3]){frame_point(f, x + 0.7f, y, 0.1f),
                                     frame_point(f, x + 0.7f, y - 0.35f, 0.1f),
                                     frame_point(f, x + 0.7f, y - 0.5f, 0.0f)},
               3, 0.02f, 4, s->id[PAINT_DARK]);
}

static void sill(struct street *s, const struct frame *f, float x0, float x1, float y)
{
    const struct vec top[4] = {frame_point(f, x0, y, 0.0f), frame_point(f, x1, y, 0.0f),
                               frame_point(f, x1, y - 0.01f, 0.1f),
                               frame_point(f, x0, y - 0.01f, 0.1f)};
    draft_quad(s->draft, top, s->id[PAINT_TRIM]);
    shape_panel(s->draft, f, (const float[2]){x0, y - 0.08f}, (const float[2]){x1, y - 0.01f}, 0.1f,
                s->id[PAINT_TRIM]);
}

static void window(struct street *s, const struct house *h, float x, float y, float width)
{
    const struct frame *f = &h->front;
    const float low[2] = {x + 0.16f * width, y + 0.75f};
    const float high[2] = {x + 0.84f * width, y + 2.45f};
    const float back = -0.16f;
    if (h->is_plain) { // a pane on the wall
        wall(s, h, (const float[2]){x, y}, (const float[2]){x + width, y + STOREY_M});
        shape_panel(s->draft, f, low, high, 0.01f, s->id[window_paint(s)]);
        return;
    }
    wall(s, h, (const float[2]){x, y}, (const float[2]){x + width, low[1]});
    wall(s, h, (const float[2]){x, high[1]}, (const float[2]){x + width, y + STOREY_M});
    wall(s, h, (const float[2]){x, low[1]}, (const float[2]){low[0], high[1]});
    wall(s, h, (const float[2]){high[0], low[1]}, (const float[2]){x + width, high[1]});
    reveal(s, f, low, high, back);
    enum paint pane = window_paint(s);
    shape_panel(s->draft, f, low, high, back, s->id[pane]);
    if (pane != PAINT_PANE && street_pick(s, 10) < 7)
        drapery(s, f, low, high);
    float middle = 0.5f * (low[0] + high[0]);
    float bar = low[1] + 0.68f * (high[1] - low[1]);
    shape_panel(s->draft, f, (const float[2]){middle - 0.025f, low[1]},
                (const float[2]){middle + 0.025f, high[1]}, -0.1f, s->id[PAINT_DARK]);
    shape_panel(s->draft, f, (const float[2]){low[0], bar - 0.02f},
                (const float[2]){high[0], bar + 0.02f}, -0.103f, s->id[PAINT_DARK]);
    sill(s, f, low[0] - 0.06f, high[0] + 0.06f, low[1]);
    if (street_pick(s, 100) < 22)
        cooler(s, f, low[0], y + 0.08f);
}

static void rail(struct street *s, const struct frame *f, float x0, float x1, float y)
{
    const float out = 1.05f;
    for (unsigned i = 1; i <= 2; i++)
        shape_tube(s->draft,
                   (const struct vec[4]){frame_point(f, x0, y + 0.48f * (float)i, 0.0f),
                                         frame_point(f, x0, y + 0.48f * (float)i, out),
                                         frame_point(f, x1, y + 0.48f * (float)i, out),
                                         frame_point(f, x1, y + 0.48f * (float)i, 0.0f)},
                   4, 0.018f, 4, s->id[PAINT_RUST]);
    unsigned posts = 6 * s->fine;
    for (unsigned i = 0; i <= posts; i++) {
        float x = x0 + (x1 - x0) * (float)i / (float)posts;
        shape_tube(
            s->draft,
            (const struct vec[2]){frame_point(f, x, y, out), frame_point(f, x, y + 0.96f, out)}, 2,
            0.012f, 3, s->id[PAINT_RUST]);
    }
}

static void fire_escape(struct street *s, const struct house *h)
{
    const struct frame *f = &h->front;
    float x0 = h->width * 0.5f - 1.5f;
    float x1 = x0 + 3.0f;
    for (unsigned i = 0; i < h->storeys; i++) {
        float y = GROUND_M + 0.45f + STOREY_M * (float)i;
        shape_box(s->draft, f, vec_of(x0, y - 0.05f, 0.005f), vec_of(x1, y, 1.05f),
                  s->id[PAINT_RUST]);
        rail(s, f, x0, x1, y);
        if (i + 1 == h->storeys)
            break;
        for (unsigned k = 0; k < 2; k++) { // the stair's two cheeks
            float out = 0.35f + 0.5f * (float)k;
            shape_tube(s->draft,
                       (const struct vec[2]){frame_point(f, x0 + 0.3f, y, out),
                                             frame_point(f, x1 - 0.4f, y + STOREY_M, out)},
                       2, 0.05f, 4, s->id[PAINT_RUST]);
        }
        for (unsigned k = 1; k < 10; k++) {
            float t = (float)k / 10.0f;
            float x = x0 + 0.3f + (x1 - x0 - 0.7f) * t;
            shape_panel(s->draft, f, (const float[2]){x, y + STOREY_M * t},
                        (const float[2]){x + 0.24f, y + STOREY_M * t + 0.03f}, 0.6f,
                        s->id[PAINT_RUST]);
        }
    }
}

static void pipes(struct street *s, const struct house *h)
{
    unsigned count = 1 + street_pick(s, 3);
    for (unsigned i = 0; i < count; i++) {
        float x = i == 0 ? 0.15f : h->width - 0.2f - 0.14f * (float)i;
        shape_rod(s->draft, frame_point(&h->front, x, STREET_KERB_Y - 1.5f * STREET_SUNK, 0.09f),
                  frame_point(&h->front, x, h->height, 0.09f), 0.05f, 5 + s->fine,
                  s->id[street_pick(s, 2) ? PAINT_STEEL : PAINT_RUST]);
    }
}

static void roof(struct street *s, const struct house *h)
{
    const struct frame *f = &h->front;
    shape_box(s->draft, f, vec_of(0.002f, h->height - 0.1f, -0.4f),
              vec_of(h->width - 0.002f, h->height + 0.55f, 0.12f), s->id[PAINT_TRIM]);
    if (h->is_plain)
        return;
    static const float tank[][2] = {{0.0f, 2.6f}, {1.1f, 2.3f}, {1.1f, 0.6f}, {0.0f, 0.6f}};
    struct frame at = frame_moved(f, h->width * street_between(s, 0.3f, 0.7f), h->height, -2.0f);
    shape_turned(s->draft, &at, tank, ARRAY_COUNT(tank), 10 + 2 * s->fine, s->id[PAINT_RUST]);
    shape_rod(s->draft, frame_point(f, 1.0f, h->height - STREET_SUNK, -1.0f),
              frame_point(f, 1.0f, h->height + 3.5f, -1.0f), 0.03f, 4, s->id[PAINT_DARK]);
}

static void storeys(struct street *s, const struct house *h)
{
    unsigned columns = (unsigned)(h->width / street_between(s, 1.7f, 2.4f));
    assert(columns > 0);
    float wide = h->width / (float)columns;
    for (unsigned k = 0; k < h->storeys; k++)
        for (unsigned i = 0; i < columns; i++)
            window(s, h, wide * (float)i, GROUND_M + STOREY_M * (float)k, wide);
    for (unsigned k = 0; k <= h->storeys; k += 1 + street_pick(s, 2)) { // bands between storeys
        float y = GROUND_M + STOREY_M * (float)k;
        shape_box(s->draft, &h->front, vec_of(0.015f, y - 0.08f, -0.03f),
                  vec_of(h->width - 0.015f, y + 0.06f, 0.07f), s->id[PAINT_TRIM]);
    }
}

static void ground_storey(struct street *s, const struct house *h)
{
    const float pier = 0.4f;
    wall(s, h, (const float[2]){0.0f, 0.0f}, (const float[2]){pier, GROUND_M});
    wall(s, h, (const float[2]){h->width - pier, 0.0f}, (const float[2]){h->width, GROUND_M});
    float room = h->width - 2.0f * pier;
    unsigned shops = room > 7.0f ? 2 : 1;
    float wide = room / (float)shops;
    for (unsigned i = 0; i < shops; i++)
        street_shop(s, &h->front, pier + wide * (float)i, wide, GROUND_M);
}

static void house(struct street *s, const struct house *h)
{
    assert(h->width > 0.0f);
    assert(h->storeys > 0);
    // The body leaves room for the shop below, and lies within the sides, they within the front.
    const float in = 0.005f;
    shape_box(s->draft, &h->front, vec_of(2.0f * in, GROUND_M + in, -DEPTH_M),
              vec_of(h->width - 2.0f * in, h->height, BODY_OUT), s->id[h->wall]);
    const float edges[2] = {in, h->width - in};
    for (unsigned i = 0; i < 2; i++) { // the front's thickness
        const struct vec corner[4] = {frame_point(&h->front, edges[i], 0.0f, 0.0f),
                                      frame_point(&h->front, edges[i], h->height, 0.0f),
                                      frame_point(&h->front, edges[i], h->height, -DEPTH_M),
                                      frame_point(&h->front, edges[i], 0.0f, -DEPTH_M)};
        draft_quad(s->draft, corner, s->id[h->wall]);
    }
    ground_storey(s, h);
    storeys(s, h);
    roof(s, h);
    if (!h->is_plain) {
        pipes(s, h);
        if (street_pick(s, 4) == 0)
            fire_escape(s, h);
    }
    street_signs(s, &h->front, h->side, h->width, h->height);
}

// A house throws its own dice, so that finer detail in one does not change the next.
static void house_apart(struct street *s, const struct house *h, uint64_t number)
{
    struct rng before = s->rng;
    s->rng = rng_seeded(rng_mix(s->seed) ^ number);
    house(s, h);
    s->rng = before;
}

static void row(struct street *s, float side)
{
    uint64_t number = side < 0.0f ? 1 : 1000;
    float z = STREET_NEAR_Z;
    while (z > STREET_FAR_Z + 6.0f) {
        struct house h = {.side = side};
        h.width = fminf(street_between(s, 6.0f, 10.5f), z - STREET_FAR_Z);
        h.storeys = 3 + street_pick(s, 5);
        h.height = GROUND_M + STOREY_M * (float)h.storeys;
        h.front = street_front(side, z, z - h.width);
        h.wall = PAINT_WALL_A + street_pick(s, 5);
        h.is_plain = z < STREET_PLAIN_Z;
        house_apart(s, &h, number++);
        z -= h.width;
        if (street_pick(s, 4) == 0)
            z -= 1.3f; // an alley
    }
}

// A screen of coloured cells, as on the house at the end.
static void screen(struct street *s, const struct frame *f, unsigned columns, unsigned rows,
                   float cell)
{
    for (unsigned k = 0; k < rows; k++)
        for (unsigned i = 0; i < columns; i++) {
            float t =
                shape_sine(0.55f * (float)i + 0.3f * (float)k) + shape_cosine(0.7f * (float)k);
            enum paint p = t > 0.9f    ? PAINT_BOX_MAGENTA
                           : t > 0.3f  ? PAINT_BOX_VIOLET
                           : t > -0.4f ? PAINT_BOX_BLUE
                                       : PAINT_BOX_CYAN;
            float x = cell * (float)i;
            float y = cell * (float)k;
            shape_panel(s->draft, f, (const float[2]){x, y},
                        (const float[2]){x + cell * 0.94f, y + cell * 0.94f}, 0.0f, s->id[p]);
        }
}

// A tall house across the end of the street, with a screen that shines down its length.
static void far_end(struct street *s)
{
    struct house h = {.width = 60.0f,
                      .height = GROUND_M + 12.0f * STOREY_M,
                      .storeys = 12,
                      .wall = PAINT_WALL_D,
                      .is_plain = true};
    h.front = frame_at(vec_of(-30.0f, 0.0f, STREET_FAR_Z - 9.0f));
    shape_box(s->draft, &h.front, vec_of(0.0f, -STREET_SUNK, -DEPTH_M),
              vec_of(h.width, h.height, BODY_OUT), s->id[h.wall]);
    for (unsigned k = 0; k < h.storeys; k++)
        for (unsigned i = 8; i < 22; i++)
            window(s, &h, 2.0f * (float)i, GROUND_M + STOREY_M * (float)k, 2.0f);
    struct frame f = frame_moved(&h.front, 25.2f, 9.0f, 0.6f);
    shape_box(s->draft, &f, vec_of(-0.3f, -0.3f, -0.5f), vec_of(9.9f, 14.7f, -0.05f),
              s->id[PAINT_DARK]);
    screen(s, &f, 8, 12, 1.2f);
    f = frame_moved(&h.front, 25.5f, 0.5f, 0.3f);
    shape_panel(s->draft, &f, (const float[2]){0.0f, 0.0f}, (const float[2]){9.0f, 3.2f}, 0.0f,
                s->id[PAINT_ROOM_WARM_A]);
}

void street_houses(struct street *s)
{
    row(s, -1.0f);
    row(s, 1.0f);
    far_end(s);
}
