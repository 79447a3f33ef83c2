// SPDX-License-Identifier: MIT
// One step of a crowd.
#include "kernel/crowd/step.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/rng.h"

#define UNIT      CROWD_UNIT
#define HALF      (CROWD_UNIT / 2)
#define REACHED   (CROWD_UNIT * 3 / 4) // of a turn on the way, each way
#define LEFT_TURN 4u                   // one in so many prefers its left for a while
#define GIVE_WAY  4u                   // one in so many of those who are stuck steps back
#define MOOD      16u                  // steps
#define ANGLES    7u
#define ANGLE_ONE 1024

// Straight ahead, then 30, 60 and 90 degrees to one side and the other: cosine, sine.
static const int32_t angle[ANGLES][2] = {{1024, 0},   {887, 512},     {887, -512},    {512, 887},
                                         {512, -887}, {0, ANGLE_ONE}, {0, -ANGLE_ONE}};

struct move {
    int32_t x, y;
};

static struct grid_cell cell_of(const struct crowd_walker *w)
{
    return (struct grid_cell){(uint16_t)(w->x / UNIT), (uint16_t)(w->y / UNIT)};
}

static struct move centre(struct grid_cell at)
{
    return (struct move){at.x * UNIT + HALF, at.y * UNIT + HALF};
}

// ---- Setting up

// Turns of one path: where its direction changes, and its end.
static void add_turns(struct crowd *c, uint32_t *count, struct grid_cell at, struct cursor *paths)
{
    struct route_steps run;
    uint32_t dir = GRID_NONE;
    while (route_read(paths, &run) == ROUTE_RUN) {
        if (dir != GRID_NONE && run.dir != dir)
            c->turn[(*count)++] = at;
        dir = run.dir;
        at = grid_next(at, dir, run.steps);
    }
    if (dir != GRID_NONE)
        c->turn[(*count)++] = at;
}

enum rc crowd_new(struct crowd *out, struct arena *arena, struct route_state *s,
                  const struct crowd_params *p, struct bytes paths)
{
    const size_t cells = (size_t)s->grid.map.width * s->grid.map.height;
    struct crowd c = {.grid = &s->grid, .search = s->search, .params = p};
    c.walker = arena_take_array(arena, p->agent_count, sizeof *c.walker);
    c.turn = arena_take_array(arena, paths.len, sizeof *c.turn); // a byte is at most one
    c.turn_begin = arena_take_array(arena, (size_t)p->agent_count + 1, sizeof *c.turn_begin);
    c.head = arena_take_array(arena, cells, sizeof *c.head);
    c.next = arena_take_array(arena, p->agent_count, sizeof *c.next);
    if (c.walker == NULL || c.turn == NULL || c.turn_begin == NULL || c.head == NULL ||
        c.next == NULL)
        return RC_NOMEM;
    memset(c.head, 0xff, cells * sizeof *c.head);
    struct cursor in = {.left = paths};
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->agent_count; i++) {
        add_turns(&c, &count, p->agent[i].start, &in);
        c.turn_begin[i + 1] = count;
    }
    assert(count <= paths.len);
    *out = c;
    return RC_OK;
}

void crowd_start(struct crowd *c)
{
    for (uint32_t i = 0; i < c->params->agent_count; i++) {
        const struct move at = centre(c->params->agent[i].start);
        c->walker[i] = (struct crowd_walker){.x = at.x, .y = at.y};
    }
}

// ---- Who is where

static void enter(struct crowd *c, uint32_t i)
{
    uint32_t *head = &c->head[grid_index(&c->grid->map, cell_of(&c->walker[i]))];
    assert(!grid_is_wall(&c->grid->map, c->walker[i].x / UNIT, c->walker[i].y / UNIT));
    c->next[i] = *head;
    *head = i;
}

static void leave(struct crowd *c, uint32_t i)
{
    uint32_t *at = &c->head[grid_index(&c->grid->map, cell_of(&c->walker[i]))];
    while (*at != i)
        at = &c->next[*at];
    *at = c->next[i];
}

