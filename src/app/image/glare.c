// SPDX-License-Identifier: MIT
// Light spread around where it is: the tents of glare.h, one direction after the other.
#include "image/glare.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define LEVEL_SIDE 6u // no level gets smaller than this

static uint32_t half(uint32_t side)
{
    return (side + 1) / 2;
}

// Levels of a picture's pyramid.
static unsigned levels_of(uint32_t width, uint32_t height)
{
    unsigned count = 1;
    while (count < GLARE_LEVELS_MAX && width >= 2 * LEVEL_SIDE && height >= 2 * LEVEL_SIDE) {
        width = half(width);
        height = half(height);
        count++;
    }
    return count;
}

enum rc glare_new(struct glare *g, uint32_t width, uint32_t height, uint32_t full_height,
                  struct budget *budget)
{
    assert(width > 0 && height > 0 && full_height >= height);
    *g = (struct glare){.budget = budget};
    uint32_t above = full_height;
    while (g->first + 1 < GLARE_LEVELS_MAX && 2 * above > 3 * height) { // nearer to half of it
        above = half(above);
        g->first++;
    }
    g->count = g->first + levels_of(width, height);
    g->count = g->count < GLARE_LEVELS_MAX ? g->count : GLARE_LEVELS_MAX;
    g->row = budget_take(budget, ((size_t)width + 2) * sizeof *g->row);
    bool is_whole = g->row != NULL;
    for (unsigned i = g->first; i < g->count; i++) {
        g->width[i] = width;
        g->height[i] = height;
        if (i > g->first) {
            g->at[i] = budget_take(budget, (size_t)width * height * sizeof(float));
            is_whole = is_whole && g->at[i] != NULL;
        }
        width = half(width);
        height = half(height);
    }
    assert(g->first < g->count);
    if (!is_whole)
        glare_free(g);
    return is_whole ? RC_OK : RC_NOMEM;
}

void glare_free(struct glare *g)
{
    for (unsigned i = g->first + 1; i < g->count; i++)
        budget_give(g->budget, g->at[i]);
    budget_give(g->budget, g->row);
    *g = (struct glare){0};
}

static uint32_t clamped(int64_t i, uint32_t count)
{
    return i < 0 ? 0 : i >= (int64_t)count ? count - 1 : (uint32_t)i;
}

// Four rows into one, weighted 1 3 3 1.
static void shrink_down(float *out, const float *in, uint32_t width, uint32_t height, uint32_t y)
{
    const float *row[4];
    for (int k = 0; k < 4; k++)
        row[k] = in + (size_t)clamped(2 * (int64_t)y + k - 1, height) * width;
    for (uint32_t x = 0; x < width; x++)
        out[x] = 0.125f * (row[0][x] + row[3][x]) + 0.375f * (row[1][x] + row[2][x]);
}

static void shrink(struct glare *g, unsigned to)
{
    assert(to > g->first && to < g->count);
    assert(g->width[to] == half(g->width[to - 1]));
    const uint32_t width = g->width[to - 1];
    const uint32_t height = g->height[to - 1];
    float *padded = g->row + 1; // one more at either side
    for (uint32_t y = 0; y < g->height[to]; y++) {
        shrink_down(padded, g->at[to - 1], width, height, y);
        padded[-1] = padded[0];
        padded[width] = padded[width - 1];
        float *out = g->at[to] + (size_t)y * g->width[to];
        const uint32_t whole = width % 2 == 0 ? g->width[to] : g->width[to] - 1;
        for (uint32_t x = 0; x < whole; x++) {
            const float *p = padded + 2 * (size_t)x;
            out[x] = 0.125f * (p[-1] + p[2]) + 0.375f * (p[0] + p[1]);
        }
        if (whole < g->width[to]) { // the last pixel counts for those that are not there
            const float *p = padded + width - 1;
            out[whole] = 0.125f * (p[-1] + p[0]) + 0.375f * (p[0] + p[0]);
        }
    }
}

// Level to becomes itself * keep + the level above it, twice as large and interpolated, * add.
static void widen(struct glare *g, unsigned to, float keep, float add)
{
    assert(to >= g->first && to + 1 < g->count);
    assert(keep >= 0.0f && add > 0.0f);
    const uint32_t width = g->width[to + 1];
    float *padded = g->row; // one more at either side
    float *row = padded + 1;
    for (uint32_t y = 0; y < g->height[to]; y++) {
        const float *near = g->at[to + 1] + (size_t)(y / 2) * width;
        const int64_t next = (int64_t)(y / 2) + (y % 2 ? 1 : -1);
        const float *far = g->at[to + 1] + (size_t)clamped(next, g->height[to + 1]) * width;
        for (uint32_t x = 0; x < width; x++)
            row[x] = add * (0.75f * near[x] + 0.25f * far[x]);
        padded[0] = row[0];
        row[width] = row[width - 1];
        float *out = g->at[to] + (size_t)y * g->width[to];
        for (size_t x = 0; x < g->width[to] / 2; x++) {
            const float middle = 0.75f * row[x];
            out[2 * x] = keep * out[2 * x] + (middle + 0.25f * padded[x]);
            out[2 * x + 1] = keep * out[2 * x + 1] + (middle + 0.25f * row[x + 1]);
        }
        if (g->width[to] % 2 == 1) {
            const size_t x = width - 1;
            out[2 * x] = keep * out[2 * x] + (0.75f * row[x] + 0.25f * padded[x]);
        }
    }
}

void glare_spread(struct glare *g, float *plane)
{
    assert(g->count > 0 && plane != NULL);
    g->at[g->first] = plane;
    for (unsigned i = g->first + 1; i < g->count; i++)
        shrink(g, i);
    const unsigned shown = g->count - 1 < GLARE_SHOWN ? g->count - 1 : GLARE_SHOWN;
    for (unsigned i = g->count - 1; i > g->first; i--) {
        // What comes from above is the mean of `above` levels; this one adds itself, if shown.
        const unsigned above = g->count - i;
        const bool is_shown = above < shown && i > 1;
        const float mean = (float)above / (float)(above + 1);
        // cppcheck-suppress knownConditionTrueFalse ; it takes the counts for what they start as
        widen(g, i - 1, is_shown ? 1.0f - mean : 0.0f, is_shown ? mean : 1.0f);
    }
}
