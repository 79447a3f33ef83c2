// SPDX-License-Identifier: MIT
// From summed light to 8-bit sRGB.
#include "image/tone.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "kernel/trace/trace.h"

#define MID_GREY     0.18f // stays where it is under the curve
#define LEVELS_MAX   12u   // of the pyramid: half of PIXELS_SIDE_MAX down to a few pixels
#define LEVEL_SIDE   6u    // no level gets smaller than this
#define LEVELS_SHOWN 6u    // the widest ones, so that the glare is as wide at every image size

struct plane { // red, green, blue floats in rows from the top left
    float *at;
    uint32_t width, height;
};

struct tone tone_default(void)
{
    return (struct tone){.exposure = 1.0f, .glare = TONE_GLARE_DEFAULT};
}

static float sigmoid(float x)
{
    const float grey = powf(MID_GREY, TONE_CONTRAST) * (1.0f - MID_GREY) / MID_GREY;
    float p = powf(x, TONE_CONTRAST);
    return isinf(p) ? 1.0f : p / (p + grey);
}

void tone_curve(float rgb[static 3])
{
    float peak = 0.0f;
    for (unsigned c = 0; c < 3; c++) {
        rgb[c] = rgb[c] > 0.0f ? rgb[c] : 0.0f; // also NaN
        peak = fmaxf(peak, rgb[c]);
    }
    if (!(peak > 0.0f))
        return;
    float kept = sigmoid(peak) / peak;
    for (unsigned c = 0; c < 3; c++)
        rgb[c] = 0.5f * sigmoid(rgb[c]) + 0.5f * fminf(rgb[c] * kept, 1.0f);
}

uint8_t tone_srgb(float linear)
{
    if (!(linear > 0.0f)) // also NaN
        return 0;
    if (linear >= 1.0f)
        return 255;
    float code =
        linear <= 0.0031308f ? 12.92f * linear : 1.055f * powf(linear, 1.0f / 2.4f) - 0.055f;
    return (uint8_t)(code * 255.0f + 0.5f);
}

static size_t plane_floats(uint32_t width, uint32_t height)
{
    return (size_t)width * height * 3;
}

static bool plane_take(struct plane *p, struct budget *budget, uint32_t width, uint32_t height)
{
    p->at = budget_take(budget, plane_floats(width, height) * sizeof(float));
    p->width = width;
    p->height = height;
    return p->at != NULL;
}

static const float *pixel_at(const struct plane *p, int64_t x, int64_t y) // clamped to the border
{
    int64_t i = x < 0 ? 0 : x >= (int64_t)p->width ? (int64_t)p->width - 1 : x;
    int64_t k = y < 0 ? 0 : y >= (int64_t)p->height ? (int64_t)p->height - 1 : y;
    return p->at + ((size_t)k * p->width + (size_t)i) * 3;
}

// Every pixel the mean of 4 by 4 below it, weighted 1 3 3 1 both ways.
static void shrink(struct plane *out, const struct plane *in)
{
    static const float weight[4] = {0.125f, 0.375f, 0.375f, 0.125f};
    float *to = out->at;
    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < out->width; x++, to += 3) {
            float sum[3] = {0};
            for (int k = 0; k < 4; k++)
                for (int i = 0; i < 4; i++) {
                    const float *from =
                        pixel_at(in, 2 * (int64_t)x + i - 1, 2 * (int64_t)y + k - 1);
                    float w = weight[i] * weight[k];
                    for (unsigned c = 0; c < 3; c++)
                        sum[c] += w * from[c];
                }
            memcpy(to, sum, sizeof sum);
        }
}

// out = out * keep + in, twice as large and interpolated, * add.
static void widen(struct plane *out, const struct plane *in, float keep, float add)
{
    float *to = out->at;
    for (uint32_t y = 0; y < out->height; y++)
        for (uint32_t x = 0; x < out->width; x++, to += 3) {
            int64_t i = x / 2;
            int64_t k = y / 2;
            const float *a = pixel_at(in, i, k); // nearest: 3/4 of the weight each way
            const float *b = pixel_at(in, i + (x % 2 ? 1 : -1), k);
            const float *c = pixel_at(in, i, k + (y % 2 ? 1 : -1));
            const float *d = pixel_at(in, i + (x % 2 ? 1 : -1), k + (y % 2 ? 1 : -1));
            for (unsigned n = 0; n < 3; n++)
                to[n] = to[n] * keep +
                        add * (0.5625f * a[n] + 0.1875f * (b[n] + c[n]) + 0.0625f * d[n]);
        }
}

