// SPDX-License-Identifier: MIT
// Letters as strokes.
#include "scene/glyph.h"

#include <assert.h>
#include <string.h>

#include "base/attr.h"

#define STROKE_POINTS_MAX 16
#define LAYER_M           0.0008f // from point to point: no two strokes share a plane

struct glyph {
    char code;
    const char *strokes; // "xy" pairs on the lattice, x 0..4, y 0..6; a space lifts the pen
};

static const struct glyph glyphs[] = {
    {'A', "0003264340 0242"},
    {'B', "00063645443303 3342413000"},
    {'C', "4536160501103041"},
    {'D', "00062644422000"},
    {'E', "46060040 0333"},
    {'F', "460600 0333"},
    {'G', "45361605011030414323"},
    {'H', "0006 4046 0343"},
    {'I', "2026 1636 1030"},
    {'J', "4641301001"},
    {'K', "0006 460340"},
    {'L', "060040"},
    {'M', "0006234640"},
    {'N', "00064046"},
    {'O', "100105163645413010"},
    {'P', "00063645443303"},
    {'Q', "100105163645413010 2240"},
    {'R', "00063645443303 2340"},
    {'S', "453616050413334241301001"},
    {'T', "0646 2620"},
    {'U', "060110304146"},
    {'V', "062046"},
    {'W', "0610233046"},
    {'X', "0046 0640"},
    {'Y', "062346 2320"},
    {'Z', "06460040"},
    {'0', "100105163645413010"},
    {'1', "152620 1030"},
    {'2', "05163645440040"},
    {'4', "30360242"},
    {'7', "064610"},
    {'a', "06463423 252200"},
    {'k', "0444413020 262300"},
    {'s', "0444 1612 363210"},
    {'r', "1636 0444422010"},
    {'m', "4600 1531"},
    {'n', "0514 002145"},
    {'h', "0444 2620 1300 3340"},
    {'t', "1636 0444 242200"},
    {'u', "161200 363042"},
    {'b', "1500 3440 3635 4645"},
    {'o', "0444 363020 3400"},
    {'e', "1603 1545 352100"},
    {'|', "2620"},
    {'z', "0545420205 2620"},
    {'d', "0444 262300 2340"},
    {'j', "0646400006 0343"},
    {'p', "0545 2620 2501 2541"},
    {'y', "0006464030 2623 0343"},
};

static const char *strokes_of(char code)
{
    for (size_t i = 0; i < ARRAY_COUNT(glyphs); i++)
        if (glyphs[i].code == code)
            return glyphs[i].strokes;
    return "";
}

// One straight piece as a flat strip, a little longer than the stroke so that corners close.
static void strip(struct draft *d, const struct frame *f, struct vec from, struct vec to,
                  const struct glyph_pen *pen)
{
    struct vec along = vec_scale(vec_unit(vec_sub(to, from)), pen->radius);
    struct vec across = vec_scale(vec_unit(vec_cross(f->out, along)), pen->radius);
    const struct vec a = vec_sub(from, along);
    const struct vec b = vec_add(to, along);
    const struct vec corner[4] = {vec_sub(a, across), vec_sub(b, across), vec_add(b, across),
                                  vec_add(a, across)};
    draft_quad(d, corner, pen->material);
}

static void stroke(struct draft *d, const struct frame *f, const struct vec *point, size_t count,
                   const struct glyph_pen *pen)
{
    if (count < 2)
        return;
    if (pen->sides > 0) {
        shape_tube(d, point, count, pen->radius, pen->sides, pen->material);
        return;
    }
    for (size_t i = 1; i < count; i++) // each piece a layer above the one before
        strip(d, f, vec_along(point[i - 1], f->out, LAYER_M), point[i], pen);
}

static void glyph_draw(struct draft *d, const struct frame *f, char code,
                       const struct glyph_pen *pen)
{
    assert(pen->height > 0.0f);
    assert(pen->radius > 0.0f);
    struct vec point[STROKE_POINTS_MAX];
    size_t count = 0;
    float step = pen->height / 6.0f;
    float layer = 0.0f;
    const char *s = strokes_of(code);
    while (*s != '\0') {
        if (*s == ' ') {
            stroke(d, f, point, count, pen);
            count = 0;
            s++;
            continue;
        }
        assert(count < STROKE_POINTS_MAX);
        assert(s[1] != '\0');
        point[count++] =
            frame_point(f, (float)(s[0] - '0') * step, (float)(s[1] - '0') * step, layer * LAYER_M);
        layer += 1.0f;
        s += 2;
    }
    stroke(d, f, point, count, pen);
}

void glyph_row(struct draft *d, const struct frame *f, const char *text,
               const struct glyph_pen *pen)
{
    for (size_t i = 0; text[i] != '\0'; i++) {
        struct frame at = frame_moved(f, (float)i * pen->height * GLYPH_ADVANCE, 0.0f, 0.0f);
        glyph_draw(d, &at, text[i], pen);
    }
}

void glyph_column(struct draft *d, const struct frame *f, const char *text,
                  const struct glyph_pen *pen)
{
    size_t count = strlen(text);
    for (size_t i = 0; i < count; i++) {
        float up = (float)(count - 1 - i) * pen->height * GLYPH_DROP;
        struct frame at = frame_moved(f, 0.0f, up, 0.0f);
        glyph_draw(d, &at, text[i], pen);
    }
}

float glyph_row_length(size_t count, float height)
{
    return count == 0 ? 0.0f : height * ((float)(count - 1) * GLYPH_ADVANCE + GLYPH_WIDTH);
}

float glyph_column_length(size_t count, float height)
{
    return count == 0 ? 0.0f : height * ((float)(count - 1) * GLYPH_DROP + 1.0f);
}
