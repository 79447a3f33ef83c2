// SPDX-License-Identifier: MIT
// Moving pictures uncoded, as YUV4MPEG2 (`.y4m`), which every encoder and player reads.
//
// 4:2:0, 8 bits, BT.709, limited range (codec/planes.h). A file is a head, then frames.
#ifndef IMAGE_Y4M_H
#define IMAGE_Y4M_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"

#define Y4M_HEAD_BYTES_MAX 96u

// Sides are even, 2..PLANES_SIDE_MAX; fps > 0. RC_REFUSED: they are not; RC_FULL: no room.
MUST_USE enum rc y4m_head(uint32_t width, uint32_t height, uint32_t fps, struct buffer *out);
size_t y4m_frame_bytes(uint32_t width, uint32_t height);
// rgb: rows from the top left, three bytes a pixel. RC_REFUSED, RC_FULL.
MUST_USE enum rc y4m_frame(const uint8_t *rgb, uint32_t width, uint32_t height, struct buffer *out);

#endif
