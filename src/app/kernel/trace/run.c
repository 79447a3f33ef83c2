// SPDX-License-Identifier: MIT
// What a worker does of kernel `trace`: a tile or single pixels.
//
// Paths run TRACE_FLIGHT at a time, each step for all of them: rays back to back keep Embree's
// code and tree in the caches, and the surfaces that they hit can be fetched ahead. No path
// knows of another and sums are integers, so the order shows in nothing.
#include "kernel/trace/trace.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "base/num.h"
#include "kernel/float_mode.h"
#include "kernel/trace/path.h"
#include "kernel/world/base.h"
#include "kernel/world/random.h"
#include "kernel/world/world.h"

#define SCRATCH_BYTES_MAX (2u << 20) // of one run
#define TRACE_FLIGHT      64u        // 20 KiB of paths: stays in the first-level cache
#define FETCH_AHEAD       4u         // paths

#define PROBE_CELL 1u   // pixels
#define PROBE_PASS 16u  // samples of a pixel that are timed at once
#define PROBE_MEAN 64.0 // pixels that the running mean looks back on
#define PROBE_MOST 3.0  // times the mean time per unit; more was spent on something else

struct job { // one run
    const void *base;
    const struct world *world;
    struct trace_params params;
    struct pixels pixels; // of params
    struct raster raster;
    struct world_context context;
    uint8_t *sums;                    // the result
    struct path *path;                // TRACE_FLIGHT of them
    uint32_t *cost;                   // of each cell
    float *spent;                     // ticks of a probe's pixels
    uint32_t pixel_end;               // one past the last to trace
    uint32_t sample_from, sample_end; // of each pixel
    uint32_t cells_x;
    uint32_t pixel, sample; // the next sample to start
    struct pixel at;        // that pixel
    uint64_t pixel_key;
    struct trace_report report;
};

static uint32_t job_cells(const struct job *j)
{
    const struct trace_params *p = &j->params;
    return p->pixel_count > 0 ? 1 : j->cells_x * (uint32_t)num_div_ceil(p->h, p->cell);
}

static void job_pixel(struct job *j)
{
    j->at = pixels_at(&j->pixels, j->pixel);
    j->pixel_key = random_pixel_key(j->params.seed, j->params.frame, j->at.x, j->at.y);
}

// Puts the next sample into *p; false: all of them are under way.
static bool job_next(struct job *j, struct path *p)
{
    const struct trace_params *a = &j->params;
    if (j->pixel == j->pixel_end)
        return false;
    if (j->sample == j->sample_from)
        job_pixel(j);
    uint64_t key = random_sample_key(j->pixel_key, a->sample_first + j->sample);
    path_begin(p, &j->raster, j->at.x, j->at.y, key);
    p->pixel = j->pixel;
    p->cell = a->pixel_count > 0
                  ? 0
                  : (j->at.y - a->y) / a->cell * j->cells_x + (j->at.x - a->x) / a->cell;
    if (++j->sample == j->sample_end) {
        j->sample = j->sample_from;
        j->pixel++;
    }
    return true;
}

// A sample's radiance in steps of 1 / TRACE_UNIT, one step short of the bound so that
// TRACE_SAMPLES_MAX of them fit 32 bits. What is not a number counts as nothing.
static uint32_t to_units(float radiance)
{
    const uint32_t most = (uint32_t)TRACE_RADIANCE_MAX * TRACE_UNIT - 1;
    if (!(radiance > 0.0f))
        return 0;
    float units = float_min(radiance, TRACE_RADIANCE_MAX) * (float)TRACE_UNIT + 0.5f;
    return units < (float)most ? (uint32_t)units : most;
}

static void sum_add(uint8_t *at, uint32_t units)
{
    const uint32_t sum = bytes_u32le(at) + units;
    at[0] = (uint8_t)sum;
    at[1] = (uint8_t)(sum >> 8);
    at[2] = (uint8_t)(sum >> 16);
    at[3] = (uint8_t)(sum >> 24);
}

