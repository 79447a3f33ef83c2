// SPDX-License-Identifier: MIT
// The pixels of a frame that a task is about: a tile of it, or single pixels of a tile.
//
// What params of kernels that make pictures have in common, as a view of them. A result has the
// pixels of a tile in rows from the top left, single ones in the order of their list; an index is
// a place in that order.
#ifndef KERNEL_PIXELS_H
#define KERNEL_PIXELS_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/parts.h"

#define PIXELS_SIDE_MAX 16384u     // of a frame: a pixel's place has 16 bits
#define PIXELS_TILE_MAX (1u << 22) // in one tile

struct pixels {             // borrows the list
    uint32_t width, height; // of the whole frame, 1..PIXELS_SIDE_MAX
    uint32_t x, y, w, h;    // the tile, inside the frame, at most PIXELS_TILE_MAX pixels
    uint32_t count;         // 0: the whole tile; else only these, each inside the tile
    const struct pixel *list;
};

// All of the above, and that there are at most PARTS_MAX single ones.
bool pixels_are_good(const struct pixels *p);

// All that follows is for good ones.

uint32_t pixels_count(const struct pixels *p); // 1..PIXELS_TILE_MAX
struct pixel pixels_at(const struct pixels *p, uint32_t index);
// False: it is not asked for. Of a pixel twice in a list, the first place.
bool pixels_find(const struct pixels *p, struct pixel at, uint32_t *index);
// Draws `most` different places (all of them, if there are fewer), and returns how many.
uint32_t pixels_choose(const struct pixels *p, uint32_t most, uint64_t nonce,
                       struct pixel out[static PARTS_MAX]);

#endif
