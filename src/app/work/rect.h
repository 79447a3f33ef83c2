// SPDX-License-Identifier: MIT
// A rectangle of pixels: x grows to the right, y downward; empty if w or h is 0.
#ifndef WORK_RECT_H
#define WORK_RECT_H

#include <stdbool.h>
#include <stdint.h>

struct rect {
    uint32_t x, y, w, h;
};

static inline uint64_t rect_area(struct rect r)
{
    return (uint64_t)r.w * r.h;
}

// Not empty, and inside a frame of width by height; no sum wraps.
static inline bool rect_fits(struct rect r, uint32_t width, uint32_t height)
{
    return r.w > 0 && r.h > 0 && r.x < width && r.y < height && r.w <= width - r.x &&
           r.h <= height - r.y;
}

// The two share a pixel.
static inline bool rect_meets(struct rect a, struct rect b)
{
    return a.x < (uint64_t)b.x + b.w && b.x < (uint64_t)a.x + a.w && a.y < (uint64_t)b.y + b.h &&
           b.y < (uint64_t)a.y + a.h && rect_area(a) > 0 && rect_area(b) > 0;
}

static inline bool rect_equal(struct rect a, struct rect b)
{
    return a.x == b.x && a.y == b.y && a.w == b.w && a.h == b.h;
}

#endif