static void job_finish(struct job *j, const struct path *p)
{
    uint8_t *at = j->sums + (size_t)p->pixel * TRACE_PIXEL_BYTES;
    for (size_t i = 0; i < TRACE_LAYERS; i++) {
        sum_add(at + i * 12, to_units(p->light[i].x));
        sum_add(at + i * 12 + 4, to_units(p->light[i].y));
        sum_add(at + i * 12 + 8, to_units(p->light[i].z));
    }
    uint32_t *cost = &j->cost[p->cell];
    *cost = p->cost > UINT32_MAX - *cost ? UINT32_MAX : *cost + p->cost;
}

// One step of every path: the ray, the hit, the shadow ray. All are alive.
static void job_step(struct job *j, uint32_t count)
{
    struct path *path = j->path;
    const struct world *w = j->world;
    const bool has_screens = w->surface_count > w->opaque_count;
    for (uint32_t i = 0; i < count; i++) {
        if (has_screens)
            j->context.key = path_ray_key(&path[i]);
        rtcIntersect1(w->scene, &j->context.context, &path[i].ray);
        path_toll(&path[i], &j->context);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (i + 2 * FETCH_AHEAD < count)
            path_fetch_hit(w, &path[i + 2 * FETCH_AHEAD]);
        if (i + FETCH_AHEAD < count)
            path_fetch_more(w, &path[i + FETCH_AHEAD]);
        path_shade(w, &path[i], j->params.depth_max);
    }
    j->report.rays += count;
    for (uint32_t i = 0; i < count; i++) {
        if (!path[i].has_shadow)
            continue;
        if (has_screens)
            j->context.key = path_shadow_key(&path[i]);
        rtcOccluded1(w->scene, &j->context.context, &path[i].shadow);
        path_toll(&path[i], &j->context);
        path_light(&path[i]);
        j->report.shadow_rays++;
    }
}

static void job_run(struct job *j)
{
    struct path *path = j->path;
    uint32_t count = 0;
    while (count < TRACE_FLIGHT && job_next(j, &path[count]))
        count++;
    while (count > 0) {
        assert(count <= TRACE_FLIGHT);
        job_step(j, count);
        for (uint32_t i = 0; i < count;) {
            if (path[i].is_alive) {
                i++;
                continue;
            }
            job_finish(j, &path[i]);
            if (job_next(j, &path[i]))
                i++;
            else
                path[i] = path[--count]; // which is looked at next
        }
    }
}

// Some samples of each pixel, and what they took: added to `spent`, if is_timed.
static void job_pass(struct job *j, uint32_t pixels, bool is_timed)
{
    double mean = 0.0; // ticks per unit, lately
    for (uint32_t i = 0; i < pixels; i++) {
        uint32_t units = j->cost[i];
        uint64_t from = world_base_ticks(j->base);
        j->pixel = i;
        j->pixel_end = i + 1;
        j->sample = j->sample_from;
        job_run(j);
        uint64_t ticks = world_base_ticks(j->base) - from;
        if (!is_timed)
            continue;
        units = j->cost[i] - units; // of this pass; no path is free
        double rate = (double)ticks / fmax(units, 1.0);
        rate = i == 0 ? rate : fmin(rate, mean * PROBE_MOST);
        mean += (rate - mean) / fmin(i + 1.0, PROBE_MEAN);
        j->spent[i] += (float)(rate * units);
    }
}

