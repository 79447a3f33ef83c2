// SPDX-License-Identifier: MIT
// A path as bytes: a run of steps a byte.
//
//     direction << 5 | steps      1..31 steps; directions as in grid_map.h. Longer runs take more
//                                 than one byte, all but the last with 31 steps
//     0x00                        the end: the goal is reached
//     0x20                        alone: there is no way
//
// Its length is the sum of its steps.
#ifndef KERNEL_ROUTE_PATH_H
#define KERNEL_ROUTE_PATH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "map/grid_map.h"

#define ROUTE_PATH_BYTES_MAX 32768u // of one path

struct route_steps { // a run of them
    uint32_t dir, steps;
};

struct route_writer { // a value type; runs in the same direction become one
    struct buffer *out;
    struct route_steps run;
    size_t most; // out->len may become
};

struct route_writer route_writer_of(struct buffer *out);
void route_write(struct route_writer *w, uint32_t dir, uint32_t steps);
// RC_FULL: the buffer, or the path's bound.
MUST_USE enum rc route_write_end(struct route_writer *w);
MUST_USE enum rc route_write_no_way(struct buffer *out);

enum route_step { ROUTE_RUN, ROUTE_END, ROUTE_NO_WAY, ROUTE_BAD };
// The next run of a path.
enum route_step route_read(struct cursor *c, struct route_steps *out);

struct route_length {
    uint32_t straight, diagonal; // steps
    bool is_no_way;
};

static inline uint64_t route_length_units(const struct route_length *l)
{
    return (uint64_t)l->straight * GRID_STRAIGHT + (uint64_t)l->diagonal * GRID_DIAGONAL;
}

double route_length_cells(const struct route_length *l); // straight + diagonal * sqrt 2

// Takes one path off the cursor's front. RC_MALFORMED: it is none.
MUST_USE enum rc route_path_parse(struct route_length *out, struct cursor *c);
// The same, walked: RC_REFUSED: it leads through a wall, or not from start to goal. "No way" is
// not judged here.
MUST_USE enum rc route_path_walk(struct route_length *out, struct cursor *c,
                                 const struct grid_map *m, struct grid_cell start,
                                 struct grid_cell goal);

#endif
