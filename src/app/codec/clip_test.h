// SPDX-License-Identifier: MIT
// Pictures that move, for tests and benches: a textured ground that pans, discs that pass it.
#ifndef CODEC_CLIP_TEST_H
#define CODEC_CLIP_TEST_H

#include "base/rng.h"
#include "codec/planes.h"

struct clip {
    enum picture_form form;
    uint32_t width, height;
};

static inline uint32_t clip_noise(uint32_t x, uint32_t y)
{
    return (uint32_t)(rng_mix((uint64_t)y << 32 | x) >> 56);
}

// 0..65535, smooth but for the edges of discs and some grain.
static inline void clip_colour(const struct clip *c, uint32_t t, uint32_t x, uint32_t y,
                               uint32_t out[3])
{
    const uint32_t at = x + 2 * t; // the pan
    const uint32_t coarse = clip_noise(at / 16, y / 16) * 96 + clip_noise(at / 5, y / 5) * 24;
    out[0] = 9000 + coarse + y * 12000 / c->height;
    out[1] = 14000 + coarse / 2 + x * 9000 / c->width;
    out[2] = 20000 + coarse / 3 + clip_noise(at, y) * 4;
    for (uint32_t i = 0; i < 3; i++) {
        const int32_t dx =
            (int32_t)x - (int32_t)((c->width * (i + 1) / 4 + t * (3 + i)) % c->width);
        const int32_t dy = (int32_t)y - (int32_t)(c->height * (i + 1) / 4);
        const int32_t r = (int32_t)(c->height / (5 + i));
        if (dx * dx + dy * dy < r * r)
            out[i] = 52000 - coarse / 4;
    }
}

static inline void clip_draw(const struct clip *c, uint32_t t, uint8_t *picture)
{
    for (uint32_t y = 0; y < c->height; y++) {
        for (uint32_t x = 0; x < c->width; x++) {
            uint32_t v[3];
            clip_colour(c, t, x, y, v);
            for (uint32_t i = 0; i < 3; i++) {
                *picture++ = (uint8_t)(c->form == PICTURE_RGB8 ? v[i] >> 8 : v[i]);
                if (c->form == PICTURE_LIGHT)
                    *picture++ = (uint8_t)(v[i] >> 8);
            }
            for (uint32_t i = 0; c->form == PICTURE_LIGHT && i < 2; i++)
                *picture++ = 0xee; // to be passed over
        }
    }
}

#endif
