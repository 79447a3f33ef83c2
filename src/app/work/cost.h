// SPDX-License-Identifier: MIT
// Cost map: what each part of a frame costs, as one density per square cell of pixels.
//
// Density is microseconds of CPU per pixel on a machine of speed 1, once something was measured;
// before, its scale means nothing and only ratios count. It is constant inside a cell and never
// 0. A map starts flat; a probe replaces all of it; measured tiles are blended in. What helpers
// report is their own word: it is range-checked here, and can spoil a plan but nothing else.
#ifndef WORK_COST_H
#define WORK_COST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "work/rect.h"

#define COST_SIDE_MAX  16384u      // pixels of a frame
#define COST_CELL_MAX  64u         // pixels
#define COST_CELL      8u          // a good cell: 240 x 135 at 1080p, planned in 0.04 ms
#define COST_PROBE_MAX 4096u       // pixels of a probe's side
#define COST_FLOOR     0.02        // no cell is below this share of the mean
#define COST_US_MAX    3600000000u // of one tile
#define COST_SPEED_MIN 1e-3
#define COST_SPEED_MAX 1e3
#define COST_BLEND     0.7 // share of a fresh measurement: one frame's noise, two frames' lag

struct cost { // read-only outside cost.c
    struct budget *budget;
    uint32_t width, height;    // pixels
    uint32_t cell;             // side of a cell, pixels; cells at the right and bottom are cut
    uint32_t cells_x, cells_y; // of width and height, rounded up
    bool is_measured;          // density is in microseconds
    double *density;           // cells_x * cells_y in rows, all > 0 and finite
};

// A flat map. Sides 1..COST_SIDE_MAX, cell 1..COST_CELL_MAX, or RC_CONFIG. RC_NOMEM: the budget
// is spent. On failure *out is NULL. The budget must outlive the map.
MUST_USE enum rc cost_new(struct cost **out, struct budget *budget, uint32_t width, uint32_t height,
                          uint32_t cell);
void cost_free(struct cost *c); // NULL is fine

// From a coarse render of the whole frame in which one pixel stands for a block. units: probe_w *
// probe_h u32 little-endian in rows, in any unit. Smoothed (3 x 3 binomial: a probe is noisy) and
// interpolated; the map's scale is then unknown again. RC_MALFORMED: sizes do not belong
// together, or a side is not 1..COST_PROBE_MAX. RC_NOMEM: no room for the smoothed probe. The
// map is untouched on failure.
MUST_USE enum rc cost_from_probe(struct cost *c, uint32_t probe_w, uint32_t probe_h,
                                 struct bytes units);

struct cost_tile {
    struct rect tile;
    struct bytes units; // u32 little-endian for each cell of the tile's own grid, which has this
                        // map's cell size and starts at the tile's corner; all 0: spread evenly
    uint64_t cpu_us;    // measured for the whole tile, 1..COST_US_MAX
    double speed;       // of who measured it, COST_SPEED_MIN..COST_SPEED_MAX
};

// Blends a measured tile in: its units are scaled so that the tile costs cpu_us * speed, and each
// cell becomes (1 - b) * known + b * measured, b = share * the part of the cell that the tile
// covers. The first tile after a probe also gives the whole map its scale. share: 0..1, usually
// COST_BLEND. RC_MALFORMED: a field is out of range or units has the wrong size; nothing changed.
MUST_USE enum rc cost_measured(struct cost *c, const struct cost_tile *t, double share);

// For callers that know better; density is finite and > 0.
void cost_set(struct cost *c, uint32_t cell_x, uint32_t cell_y, double density);

// What a rectangle inside the frame costs: microseconds at speed 1 if is_measured. Walks its
// cells; for many questions use a plan's tiles, which carry theirs.
double cost_of(const struct cost *c, struct rect r);

#endif
