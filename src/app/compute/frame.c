// SPDX-License-Identifier: MIT
// One gamer's frame on the hub: probe, split into tiles of equal cost, and count what is back.
#include "compute/frame.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "kernel/trace.h"
#include "work/split.h"

#define PARAMS_BYTES_MAX 512 // of a tile: no single pixels in it

bool view_fits(const struct view *v, const struct msg_submit *spec)
{
    return v->cost != NULL && digest_equal(&v->spec.scene, &spec->scene) &&
           v->spec.width == spec->width && v->spec.height == spec->height &&
           v->spec.samples == spec->samples && v->spec.depth_max == spec->depth_max;
}

void view_reset(struct view *v)
{
    cost_free(v->cost);
    v->cost = NULL;
    v->frame_units = 0;
}

static void params_of(const struct msg_submit *spec, struct trace_params *out)
{
    *out = (struct trace_params){.seed = trace_seed(&spec->scene),
                                 .frame = spec->frame,
                                 .width = spec->width,
                                 .height = spec->height,
                                 .depth_max = spec->depth_max,
                                 .cell = COST_CELL,
                                 .camera = spec->camera};
}

static struct task *task_for(struct frame *f, struct queue *q, enum task_kind kind,
                             const struct trace_params *p)
{
    uint8_t room[PARAMS_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    enum rc rc = trace_params_encode(p, &b);
    assert(rc == RC_OK); // every field was checked when the frame came in
    (void)rc;
    struct task *t = queue_new(q, kind, buffer_bytes(&b));
    if (t == NULL)
        return NULL;
    t->frame = f;
    t->scene = f->spec.scene;
    t->rect = (struct rect){p->x, p->y, p->w, p->h};
    t->sample_first = p->sample_first;
    t->sample_count = p->sample_count;
    list_push_back(&f->tasks, &t->sibling);
    return t;
}

static uint64_t probe_pixels(const struct msg_submit *spec, uint32_t block)
{
    return num_div_ceil(spec->width, block) * num_div_ceil(spec->height, block);
}

// A probe pixel stands for a block of this side: a power of two, 16 or what the report has room
// for, down to where there are pixels enough.
static uint32_t probe_block(const struct msg_submit *spec)
{
    uint32_t block = 16;
    while (probe_pixels(spec, block) > TRACE_CELLS_MAX)
        block *= 2;
    while (block > 1 && (spec->width / block) * (spec->height / block) < FRAME_PROBE_PIXELS &&
           probe_pixels(spec, block / 2) <= TRACE_CELLS_MAX)
        block /= 2;
    return block;
}

// The probe's share of the frame's samples is (samples / block^2) / spec->samples: 1/64 or less,
// but two samples a pixel are the least that says anything.
static uint32_t probe_samples(const struct msg_submit *spec)
{
    uint32_t block = probe_block(spec);
    return (uint32_t)num_clamp((uint64_t)spec->samples * block * block / 64, 2,
                               FRAME_PROBE_SAMPLES);
}

enum rc frame_probe(struct frame *f, struct queue *q)
{
    uint32_t block = probe_block(&f->spec);
    struct trace_params p;
    params_of(&f->spec, &p);
    p.width = p.w = (uint32_t)num_div_ceil(p.width, block);
    p.height = p.h = (uint32_t)num_div_ceil(p.height, block);
    p.sample_count = probe_samples(&f->spec);
    p.cell = 1;
    struct task *t = task_for(f, q, TASK_PROBE, &p);
    if (t == NULL)
        return RC_NOMEM;
    t->units = (double)p.w * p.h * p.sample_count;
    f->state = FRAME_PROBING;
    queue_wait(q, t, false);
    return RC_OK;
}

double frame_report_units(struct bytes report)
{
    struct trace_report r;
    if (trace_report_decode(&r, report) != RC_OK)
        return 0;
    double sum = 0;
    for (uint32_t y = 0; y < r.cells_y; y++)
        for (uint32_t x = 0; x < r.cells_x; x++)
            sum += trace_report_cost(&r, x, y);
    return sum;
}

enum rc frame_probed(struct frame *f, struct view *v, struct bytes report)
{
    view_reset(v);
    v->spec = f->spec;
    enum rc rc = cost_new(&v->cost, v->budget, f->spec.width, f->spec.height, COST_CELL);
    if (rc != RC_OK)
        return rc;
    double pixels = (double)f->spec.width * f->spec.height;
    struct trace_report r;
    rc = trace_report_decode(&r, report);
    if (rc == RC_OK)
        rc = cost_from_probe(v->cost, r.cells_x, r.cells_y, r.cost);
    double sum = rc == RC_OK ? frame_report_units(report) : 0;
    double each = sum > 0 ? sum / ((double)r.cells_x * r.cells_y * probe_samples(&f->spec)) : 1;
    v->frame_units = each * pixels * f->spec.samples;
    return rc;
}

struct order { // tiles by cost, for the dearest to go first
    double cost;
    uint32_t index;
};

static int dearest_first(const void *a, const void *b)
{
    const struct order *x = a;
    const struct order *y = b;
    if (x->cost < y->cost || x->cost > y->cost)
        return x->cost < y->cost ? 1 : -1;
    return x->index < y->index ? -1 : 1;
}

// Sample ranges of one tile, each short enough; they add up exactly, whoever makes them.
static enum rc put_tile(struct frame *f, struct queue *q, const struct split_tile *tile,
                        uint32_t index, double units)
{
    struct trace_params p;
    params_of(&f->spec, &p);
    p.x = tile->rect.x;
    p.y = tile->rect.y;
    p.w = tile->rect.w;
    p.h = tile->rect.h;
    double ranges = ceil(units / FRAME_TASK_UNITS);
    uint32_t least = (uint32_t)num_div_ceil(f->spec.samples, TRACE_SAMPLES_MAX);
    uint32_t count = ranges < 1e6 ? (uint32_t)ranges : 1000000;
    count = (uint32_t)num_clamp(count, least, f->spec.samples);
    uint32_t each = (uint32_t)num_div_ceil(f->spec.samples, count);
    for (uint32_t first = 0; first < f->spec.samples; first += each) {
        p.sample_first = first;
        p.sample_count = (uint32_t)num_min(each, f->spec.samples - first);
        struct task *t = task_for(f, q, TASK_TILE, &p);
        if (t == NULL)
            return RC_NOMEM;
        t->index = index;
        t->units = units * p.sample_count / f->spec.samples;
        f->tasks_all++;
        queue_wait(q, t, false);
    }
    return RC_OK;
}

static enum rc put_tiles(struct frame *f, struct view *v, struct queue *q,
                         const struct split_tile *tile, uint32_t count)
{
    struct order *order = budget_take(v->budget, count * sizeof *order);
    if (order == NULL)
        return RC_NOMEM;
    double sum = 0;
    for (uint32_t i = 0; i < count; i++) {
        order[i] = (struct order){tile[i].cost, i};
        sum += tile[i].cost;
    }
    qsort(order, count, sizeof *order, dearest_first);
    enum rc rc = RC_OK;
    for (uint32_t i = 0; i < count && rc == RC_OK; i++) {
        const struct split_tile *t = &tile[order[i].index];
        rc = put_tile(f, q, t, order[i].index, v->frame_units * t->cost / sum);
    }
    budget_give(v->budget, order);
    return rc;
}

enum rc frame_plan(struct frame *f, struct view *v, struct queue *q, const double *weight,
                   uint32_t count)
{
    uint32_t tiles = f->spec.tiles != 0 ? f->spec.tiles : FRAME_TILES_A_SLOT * count;
    tiles = (uint32_t)num_clamp(tiles, 1, SPLIT_TARGETS_MAX);
    double *share = budget_take(v->budget, tiles * sizeof *share);
    struct split_tile *tile = budget_take(v->budget, SPLIT_TILES_MAX * sizeof *tile);
    enum rc rc = share == NULL || tile == NULL ? RC_NOMEM : RC_OK;
    if (rc == RC_OK) {
        for (uint32_t i = 0; i < tiles; i++)
            share[i] = count > 0 ? weight[i % count] : 1;
        struct split_cfg cfg = {tiles, share, FRAME_TILE_PIXELS_MAX};
        rc = split_plan(v->cost, &cfg, v->budget, tile, SPLIT_TILES_MAX, &tiles);
    }
    if (rc == RC_OK)
        rc = put_tiles(f, v, q, tile, tiles);
    budget_give(v->budget, share);
    budget_give(v->budget, tile);
    f->state = FRAME_TRACING;
    return rc;
}

void frame_learn(struct view *v, const struct task *t, struct bytes report, uint64_t cpu_us,
                 double speed)
{
    struct trace_report r;
    if (!view_fits(v, &t->frame->spec) || trace_report_decode(&r, report) != RC_OK || cpu_us == 0)
        return;
    double share = (double)t->sample_count / t->frame->spec.samples;
    // As if this range had been all samples; bounded before it becomes an integer.
    double whole_us = fmin(fmax((double)cpu_us / share, 1), COST_US_MAX);
    struct cost_tile measured = {.tile = t->rect,
                                 .units = r.cost,
                                 .cpu_us = (uint64_t)whole_us,
                                 .speed = fmin(fmax(speed, COST_SPEED_MIN), COST_SPEED_MAX)};
    if (cost_measured(v->cost, &measured, COST_BLEND * share) != RC_OK)
        return; // a helper's word that makes no sense teaches nothing
    struct rect all = {0, 0, v->cost->width, v->cost->height};
    v->frame_units = cost_of(v->cost, all);
}
