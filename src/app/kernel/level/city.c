// SPDX-License-Identifier: MIT
// A chunk of a city: streets around it, lanes through it, blocks between them, lots in blocks.
//
// Every lane runs from one street or lane to the next, and the streets around chunks touch, so
// there is a way from everywhere to everywhere. Every lot has a side along a street.
#include "kernel/level/city.h"

#include <assert.h>

#define BLOCK_MIN  6u  // cells along a side
#define BLOCK_GOOD 12u // the least length that a lane may be spared at, where density is highest
#define BLOCK_MORE 20u // and so much more where it is lowest
#define AVENUE     48u // what is longer is split by a street two cells wide
#define LOT_MIN    5u
#define LOT_MAX    9u
#define DEEP       12u // a block deeper than this has two rows of lots, back to back
#define BLOCKS_MAX ((uint32_t)LEVEL_CHUNK_CELLS_MAX / (BLOCK_MIN * BLOCK_MIN))

static void street(struct level_chunk *c, struct level_rect r)
{
    level_fill(c, r, LEVEL_FLOOR);
    level_note(c, LEVEL_STREET, r);
}

static void lot(struct level_chunk *c, struct level_rect r)
{
    assert(r.w >= LOT_MIN && r.h >= LOT_MIN);
    level_note(c, LEVEL_LOT, r);
    level_fill(c, r, LEVEL_YARD);
    const uint32_t left = level_below(c, 2);
    const uint32_t top = level_below(c, 2);
    level_fill(c,
               (struct level_rect){r.x + left, r.y + top, r.w - left - level_below(c, 2),
                                   r.h - top - level_below(c, 2)},
               LEVEL_WALL);
}

// A row of lots along the longer side.
static void row_of_lots(struct level_chunk *c, struct level_rect r, bool is_wide)
{
    const uint32_t len = is_wide ? r.w : r.h;
    uint32_t at = 0;
    while (at < len) {
        uint32_t step = LOT_MIN + level_below(c, LOT_MAX - LOT_MIN + 1);
        if (len - at < step + LOT_MIN)
            step = len - at; // what is left would be too narrow
        lot(c, is_wide ? (struct level_rect){r.x + at, r.y, step, r.h}
                       : (struct level_rect){r.x, r.y + at, r.w, step});
        at += step;
    }
}

static void block(struct level_chunk *c, struct level_rect r)
{
    const bool is_wide = r.w >= r.h;
    const uint32_t depth = is_wide ? r.h : r.w;
    if (depth <= DEEP) {
        row_of_lots(c, r, is_wide);
        return;
    }
    const uint32_t half = depth / 2;
    row_of_lots(c,
                is_wide ? (struct level_rect){r.x, r.y, r.w, half}
                        : (struct level_rect){r.x, r.y, half, r.h},
                is_wide);
    row_of_lots(c,
                is_wide ? (struct level_rect){r.x, r.y + half, r.w, depth - half}
                        : (struct level_rect){r.x + half, r.y, depth - half, r.h},
                is_wide);
}

// A lane across r, and what is left on either side of it; false: r is small enough for a block.
static bool lane(struct level_chunk *c, struct level_rect r, struct level_rect half[2])
{
    const bool is_wide = r.w >= r.h;
    const uint32_t len = is_wide ? r.w : r.h;
    const uint32_t width = len > AVENUE ? 2 : 1;
    const uint32_t good = BLOCK_GOOD + BLOCK_MORE * (1000 - c->p->density) / 1000;
    if (len <= good || len < 2 * BLOCK_MIN + width)
        return false;
    const uint32_t cut = BLOCK_MIN + level_below(c, len - 2 * BLOCK_MIN - width + 1);
    assert(cut + width + BLOCK_MIN <= len);
    half[0] = half[1] = r;
    if (is_wide) {
        half[0].w = cut;
        half[1].x += cut + width;
        half[1].w -= cut + width;
        street(c, (struct level_rect){r.x + cut, r.y, width, r.h});
    } else {
        half[0].h = cut;
        half[1].y += cut + width;
        half[1].h -= cut + width;
        street(c, (struct level_rect){r.x, r.y + cut, r.w, width});
    }
    return true;
}

void level_city(struct level_chunk *c)
{
    struct level_rect uncut[BLOCKS_MAX]; // each block is entered once, so it is never fuller
    uint32_t count = 1;
    const uint32_t w = c->at.w;
    const uint32_t h = c->at.h;
    street(c, (struct level_rect){0, 0, w, 1});
    street(c, (struct level_rect){0, h - 1, w, 1});
    street(c, (struct level_rect){0, 1, 1, h - 2});
    street(c, (struct level_rect){w - 1, 1, 1, h - 2});
    uncut[0] = (struct level_rect){1, 1, w - 2, h - 2};
    while (count > 0) {
        struct level_rect half[2];
        const struct level_rect r = uncut[--count];
        if (!lane(c, r, half)) {
            block(c, r);
            continue;
        }
        assert(count + 2 <= BLOCKS_MAX);
        uncut[count++] = half[1];
        uncut[count++] = half[0];
    }
}
