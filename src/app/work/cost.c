// SPDX-License-Identifier: MIT
// Cost map: density cells filled from probes and from measured tiles.
#include "work/cost.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"

static_assert((uint64_t)COST_PROBE_MAX * COST_PROBE_MAX * sizeof(double) < SIZE_MAX / 2,
              "a probe's size in bytes fits");

enum rc cost_new(struct cost **out, struct budget *budget, uint32_t width, uint32_t height,
                 uint32_t cell)
{
    *out = NULL;
    if (width < 1 || width > COST_SIDE_MAX || height < 1 || height > COST_SIDE_MAX || cell < 1 ||
        cell > COST_CELL_MAX)
        return RC_CONFIG;
    struct cost *c = budget_take(budget, sizeof *c);
    if (c == NULL)
        return RC_NOMEM;
    *c = (struct cost){.budget = budget, .width = width, .height = height, .cell = cell};
    c->cells_x = (uint32_t)num_div_ceil(width, cell);
    c->cells_y = (uint32_t)num_div_ceil(height, cell);
    size_t count = (size_t)c->cells_x * c->cells_y; // at most 2^28: sides are bounded
    c->density = budget_take(budget, count * sizeof *c->density);
    if (c->density == NULL) {
        budget_give(budget, c);
        return RC_NOMEM;
    }
    for (size_t i = 0; i < count; i++)
        c->density[i] = 1.0;
    *out = c;
    return RC_OK;
}

void cost_free(struct cost *c)
{
    if (c == NULL)
        return;
    struct budget *budget = c->budget;
    budget_give(budget, c->density);
    budget_give(budget, c);
}

static double *cell_at(const struct cost *c, uint32_t x, uint32_t y)
{
    assert(x < c->cells_x && y < c->cells_y);
    return &c->density[(size_t)y * c->cells_x + x];
}

void cost_set(struct cost *c, uint32_t cell_x, uint32_t cell_y, double density)
{
    assert(isfinite(density) && density > 0);
    *cell_at(c, cell_x, cell_y) = density;
}

struct span {            // along one axis, pixels
    uint32_t first, end; // end is not in it
};

// What the cell of an index covers: cells are `side` long from `origin` on, and cut at `end`.
static struct span span_of_cell(uint32_t origin, uint32_t index, uint32_t side, uint32_t end)
{
    uint32_t first = origin + index * side;
    return (struct span){first, (uint32_t)num_min((uint64_t)first + side, end)};
}

// Pixels that two spans have in common.
static uint32_t span_shared(struct span a, struct span b)
{
    uint64_t first = num_max(a.first, b.first);
    uint64_t end = num_min(a.end, b.end);
    return end > first ? (uint32_t)(end - first) : 0;
}

double cost_of(const struct cost *c, struct rect r)
{
    assert(rect_fits(r, c->width, c->height));
    struct span wide = {r.x, r.x + r.w};
    struct span high = {r.y, r.y + r.h};
    double sum = 0;
    for (uint32_t y = r.y / c->cell; y <= (high.end - 1) / c->cell; y++) {
        double row = 0;
        for (uint32_t x = r.x / c->cell; x <= (wide.end - 1) / c->cell; x++)
            row += *cell_at(c, x, y) * span_shared(wide, span_of_cell(0, x, c->cell, c->width));
        sum += row * span_shared(high, span_of_cell(0, y, c->cell, c->height));
    }
    return sum;
}

// No cell below COST_FLOOR of the mean: a part that was never sampled is not free.
static void raise_to_floor(struct cost *c)
{
    size_t count = (size_t)c->cells_x * c->cells_y;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += c->density[i];
    double least = sum / (double)count * COST_FLOOR;
    if (!(least > 0)) // a map of zeros says nothing: flat
        least = 1.0;
    for (size_t i = 0; i < count; i++)
        c->density[i] = fmax(c->density[i], least);
}

struct probe {
    uint32_t w, h;
    const uint8_t *units; // u32 little-endian
    double *smooth;       // w * h
};

