// SPDX-License-Identifier: MIT
// The few elementary functions that every machine must compute alike.
//
// Only +, -, *, / and sqrt, which IEEE 754 rounds the same everywhere; libm's sine and
// exponential differ between machines and versions, so they are polynomials of our own here.
#ifndef SCENE_MATH_H
#define SCENE_MATH_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "scene/vec.h"

#define MATH_PI 3.14159265358979f

static inline float float_max(float a, float b)
{
    return a > b ? a : b;
}

static inline float float_min(float a, float b)
{
    return a < b ? a : b;
}

// False for NaN.
static inline bool float_within(float v, float low, float high)
{
    return v >= low && v <= high;
}

// Sine and cosine of 2 pi turn, 0 <= turn <= 1; absolute error below 4e-7 (Taylor to the 9th and
// 8th power on an eighth of the circle, then the quadrant).
static inline void math_sincos(float turn, float *sine, float *cosine)
{
    float quarter = turn * 4.0f;
    int32_t q = (int32_t)(quarter + 0.5f);
    float a = (quarter - (float)q) * (MATH_PI * 0.5f);
    float a2 = a * a;
    float s = a + a * a2 *
                      (-1.0f / 6.0f +
                       a2 * (1.0f / 120.0f + a2 * (-1.0f / 5040.0f + a2 * (1.0f / 362880.0f))));
    float c =
        1.0f + a2 * (-0.5f + a2 * (1.0f / 24.0f + a2 * (-1.0f / 720.0f + a2 * (1.0f / 40320.0f))));
    float s1 = (q & 1) ? c : s;
    float c1 = (q & 1) ? s : c;
    *sine = (q & 2) ? -s1 : s1;
    *cosine = ((q + 1) & 2) ? -c1 : c1;
}

// e to the power of -x, x >= 0; relative error below 5e-7 + 2e-7 x, x up to 85.
static inline float math_exp_minus(float x)
{
    float y = float_min(x, 85.0f) * 1.44269504f; // as a power of two
    int32_t whole = (int32_t)y;
    float f = (y - (float)whole) * 0.693147181f; // 0 .. ln 2, subtracted below
    float p =
        1.0f -
        f * (1.0f -
             f * (0.5f - f * (1.0f / 6.0f -
                              f * (1.0f / 24.0f -
                                   f * (1.0f / 120.0f -
                                        f * (1.0f / 720.0f -
                                             f * (1.0f / 5040.0f - f * (1.0f / 40320.0f))))))));
    uint32_t bits = (uint32_t)(127 - whole) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return p * power;
}

// Two unit vectors that make a right-handed frame with unit n (Duff et al., JCGT 2017).
static inline void math_frame(struct vec n, struct vec *t, struct vec *b)
{
    float sign = n.z >= 0.0f ? 1.0f : -1.0f;
    float a = -1.0f / (sign + n.z);
    float c = n.x * n.y * a;
    *t = vec_of(1.0f + sign * n.x * n.x * a, sign * c, -sign * n.x);
    *b = vec_of(c, sign + n.y * n.y * a, -n.y);
}

#endif
