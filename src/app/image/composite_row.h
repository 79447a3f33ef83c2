// SPDX-License-Identifier: MIT
// One row of a picture, from light and geometry to 8 bit: the innermost loop of composite.h.
//
// There are two of each function, for registers of four and of eight numbers, whose bodies are one
// text (composite_lanes.h). Every pixel goes through the same operations either way, so both bring
// the same bytes.
#ifndef IMAGE_COMPOSITE_ROW_H
#define IMAGE_COMPOSITE_ROW_H

#include <stdint.h>

#define ROW_PAD 8u // floats that may be read, or numbers written, past a row's end

struct row { // of `width` pixels; every pointer has ROW_PAD more
    uint32_t width;
    const int32_t *first; // per pixel: the left one of two layer pixels, counted from 0
    const float *share;   // and how much of the right one
    const uint8_t *albedo[3];
    const uint32_t *emission;
    const float *glare[3]; // a row of the layer's width and one more, scaled
    float *light[3];       // of the picture's width
    float keep;            // factor of what is not glare
    float grey;            // TONE_CONTRAST's s^n
    uint32_t *codes;       // out: red, green, blue, 0
};

struct spread { // a row of the layer's width and one more, to that of the picture
    const float *from[3];
};

// Fills r->light. Declared for both ways.
void row_light_plain(const struct row *r, const struct spread *s);
void row_light_wide(const struct row *r, const struct spread *s);
// From r->light to r->codes.
void row_draw_plain(const struct row *r);
void row_draw_wide(const struct row *r);

#endif
