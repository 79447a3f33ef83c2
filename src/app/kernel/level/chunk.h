// SPDX-License-Identifier: MIT
// One chunk of a level: where it lies, its cells and places, its dice, and the brushes that its
// makers paint with. Who makes chunks of a kind knows no other chunk: what two neighbours must
// agree on, both take from the number of their border.
#ifndef KERNEL_LEVEL_CHUNK_H
#define KERNEL_LEVEL_CHUNK_H

#include "kernel/level/view.h"

struct level_rect {
    uint32_t x, y, w, h;
};

// Cells of one chunk at most: a border moves by a quarter of a side either way.
#define LEVEL_CHUNK_SIDE_MAX  (LEVEL_SIDE_MAX + LEVEL_SIDE_MAX / 2)
#define LEVEL_CHUNK_CELLS_MAX ((size_t)LEVEL_CHUNK_SIDE_MAX * LEVEL_CHUNK_SIDE_MAX)
#define LEVEL_PLACES_MAX      2560u // of a chunk

struct level_chunk {
    const struct level_params *p;
    uint32_t cx, cy;
    struct level_rect at; // on the map
    uint64_t key;         // of its own dice
    uint64_t dice;        // how many were thrown
    uint32_t place_count;
    struct level_place place[LEVEL_PLACES_MAX];
    uint8_t cell[LEVEL_CHUNK_CELLS_MAX]; // rows of at.w
};

// All walls, at its place, whatever *c held; index < chunks_x * chunks_y. p is borrowed.
void level_chunk_begin(struct level_chunk *c, const struct level_params *p, uint32_t index);
struct level_rect level_chunk_rect(const struct level_params *p, uint32_t index);
// At most so many places are in chunks of so many cells: a room's leaf has 64 cells at least; a
// lot 30, a block 36, and lanes are fewer than blocks.
static inline size_t level_places_most(size_t cells, size_t chunks)
{
    return cells / 16 + 8 * chunks;
}

// For makers. Coordinates of cells are the chunk's own.
uint32_t level_below(struct level_chunk *c, uint32_t bound); // the next dice: 0 .. bound - 1
void level_fill(struct level_chunk *c, struct level_rect r, uint8_t with);
void level_note(struct level_chunk *c, enum level_what what, struct level_rect r);
// A number for the border west (or north) of chunk (cx, cy), the same from both its sides.
uint64_t level_border(const struct level_params *p, bool is_west, uint32_t cx, uint32_t cy);

#endif
