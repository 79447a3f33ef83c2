// SPDX-License-Identifier: MIT
// One linear light layer as a portable float map: little-endian, rows from the bottom.
//
// Format: P. Debevec's PFM, "PF\nWIDTH HEIGHT\n-1.0\n" and 32-bit floats.
#ifndef IMAGE_PFM_H
#define IMAGE_PFM_H

#include <stddef.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "image/tone.h"

#define PFM_HEADER_BYTES_MAX 32u

// Upper bound of what pfm_encode writes.
size_t pfm_bytes_max(const struct image_sums *image);
// layer: 0 .. TRACE_LAYERS - 1, as mean radiance. RC_FULL: out has no room.
MUST_USE enum rc pfm_encode(const struct image_sums *image, unsigned layer, struct buffer *out);

#endif
