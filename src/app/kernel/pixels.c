// SPDX-License-Identifier: MIT
// The pixels of a frame that a task is about.
#include "kernel/pixels.h"

#include <assert.h>

#include "base/num.h"

static_assert(PIXELS_SIDE_MAX - 1 <= UINT16_MAX, "a pixel's place has 16 bits");

static bool is_in_tile(const struct pixels *p, struct pixel at)
{
    return at.x >= p->x && at.x - p->x < p->w && at.y >= p->y && at.y - p->y < p->h;
}

bool pixels_are_good(const struct pixels *p)
{
    if (p->width < 1 || p->width > PIXELS_SIDE_MAX || p->height < 1 || p->height > PIXELS_SIDE_MAX)
        return false;
    if (p->x >= p->width || p->y >= p->height)
        return false;
    if (p->w < 1 || p->w > p->width - p->x || p->h < 1 || p->h > p->height - p->y)
        return false;
    if ((uint64_t)p->w * p->h > PIXELS_TILE_MAX || p->count > PARTS_MAX)
        return false;
    for (uint32_t i = 0; i < p->count; i++) {
        if (!is_in_tile(p, p->list[i]))
            return false;
    }
    return true;
}

uint32_t pixels_count(const struct pixels *p)
{
    return p->count > 0 ? p->count : p->w * p->h;
}

struct pixel pixels_at(const struct pixels *p, uint32_t index)
{
    assert(index < pixels_count(p));
    if (p->count > 0)
        return p->list[index];
    return (struct pixel){.x = (uint16_t)(p->x + index % p->w),
                          .y = (uint16_t)(p->y + index / p->w)};
}

bool pixels_find(const struct pixels *p, struct pixel at, uint32_t *index)
{
    if (!is_in_tile(p, at))
        return false;
    if (p->count == 0) {
        *index = (at.y - p->y) * p->w + (at.x - p->x);
        return true;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->list[i].x == at.x && p->list[i].y == at.y) {
            *index = i;
            return true;
        }
    }
    return false;
}

uint32_t pixels_choose(const struct pixels *p, uint32_t most, uint64_t nonce,
                       struct pixel out[static PARTS_MAX])
{
    assert(most <= PARTS_MAX);
    const uint32_t count = (uint32_t)num_min(most, pixels_count(p));
    uint32_t index[PARTS_MAX];
    struct pixel chosen[PARTS_MAX]; // out may be the list itself
    struct rng r = rng_seeded(nonce);
    parts_choose(&r, pixels_count(p), index, count);
    for (uint32_t i = 0; i < count; i++)
        chosen[i] = pixels_at(p, index[i]);
    for (uint32_t i = 0; i < count; i++)
        out[i] = chosen[i];
    return count;
}
