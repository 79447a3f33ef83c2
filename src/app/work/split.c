// SPDX-License-Identifier: MIT
// Split: kd-split of a frame over the summed-area table of its cost map.
#include "work/split.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"

// A cut puts the smaller half of the targets first and keeps the larger for later, so the depth
// of what is kept is at most log2(SPLIT_TARGETS_MAX).
#define SPLIT_DEPTH_MAX 16

// sum[y * (cells_x + 1) + x]: cost of all cells above y and left of x.
struct table {
    const struct cost *cost;
    double *sum;
};

static void table_fill(const struct table *t)
{
    const struct cost *c = t->cost;
    size_t stride = (size_t)c->cells_x + 1;
    for (size_t x = 0; x < stride; x++)
        t->sum[x] = 0;
    for (uint32_t y = 0; y < c->cells_y; y++) {
        const double *density = c->density + (size_t)y * c->cells_x;
        const double *above = t->sum + y * stride;
        double *here = t->sum + (y + 1) * stride;
        uint32_t rows = (uint32_t)num_min(c->cell, c->height - y * c->cell);
        double full = (double)rows * c->cell;
        double row = 0;
        here[0] = 0;
        for (uint32_t x = 0; x + 1 < c->cells_x; x++) {
            row += density[x] * full;
            here[x + 1] = above[x + 1] + row;
        }
        uint32_t last = c->cells_x - 1;
        row += density[last] * rows * (c->width - last * c->cell);
        here[last + 1] = above[last + 1] + row;
    }
}

// A pixel edge as a cell edge and how far into the cell: 0 <= part < 1.
struct edge {
    uint32_t cell;
    double part;
};

static struct edge edge_at(uint32_t pixel, uint32_t cell, uint32_t side)
{
    assert(pixel <= side);
    uint32_t index = pixel / cell;
    if (pixel == side) // the last cell may be cut short, and nothing is to its right
        return (struct edge){(uint32_t)num_div_ceil(side, cell), 0};
    uint32_t length = (uint32_t)num_min(cell, side - index * cell);
    return (struct edge){index, (double)(pixel - index * cell) / length};
}

// Cost above and left of a point; exact, as density is constant inside a cell.
static double table_at(const struct table *t, uint32_t x, uint32_t y)
{
    const struct cost *c = t->cost;
    struct edge ex = edge_at(x, c->cell, c->width);
    struct edge ey = edge_at(y, c->cell, c->height);
    size_t stride = (size_t)c->cells_x + 1;
    const double *above = t->sum + ey.cell * stride + ex.cell;
    double upper = above[0];
    if (ex.part > 0)
        upper += (above[1] - above[0]) * ex.part;
    if (ey.part <= 0)
        return upper;
    double lower = above[stride];
    if (ex.part > 0)
        lower += (above[stride + 1] - above[stride]) * ex.part;
    return upper + (lower - upper) * ey.part;
}

static double table_cost(const struct table *t, struct rect r)
{
    double sum = table_at(t, r.x + r.w, r.y + r.h) - table_at(t, r.x, r.y + r.h) -
                 table_at(t, r.x + r.w, r.y) + table_at(t, r.x, r.y);
    return fmax(sum, 0); // rounding may leave a little less than nothing
}

struct halves {
    struct rect a, b; // a is above or left
};

static struct halves cut_at(struct rect r, uint32_t at)
{
    struct halves h = {r, r};
    if (r.w >= r.h) {
        h.a.w = at;
        h.b.x += at;
        h.b.w -= at;
    } else {
        h.a.h = at;
        h.b.y += at;
        h.b.h -= at;
    }
    return h;
}

// Across the longer side, at low..high pixels from its start, where the first half costs nearest
// to `share` of the whole.
static struct halves cut(const struct table *t, struct rect r, double share, uint32_t low,
                         uint32_t high)
{
    assert(low >= 1 && low <= high && high < num_max(r.w, r.h));
    double goal = table_cost(t, r) * share;
    while (low < high) { // the first place where a costs the goal or more
        uint32_t middle = low + (high - low) / 2;
        if (table_cost(t, cut_at(r, middle).a) < goal)
            low = middle + 1;
        else
            high = middle;
    }
    return cut_at(r, low);
}

static struct halves cut_nearest(const struct table *t, struct rect r, double share)
{
    uint32_t longer = (uint32_t)num_max(r.w, r.h);
    struct halves over = cut(t, r, share, 1, longer - 1);
    uint32_t at = r.w >= r.h ? over.a.w : over.a.h;
    if (at == 1)
        return over;
    struct halves under = cut_at(r, at - 1);
    double goal = table_cost(t, r) * share;
    bool is_under = goal - table_cost(t, under.a) < table_cost(t, over.a) - goal;
    return is_under ? under : over;
}

// A part of the frame and the run of targets that share it.
struct group {
    struct rect rect;
    uint32_t first, count; // count <= pixels of rect
};

struct planner {
    struct table table;
    const double *weight; // NULL: all alike
    struct split_tile *tile;
    struct group kept[SPLIT_DEPTH_MAX];
    uint32_t kept_count;
};

