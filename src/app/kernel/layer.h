// SPDX-License-Identifier: MIT
// Light layer: the light that falls on what a camera sees, without the surfaces' own colours.
//
// A flat form, little-endian, that comes from strangers:
//
//     magic "shoallt1", u32 width, u32 height
//     u16 red, green, blue, state     each pixel, in rows from the top left
//
// A channel is a logarithm in straight pieces: light + 1/64 as a float, of which the 12 upper
// bits of the mantissa and the exponent above that of 1/64 are kept, rounded. So 0 is no light, a
// step is at most 1/4096 of light + 1/64, 65535 stands for just below 1024, and every code is
// valid. State: number of frames that went into it (upper 6 bits, at most 63), and the variance
// of one frame's luminance in the same curve's upper 10 bits.
#ifndef KERNEL_LAYER_H
#define KERNEL_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"

#define LAYER_MAGIC        "shoallt1"
#define LAYER_HEADER_BYTES ((size_t)16)
#define LAYER_PIXEL_BYTES  ((size_t)8)
#define LAYER_SIDE_MAX     8192u
#define LAYER_PIXELS_MAX   (1u << 22)
#define LAYER_HISTORY_MAX  63u
#define LAYER_LIGHT_MAX    1023.8f

struct layer { // a validated view into bytes
    uint32_t width, height;
    struct bytes pixels; // width * height * LAYER_PIXEL_BYTES
};

struct layer_pixel {
    float light[3];
    uint32_t history; // 0..LAYER_HISTORY_MAX
    float variance;
};

// Bytes of a layer of that size; sides are in range.
static inline size_t layer_bytes(uint32_t width, uint32_t height)
{
    return LAYER_HEADER_BYTES + (size_t)width * height * LAYER_PIXEL_BYTES;
}

bool layer_is(struct bytes in); // does it begin like one?
// Borrows `in`. RC_MALFORMED: no layer, or not all of `in`.
MUST_USE enum rc layer_open(struct layer *out, struct bytes in);
// The first of several layers that lie one after another; *rest is what follows it.
MUST_USE enum rc layer_open_first(struct layer *out, struct bytes in, struct bytes *rest);
// Appends a header, to be followed by the pixels. RC_FULL: no room; RC_MALFORMED: sides.
MUST_USE enum rc layer_begin(struct buffer *out, uint32_t width, uint32_t height);

uint16_t layer_code(float light); // NaN and below 0 are 0
float layer_light(uint16_t code);
struct layer_pixel layer_pixel_at(const struct layer *l, size_t index);
void layer_pixel_put(uint8_t at[static 8], const struct layer_pixel *p);

#endif
