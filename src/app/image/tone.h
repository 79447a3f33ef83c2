// SPDX-License-Identifier: MIT
// From summed light to 8-bit sRGB: exposure, glare, a filmic curve.
//
// The glare is what a lens and an eye add around a bright sign: a share of every pixel's light
// is spread (glare.h). It is for display; linear layers never see it.
//
// The curve is a sigmoid in log light, f(x) = x^n / (x^n + s^n) (the response of receptors,
// Naka and Rushton 1966), n = TONE_CONTRAST, s set so that 0.18 stays 0.18. Taken half by
// channel and half by the brightest channel with the hue kept, so that a strong colour grows
// paler only slowly. Ends with the sRGB transfer function (IEC 61966-2-1) and rounding.
#ifndef IMAGE_TONE_H
#define IMAGE_TONE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

#define TONE_CONTRAST      1.25f
#define TONE_GLARE_DEFAULT 0.20f

struct image_sums {         // light layers, summed over samples; borrowed
    const uint64_t *sum;    // rows from the top left, per pixel TRACE_LAYERS times red, green, blue
    uint32_t width, height; // 1..PIXELS_SIDE_MAX
    uint32_t samples;       // of each pixel, > 0; one step is 1 / TRACE_UNIT
};

struct tone {
    float exposure; // factor, > 0; 1 is plain
    float glare;    // share of the light that is spread, 0..1
};

struct tone tone_default(void);

// rgb: width * height * 3 bytes of the caller's. Scratch is taken from budget and given back.
// RC_NOMEM: rgb is untouched.
MUST_USE enum rc tone_map(const struct tone *tone, const struct image_sums *image,
                          struct budget *budget, uint8_t *rgb);
// s^n of the curve.
float tone_grey(void);
// The curve alone, for one colour in place, linear in and out: 0..1.
void tone_curve(float rgb[static 3]);
// sRGB code of linear light; below 0 is 0, above 1 is 255, NaN is 0.
uint8_t tone_srgb(float linear);

#endif