static double weight_of(const struct planner *p, uint32_t first, uint32_t count)
{
    if (p->weight == NULL)
        return count;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += p->weight[first + i];
    return sum;
}

// How many of a group's targets go first, so that both sides weigh as alike as can be: halves of
// equal weight keep tiles nearest to square. 1 .. count - 1.
static uint32_t half_of(const struct planner *p, const struct group *g)
{
    assert(g->count > 1);
    if (p->weight == NULL)
        return g->count / 2;
    double half = weight_of(p, g->first, g->count) / 2;
    double sum = p->weight[g->first];
    uint32_t n = 1;
    while (n + 1 < g->count && sum + p->weight[g->first + n] / 2 < half) {
        sum += p->weight[g->first + n];
        n++;
    }
    return n;
}

// Cuts a group in two. Where pixels are nearly as few as targets, targets move to the side that
// has room, so that each side keeps a pixel for each.
static void group_cut(const struct planner *p, const struct group *g, struct group half[2])
{
    uint32_t n = half_of(p, g);
    double share = weight_of(p, g->first, n) / weight_of(p, g->first, g->count);
    struct halves h = cut_nearest(&p->table, g->rect, share);
    uint64_t room_a = rect_area(h.a);
    uint64_t room_b = rect_area(h.b);
    assert(room_a + room_b >= g->count);
    uint64_t least = g->count > room_b ? g->count - room_b : 1;
    n = (uint32_t)num_clamp(n, least, num_min(room_a, g->count - 1));
    half[0] = (struct group){h.a, g->first, n};
    half[1] = (struct group){h.b, g->first + n, g->count - n};
}

// One tile for each target of a group.
static void plan_group(struct planner *p, struct group g)
{
    p->kept_count = 0;
    for (;;) {
        while (g.count > 1) {
            struct group half[2];
            group_cut(p, &g, half);
            bool is_first_larger = half[0].count > half[1].count;
            assert(p->kept_count < SPLIT_DEPTH_MAX);
            p->kept[p->kept_count++] = half[!is_first_larger];
            g = half[is_first_larger];
        }
        p->tile[g.first] = (struct split_tile){.rect = g.rect, .target = g.first};
        if (p->kept_count == 0)
            return;
        g = p->kept[--p->kept_count];
    }
}

// Halves tiles of more than pixels_max until there are none. The cut stays in the middle half of
// the side, so that each cut takes at least about a quarter off, wherever the cost is.
static enum rc limit_pixels(const struct planner *p, uint64_t pixels_max, uint32_t tile_max,
                            uint32_t *count)
{
    for (uint32_t i = 0; i < *count; i++) {
        while (rect_area(p->tile[i].rect) > pixels_max) {
            if (*count == tile_max)
                return RC_FULL;
            struct split_tile *t = &p->tile[i];
            uint32_t longer = (uint32_t)num_max(t->rect.w, t->rect.h);
            uint32_t low = (uint32_t)num_max(1, longer / 4);
            struct halves h = cut(&p->table, t->rect, 0.5, low, longer - low);
            t->rect = h.a;
            p->tile[*count] = (struct split_tile){.rect = h.b, .target = t->target};
            (*count)++;
        }
    }
    return RC_OK;
}

static bool cfg_is_sound(const struct split_cfg *cfg)
{
    if (cfg->count < 1 || cfg->count > SPLIT_TARGETS_MAX)
        return false;
    for (uint32_t i = 0; cfg->weight != NULL && i < cfg->count; i++)
        if (!(cfg->weight[i] >= SPLIT_WEIGHT_MIN && cfg->weight[i] <= SPLIT_WEIGHT_MAX))
            return false;
    return true;
}

enum rc split_plan(const struct cost *cost, const struct split_cfg *cfg, struct budget *scratch,
                   struct split_tile *tile, uint32_t tile_max, uint32_t *tile_count)
{
    *tile_count = 0;
    if (!cfg_is_sound(cfg))
        return RC_CONFIG;
    struct rect frame = {0, 0, cost->width, cost->height};
    uint32_t count = (uint32_t)num_min(cfg->count, rect_area(frame));
    if (count > tile_max)
        return RC_FULL;
    struct planner p = {.table = {.cost = cost}, .weight = cfg->weight, .tile = tile};
    size_t cells = ((size_t)cost->cells_x + 1) * ((size_t)cost->cells_y + 1);
    p.table.sum = budget_take(scratch, cells * sizeof *p.table.sum);
    if (p.table.sum == NULL)
        return RC_NOMEM;
    table_fill(&p.table);
    plan_group(&p, (struct group){frame, 0, count});
    enum rc rc = RC_OK;
    if (cfg->pixels_max > 0)
        rc = limit_pixels(&p, cfg->pixels_max, tile_max, &count);
    for (uint32_t i = 0; rc == RC_OK && i < count; i++)
        tile[i].cost = table_cost(&p.table, tile[i].rect);
    budget_give(scratch, p.table.sum);
    if (rc == RC_OK)
        *tile_count = count;
    return rc;
}
