// SPDX-License-Identifier: MIT
// The form of a light layer, and its curve.
#include "kernel/layer.h"

#include <assert.h>
#include <string.h>

#define FLOOR      0x1p-6f
#define FLOOR_BITS 0x3c800000u // of FLOOR as a float
#define CUT_BITS   11u         // of a mantissa's 23

#define STATE_BITS 10u // of variance, below the history
#define STATE_CUT  6u

bool layer_is(struct bytes in)
{
    return bytes_is(bytes_part(in, 0, sizeof LAYER_MAGIC - 1), LAYER_MAGIC);
}

enum rc layer_open_first(struct layer *out, struct bytes in, struct bytes *rest)
{
    struct cursor c = {.left = in};
    struct bytes magic = cursor_take(&c, sizeof LAYER_MAGIC - 1);
    const uint32_t width = cursor_u32le(&c);
    const uint32_t height = cursor_u32le(&c);
    if (c.is_bad || !bytes_is(magic, LAYER_MAGIC) || width < 1 || width > LAYER_SIDE_MAX ||
        height < 1 || height > LAYER_SIDE_MAX || width * height > LAYER_PIXELS_MAX)
        return RC_MALFORMED;
    struct bytes pixels = cursor_take(&c, (size_t)width * height * LAYER_PIXEL_BYTES);
    if (c.is_bad)
        return RC_MALFORMED;
    assert(pixels.len == (size_t)width * height * LAYER_PIXEL_BYTES);
    *out = (struct layer){width, height, pixels};
    *rest = c.left;
    return RC_OK;
}

enum rc layer_open(struct layer *out, struct bytes in)
{
    struct layer l;
    struct bytes rest;
    if (layer_open_first(&l, in, &rest) != RC_OK || rest.len != 0)
        return RC_MALFORMED;
    *out = l;
    return RC_OK;
}

enum rc layer_begin(struct buffer *out, uint32_t width, uint32_t height)
{
    if (width < 1 || width > LAYER_SIDE_MAX || height < 1 || height > LAYER_SIDE_MAX ||
        width * height > LAYER_PIXELS_MAX)
        return RC_MALFORMED;
    buffer_put(out, bytes_text(LAYER_MAGIC));
    buffer_u32le(out, width);
    buffer_u32le(out, height);
    return out->is_full ? RC_FULL : RC_OK;
}

uint16_t layer_code(float light)
{
    if (!(light > 0.0f)) // NaN, too
        return 0;
    float lifted = light + FLOOR;
    uint32_t bits;
    memcpy(&bits, &lifted, sizeof bits);
    const uint32_t code = (bits - FLOOR_BITS + (1u << (CUT_BITS - 1))) >> CUT_BITS;
    return code < UINT16_MAX ? (uint16_t)code : UINT16_MAX;
}

float layer_light(uint16_t code)
{
    const uint32_t bits = FLOOR_BITS + ((uint32_t)code << CUT_BITS);
    float lifted;
    memcpy(&lifted, &bits, sizeof lifted);
    return lifted - FLOOR;
}

struct layer_pixel layer_pixel_at(const struct layer *l, size_t index)
{
    assert(index < (size_t)l->width * l->height);
    struct cursor c = {.left = bytes_part(l->pixels, index * LAYER_PIXEL_BYTES, LAYER_PIXEL_BYTES)};
    struct layer_pixel p;
    for (size_t i = 0; i < 3; i++)
        p.light[i] = layer_light(cursor_u16le(&c));
    const uint16_t state = cursor_u16le(&c);
    p.history = state >> STATE_BITS;
    p.variance = layer_light((uint16_t)(state << STATE_CUT));
    return p;
}

void layer_pixel_put(uint8_t at[static 8], const struct layer_pixel *p)
{
    struct buffer b = buffer_of(at, LAYER_PIXEL_BYTES);
    for (size_t i = 0; i < 3; i++)
        buffer_u16le(&b, layer_code(p->light[i]));
    const uint32_t history = p->history < LAYER_HISTORY_MAX ? p->history : LAYER_HISTORY_MAX;
    buffer_u16le(&b, (uint16_t)(history << STATE_BITS | layer_code(p->variance) >> STATE_CUT));
}