static uint32_t unit_at(const uint8_t *units, size_t index)
{
    return bytes_u32le(units + index * 4);
}

// 3 x 3 binomial filter (1 2 1 in each direction); at the edge the edge repeats.
static void probe_smooth(struct probe *p)
{
    for (uint32_t y = 0; y < p->h; y++) {
        const uint32_t row[3] = {y > 0 ? y - 1 : 0, y, y + 1 < p->h ? y + 1 : y};
        for (uint32_t x = 0; x < p->w; x++) {
            const uint32_t column[3] = {x > 0 ? x - 1 : 0, x, x + 1 < p->w ? x + 1 : x};
            uint64_t sum = 0; // 16 times a u32 at most
            for (unsigned i = 0; i < 9; i++) {
                size_t at = (size_t)row[i / 3] * p->w + column[i % 3];
                sum += (uint64_t)unit_at(p->units, at) << ((i / 3 == 1) + (i % 3 == 1));
            }
            p->smooth[(size_t)y * p->w + x] = (double)sum / 16;
        }
    }
}

// Where between the centres of which two of n samples a position of 0..1 lies.
struct between {
    uint32_t low, high;
    double t; // 0: at low, 1: at high
};

static struct between between_at(double position, uint32_t n)
{
    double at = position * n - 0.5;
    if (at <= 0)
        return (struct between){0, 0, 0};
    if (at >= n - 1)
        return (struct between){n - 1, n - 1, 0};
    uint32_t low = (uint32_t)at;
    return (struct between){low, low + 1, at - low};
}

static double probe_at(const struct probe *p, struct between x, struct between y)
{
    const double *upper = p->smooth + (size_t)y.low * p->w;
    const double *lower = p->smooth + (size_t)y.high * p->w;
    double top = upper[x.low] + (upper[x.high] - upper[x.low]) * x.t;
    double bottom = lower[x.low] + (lower[x.high] - lower[x.low]) * x.t;
    return top + (bottom - top) * y.t;
}

// The middle of a cell, as a share of the frame's side.
static double cell_middle(uint32_t index, uint32_t cell, uint32_t side)
{
    struct span s = span_of_cell(0, index, cell, side);
    return ((double)s.first + s.end) / 2 / side;
}

enum rc cost_from_probe(struct cost *c, uint32_t probe_w, uint32_t probe_h, struct bytes units)
{
    if (probe_w < 1 || probe_w > COST_PROBE_MAX || probe_h < 1 || probe_h > COST_PROBE_MAX ||
        units.len != (size_t)probe_w * probe_h * 4)
        return RC_MALFORMED;
    struct probe p = {.w = probe_w, .h = probe_h, .units = units.at};
    p.smooth = budget_take(c->budget, (size_t)probe_w * probe_h * sizeof *p.smooth);
    if (p.smooth == NULL)
        return RC_NOMEM;
    probe_smooth(&p);
    for (uint32_t y = 0; y < c->cells_y; y++) {
        struct between v = between_at(cell_middle(y, c->cell, c->height), probe_h);
        for (uint32_t x = 0; x < c->cells_x; x++) {
            struct between u = between_at(cell_middle(x, c->cell, c->width), probe_w);
            *cell_at(c, x, y) = probe_at(&p, u, v);
        }
    }
    budget_give(c->budget, p.smooth);
    raise_to_floor(c);
    c->is_measured = false;
    return RC_OK;
}

// A measured tile's own grid, with units scaled to microseconds at speed 1 per pixel.
struct grid {
    struct rect tile;
    uint32_t cell;
    uint32_t cells_x, cells_y;
    const uint8_t *units;
    double flat;  // density where units say nothing
    double scale; // microseconds of one unit; 0: all units are 0
};

