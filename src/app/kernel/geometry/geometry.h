// SPDX-License-Identifier: MIT
// Kernel `geometry`: what the camera sees, pixel by pixel, without light and without dice.
//
// Depth, normal and id are those of the pixel's centre. Albedo and emission are means over
// side * side rays spread over the pixel as kernel `trace` spreads its own (a tent two pixels
// wide), so that radiance = light * albedo + emission holds at edges, too.
//
// What a ray meets is followed as far as it can be without dice: through what is partly
// transparent, off smooth mirrors and wet ground, through glass. `emission` is all that these
// ways end in or pass (lamps, sky, haze); `albedo` is how much of the light that falls on the
// surfaces at their ends comes back this way.
//
// Result: 16 bytes for each pixel of the tile in rows from the top left (or of `pixel` in its
// order), little-endian:
//
//     f32 depth        metres from the eye along the ray; 0: nothing was hit
//     u32 normal       octahedral (scene/normal.h), on the side of the eye; 0 and
//                      of no meaning where nothing was hit
//     u8  albedo[3]    255 * square root
//     u8  id           of the material, folded to 8 bits, never 0; 0: nothing was hit
//     u32 emission     radiance, shared exponent: 9 + 9 + 9 bits and 5 (RGB9E5 of OpenGL)
#ifndef KERNEL_GEOMETRY_GEOMETRY_H
#define KERNEL_GEOMETRY_GEOMETRY_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "kernel/kernel.h"
#include "kernel/pixels.h"
#include "scene/camera.h"

#define GEOMETRY_PIXEL_BYTES ((size_t)16)
#define GEOMETRY_SIDE_MAX    4u   // rays each way through a pixel
#define GEOMETRY_PARTS       128u // pixels redone of every result

struct geometry_params {
    uint32_t width, height; // of the whole frame, 1..PIXELS_SIDE_MAX
    uint32_t x, y, w, h;    // the tile, inside the frame, at most PIXELS_TILE_MAX pixels
    uint32_t side;          // 1: the centre only
    struct camera camera;
    uint32_t pixel_count; // 0: the whole tile; else only these, each inside the tile
    struct pixel pixel[PARTS_MAX];
};

struct geometry_pixel {
    float depth;
    uint32_t normal;
    uint8_t albedo[3];
    uint8_t id;
    uint32_t emission;
};

// The pixels that it is about; borrows p.
struct pixels geometry_pixels(const struct geometry_params *p);
// Checks every field's range on both ways. A CBOR array (doc/kernels/geometry.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc geometry_params_encode(const struct geometry_params *p, struct buffer *out);
enum rc geometry_params_decode(struct geometry_params *out, struct bytes in);

// One pixel of a result; index is below its count of pixels. Whoever made it: depth is finite
// and not negative, all else may be any bits.
struct geometry_pixel geometry_pixel_at(struct bytes result, size_t index);
void geometry_pixel_put(uint8_t at[static 16], const struct geometry_pixel *p);

uint8_t geometry_albedo_code(float albedo);
float geometry_albedo(uint8_t code);
// Rounds to nearest; below 0 and NaN are 0, above 65408 is that.
uint32_t geometry_emission_code(const float rgb[static 3]);
void geometry_emission(uint32_t code, float rgb[static 3]);

// What a worker does; as struct kernel has it.
enum rc geometry_run(void *state, const struct kernel_in *in, struct buffer *result,
                     struct buffer *report);
extern const struct kernel geometry_kernel; // of world_base: takes scenes

#endif
