// SPDX-License-Identifier: MIT
// Between pixels and planes, in fixed point.
#include "codec/planes.h"

#include <assert.h>
#include <math.h>

#include "base/attr.h"

// To planes: sums of 2^DOWN_BITS; the largest, 16-bit codes times brightness, just fits 31 bits.
#define DOWN_BITS 21
// To pixels: brightness by 2^UP_BITS; colour is four samples mixed 9 : 3 : 3 : 1, so by 16 less.
#define UP_BITS   14
#define MIX_BITS  4
#define SIDE_HALF (PLANES_SIDE_MAX / 2)

#define KR 0.2126 // BT.709
#define KG 0.7152
#define KB 0.0722

#define DOWN(v) ((int32_t)((v) * (1 << DOWN_BITS) + ((v) < 0 ? -.5 : .5)))
#define UP(v)   ((int32_t)((v) * (1 << UP_BITS) + ((v) < 0 ? -.5 : .5)))
#define MIX(v)  ((int32_t)((v) * (1 << (UP_BITS - MIX_BITS)) + ((v) < 0 ? -.5 : .5)))

struct form {
    int32_t y[3], cb[3], cr[3];         // to planes
    int32_t ry, r_cr, g_cb, g_cr, b_cb; // to pixels
    int32_t y_zero, c_zero, sample_max, pixel_max;
    uint32_t pixel_bytes;
};

// ys, cs: how far brightness and colour reach in samples, of how many codes of a pixel.
#define FORM_OF(ys, cs, codes)                                                                     \
    .y = {DOWN(KR * (ys) / (codes)), DOWN(KG * (ys) / (codes)), DOWN(KB * (ys) / (codes))},        \
    .cb = {DOWN(-KR / (2 - 2 * KB) * (cs) / (codes)), DOWN(-KG / (2 - 2 * KB) * (cs) / (codes)),   \
           DOWN(.5 * (cs) / (codes))},                                                             \
    .cr = {DOWN(.5 * (cs) / (codes)), DOWN(-KG / (2 - 2 * KR) * (cs) / (codes)),                   \
           DOWN(-KB / (2 - 2 * KR) * (cs) / (codes))},                                             \
    .ry = UP((codes) / (ys)), .r_cr = MIX((2 - 2 * KR) * (codes) / (cs)),                          \
    .g_cb = MIX(-(2 - 2 * KB) * KB / KG * (codes) / (cs)),                                         \
    .g_cr = MIX(-(2 - 2 * KR) * KR / KG * (codes) / (cs)),                                         \
    .b_cb = MIX((2 - 2 * KB) * (codes) / (cs))

static const struct form forms[PICTURE_FORMS] = {
    [PICTURE_RGB8] = {FORM_OF(219., 224., 255.), .y_zero = 16, .c_zero = 128, .sample_max = 255,
                      .pixel_max = 255, .pixel_bytes = 3},
    [PICTURE_LIGHT] = {FORM_OF(1023., 1023., 65535.), .y_zero = 0, .c_zero = 512,
                       .sample_max = 1023, .pixel_max = 65535, .pixel_bytes = 8},
};

size_t picture_bytes(enum picture_form form, uint32_t width, uint32_t height)
{
    return (size_t)forms[form].pixel_bytes * width * height; // sides are below 2^13
}

static size_t sample_count(enum picture_chroma chroma, uint32_t width, uint32_t height)
{
    const size_t pixels = (size_t)width * height;
    return chroma == CHROMA_FULL ? pixels * 3 : pixels / 2 * 3;
}

size_t planes_bytes(enum picture_form form, enum picture_chroma chroma, uint32_t width,
                    uint32_t height)
{
    return sample_count(chroma, width, height) * (form == PICTURE_RGB8 ? 1 : 2);
}

