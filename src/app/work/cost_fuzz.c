// SPDX-License-Identifier: MIT
// Fuzz target of the cost map: whatever probes and helpers say, the map stays sound, and a plan
// over it covers the frame.
//
// Input: u8 width, height, cell, tiles; then reports: u8 kind; a probe: u8 width, height, units; a
// tile: u8 x, y, w, h, u32 microseconds, f32 speed, u8 share, units.
#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "work/cost.h"
#include "work/split.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static void report_one(struct cost *c, struct cursor *in)
{
    if (cursor_u8(in) % 4 == 0) {
        uint32_t w = cursor_u8(in);
        uint32_t h = cursor_u8(in);
        enum rc rc = cost_from_probe(c, w, h, cursor_take(in, (size_t)w * h * 4));
        expect(rc == RC_OK || rc == RC_MALFORMED);
        return;
    }
    struct cost_tile t;
    t.tile.x = cursor_u8(in);
    t.tile.y = cursor_u8(in);
    t.tile.w = cursor_u8(in);
    t.tile.h = cursor_u8(in);
    t.cpu_us = cursor_u32(in);
    t.speed = (double)cursor_f32le(in);
    double share = cursor_u8(in) / 255.0;
    size_t cells = num_div_ceil(t.tile.w, c->cell) * num_div_ceil(t.tile.h, c->cell);
    t.units = cursor_take(in, cells * 4);
    enum rc rc = cost_measured(c, &t, share);
    expect(rc == RC_OK || rc == RC_MALFORMED);
}

static void plan_one(const struct cost *c, uint32_t count, struct budget *budget)
{
    struct split_tile tile[256];
    struct split_cfg cfg = {.count = count};
    uint32_t got = 0;
    enum rc rc = split_plan(c, &cfg, budget, tile, 256, &got);
    expect(rc == (count == 0 ? RC_CONFIG : RC_OK));
    uint64_t area = 0;
    for (uint32_t i = 0; i < got; i++) {
        expect(rect_fits(tile[i].rect, c->width, c->height) && isfinite(tile[i].cost));
        area += rect_area(tile[i].rect);
        for (uint32_t k = 0; k < i; k++)
            expect(!rect_meets(tile[i].rect, tile[k].rect));
    }
    expect(count == 0 || area == (uint64_t)c->width * c->height);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct budget budget = {.limit_bytes = 1 << 22};
    struct cursor in = {.left = bytes_of(data, size)};
    uint32_t width = cursor_u8(&in);
    uint32_t height = cursor_u8(&in);
    uint32_t cell = cursor_u8(&in);
    uint32_t count = cursor_u8(&in);
    struct cost *c = NULL;
    if (cost_new(&c, &budget, width, height, cell) != RC_OK)
        return 0;
    while (in.left.len > 0 && !in.is_bad) {
        report_one(c, &in);
        for (size_t i = 0; i < (size_t)c->cells_x * c->cells_y; i++)
            expect(isfinite(c->density[i]) && c->density[i] > 0);
    }
    plan_one(c, count, &budget);
    cost_free(c);
    expect(budget.used_bytes == 0);
    return 0;
}
