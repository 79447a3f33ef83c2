// SPDX-License-Identifier: MIT
// How near a picture comes to another: PSNR, and SSIM (Wang et al. 2004).
//
// Both of 8-bit RGB pictures of one size, rows from the top left.
#ifndef IMAGE_QUALITY_H
#define IMAGE_QUALITY_H

#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

#define QUALITY_SSIM_SIDE_MIN 11u // pixels

// Peak signal to noise over all channels, dB; INFINITY: they are equal.
double quality_psnr(const uint8_t *a, const uint8_t *b, uint32_t width, uint32_t height);
// Mean structural similarity of luma (Rec. 601, unrounded): Gaussian window of 11 by 11, sigma
// 1.5, K1 = .01, K2 = .03, L = 255, over windows that are wholly inside. RC_REFUSED: a side is
// below QUALITY_SSIM_SIDE_MIN; RC_NOMEM.
MUST_USE enum rc quality_ssim(const uint8_t *a, const uint8_t *b, uint32_t width, uint32_t height,
                              struct budget *budget, double *out);

#endif
