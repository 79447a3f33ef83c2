// SPDX-License-Identifier: MIT
// How one gamer's frame is cut: probe, tiles of equal cost, and what was learned of it.
#include "compute/frame.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "kernel/trace/trace.h"
#include "work/split.h"

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

static struct task_spec spec_of(const struct job *f, const struct trace_params *p,
                                uint8_t room[static FRAME_PARAMS_BYTES])
{
    struct buffer b = buffer_of(room, FRAME_PARAMS_BYTES); // no single pixels in it
    enum rc rc = trace_params_encode(p, &b);
    assert(rc == RC_OK); // every field was checked when the frame came in
    (void)rc;
    return (struct task_spec){
        .kernel = "trace", .input_count = 1, .input = {f->spec.scene}, .params = buffer_bytes(&b)};
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

enum rc frame_probe(struct job *f, struct queue *q, struct line *line, uint64_t now_us)
{
    uint32_t block = probe_block(&f->spec);
    struct trace_params p;
    params_of(&f->spec, &p);
    p.width = p.w = (uint32_t)num_div_ceil(p.width, block);
    p.height = p.h = (uint32_t)num_div_ceil(p.height, block);
    p.sample_count = probe_samples(&f->spec);
    p.cell = 1;
    uint8_t room[FRAME_PARAMS_BYTES];
    struct task_cfg cfg = {.kind = TASK_PROBE,
                           .job = f,
                           .line = line,
                           .skill = line->skill,
                           .spec = spec_of(f, &p, room),
                           .units = (double)p.w * p.h * p.sample_count};
    cfg.asked = task_digest(&cfg.spec);
    struct task *t = queue_new(q, &cfg, now_us);
    if (t == NULL)
        return RC_NOMEM;
    list_push_back(&f->tasks, &t->sibling);
    f->state = JOB_PROBING;
    queue_wait(q, t);
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

enum rc frame_probed(struct job *f, struct view *v, struct bytes report)
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

// Sample ranges of one tile, each short enough; they add up exactly, whoever makes them.
static uint32_t range_count(const struct msg_submit *spec, double units)
{
    double ranges = ceil(units / FRAME_TASK_UNITS);
    uint32_t least = (uint32_t)num_div_ceil(spec->samples, TRACE_SAMPLES_MAX);
    uint32_t count = ranges < 1e6 ? (uint32_t)ranges : 1000000;
    return (uint32_t)num_clamp(count, least, spec->samples);
}

static uint32_t range_samples(const struct msg_submit *spec, double units)
{
    return (uint32_t)num_div_ceil(spec->samples, range_count(spec, units));
}

static double tile_units(const struct view *v, const struct split_tile *t, double sum)
{
    return v->frame_units * t->cost / sum;
}

static enum rc put_pieces(struct job *f, const struct view *v, const struct split_tile *tile,
                          uint32_t count)
{
    double sum = 0;
    size_t pieces = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += tile[i].cost;
    for (uint32_t i = 0; i < count; i++)
        pieces +=
            num_div_ceil(f->spec.samples, range_samples(&f->spec, tile_units(v, &tile[i], sum)));
    if (pieces > JOB_PIECES_MAX)
        return RC_FULL;
    f->piece = budget_take(v->budget, pieces * sizeof *f->piece);
    if (f->piece == NULL)
        return RC_NOMEM;
    f->piece_count = 0;
    for (uint32_t i = 0; i < count; i++) {
        double units = tile_units(v, &tile[i], sum);
        uint32_t each = range_samples(&f->spec, units);
        for (uint32_t first = 0; first < f->spec.samples; first += each) {
            uint32_t samples = (uint32_t)num_min(each, f->spec.samples - first);
            f->piece[f->piece_count++] = (struct piece){.rect = tile[i].rect,
                                                        .index = i,
                                                        .sample_first = first,
                                                        .sample_count = samples,
                                                        .units = units * samples / f->spec.samples};
        }
    }
    assert(f->piece_count == pieces);
    return RC_OK;
}

enum rc frame_plan(struct job *f, struct view *v, const double *weight, uint32_t count)
{
    assert(f->piece == NULL);
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
        rc = put_pieces(f, v, tile, tiles);
    budget_give(v->budget, share);
    budget_give(v->budget, tile);
    return rc;
}

struct order { // pieces by cost, for the dearest to go first
    double units;
    uint32_t at;
};

static int dearest_first(const void *a, const void *b)
{
    const struct order *x = a;
    const struct order *y = b;
    if (x->units < y->units || x->units > y->units)
        return x->units < y->units ? 1 : -1;
    return x->at < y->at ? -1 : 1;
}

uint32_t *frame_order(const struct job *f, struct budget *budget)
{
    uint32_t *out = budget_take(budget, f->piece_count * sizeof *out);
    struct order *order = budget_take(budget, f->piece_count * sizeof *order);
    if (out != NULL && order != NULL) {
        for (uint32_t i = 0; i < f->piece_count; i++)
            order[i] = (struct order){f->piece[i].units, i};
        qsort(order, f->piece_count, sizeof *order, dearest_first);
        for (uint32_t i = 0; i < f->piece_count; i++)
            out[i] = order[i].at;
    } else {
        budget_give(budget, out);
        out = NULL;
    }
    budget_give(budget, order);
    return out;
}

struct task_spec frame_piece_spec(const struct job *f, const struct piece *p,
                                  uint8_t room[static FRAME_PARAMS_BYTES])
{
    struct trace_params params;
    params_of(&f->spec, &params);
    params.x = p->rect.x;
    params.y = p->rect.y;
    params.w = p->rect.w;
    params.h = p->rect.h;
    params.sample_first = p->sample_first;
    params.sample_count = p->sample_count;
    return spec_of(f, &params, room);
}

enum rc frame_piece_of(const struct job *f, struct bytes params, struct piece *out)
{
    struct trace_params p;
    if (trace_params_decode(&p, params) != RC_OK || p.frame != f->spec.frame ||
        p.width != f->spec.width || p.height != f->spec.height || p.pixel_count != 0)
        return RC_MALFORMED;
    *out = (struct piece){.rect = {p.x, p.y, p.w, p.h},
                          .sample_first = p.sample_first,
                          .sample_count = p.sample_count,
                          .units = (double)p.w * p.h * p.sample_count};
    return RC_OK;
}

static int by_place(uint32_t index, uint32_t sample_first, const struct piece *p)
{
    if (index != p->index)
        return index < p->index ? -1 : 1;
    return sample_first < p->sample_first ? -1 : sample_first > p->sample_first;
}

struct piece *frame_find(const struct job *f, uint32_t index, uint32_t sample_first)
{
    uint32_t low = 0;
    uint32_t high = f->piece_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        int side = by_place(index, sample_first, &f->piece[middle]);
        if (side == 0)
            return &f->piece[middle];
        low = side > 0 ? middle + 1 : low;
        high = side > 0 ? high : middle;
    }
    return NULL;
}

void frame_learn(struct view *v, const struct task *t, struct bytes report, uint64_t cpu_us,
                 double speed)
{
    const struct msg_submit *spec = &t->job->spec;
    const struct piece *p = &t->job->piece[t->piece];
    struct trace_report r;
    if (!view_fits(v, spec) || trace_report_decode(&r, report) != RC_OK || cpu_us == 0)
        return;
    double share = (double)p->sample_count / spec->samples;
    // As if this range had been all samples; bounded before it becomes an integer.
    double whole_us = fmin(fmax((double)cpu_us / share, 1), COST_US_MAX);
    struct cost_tile measured = {.tile = p->rect,
                                 .units = r.cost,
                                 .cpu_us = (uint64_t)whole_us,
                                 .speed = fmin(fmax(speed, COST_SPEED_MIN), COST_SPEED_MAX)};
    if (cost_measured(v->cost, &measured, COST_BLEND * share) != RC_OK)
        return; // a helper's word that makes no sense teaches nothing
    struct rect all = {0, 0, v->cost->width, v->cost->height};
    v->frame_units = cost_of(v->cost, all);
}
