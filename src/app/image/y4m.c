// SPDX-License-Identifier: MIT
// Moving pictures uncoded, as YUV4MPEG2.
#include "image/y4m.h"

#include <assert.h>
#include <stdio.h>

#include "codec/planes.h"

#define FRAME "FRAME\n"

static bool size_is_good(uint32_t width, uint32_t height)
{
    return width >= 2 && width <= PLANES_SIDE_MAX && width % 2 == 0 && height >= 2 &&
           height <= PLANES_SIDE_MAX && height % 2 == 0;
}

enum rc y4m_head(uint32_t width, uint32_t height, uint32_t fps, struct buffer *out)
{
    if (!size_is_good(width, height) || fps == 0)
        return RC_REFUSED;
    char text[Y4M_HEAD_BYTES_MAX];
    const int len = snprintf(text, sizeof text,
                             "YUV4MPEG2 W%u H%u F%u:1 Ip A1:1 C420jpeg XCOLORRANGE=LIMITED\n",
                             (unsigned)width, (unsigned)height, (unsigned)fps);
    assert(len > 0 && (size_t)len < sizeof text); // the sides have five digits, fps ten
    buffer_put(out, bytes_of(text, (size_t)len));
    return out->is_full ? RC_FULL : RC_OK;
}

size_t y4m_frame_bytes(uint32_t width, uint32_t height)
{
    return sizeof FRAME - 1 + planes_bytes(PICTURE_RGB8, CHROMA_HALF, width, height);
}

enum rc y4m_frame(const uint8_t *rgb, uint32_t width, uint32_t height, struct buffer *out)
{
    if (!size_is_good(width, height))
        return RC_REFUSED;
    buffer_put(out, bytes_text(FRAME));
    uint8_t *at = buffer_room(out, planes_bytes(PICTURE_RGB8, CHROMA_HALF, width, height));
    if (at == NULL)
        return RC_FULL;
    const struct planes planes = planes_in(at, PICTURE_RGB8, CHROMA_HALF, width, height);
    planes_from_picture(&planes, rgb);
    return RC_OK;
}
