// SPDX-License-Identifier: MIT
// 8-bit RGB images as PNG files in memory, over libspng.
#ifndef IMAGE_PNG_H
#define IMAGE_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

#define PNG_SIDE_MAX 16384u

// rgb: width * height * 3 bytes, rows from the top left. *out: a block taken from budget, which
// the caller gives back. RC_NOMEM, RC_REFUSED (a side is 0 or above PNG_SIDE_MAX).
MUST_USE enum rc png_encode(const uint8_t *rgb, uint32_t width, uint32_t height,
                            struct budget *budget, struct buffer *out);
// Any PNG as 8-bit RGB in a block taken from budget. RC_MALFORMED, RC_NOMEM.
MUST_USE enum rc png_decode(struct bytes png, struct budget *budget, struct buffer *rgb,
                            uint32_t *width, uint32_t *height);

#endif
