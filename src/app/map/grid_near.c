// SPDX-License-Identifier: MIT
// Which nodes of a grid map lie around a cell, with nothing between.
#include <assert.h>

#include "map/grid.h"

uint32_t grid_near_max(const struct grid_map *m)
{
    const uint32_t side = m->width < m->height ? m->width : m->height;
    return 4 + 4 * (1 + 2 * side); // straight; and for each diagonal its end, and two a step
}

bool grid_is_corner(const struct grid_map *m, struct grid_cell at)
{
    for (uint32_t dir = 1; dir < GRID_DIRECTIONS; dir += 2) {
        const int32_t x = at.x + grid_dx[dir];
        const int32_t y = at.y + grid_dy[dir];
        if (grid_is_wall(m, x, y) && !grid_is_wall(m, at.x, y) && !grid_is_wall(m, x, at.y))
            return true;
    }
    return false;
}

struct sight {
    const struct grid_map *map;
    const struct grid_lines *stop;
    struct grid_near *out;
    uint32_t count;
};

// Looks along a straight line. Answers how far it is free of walls and nodes; a node that ends it
// within `most` cells is one that is near.
static uint32_t look(struct sight *s, struct grid_cell at, uint32_t dir, uint32_t diagonal,
                     uint32_t most)
{
    const uint32_t run = grid_run(s->stop, at, dir);
    if (run >= most)
        return most;
    const int32_t x = at.x + grid_dx[dir] * (int32_t)(run + 1);
    const int32_t y = at.y + grid_dy[dir] * (int32_t)(run + 1);
    if (!grid_is_wall(s->map, x, y))
        s->out[s->count++] = (struct grid_near){
            {(uint16_t)x, (uint16_t)y}, diagonal * GRID_DIAGONAL + (run + 1) * GRID_STRAIGHT};
    return run;
}

static bool is_stop(const struct sight *s, struct grid_cell at)
{
    const uint32_t bit = at.x + 1u;
    return s->stop[0].word[(at.y + 1u) * s->stop[0].stride + bit / 64] >> bit % 64 & 1;
}

// All that lies between a diagonal and the straight lines beside it, whose free lengths are
// given: a row further on never sees past what stopped one before it.
static void look_between(struct sight *s, struct grid_cell at, uint32_t dir, uint32_t left,
                         uint32_t right)
{
    const uint32_t left_dir = dir - 1;
    const uint32_t right_dir = (dir + 1) % GRID_DIRECTIONS;
    for (uint32_t i = 1; grid_can_step(s->map, at, dir); i++) {
        at = grid_next(at, dir, 1);
        if (is_stop(s, at)) {
            s->out[s->count++] = (struct grid_near){at, i * GRID_DIAGONAL};
            return;
        }
        if (left > 0)
            left = look(s, at, left_dir, i, left);
        if (right > 0)
            right = look(s, at, right_dir, i, right);
    }
}

uint32_t grid_near(const struct grid_map *m, const struct grid_lines stop[static 2],
                   struct grid_cell from, struct grid_near *out)
{
    assert(grid_is_free(m, from));
    struct sight s = {.map = m, .stop = stop, .out = out};
    uint32_t run[GRID_DIRECTIONS / 2];
    for (uint32_t i = 0; i < ARRAY_COUNT(run); i++)
        run[i] = look(&s, from, 2 * i, 0, UINT32_MAX);
    for (uint32_t i = 0; i < ARRAY_COUNT(run); i++)
        look_between(&s, from, 2 * i + 1, run[i], run[(i + 1) % ARRAY_COUNT(run)]);
    assert(s.count <= grid_near_max(m));
    return s.count;
}
