// SPDX-License-Identifier: MIT
// What kernel `level` is asked: which map, out of which seed.
#ifndef KERNEL_LEVEL_PARAMS_H
#define KERNEL_LEVEL_PARAMS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"

#define LEVEL_SIDE_MIN  24u // of a chunk, in cells, on average
#define LEVEL_SIDE_MAX  128u
#define LEVEL_CELLS_MAX (1u << 22) // of a map
#define LEVEL_MAP_MAX   4096u      // a map's width and height
#define LEVEL_PARTS_MAX 128u

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

// Checks every field's range on both ways. A CBOR array (doc/kernels/level.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
MUST_USE enum rc level_params_encode(const struct level_params *p, struct buffer *out);
MUST_USE enum rc level_params_decode(struct level_params *out, struct bytes in);

#endif
