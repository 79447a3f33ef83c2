// SPDX-License-Identifier: MIT
// The map that kernel `level` makes, looked at where it lies.
#ifndef KERNEL_LEVEL_VIEW_H
#define KERNEL_LEVEL_VIEW_H

#include "kernel/level/params.h"

#define LEVEL_FLOOR '.'
#define LEVEL_WALL  '@'
#define LEVEL_YARD  'T' // of a city's lot, around its house

enum level_what { LEVEL_ROOM = 0, LEVEL_STREET = 1, LEVEL_LOT = 2 };

struct level_place { // a rectangle of cells
    uint16_t what, x, y, w, h;
};

#define LEVEL_PLACE_BYTES 10u

// The head of the map's text; returns its bytes.
#define LEVEL_HEAD_BYTES_MAX 64u
size_t level_head(const struct level_params *p, char out[static LEVEL_HEAD_BYTES_MAX]);

struct level { // a view of a result
    uint32_t width, height;
    struct bytes rows;   // each width cells and '\n'
    struct bytes ends;   // u32le a chunk: how many places it and those before it have
    struct bytes places; // LEVEL_PLACE_BYTES each; both empty if places were not asked for
};

// A result of these params, from a stranger: its rows hold cells only, its places lie on the map.
// RC_MALFORMED.
MUST_USE enum rc level_open(struct level *out, const struct level_params *p, struct bytes in);
uint8_t level_cell(const struct level *l, uint32_t x, uint32_t y);
size_t level_place_count(const struct level *l);
struct level_place level_place(const struct level *l, size_t index);
// Is there a way from every open cell to every other, by steps along rows and columns? False too
// if none is open. For who plays on the map: it takes longer than to make one, so a hub does not.
// RC_NOMEM.
MUST_USE enum rc level_is_connected(const struct level *l, bool *out);

#endif
