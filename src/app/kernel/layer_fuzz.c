// SPDX-License-Identifier: MIT
// Fuzz: layers from strangers; what opens can be read and writes back the same.
#include <assert.h>
#include <string.h>

#include "kernel/layer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct layer l;
    struct layer first;
    struct bytes rest;
    const struct bytes in = bytes_of(data, size);
    const enum rc rc = layer_open_first(&first, in, &rest);
    assert(layer_open(&l, in) == (rc == RC_OK && rest.len == 0 ? RC_OK : RC_MALFORMED));
    if (rc != RC_OK)
        return 0;
    assert(layer_bytes(first.width, first.height) + rest.len == size);
    for (size_t i = 0; i < (size_t)first.width * first.height; i++) {
        uint8_t back[LAYER_PIXEL_BYTES];
        const struct layer_pixel p = layer_pixel_at(&first, i);
        assert(p.history <= LAYER_HISTORY_MAX && p.variance >= 0.0f);
        layer_pixel_put(back, &p);
        assert(memcmp(back, first.pixels.at + i * LAYER_PIXEL_BYTES, sizeof back) == 0);
    }
    return 0;
}
