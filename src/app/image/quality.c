// SPDX-License-Identifier: MIT
// PSNR and SSIM, by their definitions.
#include "image/quality.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>

#define WINDOW QUALITY_SSIM_SIDE_MIN
#define SIGMA  1.5
#define C1     (0.01 * 255.0 * 0.01 * 255.0)
#define C2     (0.03 * 255.0 * 0.03 * 255.0)

double quality_psnr(const uint8_t *a, const uint8_t *b, uint32_t width, uint32_t height)
{
    const size_t n = (size_t)width * height * 3;
    assert(n > 0);
    uint64_t squares = 0;
    for (size_t i = 0; i < n; i++) {
        const int64_t apart = (int64_t)a[i] - b[i];
        squares += (uint64_t)(apart * apart);
    }
    return 10.0 * log10(255.0 * 255.0 * (double)n / (double)squares);
}

static double luma(const uint8_t *rgb)
{
    return 0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2];
}

enum { SUM_A, SUM_B, SUM_AA, SUM_BB, SUM_AB, SUMS };

static void window_fill(double window[static WINDOW])
{
    double sum = 0.0;
    for (unsigned i = 0; i < WINDOW; i++) {
        const double off = i - (WINDOW - 1) * 0.5;
        window[i] = exp(-off * off / (2.0 * SIGMA * SIGMA));
        sum += window[i];
    }
    for (unsigned i = 0; i < WINDOW; i++)
        window[i] /= sum;
    assert(window[0] < window[WINDOW / 2]);
}

// Sums down the window's columns, for every x of the rows from y on.
static void sum_down(const uint8_t *a, const uint8_t *b, uint32_t width, const double *window,
                     double *down)
{
    for (uint32_t x = 0; x < width; x++) {
        double sum[SUMS] = {0};
        for (unsigned k = 0; k < WINDOW; k++) {
            const size_t at = ((size_t)k * width + x) * 3;
            const double p = luma(a + at);
            const double q = luma(b + at);
            const double each[SUMS] = {p, q, p * p, q * q, p * q};
            for (unsigned s = 0; s < SUMS; s++)
                sum[s] += window[k] * each[s];
        }
        for (unsigned s = 0; s < SUMS; s++)
            down[(size_t)x * SUMS + s] = sum[s];
    }
}

static double similarity(const double *down, const double *window)
{
    double sum[SUMS] = {0};
    for (unsigned i = 0; i < WINDOW; i++) {
        for (unsigned s = 0; s < SUMS; s++)
            sum[s] += window[i] * down[(size_t)i * SUMS + s];
    }
    const double ab = sum[SUM_A] * sum[SUM_B];
    const double squares = sum[SUM_A] * sum[SUM_A] + sum[SUM_B] * sum[SUM_B];
    const double variances = sum[SUM_AA] + sum[SUM_BB] - squares;
    return (2.0 * ab + C1) * (2.0 * (sum[SUM_AB] - ab) + C2) / ((squares + C1) * (variances + C2));
}

enum rc quality_ssim(const uint8_t *a, const uint8_t *b, uint32_t width, uint32_t height,
                     struct budget *budget, double *out)
{
    if (width < WINDOW || height < WINDOW)
        return RC_REFUSED;
    double *down = budget_take(budget, (size_t)width * SUMS * sizeof *down);
    if (down == NULL)
        return RC_NOMEM;
    double window[WINDOW];
    window_fill(window);
    double sum = 0.0;
    for (uint32_t y = 0; y + WINDOW <= height; y++) {
        const size_t row = (size_t)y * width * 3;
        sum_down(a + row, b + row, width, window, down);
        for (uint32_t x = 0; x + WINDOW <= width; x++)
            sum += similarity(down + (size_t)x * SUMS, window);
    }
    budget_give(budget, down);
    *out = sum / ((double)(width - WINDOW + 1) * (height - WINDOW + 1));
    return RC_OK;
}
