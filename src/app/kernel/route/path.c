// SPDX-License-Identifier: MIT
// A path as bytes: a run of steps a byte.
#include "kernel/route/path.h"

#include <assert.h>

#include "base/num.h"

#define STEPS_BITS 5u
#define STEPS_MAX  31u
#define END        0x00u
#define NO_WAY     0x20u
#define SQRT_2     1.4142135623730951

struct route_writer route_writer_of(struct buffer *out)
{
    return (struct route_writer){.out = out, .most = out->len + ROUTE_PATH_BYTES_MAX};
}

static void put_run(struct route_writer *w)
{
    while (w->run.steps > 0 && w->out->len < w->most) {
        const uint32_t steps = (uint32_t)num_min(w->run.steps, STEPS_MAX);
        buffer_u8(w->out, (uint8_t)(w->run.dir << STEPS_BITS | steps));
        w->run.steps -= steps;
    }
}

void route_write(struct route_writer *w, uint32_t dir, uint32_t steps)
{
    assert(dir < GRID_DIRECTIONS);
    if (steps == 0)
        return;
    if (dir != w->run.dir)
        put_run(w);
    w->run.dir = dir;
    w->run.steps += steps;
}

enum rc route_write_end(struct route_writer *w)
{
    put_run(w);
    if (w->out->len >= w->most)
        return RC_FULL;
    assert(w->run.steps == 0);
    buffer_u8(w->out, END);
    return w->out->is_full ? RC_FULL : RC_OK;
}

enum rc route_write_no_way(struct buffer *out)
{
    buffer_u8(out, NO_WAY);
    return out->is_full ? RC_FULL : RC_OK;
}

enum route_step route_read(struct cursor *c, struct route_steps *out)
{
    const uint8_t byte = cursor_u8(c);
    *out = (struct route_steps){.dir = byte >> STEPS_BITS, .steps = byte & STEPS_MAX};
    if (c->is_bad)
        return ROUTE_BAD;
    if (out->steps > 0)
        return ROUTE_RUN;
    return byte == END ? ROUTE_END : byte == NO_WAY ? ROUTE_NO_WAY : ROUTE_BAD;
}

double route_length_cells(const struct route_length *l)
{
    return l->straight + l->diagonal * SQRT_2;
}

static void add(struct route_length *l, const struct route_steps *run)
{
    if (run->dir % 2 == 0)
        l->straight += run->steps;
    else
        l->diagonal += run->steps;
}

// NULL map: nobody walks.
static enum rc take_path(struct route_length *out, struct cursor *c, const struct grid_map *m,
                         struct grid_cell *at)
{
    struct route_length l = {.straight = 0};
    struct route_steps run;
    enum route_step step;
    bool is_blocked = false;
    size_t bytes = 1;
    while ((step = route_read(c, &run)) == ROUTE_RUN && bytes++ < ROUTE_PATH_BYTES_MAX) {
        add(&l, &run);
        if (m == NULL || is_blocked)
            continue;
        is_blocked = grid_room(m, *at, run.dir, run.steps) < run.steps;
        if (!is_blocked)
            *at = grid_next(*at, run.dir, run.steps);
    }
    l.is_no_way = step == ROUTE_NO_WAY;
    if ((step != ROUTE_END && step != ROUTE_NO_WAY) || (l.is_no_way && bytes > 1))
        return RC_MALFORMED;
    assert(!l.is_no_way || route_length_units(&l) == 0);
    *out = l;
    return is_blocked ? RC_REFUSED : RC_OK;
}

enum rc route_path_parse(struct route_length *out, struct cursor *c)
{
    return take_path(out, c, NULL, NULL);
}

enum rc route_path_walk(struct route_length *out, struct cursor *c, const struct grid_map *m,
                        struct grid_cell start, struct grid_cell goal)
{
    struct grid_cell at = start;
    struct route_length l;
    const bool is_free = grid_is_free(m, start);
    enum rc rc = take_path(&l, c, is_free ? m : NULL, &at);
    if (rc == RC_MALFORMED)
        return rc;
    *out = l;
    if (l.is_no_way)
        return RC_OK;
    return rc == RC_OK && is_free && grid_cell_is(at, goal) ? RC_OK : RC_REFUSED;
}
