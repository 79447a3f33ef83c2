// SPDX-License-Identifier: MIT
// The bodies of composite_row.h, for whatever `lanes` are.
//
// Included by one .c file for each way, after it has said what `lanes` are (a vector of LANES
// floats that knows +, - and *) and `whole` (as many integers), how the processor's instructions
// are called (LANES_OP, LANES_WHOLE), and what differs in more than a name: lanes_of, lanes_below,
// lanes_pick, lanes_bytes.
#include "image/composite_row.h"

// 255 times the sRGB curve, where it is a power, as a cubic of the fourth root of light: off by
// 0.055 at most (least squares, weighted until the largest error stopped falling).
#define SRGB_0      (-18.29922f)
#define SRGB_1      65.22853f
#define SRGB_2      242.9064f
#define SRGB_3      (-34.89057f)
#define SRGB_CUT    0.0031308f
#define SRGB_LOW    (12.92f * 255.0f)
#define LIGHT_LEAST 1e-9f

static inline lanes lanes_all(float v)
{
    return LANES_OP(set1_ps)(v);
}

static inline lanes lanes_load(const float *at)
{
    return LANES_OP(loadu_ps)(at);
}

static inline lanes lanes_min(lanes a, lanes b)
{
    return LANES_OP(min_ps)(a, b);
}

static inline lanes lanes_max(lanes a, lanes b)
{
    return LANES_OP(max_ps)(a, b);
}

static inline lanes lanes_rsqrt(lanes v)
{
    return LANES_OP(rsqrt_ps)(v);
}

static inline lanes lanes_rcp(lanes v)
{
    return LANES_OP(rcp_ps)(v);
}

// Emission as geometry codes it: three times nine bits of mantissa, five of their power.
static inline void lanes_emission(const unsigned *at, lanes out[3])
{
    const whole code = LANES_WHOLE(loadu)((const whole *)(const void *)at);
    const whole power =
        LANES_OP(add_epi32)(LANES_OP(srli_epi32)(code, 27), LANES_OP(set1_epi32)(127 - 24));
    const lanes scale = lanes_of(LANES_OP(slli_epi32)(power, 23));
    const whole mask = LANES_OP(set1_epi32)(511);
    for (int i = 0; i < 3; i++) {
        const whole digits = LANES_WHOLE(and)(LANES_OP(srli_epi32)(code, 9 * i), mask);
        out[i] = LANES_OP(cvtepi32_ps)(digits) * scale;
    }
}

// Red, green, blue, 0 in each.
static inline void lanes_codes(const lanes c[3], unsigned *out)
{
    const whole red = LANES_OP(cvtps_epi32)(c[0]);
    const whole green = LANES_OP(slli_epi32)(LANES_OP(cvtps_epi32)(c[1]), 8);
    const whole blue = LANES_OP(slli_epi32)(LANES_OP(cvtps_epi32)(c[2]), 16);
    const whole all = LANES_WHOLE(or)(LANES_WHOLE(or)(red, green), blue);
    LANES_WHOLE(storeu)((whole *)(void *)out, all);
}

static inline lanes interpolate(const float *row, const int32_t *first, lanes share)
{
    const lanes left = lanes_pick(row, first);
    const lanes right = lanes_pick(row + 1, first);
    return left + (right - left) * share;
}

static inline void light_row(const struct row *r, const struct spread *s)
{
    for (uint32_t x = 0; x < r->width; x += LANES) {
        const lanes share = lanes_load(r->share + x);
        for (int c = 0; c < 3; c++)
            LANES_OP(storeu_ps)(r->light[c] + x, interpolate(s->from[c], r->first + x, share));
    }
}

// x^1.25 / (x^1.25 + s^1.25), by estimates of the processor's that are right to 12 bits.
static inline lanes sigmoid(lanes x, lanes grey)
{
    const lanes p = x * lanes_rsqrt(lanes_rsqrt(x));
    return p * lanes_rcp(p + grey);
}

static inline lanes srgb(lanes t)
{
    const lanes root = t * lanes_rsqrt(t);
    const lanes q = root * lanes_rsqrt(root); // the fourth root
    lanes power = lanes_all(SRGB_2) + lanes_all(SRGB_3) * q;
    power = lanes_all(SRGB_1) + power * q;
    power = lanes_all(SRGB_0) + power * q;
    return lanes_below(t, lanes_all(SRGB_CUT), t * lanes_all(SRGB_LOW), power);
}

static inline void draw_row(const struct row *r)
{
    const lanes keep = lanes_all(r->keep);
    const lanes grey = lanes_all(r->grey);
    const lanes half = lanes_all(0.5f);
    const lanes one = lanes_all(1.0f);
    for (uint32_t x = 0; x < r->width; x += LANES) {
        lanes c[3];
        lanes_emission(r->emission + x, c);
        const lanes share = lanes_load(r->share + x);
        for (int i = 0; i < 3; i++) {
            const lanes code = lanes_bytes(r->albedo[i] + x);
            const lanes lit = lanes_load(r->light[i] + x) * (code * code);
            c[i] = (lit + c[i]) * keep + interpolate(r->glare[i], r->first + x, share);
            c[i] = lanes_max(c[i], lanes_all(LIGHT_LEAST));
        }
        const lanes peak = lanes_max(c[0], lanes_max(c[1], c[2]));
        const lanes kept = sigmoid(peak, grey) * lanes_rcp(peak);
        for (int i = 0; i < 3; i++) {
            const lanes hue = lanes_min(c[i] * kept, one);
            c[i] = srgb(half * (sigmoid(c[i], grey) + hue));
        }
        lanes_codes(c, r->codes + x);
    }
}