// As job_run, but measures: time per unit differs by what rays come near to, which nobody counts.
// The map then shows time, scaled to the same sum of units. A pixel's samples run among
// themselves: single rays cannot be timed without making them slower. The first sample is for
// warming caches up; the others come in passes, so that a slow moment spreads.
static void job_probe(struct job *j)
{
    uint32_t pixels = j->pixel_end;
    assert(pixels == job_cells(j)); // a cell each
    uint32_t samples = j->params.sample_count;
    for (uint32_t from = 0; from < samples; from = j->sample_end) {
        j->sample_from = from;
        j->sample_end = (uint32_t)num_min(from == 0 ? 1 : from + PROBE_PASS, samples);
        job_pass(j, pixels, from > 0);
    }
    double spent = 0.0;
    double units = 0.0;
    for (uint32_t i = 0; i < pixels; i++) {
        spent += (double)j->spent[i];
        units += j->cost[i];
    }
    if (!(spent > 0.0)) // a single sample, or a clock that stands still
        return;
    for (uint32_t i = 0; i < pixels; i++)
        j->cost[i] = (uint32_t)fmin((double)j->spent[i] * (units / spent) + 0.5, UINT32_MAX);
}

static enum rc job_report(struct job *j, struct buffer *report)
{
    const struct trace_params *p = &j->params;
    uint32_t *cost = j->cost;
    uint32_t cells = 0;
    if (p->pixel_count == 0) {
        j->report.cells_x = j->cells_x;
        j->report.cells_y = (uint32_t)num_div_ceil(p->h, p->cell);
        cells = j->report.cells_x * j->report.cells_y;
    }
    for (uint32_t i = 0; i < cells; i++) { // to little-endian, in place
        uint32_t units = cost[i];
        struct buffer b = buffer_of(&cost[i], sizeof cost[i]);
        buffer_u32le(&b, units);
    }
    j->report.cost = bytes_of(cost, (size_t)cells * sizeof *cost);
    return trace_report_encode(&j->report, report);
}

// A cost map of single pixels is asked for by probes only.
static bool job_is_probe(const struct job *j)
{
    return j->params.cell == PROBE_CELL && j->params.pixel_count == 0;
}

static enum rc job_trace(struct job *j, struct arena *arena)
{
    const uint32_t cells = job_cells(j);
    assert(cells > 0);
    assert(cells <= TRACE_CELLS_MAX);
    j->path = arena_take_array(arena, TRACE_FLIGHT, sizeof *j->path);
    j->cost = arena_take_array(arena, cells, sizeof *j->cost);
    j->spent = arena_take_array(arena, job_is_probe(j) ? cells : 1, sizeof *j->spent);
    if (j->path == NULL || j->cost == NULL || j->spent == NULL)
        return RC_NOMEM;
    rtcInitIntersectContext(&j->context.context);
    j->context.world = j->world;
    const unsigned mode = float_mode_begin();
    j->raster = raster_of(&j->params.camera, j->params.width, j->params.height);
    if (job_is_probe(j))
        job_probe(j);
    else
        job_run(j);
    float_mode_end(mode);
    return RC_OK;
}

enum rc trace_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report)
{
    struct job j = {.base = state, .world = world_base_loaded(state)};
    enum rc rc = trace_params_decode(&j.params, in->params);
    if (rc != RC_OK)
        return rc;
    if (j.world == NULL)
        return RC_ABSENT;
    j.pixels = trace_pixels(&j.params);
    j.pixel_end = pixels_count(&j.pixels);
    j.sample_end = j.params.sample_count;
    j.cells_x = (uint32_t)num_div_ceil(j.params.w, j.params.cell);
    assert(j.pixel_end > 0);
    assert(j.sample_end > 0);
    const size_t bytes = j.pixel_end * TRACE_PIXEL_BYTES;
    j.sums = buffer_room(result, bytes);
    if (j.sums == NULL)
        return RC_FULL;
    memset(j.sums, 0, bytes);
    struct arena *arena = arena_new(SCRATCH_BYTES_MAX);
    if (arena == NULL)
        return RC_NOMEM;
    rc = job_trace(&j, arena);
    if (rc == RC_OK)
        rc = job_report(&j, report);
    arena_free(arena);
    return rc;
}
