// SPDX-License-Identifier: MIT
// Where a chunk lies, its dice, and the brushes that its makers paint with.
#include "kernel/level/chunk.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"

// What a hash is for, so that no two uses share their numbers.
enum { FOR_CHUNK = 1, FOR_COLUMN, FOR_ROW, FOR_WEST, FOR_NORTH };

static uint64_t hash(const struct level_params *p, uint32_t what, uint32_t x, uint32_t y)
{
    const uint64_t key = rng_mix(p->seed ^ (uint64_t)what << 56);
    return rng_mix(key ^ rng_mix((uint64_t)y << 32 | x));
}

uint64_t level_border(const struct level_params *p, bool is_west, uint32_t cx, uint32_t cy)
{
    return hash(p, is_west ? FOR_WEST : FOR_NORTH, cx, cy);
}

// Where column (or row) i of chunks begins. The map's own ends stay; others move by a quarter of a
// side at most.
static uint32_t line_at(const struct level_params *p, uint32_t what, uint32_t i, uint32_t count)
{
    const uint32_t range = p->side / 4;
    if (i == 0 || i == count)
        return i * p->side;
    const uint32_t moved = (uint32_t)(hash(p, what, i, 0) % (2 * range + 1));
    return i * p->side + moved - range;
}

struct level_rect level_chunk_rect(const struct level_params *p, uint32_t index)
{
    const uint32_t cx = index % p->chunks_x;
    const uint32_t cy = index / p->chunks_x;
    const uint32_t x = line_at(p, FOR_COLUMN, cx, p->chunks_x);
    const uint32_t y = line_at(p, FOR_ROW, cy, p->chunks_y);
    return (struct level_rect){x, y, line_at(p, FOR_COLUMN, cx + 1, p->chunks_x) - x,
                               line_at(p, FOR_ROW, cy + 1, p->chunks_y) - y};
}

void level_chunk_begin(struct level_chunk *c, const struct level_params *p, uint32_t index)
{
    c->p = p;
    c->cx = index % p->chunks_x;
    c->cy = index / p->chunks_x;
    assert(c->cy < p->chunks_y);
    c->at = level_chunk_rect(p, index);
    assert((size_t)c->at.w * c->at.h <= LEVEL_CHUNK_CELLS_MAX);
    c->key = hash(p, FOR_CHUNK, c->cx, c->cy);
    c->dice = 0;
    c->place_count = 0;
    memset(c->cell, LEVEL_WALL, (size_t)c->at.w * c->at.h);
}

uint32_t level_below(struct level_chunk *c, uint32_t bound)
{
    assert(bound > 0);
    const uint64_t bits = rng_mix(c->key ^ ++c->dice);
    return (uint32_t)((bits >> 32) * bound >> 32);
}

void level_fill(struct level_chunk *c, struct level_rect r, uint8_t with)
{
    assert(r.x + r.w <= c->at.w && r.y + r.h <= c->at.h);
    for (uint32_t y = r.y; y < r.y + r.h; y++)
        memset(c->cell + (size_t)y * c->at.w + r.x, with, r.w);
}

void level_note(struct level_chunk *c, enum level_what what, struct level_rect r)
{
    assert(r.w >= 1 && r.h >= 1);
    assert(r.x + r.w <= c->at.w && r.y + r.h <= c->at.h);
    assert(c->place_count < LEVEL_PLACES_MAX);
    c->place[c->place_count++] =
        (struct level_place){(uint16_t)what, (uint16_t)(c->at.x + r.x), (uint16_t)(c->at.y + r.y),
                             (uint16_t)r.w, (uint16_t)r.h};
}