static bool grid_of(struct grid *out, const struct cost *c, const struct cost_tile *t)
{
    if (!rect_fits(t->tile, c->width, c->height) || t->cpu_us < 1 || t->cpu_us > COST_US_MAX ||
        !(t->speed >= COST_SPEED_MIN && t->speed <= COST_SPEED_MAX))
        return false;
    struct grid g = {.tile = t->tile, .cell = c->cell, .units = t->units.at};
    g.cells_x = (uint32_t)num_div_ceil(t->tile.w, c->cell);
    g.cells_y = (uint32_t)num_div_ceil(t->tile.h, c->cell);
    size_t count = (size_t)g.cells_x * g.cells_y;
    if (t->units.len != count * 4)
        return false;
    uint64_t sum = 0; // at most 2^28 cells of 32 bits
    for (size_t i = 0; i < count; i++)
        sum += unit_at(g.units, i);
    double us = (double)t->cpu_us * t->speed;
    g.flat = us / (double)rect_area(t->tile);
    g.scale = sum > 0 ? us / (double)sum : 0;
    *out = g;
    return true;
}

// What one cell of the grid costs per pixel.
static double grid_density(const struct grid *g, uint32_t x, uint32_t y, uint64_t pixels)
{
    if (g->scale <= 0)
        return g->flat;
    return unit_at(g->units, (size_t)y * g->cells_x + x) * g->scale / (double)pixels;
}

// Cost that the tile measured inside a part of the frame, and how many pixels they share.
// A frame's cell meets at most 2 x 2 cells of the grid, which has the same cell size.
static double grid_cost(const struct grid *g, struct span wide, struct span high, uint64_t *pixels)
{
    uint32_t right = g->tile.x + g->tile.w;
    uint32_t bottom = g->tile.y + g->tile.h;
    uint32_t y = high.first > g->tile.y ? (high.first - g->tile.y) / g->cell : 0;
    double sum = 0;
    *pixels = 0;
    for (; y < g->cells_y && g->tile.y + y * g->cell < high.end; y++) {
        struct span rows = span_of_cell(g->tile.y, y, g->cell, bottom);
        uint32_t x = wide.first > g->tile.x ? (wide.first - g->tile.x) / g->cell : 0;
        for (; x < g->cells_x && g->tile.x + x * g->cell < wide.end; x++) {
            struct span columns = span_of_cell(g->tile.x, x, g->cell, right);
            uint64_t area = (uint64_t)(rows.end - rows.first) * (columns.end - columns.first);
            uint64_t shared = (uint64_t)span_shared(rows, high) * span_shared(columns, wide);
            sum += grid_density(g, x, y, area) * (double)shared;
            *pixels += shared;
        }
    }
    return sum;
}

static void blend_cell(struct cost *c, const struct grid *g, struct rect cell, double share)
{
    struct span wide = span_of_cell(0, cell.x, c->cell, c->width);
    struct span high = span_of_cell(0, cell.y, c->cell, c->height);
    uint64_t pixels = 0;
    double measured = grid_cost(g, wide, high, &pixels);
    if (pixels == 0)
        return;
    double area = (double)(wide.end - wide.first) * (high.end - high.first);
    double b = share * (double)pixels / area;
    double *known = cell_at(c, cell.x, cell.y);
    double density = fmax(measured / (double)pixels, g->flat * COST_FLOOR);
    *known = (1 - b) * *known + b * density;
    assert(isfinite(*known) && *known > 0);
}

enum rc cost_measured(struct cost *c, const struct cost_tile *t, double share)
{
    assert(share >= 0 && share <= 1);
    struct grid g;
    if (!grid_of(&g, c, t))
        return RC_MALFORMED;
    if (!c->is_measured) { // the probe's unit, as this tile shows it
        double factor = (double)t->cpu_us * t->speed / cost_of(c, t->tile);
        for (size_t i = 0; i < (size_t)c->cells_x * c->cells_y; i++)
            c->density[i] *= factor;
        c->is_measured = true;
    }
    uint32_t right = (t->tile.x + t->tile.w - 1) / c->cell;
    uint32_t bottom = (t->tile.y + t->tile.h - 1) / c->cell;
    for (uint32_t y = t->tile.y / c->cell; y <= bottom; y++)
        for (uint32_t x = t->tile.x / c->cell; x <= right; x++)
            blend_cell(c, &g, (struct rect){x, y, 1, 1}, share);
    return RC_OK;
}
