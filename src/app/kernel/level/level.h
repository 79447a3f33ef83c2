// SPDX-License-Identifier: MIT
// Kernel `level`: maps out of a seed: dungeons of rooms and corridors, cities of streets and lots.
//
// A map is made of chunks, each out of the seed and its place alone, so that any of them is redone
// without the others. What neighbours must agree on (where the border runs, where a gate is, what
// is open) both take from a hash of that border. Integers only; the same map everywhere.
//
// The result is the map as text as path finders' benchmarks have it ("type octile", height, width,
// "map", rows: `.` is walked on, `@` and `T` are not); and after it, if asked for, the places:
// rooms or streets and lots. Forms: doc/kernels/level.md.
#ifndef KERNEL_LEVEL_LEVEL_H
#define KERNEL_LEVEL_LEVEL_H

#include "base/attr.h"
#include "kernel/kernel.h"

#define LEVEL_SIDE_MIN   24u // of a chunk, in cells, on average
#define LEVEL_SIDE_MAX   128u
#define LEVEL_CELLS_MAX  (1u << 22) // of a map
#define LEVEL_MAP_MAX    4096u      // a map's width and height
#define LEVEL_PARTS_MAX  128u
#define LEVEL_PLACES_MAX 2560u // of a chunk

#define LEVEL_FLOOR '.'
#define LEVEL_WALL  '@'
#define LEVEL_YARD  'T' // of a city's lot, around its house

enum level_kind { LEVEL_DUNGEON = 0, LEVEL_CITY = 1 };
#define LEVEL_KINDS 2u

struct level_params {
    uint32_t kind;
    uint64_t seed;
    uint32_t chunks_x, chunks_y; // the map is side times as many cells wide and high
    uint32_t side;
    // 0..1000. Dungeon: share of the gates that no path needs and are open all the same. City: how
    // small its blocks are.
    uint32_t density;
    bool has_places;     // after the map
    uint32_t part_count; // 0: the task itself
    uint32_t part[LEVEL_PARTS_MAX];
};

// RC_MALFORMED: out of range; RC_FULL.
MUST_USE enum rc level_params_encode(const struct level_params *p, struct buffer *out);
MUST_USE enum rc level_params_decode(struct level_params *out, struct bytes in);

enum level_what { LEVEL_ROOM = 0, LEVEL_STREET = 1, LEVEL_LOT = 2 };

struct level_place { // a rectangle of cells
    uint16_t what, x, y, w, h;
};

#define LEVEL_PLACE_BYTES 10u

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

extern const struct kernel level_kernel;

#endif
