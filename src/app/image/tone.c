// SPDX-License-Identifier: MIT
// From summed light to 8-bit sRGB.
#include "image/tone.h"

#include <assert.h>
#include <math.h>

#include "image/glare.h"
#include "kernel/trace/trace.h"

#define CHANNELS 3u
#define MID_GREY 0.18f // stays where it is under the curve

struct tone tone_default(void)
{
    return (struct tone){.exposure = 1.0f, .glare = TONE_GLARE_DEFAULT};
}

float tone_grey(void)
{
    return powf(MID_GREY, TONE_CONTRAST) * (1.0f - MID_GREY) / MID_GREY;
}

static float sigmoid(float x)
{
    const float grey = tone_grey();
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

// Of one pixel and channel: all layers together, exposed.
static float light_of(const struct image_sums *image, size_t pixel, unsigned channel, double scale)
{
    double light = 0.0;
    for (unsigned layer = 0; layer < TRACE_LAYERS; layer++)
        light += (double)image->sum[(pixel * TRACE_LAYERS + layer) * CHANNELS + channel];
    return (float)(light * scale);
}

// What each channel spreads, in planes of budget, given back by the caller. RC_NOMEM.
static enum rc spread(const struct image_sums *image, double scale, struct budget *budget,
                      float *plane[static CHANNELS])
{
    const size_t pixels = (size_t)image->width * image->height;
    struct glare g;
    enum rc rc = glare_new(&g, image->width, image->height, image->height, budget);
    for (unsigned c = 0; rc == RC_OK && c < CHANNELS; c++) {
        plane[c] = budget_take(budget, pixels * sizeof(float));
        if (plane[c] == NULL) {
            rc = RC_NOMEM;
            break;
        }
        for (size_t i = 0; i < pixels; i++)
            plane[c][i] = light_of(image, i, c, scale);
        glare_spread(&g, plane[c]);
    }
    glare_free(&g);
    return rc;
}

enum rc tone_map(const struct tone *tone, const struct image_sums *image, struct budget *budget,
                 uint8_t *rgb)
{
    assert(image->width > 0 && image->height > 0);
    assert(image->width <= PIXELS_SIDE_MAX && image->height <= PIXELS_SIDE_MAX);
    assert(image->samples > 0);
    assert(tone->exposure > 0.0f);
    assert(tone->glare >= 0.0f && tone->glare <= 1.0f);
    const double scale = (double)tone->exposure / ((double)image->samples * TRACE_UNIT);
    const size_t pixels = (size_t)image->width * image->height;
    float *plane[CHANNELS] = {NULL};
    enum rc rc = tone->glare > 0.0f ? spread(image, scale, budget, plane) : RC_OK;
    for (size_t i = 0; rc == RC_OK && i < pixels; i++) {
        float light[CHANNELS];
        for (unsigned c = 0; c < CHANNELS; c++) {
            light[c] = light_of(image, i, c, scale);
            if (plane[c] != NULL)
                light[c] = light[c] * (1.0f - tone->glare) + plane[c][i] * tone->glare;
        }
        tone_curve(light);
        for (unsigned c = 0; c < CHANNELS; c++)
            rgb[i * CHANNELS + c] = tone_srgb(light[c]);
    }
    for (unsigned c = 0; c < CHANNELS; c++)
        budget_give(budget, plane[c]);
    return rc;
}