static int64_t apart(const struct crowd_walker *a, int32_t x, int32_t y)
{
    const int64_t dx = a->x - x;
    const int64_t dy = a->y - y;
    return dx * dx + dy * dy;
}

// Would it touch somebody there, and more than now?
static bool touches(const struct crowd *c, uint32_t i, struct move to)
{
    const struct grid_map *m = &c->grid->map;
    const int32_t cx = to.x / UNIT;
    const int32_t cy = to.y / UNIT;
    for (int32_t y = cy - 1; y <= cy + 1; y++) { // bodies that touch are a cell apart at most
        for (int32_t x = cx - 1; x <= cx + 1; x++) {
            if (grid_is_wall(m, x, y))
                continue;
            for (uint32_t j = c->head[(uint32_t)y * m->width + (uint32_t)x]; j != GRID_NONE;
                 j = c->next[j]) {
                const int64_t least = c->params->radius[i] + c->params->radius[j];
                const int64_t then = apart(&c->walker[j], to.x, to.y);
                if (j != i && then < least * least &&
                    then < apart(&c->walker[j], c->walker[i].x, c->walker[i].y))
                    return true;
            }
        }
    }
    return false;
}

// ---- Walls

bool crowd_is_clear(const struct grid_map *m, int32_t x, int32_t y, int32_t radius)
{
    for (int32_t cy = (y - radius) / UNIT; cy <= (y + radius - 1) / UNIT; cy++)
        for (int32_t cx = (x - radius) / UNIT; cx <= (x + radius - 1) / UNIT; cx++)
            if (grid_is_wall(m, cx, cy))
                return false;
    return true;
}

// As far as that leads without a wall: up to the side of the cells that the body is in.
static int32_t along(int32_t at, int32_t by, int32_t radius)
{
    if (by > 0)
        return ((at + radius - 1) / UNIT + 1) * UNIT - radius;
    return (at - radius) / UNIT * UNIT + radius;
}

// Right or left first, then up or down: what a wall stops slides along it.
static struct move slide(const struct grid_map *m, const struct crowd_walker *w, struct move by,
                         int32_t radius)
{
    struct move to = {w->x + by.x, w->y};
    // The border's walls end at -1: nothing looks beyond, as a body reaches no further than it.
    if (to.x < radius || !crowd_is_clear(m, to.x, to.y, radius))
        to.x = along(w->x, by.x, radius);
    to.y = w->y + by.y;
    if (to.y < radius || !crowd_is_clear(m, to.x, to.y, radius))
        to.y = along(w->y, by.y, radius);
    return to;
}

// ---- Where to

// The first corner of the way from a cell to another.
static enum rc aim(const struct crowd *c, struct grid_cell from, struct grid_cell to,
                   struct move *out)
{
    const struct grid_map *m = &c->grid->map;
    const struct grid_leg leg = grid_leg(from, to);
    struct grid_cell at = to;
    if (grid_leg_is_free(m, from, &leg, true)) {
        if (leg.diagonal > 0)
            at = grid_next(from, leg.diagonal_dir, leg.diagonal);
    } else if (grid_leg_is_free(m, from, &leg, false)) {
        at = grid_next(from, leg.straight_dir, leg.straight);
    } else { // pushed around a corner
        uint8_t room[ROUTE_PATH_BYTES_MAX];
        struct buffer b = buffer_of(room, sizeof room);
        enum rc rc = route_search_path(c->search, from, to, &b);
        struct cursor in = {.left = buffer_bytes(&b)};
        struct route_steps run;
        if (rc != RC_OK || route_read(&in, &run) != ROUTE_RUN)
            return RC_MALFORMED; // it is in the same region as its goal
        at = grid_next(from, run.dir, run.steps);
    }
    *out = centre(at);
    return RC_OK;
}

static bool is_within(const struct crowd_walker *w, struct grid_cell at, int32_t reach)
{
    const struct move to = centre(at);
    return w->x - to.x <= reach && to.x - w->x <= reach && w->y - to.y <= reach &&
           to.y - w->y <= reach;
}