// Level 0 is the image. Each shown level brings share / (levels shown) of the light.
static void spread(struct plane *level, unsigned count, float share)
{
    assert(count > 1 && count <= LEVELS_MAX);
    for (unsigned i = 1; i < count; i++)
        shrink(&level[i], &level[i - 1]);
    unsigned shown = count - 1 < LEVELS_SHOWN ? count - 1 : LEVELS_SHOWN;
    for (unsigned i = count - 1; i > 1; i--) {
        // What comes from above is the mean of `above` levels; this one adds itself, if shown.
        unsigned above = count - i;
        bool is_shown = above < shown;
        float mean = (float)above / (float)(above + 1);
        // cppcheck-suppress knownConditionTrueFalse ; it takes count for 1, which is asserted away
        widen(&level[i - 1], &level[i], is_shown ? 1.0f - mean : 0.0f, is_shown ? mean : 1.0f);
    }
    widen(&level[0], &level[1], 1.0f - share, share);
}

// Takes the pyramid below level[0]; returns the count of levels, 0 if memory ran out.
static unsigned pyramid_take(struct plane level[static LEVELS_MAX], struct budget *budget)
{
    unsigned count = 1;
    while (count < LEVELS_MAX && level[count - 1].width >= 2 * LEVEL_SIDE &&
           level[count - 1].height >= 2 * LEVEL_SIDE) {
        const struct plane *below = &level[count - 1];
        if (!plane_take(&level[count], budget, (below->width + 1) / 2, (below->height + 1) / 2))
            return 0;
        count++;
    }
    return count;
}

static void fill(struct plane *p, const struct tone *tone, const struct image_sums *image)
{
    const double scale = (double)tone->exposure / ((double)image->samples * TRACE_UNIT);
    const uint64_t *sum = image->sum;
    size_t pixels = (size_t)image->width * image->height;
    for (size_t i = 0; i < pixels; i++, sum += (size_t)TRACE_LAYERS * 3)
        for (unsigned c = 0; c < 3; c++) {
            double light = 0.0;
            for (unsigned layer = 0; layer < TRACE_LAYERS; layer++)
                light += (double)sum[layer * 3 + c];
            p->at[i * 3 + c] = (float)(light * scale);
        }
}

// Takes the pyramid and spreads the light over it. RC_NOMEM.
static enum rc glare(struct plane level[static LEVELS_MAX], struct budget *budget, float share)
{
    unsigned count = pyramid_take(level, budget);
    if (count == 0)
        return RC_NOMEM;
    if (count > 1)
        spread(level, count, share);
    return RC_OK;
}

static void encode(const struct plane *p, uint8_t *rgb)
{
    size_t floats = plane_floats(p->width, p->height);
    for (size_t i = 0; i < floats; i += 3) {
        tone_curve(p->at + i);
        for (size_t c = 0; c < 3; c++)
            rgb[i + c] = tone_srgb(p->at[i + c]);
    }
}

enum rc tone_map(const struct tone *tone, const struct image_sums *image, struct budget *budget,
                 uint8_t *rgb)
{
    assert(image->width > 0 && image->height > 0 && image->samples > 0);
    assert(tone->exposure > 0.0f && tone->glare >= 0.0f && tone->glare <= 1.0f);
    struct plane level[LEVELS_MAX] = {0};
    if (!plane_take(&level[0], budget, image->width, image->height))
        return RC_NOMEM;
    fill(&level[0], tone, image);
    enum rc rc = tone->glare > 0.0f ? glare(level, budget, tone->glare) : RC_OK;
    if (rc == RC_OK)
        encode(&level[0], rgb);
    for (unsigned i = 0; i < LEVELS_MAX; i++)
        budget_give(budget, level[i].at);
    return rc;
}
