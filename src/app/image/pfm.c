// SPDX-License-Identifier: MIT
// One linear light layer as a portable float map.
#include "image/pfm.h"

#include <assert.h>

#include "base/text.h"
#include "kernel/trace/trace.h"

size_t pfm_bytes_max(const struct image_sums *image)
{
    return PFM_HEADER_BYTES_MAX + (size_t)image->width * image->height * 3 * sizeof(float);
}

enum rc pfm_encode(const struct image_sums *image, unsigned layer, struct buffer *out)
{
    assert(layer < TRACE_LAYERS);
    assert(image->samples > 0);
    assert(image->width > 0 && image->width <= PIXELS_SIDE_MAX);
    assert(image->height > 0 && image->height <= PIXELS_SIDE_MAX);
    char head[PFM_HEADER_BYTES_MAX];
    struct text t = text_of(head, sizeof head);
    text_addf(&t, "PF\n%u %u\n-1.0\n", image->width, image->height);
    assert(!t.is_cut);
    buffer_put(out, bytes_text(head));
    const double scale = 1.0 / ((double)image->samples * TRACE_UNIT);
    for (uint32_t y = image->height; y-- > 0;)
        for (uint32_t x = 0; x < image->width; x++) {
            size_t pixel = (size_t)y * image->width + x;
            const uint64_t *sum = image->sum + (pixel * TRACE_LAYERS + layer) * 3;
            for (unsigned c = 0; c < 3; c++)
                buffer_f32le(out, (float)((double)sum[c] * scale));
        }
    return out->is_full ? RC_FULL : RC_OK;
}
