// SPDX-License-Identifier: MIT
// A grid map in memory: which cells are walls; steps, runs and legs on it; and reading one from
// a text.
//
// An agent steps to one of eight neighbours, straight or diagonally; a diagonal step needs both
// cells beside it to be free, too. Walls are bits, in rows and once more in columns, with a border
// of walls all around, so that a run of free cells is found a machine word at a time and nothing
// has to ask where the map ends. Origin is the top left, y grows downwards.
//
// The text is that of the Moving AI benchmarks (Sturtevant 2012), lines ending in \n or \r\n:
//
//     type octile
//     height 3
//     width 5
//     map
//     @@@@@       one character a cell: `.`, `G` and `S` can be walked on, all else is wall
#ifndef MAP_GRID_MAP_H
#define MAP_GRID_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

#define GRID_NONE      UINT32_MAX // no node, no edge
#define GRID_SIDE_MAX  4096u
#define GRID_CELLS_MAX (1u << 21)

// Lengths are counted in whole numbers, so that they are the same everywhere: a straight step is
// GRID_STRAIGHT long, a diagonal one GRID_DIAGONAL. Their quotient is a convergent of the square
// root of 2 (off by 6e-8), and no two paths whose diagonal steps differ by less than GRID_STRAIGHT
// are put in the wrong order. A shortest path on the largest map is below 2^32.
#define GRID_STRAIGHT 2378u
#define GRID_DIAGONAL 3363u

struct grid_cell {
    uint16_t x, y;
};

// Eight directions, clockwise from east; the odd ones are diagonal.
#define GRID_DIRECTIONS 8u
extern const int8_t grid_dx[GRID_DIRECTIONS];
extern const int8_t grid_dy[GRID_DIRECTIONS];

struct grid_lines { // rows, or columns, of bits
    uint64_t *word;
    uint32_t stride; // words of a line
};

struct grid_map {
    uint32_t width, height;
    struct grid_lines wall[2]; // rows, columns; bit x + 1 of line y + 1, or the other way round
};

// All walls; lives in arena. Sides are 1..GRID_SIDE_MAX, cells at most GRID_CELLS_MAX. RC_NOMEM.
MUST_USE enum rc grid_map_new(struct grid_map *out, struct arena *arena, uint32_t width,
                              uint32_t height);
void grid_map_free_cell(struct grid_map *m, struct grid_cell at); // no longer a wall
// RC_MALFORMED: no such map, *err says where and why; RC_NOMEM. *out lives in arena.
MUST_USE enum rc grid_map_parse(struct grid_map *out, struct arena *arena, struct bytes text,
                                struct err *err);

// The walls' bits once more, to which others can be added. Live in arena. RC_NOMEM.
MUST_USE enum rc grid_walls_copy(struct grid_lines out[static 2], struct arena *arena,
                                 const struct grid_map *m);
void grid_lines_set(struct grid_lines lines[static 2], struct grid_cell at);

static inline bool grid_cell_is(struct grid_cell a, struct grid_cell b)
{
    return a.x == b.x && a.y == b.y;
}

static inline uint32_t grid_index(const struct grid_map *m, struct grid_cell at)
{
    return at.y * m->width + at.x;
}

static inline bool grid_is_inside(const struct grid_map *m, struct grid_cell at)
{
    return at.x < m->width && at.y < m->height;
}

// x and y from -1 up to width and height.
static inline bool grid_is_wall(const struct grid_map *m, int32_t x, int32_t y)
{
    const uint32_t bit = (uint32_t)(x + 1);
    return m->wall[0].word[(uint32_t)(y + 1) * m->wall[0].stride + bit / 64] >> bit % 64 & 1;
}

static inline bool grid_is_free(const struct grid_map *m, struct grid_cell at)
{
    return grid_is_inside(m, at) && !grid_is_wall(m, at.x, at.y);
}

static inline struct grid_cell grid_next(struct grid_cell at, uint32_t dir, uint32_t steps)
{
    return (struct grid_cell){(uint16_t)(at.x + grid_dx[dir] * (int32_t)steps),
                              (uint16_t)(at.y + grid_dy[dir] * (int32_t)steps)};
}

static inline bool grid_can_step(const struct grid_map *m, struct grid_cell at, uint32_t dir)
{
    const int32_t x = at.x + grid_dx[dir];
    const int32_t y = at.y + grid_dy[dir];
    return !grid_is_wall(m, x, y) && !grid_is_wall(m, at.x, y) && !grid_is_wall(m, x, at.y);
}

// How many cells straight ahead have no bit; dir is even, and the border has bits.
uint32_t grid_run(const struct grid_lines lines[static 2], struct grid_cell at, uint32_t dir);
// The same for walls, and for all directions.
uint32_t grid_room(const struct grid_map *m, struct grid_cell at, uint32_t dir, uint32_t most);

// The shortest way if there were no walls: so many steps diagonally, so many straight.
struct grid_leg {
    uint32_t diagonal_dir, diagonal;
    uint32_t straight_dir, straight;
};

struct grid_leg grid_leg(struct grid_cell from, struct grid_cell to);
// Is it free, the diagonal steps first, or last?
bool grid_leg_is_free(const struct grid_map *m, struct grid_cell from, const struct grid_leg *leg,
                      bool is_diagonal_first);

static inline uint32_t grid_leg_cost(const struct grid_leg *leg)
{
    return leg->diagonal * GRID_DIAGONAL + leg->straight * GRID_STRAIGHT;
}

#endif