static void pass_turns(const struct crowd *c, uint32_t i)
{
    struct crowd_walker *w = &c->walker[i];
    const struct grid_cell *turn = c->turn + c->turn_begin[i];
    const uint32_t count = c->turn_begin[i + 1] - c->turn_begin[i];
    while (w->turn < count && is_within(w, turn[w->turn], w->turn + 1 == count ? HALF : REACHED))
        w->turn++;
}

// As fast as it can towards a point. Square root and division are correctly rounded, so this is
// the same everywhere.
static struct move towards(const struct crowd_walker *w, struct move to, int32_t speed)
{
    assert(speed >= 1);
    const struct move by = {to.x - w->x, to.y - w->y};
    const double far = sqrt((double)by.x * by.x + (double)by.y * by.y);
    if (far <= speed)
        return by;
    return (struct move){(int32_t)(by.x * (double)speed / far),
                         (int32_t)(by.y * (double)speed / far)};
}

// The best of some moves around the wanted one, which gains most; standing still if there is none.
static int64_t best_of(const struct crowd *c, uint32_t i, struct move wanted, int32_t side,
                       struct move *out)
{
    const struct crowd_walker *w = &c->walker[i];
    const int64_t most = (int64_t)wanted.x * wanted.x + (int64_t)wanted.y * wanted.y;
    int64_t best = INT64_MIN;
    *out = (struct move){w->x, w->y};
    for (uint32_t k = 0; k < ANGLES && best < most; k++) {
        const int32_t cosine = angle[k][0];
        const int32_t sine = angle[k][1] * side;
        const struct move by = {(wanted.x * cosine - wanted.y * sine) / ANGLE_ONE,
                                (wanted.x * sine + wanted.y * cosine) / ANGLE_ONE};
        const struct move to = slide(&c->grid->map, w, by, c->params->radius[i]);
        const int64_t gain = (int64_t)(to.x - w->x) * wanted.x + (int64_t)(to.y - w->y) * wanted.y;
        if (gain <= best || touches(c, i, to))
            continue;
        *out = to;
        best = gain;
    }
    return best;
}

// Who cannot get on steps back now and then, so that two who meet in a gap do not stand there for
// ever.
static struct move choose(const struct crowd *c, uint32_t i, struct move wanted, uint32_t step)
{
    const uint64_t mood = rng_mix((uint64_t)i << 32 | step / MOOD);
    const int32_t side = mood % LEFT_TURN == 0 ? -1 : 1;
    const struct move back = {-wanted.x, -wanted.y};
    struct move to;
    if (best_of(c, i, wanted, side, &to) <= 0 && mood / LEFT_TURN % GIVE_WAY == 0)
        (void)best_of(c, i, back, side, &to);
    return to;
}

static enum rc move_one(struct crowd *c, uint32_t i, uint32_t step)
{
    struct crowd_walker *w = &c->walker[i];
    struct move to;
    pass_turns(c, i);
    if (crowd_has_left(c, i)) {
        leave(c, i);
        return RC_OK;
    }
    if (aim(c, cell_of(w), c->turn[c->turn_begin[i] + w->turn], &to) != RC_OK)
        return RC_MALFORMED;
    to = choose(c, i, towards(w, to, c->params->speed[i]), step);
    leave(c, i);
    w->x = to.x;
    w->y = to.y;
    enter(c, i);
    return RC_OK;
}

enum rc crowd_walk(struct crowd *c, uint32_t step)
{
    assert(step % c->params->every == 0);
    assert(step < c->params->steps);
    const uint32_t count = c->params->agent_count;
    enum rc rc = RC_OK;
    for (uint32_t i = 0; i < count; i++)
        if (!crowd_has_left(c, i))
            enter(c, i);
    for (uint32_t k = 0; k < c->params->every && rc == RC_OK; k++)
        for (uint32_t i = 0; i < count && rc == RC_OK; i++)
            if (!crowd_has_left(c, i))
                rc = move_one(c, i, step + k);
    for (uint32_t i = 0; i < count; i++)
        if (!crowd_has_left(c, i))
            leave(c, i);
    return rc;
}
