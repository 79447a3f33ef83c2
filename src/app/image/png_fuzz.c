// SPDX-License-Identifier: MIT
// Fuzz: PNG files in, and what was read written and read again.
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "image/png.h"

#define BUDGET_BYTES ((size_t)4 << 20) // bounds the picture's size, and so the time

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget = {.limit_bytes = BUDGET_BYTES};
    struct buffer rgb = {0};
    struct buffer png = {0};
    struct buffer again = {0};
    uint32_t width = 0;
    uint32_t height = 0;
    if (png_decode(bytes_of(data, size), &budget, &rgb, &width, &height) == RC_OK) {
        assert(rgb.len == (size_t)width * height * 3);
        uint32_t w = 0;
        uint32_t h = 0;
        if (png_encode(rgb.at, width, height, &budget, &png) == RC_OK &&
            png_decode(buffer_bytes(&png), &budget, &again, &w, &h) == RC_OK)
            assert(w == width && h == height && memcmp(again.at, rgb.at, rgb.len) == 0);
    }
    budget_give(&budget, again.at);
    budget_give(&budget, png.at);
    budget_give(&budget, rgb.at);
    assert(budget.used_bytes == 0);
    return 0;
}
