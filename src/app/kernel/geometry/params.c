// SPDX-License-Identifier: MIT
// The wire forms of kernel `geometry`: params as a CBOR array, and a pixel's 16 bytes.
#include "kernel/geometry/geometry.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "wire/cbor.h"

// params = [width, height, x, y, w, h, side, camera, pixels: u16 x, u16 y little-endian each]
#define PARAMS_ITEMS 9

// RGB9E5: value = mantissa * 2^(exponent - 24).
#define EMISSION_MAX 65408.0f

struct pixels geometry_pixels(const struct geometry_params *p)
{
    return (struct pixels){.width = p->width,
                           .height = p->height,
                           .x = p->x,
                           .y = p->y,
                           .w = p->w,
                           .h = p->h,
                           .count = p->pixel_count,
                           .list = p->pixel};
}

static bool params_are_good(const struct geometry_params *p)
{
    const struct pixels pixels = geometry_pixels(p);
    return pixels_are_good(&pixels) && camera_is_good(&p->camera) && p->side >= 1 &&
           p->side <= GEOMETRY_SIDE_MAX;
}

enum rc geometry_params_encode(const struct geometry_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    const uint32_t word[] = {p->width, p->height, p->x, p->y, p->w, p->h, p->side};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        cbor_put_u64(out, word[i]);
    camera_put(out, &p->camera);
    parts_put_pixels(out, p->pixel, p->pixel_count);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc geometry_params_decode(struct geometry_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct geometry_params p = {0};
    uint32_t *const word[] = {&p.width, &p.height, &p.x, &p.y, &p.w, &p.h, &p.side};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        *word[i] = (uint32_t)cbor_get_u64_max(&r, UINT32_MAX);
    camera_get(&r, &p.camera);
    parts_get_pixels(&r, p.pixel, &p.pixel_count, PARTS_MAX);
    if (!cbor_done(&r) || !params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}

struct geometry_pixel geometry_pixel_at(struct bytes result, size_t index)
{
    assert((index + 1) * GEOMETRY_PIXEL_BYTES <= result.len);
    struct cursor c = {.left =
                           bytes_part(result, index * GEOMETRY_PIXEL_BYTES, GEOMETRY_PIXEL_BYTES)};
    struct geometry_pixel p = {.depth = cursor_f32le(&c)};
    if (!(p.depth >= 0.0f && p.depth < 1e9f)) // NaN, too
        p.depth = 0.0f;
    p.normal = cursor_u32le(&c);
    for (size_t i = 0; i < 3; i++)
        p.albedo[i] = cursor_u8(&c);
    p.id = cursor_u8(&c);
    p.emission = cursor_u32le(&c);
    return p;
}

void geometry_pixel_put(uint8_t at[static 16], const struct geometry_pixel *p)
{
    struct buffer b = buffer_of(at, GEOMETRY_PIXEL_BYTES);
    buffer_f32le(&b, p->depth);
    buffer_u32le(&b, p->normal);
    for (size_t i = 0; i < 3; i++)
        buffer_u8(&b, p->albedo[i]);
    buffer_u8(&b, p->id);
    buffer_u32le(&b, p->emission);
}

uint8_t geometry_albedo_code(float albedo)
{
    if (!(albedo > 0.0f))
        return 0;
    const float halfway = sqrtf(albedo) * 255.0f + 0.5f; // rounds up from there
    return albedo < 1.0f ? (uint8_t)halfway : 255;
}

float geometry_albedo(uint8_t code)
{
    return (float)((uint32_t)code * code) * (1.0f / 65025.0f);
}

static float power_of_two(int32_t exponent)
{
    assert(exponent >= -126);
    assert(exponent <= 127);
    uint32_t bits = (uint32_t)(exponent + 127) << 23;
    float power;
    memcpy(&power, &bits, sizeof power);
    return power;
}

uint32_t geometry_emission_code(const float rgb[static 3])
{
    float c[3];
    float most = 0.0f;
    for (size_t i = 0; i < 3; i++) {
        c[i] = rgb[i] > 0.0f ? rgb[i] : 0.0f; // NaN, too
        c[i] = c[i] < EMISSION_MAX ? c[i] : EMISSION_MAX;
        most = c[i] > most ? c[i] : most;
    }
    uint32_t bits;
    memcpy(&bits, &most, sizeof bits);
    // The largest mantissa gets all its nine bits: most < 2^whole.
    int32_t whole = (int32_t)(bits >> 23) - 126;
    whole = whole < -15 ? -15 : whole;
    if (most * power_of_two(9 - whole) >= 511.5f)
        whole++; // rounded up to a tenth bit
    assert(whole >= -15);
    assert(whole <= 16);
    const float scale = power_of_two(9 - whole);
    uint32_t code = (uint32_t)(whole + 15) << 27;
    for (size_t i = 0; i < 3; i++) {
        const float halfway = c[i] * scale + 0.5f; // rounds up from there
        code |= (uint32_t)halfway << (9 * i);
    }
    return code;
}

void geometry_emission(uint32_t code, float rgb[static 3])
{
    const float scale = power_of_two((int32_t)(code >> 27) - 24);
    for (size_t i = 0; i < 3; i++)
        rgb[i] = (float)(code >> (9 * i) & 511u) * scale;
}
