// SPDX-License-Identifier: MIT
// Pictures as video codecs take them: a plane of brightness, two of colour.
//
// Integer arithmetic only: the same samples on every machine. The matrix is BT.709's. Colour at
// half the size (4:2:0): samples sit in the middle of the four pixels that they are the mean of.
//     RGB8: 8 bits, limited range (16..235, 16..240), as everybody's players take it.
//     Light: 10 bits, full range; the sixteen-bit codes are taken for a picture as they are.
#ifndef CODEC_PLANES_H
#define CODEC_PLANES_H

#include <stddef.h>
#include <stdint.h>

#define PLANES_SIDE_MAX 4096u // pixels
#define PLANES_PSNR_MAX 9999u // centi-dB; said of pictures that are equal, too

enum picture_form {
    PICTURE_RGB8,  // a pixel: red, green, blue
    PICTURE_LIGHT, // a pixel: four u16 little-endian: codes of red, green, blue; one that is
                   // passed over, and is 0 in what is made here
};
#define PICTURE_FORMS 2u

// Half: a quarter of the samples, which is what players take; but pictures of small bright colours
// then never come back well, however many bytes are spent. Full (4:4:4): they do.
enum picture_chroma { CHROMA_HALF, CHROMA_FULL };
#define PICTURE_CHROMAS 2u

struct planes {             // borrowed
    enum picture_form form; // 8-bit samples, or 10-bit ones in native u16, aligned
    enum picture_chroma chroma;
    uint32_t width, height; // of the picture: even, 2..PLANES_SIDE_MAX
    uint8_t *at[3];         // Y, Cb, Cr
    size_t stride[3];       // bytes from row to row
};

// Planes packed into memory of the caller's, planes_bytes of it, aligned for u16.
size_t planes_bytes(enum picture_form form, enum picture_chroma chroma, uint32_t width,
                    uint32_t height);
struct planes planes_in(uint8_t *at, enum picture_form form, enum picture_chroma chroma,
                        uint32_t width, uint32_t height);

size_t picture_bytes(enum picture_form form, uint32_t width, uint32_t height);
// Both: picture has rows from the top left, picture_bytes of them.
void planes_from_picture(const struct planes *out, const uint8_t *picture);
void planes_to_picture(const struct planes *in, uint8_t *picture);

// Sum of squared differences of all samples of all three planes; same form and size.
uint64_t planes_error(const struct planes *a, const struct planes *b);
// The same of two pictures' channels; the fourth of light is passed over.
uint64_t picture_error(enum picture_form form, uint32_t width, uint32_t height, const uint8_t *a,
                       const uint8_t *b);
// Centi-dB of a mean error of `samples` samples whose largest value is `peak`.
uint32_t psnr_of(uint64_t error, uint64_t samples, uint32_t peak);
// Centi-dB, of two pictures' planes; same form and size.
uint32_t planes_psnr(const struct planes *a, const struct planes *b);

#endif