struct planes planes_in(uint8_t *at, enum picture_form form, enum picture_chroma chroma,
                        uint32_t width, uint32_t height)
{
    assert(width % 2 == 0 && width >= 2);
    assert(height % 2 == 0 && height >= 2);
    const size_t row = (size_t)width * (form == PICTURE_RGB8 ? 1 : 2);
    const size_t half = chroma == CHROMA_FULL ? 1 : 2;
    const size_t colour = row * height / half / half;
    return (struct planes){.form = form,
                           .chroma = chroma,
                           .width = width,
                           .height = height,
                           .at = {at, at + row * height, at + row * height + colour},
                           .stride = {row, row / half, row / half}};
}

static int32_t limit(int32_t v, int32_t most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

struct row { // of a plane: 8-bit, or 16-bit samples
    uint8_t *u8;
    uint16_t *u16;
};

static struct row row_of(const struct planes *p, unsigned plane, uint32_t y)
{
    uint8_t *at = p->at[plane] + y * p->stride[plane];
    return (struct row){.u8 = at, .u16 = (uint16_t *)(void *)at};
}

static int32_t sample(enum picture_form form, struct row r, uint32_t x)
{
    return form == PICTURE_RGB8 ? r.u8[x] : r.u16[x];
}

static void put_sample(enum picture_form form, struct row r, uint32_t x, int32_t v)
{
    if (form == PICTURE_RGB8)
        r.u8[x] = (uint8_t)v; // cppcheck-suppress unreadVariable; it is a plane's
    else
        r.u16[x] = (uint16_t)v; // cppcheck-suppress unreadVariable; the same
}

static int32_t channel(enum picture_form form, const uint8_t *pixel, unsigned i)
{
    return form == PICTURE_RGB8 ? pixel[i] : pixel[(size_t)2 * i] | pixel[(size_t)2 * i + 1] << 8;
}

static void put_channel(enum picture_form form, uint8_t *pixel, unsigned i, int32_t v)
{
    if (form == PICTURE_RGB8) {
        pixel[i] = (uint8_t)v;
    } else {
        pixel[(size_t)2 * i] = (uint8_t)v;
        pixel[(size_t)2 * i + 1] = (uint8_t)(v >> 8);
    }
}

static int32_t weigh(const int32_t by[3], const int32_t rgb[3])
{
    return (by[0] * rgb[0] + by[1] * rgb[1] + by[2] * rgb[2] + (1 << (DOWN_BITS - 1))) >> DOWN_BITS;
}

// Two rows of pixels, and one of colour. `form` is a constant where this is called: loops without
// questions.
static inline void half_down(enum picture_form form, const struct planes *out, uint32_t y,
                             const uint8_t *picture)
{
    const struct form *f = &forms[form];
    const uint32_t step = f->pixel_bytes;
    const uint8_t *at[2] = {picture + (size_t)y * out->width * step,
                            picture + ((size_t)y + 1) * out->width * step};
    const struct row luma[2] = {row_of(out, 0, y), row_of(out, 0, y + 1)};
    const struct row cb = row_of(out, 1, y / 2);
    const struct row cr = row_of(out, 2, y / 2);
    for (uint32_t x = 0; x < out->width; x += 2) {
        int32_t mean[3] = {2, 2, 2};
        for (unsigned i = 0; i < 4; i++) {
            const uint8_t *pixel = at[i / 2] + (x + i % 2) * (size_t)step;
            int32_t rgb[3];
            for (unsigned c = 0; c < 3; c++) {
                rgb[c] = channel(form, pixel, c);
                mean[c] += rgb[c];
            }
            put_sample(form, luma[i / 2], x + i % 2, f->y_zero + weigh(f->y, rgb));
        }
        for (unsigned c = 0; c < 3; c++)
            mean[c] >>= 2;
        put_sample(form, cb, x / 2, limit(f->c_zero + weigh(f->cb, mean), f->sample_max));
        put_sample(form, cr, x / 2, limit(f->c_zero + weigh(f->cr, mean), f->sample_max));
    }
}

static inline void full_down(enum picture_form form, const struct planes *out, uint32_t y,
                             const uint8_t *picture)
{
    const struct form *f = &forms[form];
    const uint8_t *at = picture + (size_t)y * out->width * f->pixel_bytes;
    const struct row luma = row_of(out, 0, y);
    const struct row cb = row_of(out, 1, y);
    const struct row cr = row_of(out, 2, y);
    for (uint32_t x = 0; x < out->width; x++) {
        int32_t rgb[3];
        for (unsigned c = 0; c < 3; c++)
            rgb[c] = channel(form, at + (size_t)x * f->pixel_bytes, c);
        put_sample(form, luma, x, f->y_zero + weigh(f->y, rgb));
        put_sample(form, cb, x, limit(f->c_zero + weigh(f->cb, rgb), f->sample_max));
        put_sample(form, cr, x, limit(f->c_zero + weigh(f->cr, rgb), f->sample_max));
    }
}

void planes_from_picture(const struct planes *out, const uint8_t *picture)
{
    assert(out->width % 2 == 0 && out->height % 2 == 0);
    const uint32_t step = out->chroma == CHROMA_HALF ? 2 : 1;
    for (uint32_t y = 0; y < out->height; y += step) {
        if (out->chroma == CHROMA_HALF && out->form == PICTURE_RGB8)
            half_down(PICTURE_RGB8, out, y, picture);
        else if (out->chroma == CHROMA_HALF)
            half_down(PICTURE_LIGHT, out, y, picture);
        else if (out->form == PICTURE_RGB8)
            full_down(PICTURE_RGB8, out, y, picture);
        else
            full_down(PICTURE_LIGHT, out, y, picture);
    }
}

// The colour samples around row y, mixed 3 : 1 by nearness, less their zero. One more on each side,
// as the border's.
static inline void mix_rows(enum picture_form form, const struct planes *in, unsigned plane,
                            uint32_t y, int32_t out[SIDE_HALF + 2])
{
    const uint32_t last = in->height / 2 - 1;
    const uint32_t half = in->width / 2;
    assert(half > 0 && half <= SIDE_HALF);
    const uint32_t near_y = y / 2;
    uint32_t far_y = near_y;
    if (y % 2 == 0)
        far_y -= near_y > 0;
    else
        far_y += near_y < last;
    const struct row near_row = row_of(in, plane, near_y);
    const struct row far_row = row_of(in, plane, far_y);
    for (uint32_t x = 0; x < half; x++)
        out[x + 1] =
            3 * sample(form, near_row, x) + sample(form, far_row, x) - 4 * forms[form].c_zero;
    out[0] = out[1];
    out[half + 1] = out[half];
}

// cb, cr: times 2^MIX_BITS.
static inline void pixel_up(enum picture_form form, int32_t y, int32_t cb, int32_t cr,
                            uint8_t *pixel)
{
    const struct form *f = &forms[form];
    const int32_t l = (y - f->y_zero) * f->ry + (1 << (UP_BITS - 1));
    put_channel(form, pixel, 0, limit((l + f->r_cr * cr) >> UP_BITS, f->pixel_max));
    put_channel(form, pixel, 1, limit((l + f->g_cb * cb + f->g_cr * cr) >> UP_BITS, f->pixel_max));
    put_channel(form, pixel, 2, limit((l + f->b_cb * cb) >> UP_BITS, f->pixel_max));
    if (form == PICTURE_LIGHT)
        put_channel(form, pixel, 3, 0);
}

static inline void half_up(enum picture_form form, const struct planes *in, uint32_t y,
                           uint8_t *picture)
{
    int32_t cb_row[SIDE_HALF + 2];
    int32_t cr_row[SIDE_HALF + 2];
    mix_rows(form, in, 1, y, cb_row);
    mix_rows(form, in, 2, y, cr_row);
    const struct row luma = row_of(in, 0, y);
    const uint32_t step = forms[form].pixel_bytes;
    uint8_t *at = picture + (size_t)y * in->width * step;
    for (uint32_t x = 0; x < in->width; x++) {
        const uint32_t near_x = x / 2 + 1;
        const uint32_t far_x = x % 2 == 0 ? near_x - 1 : near_x + 1;
        // mix_rows filled half of the width and two more.
        // NOLINTNEXTLINE(clang-analyzer-core.UndefinedBinaryOperatorResult)
        const int32_t cb = 3 * cb_row[near_x] + cb_row[far_x];
        const int32_t cr = 3 * cr_row[near_x] + cr_row[far_x];
        pixel_up(form, sample(form, luma, x), cb, cr, at + (size_t)x * step);
    }
}

static inline void full_up(enum picture_form form, const struct planes *in, uint32_t y,
                           uint8_t *picture)
{
    const struct row luma = row_of(in, 0, y);
    const struct row cb = row_of(in, 1, y);
    const struct row cr = row_of(in, 2, y);
    const int32_t zero = forms[form].c_zero;
    const uint32_t step = forms[form].pixel_bytes;
    uint8_t *at = picture + (size_t)y * in->width * step;
    for (uint32_t x = 0; x < in->width; x++)
        pixel_up(form, sample(form, luma, x), (sample(form, cb, x) - zero) * (1 << MIX_BITS),
                 (sample(form, cr, x) - zero) * (1 << MIX_BITS), at + (size_t)x * step);
}

void planes_to_picture(const struct planes *in, uint8_t *picture)
{
    assert(in->width <= PLANES_SIDE_MAX);
    for (uint32_t y = 0; y < in->height; y++) {
        if (in->chroma == CHROMA_HALF && in->form == PICTURE_RGB8)
            half_up(PICTURE_RGB8, in, y, picture);
        else if (in->chroma == CHROMA_HALF)
            half_up(PICTURE_LIGHT, in, y, picture);
        else if (in->form == PICTURE_RGB8)
            full_up(PICTURE_RGB8, in, y, picture);
        else
            full_up(PICTURE_LIGHT, in, y, picture);
    }
}

// Differences are below 2^10 and rows below 2^12: a row's sum of squares fits 32 bits.
static inline uint32_t row_error(enum picture_form form, struct row a, struct row b, uint32_t n)
{
    uint32_t sum = 0;
    for (uint32_t x = 0; x < n; x++) {
        const int32_t d = sample(form, a, x) - sample(form, b, x);
        sum += (uint32_t)(d * d);
    }
    return sum;
}

uint64_t planes_error(const struct planes *a, const struct planes *b)
{
    assert(a->form == b->form && a->chroma == b->chroma && a->width == b->width &&
           a->height == b->height);
    uint64_t sum = 0;
    for (unsigned plane = 0; plane < 3; plane++) {
        const uint32_t part = plane == 0 || a->chroma == CHROMA_FULL ? 1 : 2;
        for (uint32_t y = 0; y < a->height / part; y++) {
            const struct row of_a = row_of(a, plane, y);
            const struct row of_b = row_of(b, plane, y);
            sum += a->form == PICTURE_RGB8 ? row_error(PICTURE_RGB8, of_a, of_b, a->width / part)
                                           : row_error(PICTURE_LIGHT, of_a, of_b, a->width / part);
        }
    }
    return sum;
}

uint64_t picture_error(enum picture_form form, uint32_t width, uint32_t height, const uint8_t *a,
                       const uint8_t *b)
{
    const uint32_t step = forms[form].pixel_bytes;
    const size_t pixels = (size_t)width * height;
    uint64_t sum = 0;
    for (size_t i = 0; i < pixels; i++) {
        for (unsigned c = 0; c < 3; c++) {
            const int64_t d = channel(form, a + i * step, c) - channel(form, b + i * step, c);
            sum += (uint64_t)(d * d);
        }
    }
    return sum;
}

uint32_t psnr_of(uint64_t error, uint64_t samples, uint32_t peak)
{
    assert(samples >= 1);
    assert(peak >= 1);
    if (error == 0)
        return PLANES_PSNR_MAX;
    const double mean = (double)error / (double)samples;
    const double centi = 1000 * log10((double)peak * peak / mean) + .5;
    return centi < 0 ? 0 : centi > PLANES_PSNR_MAX ? PLANES_PSNR_MAX : (uint32_t)centi;
}

uint32_t planes_psnr(const struct planes *a, const struct planes *b)
{
    return psnr_of(planes_error(a, b), sample_count(a->chroma, a->width, a->height),
                   (uint32_t)forms[a->form].sample_max);
}
