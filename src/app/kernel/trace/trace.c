// SPDX-License-Identifier: MIT
// The kernel's face: opens Embree, loads a scene, runs a tile or single pixels.
//
// Paths run TRACE_FLIGHT at a time, each step for all of them: rays back to back keep Embree's
// code and tree in the caches, and the surfaces that they hit can be fetched ahead. No path
// knows of another and sums are integers, so the order shows in nothing.
#include "kernel/trace/trace.h"

#include <assert.h>
#include <math.h>
#include <string.h>
#include <xmmintrin.h>

#include "base/arena.h"
#include "base/num.h"
#include "kernel/trace/base.h"
#include "kernel/trace/check.h"
#include "kernel/trace/open.h"
#include "kernel/trace/path.h"
#include "kernel/trace/random.h"
#include "kernel/trace/world.h"
#include "scene/scene.h"

#define STATE_BYTES_MAX (2u << 20)
#define WORLD_BYTES_MAX (3ull << 30) // of the largest scene that scene.h allows
#define TRACE_FLIGHT    64u          // 20 KiB of paths: stays in the first-level cache
#define FETCH_AHEAD     4u           // paths

#define PROBE_CELL 1u   // pixels: a cost map this fine is asked for by probes only
#define PROBE_PASS 16u  // samples of a pixel that are timed at once
#define PROBE_MEAN 64.0 // pixels that the running mean looks back on
#define PROBE_MOST 3.0  // times the mean time per unit; more was spent on something else

// Rounding to nearest, no exceptions, denormals are zero (bits 15 and 6): as Embree wants it, and
// the same wherever this runs.
#define FLOAT_MODE 0x9fc0u

struct trace_state {
    RTCDevice device;
    uint64_t (*ticks)(void); // the host's; NULL: none
    struct arena *arena;     // holds this struct
    struct arena *world_arena;
    struct world world;
    bool is_loaded;
    uint32_t cost[TRACE_CELLS_MAX];
    float spent[TRACE_CELLS_MAX]; // ticks of a probe's pixels
    struct path path[TRACE_FLIGHT];
};

struct job { // one run
    struct trace_state *state;
    struct trace_params params;
    struct raster raster;
    struct world_context context;
    uint8_t *sums;                    // the result
    uint32_t pixel_end;               // one past the last to trace
    uint32_t sample_from, sample_end; // of each pixel
    uint32_t cells_x;
    uint32_t pixel, sample; // the next sample to start
    uint32_t x, y;          // of that pixel
    uint64_t pixel_key;
    struct trace_report report;
};

static void kernel_close(void *state)
{
    struct trace_state *s = state;
    if (s == NULL)
        return;
    world_close(&s->world);
    if (s->device != NULL)
        rtcReleaseDevice(s->device);
    arena_free(s->world_arena);
    struct arena *own = s->arena;
    arena_free(own);
}

// Builds and traces one triangle, so that Embree and TBB have asked the system for all that they
// ever ask before a sandbox closes.
static enum rc warm_up(RTCDevice device, struct arena *arena)
{
    static const uint8_t one[] = {
        0, 0, 0,    0,    0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // a
        0, 0, 0x80, 0x3f, 0, 0, 0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // b
        0, 0, 0,    0,    0, 0, 0x80, 0x3f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, // c
        0, 0, 0,    0,    1, 0, 0,    0,    2, 0, 0, 0, 0, 0, 0, 0,                         // abc
    };
    static const uint8_t grey[64] = {[47] = 0x3f, [46] = 0x80}; // ior 1, all else 0
    struct scene scene = {.material_count = 1,
                          .vertex_count = 3,
                          .triangle_count = 1,
                          .materials = bytes_of(grey, sizeof grey),
                          .vertices = bytes_of(one, 72),
                          .triangles = bytes_of(one + 72, 16)};
    struct world world = {0};
    enum rc rc = world_open(&world, device, &scene, arena);
    world_close(&world);
    arena_reset(arena);
    return rc;
}

// Embree itself takes names that it does not know for nothing said. NULL: not a known one.
static const char *device_config(const char *isa)
{
    static const struct {
        const char *isa, *config;
    } known[] = {
        {"sse2", "threads=1,isa=sse2"},     {"sse4.2", "threads=1,isa=sse4.2"},
        {"avx", "threads=1,isa=avx"},       {"avx2", "threads=1,isa=avx2"},
        {"avx512", "threads=1,isa=avx512"},
    };
    if (isa == NULL)
        return "threads=1";
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (strcmp(isa, known[i].isa) == 0)
            return known[i].config;
    }
    return NULL;
}

enum rc trace_open_isa(void **state, uint64_t (*ticks)(void), const char *isa)
{
    *state = NULL;
    const char *config = device_config(isa);
    if (config == NULL)
        return RC_UNSUPPORTED;
    unsigned mode = _mm_getcsr();
    _mm_setcsr(FLOAT_MODE);
    enum rc rc = RC_NOMEM;
    struct arena *arena = arena_new(STATE_BYTES_MAX);
    struct trace_state *s = arena != NULL ? arena_take(arena, sizeof *s) : NULL;
    if (s == NULL) {
        arena_free(arena);
        goto done;
    }
    s->arena = arena;
    s->ticks = ticks;
    s->world_arena = arena_new(WORLD_BYTES_MAX);
    if (s->world_arena == NULL)
        goto done;
    s->device = rtcNewDevice(config);
    rc = s->device == NULL || rtcGetDeviceError(s->device) != RTC_ERROR_NONE
             ? RC_UNSUPPORTED
             : warm_up(s->device, s->world_arena);
done:
    if (rc == RC_OK)
        *state = s;
    else
        kernel_close(s);
    _mm_setcsr(mode);
    return rc;
}

static enum rc kernel_open(void **state, uint64_t (*ticks)(void))
{
    return trace_open_isa(state, ticks, NULL);
}

static enum rc kernel_load(void *state, struct bytes object)
{
    struct trace_state *s = state;
    unsigned mode = _mm_getcsr();
    _mm_setcsr(FLOAT_MODE);
    world_close(&s->world);
    arena_reset(s->world_arena);
    struct scene scene;
    enum rc rc = scene_open(&scene, object, NULL);
    if (rc == RC_OK)
        rc = world_open(&s->world, s->device, &scene, s->world_arena);
    s->is_loaded = rc == RC_OK;
    if (rc != RC_OK)
        world_close(&s->world);
    _mm_setcsr(mode);
    return rc;
}

static void job_pixel(struct job *j)
{
    const struct trace_params *p = &j->params;
    if (p->pixel_count > 0) {
        j->x = p->pixel[j->pixel].x;
        j->y = p->pixel[j->pixel].y;
    } else {
        j->x = p->x + j->pixel % p->w;
        j->y = p->y + j->pixel / p->w;
    }
    j->pixel_key = random_pixel_key(p->seed, p->frame, j->x, j->y);
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
    path_begin(p, &j->raster, j->x, j->y, key);
    p->pixel = j->pixel;
    p->cell =
        a->pixel_count > 0 ? 0 : (j->y - a->y) / a->cell * j->cells_x + (j->x - a->x) / a->cell;
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
    uint32_t sum =
        (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
    sum += units;
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
    uint32_t *cost = &j->state->cost[p->cell];
    *cost = p->cost > UINT32_MAX - *cost ? UINT32_MAX : *cost + p->cost;
}

// One step of every path: the ray, the hit, the shadow ray. All are alive.
static void job_step(struct job *j, uint32_t count)
{
    struct path *path = j->state->path;
    const struct world *w = &j->state->world;
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
    struct path *path = j->state->path;
    uint32_t count = 0;
    while (count < TRACE_FLIGHT && job_next(j, &path[count]))
        count++;
    while (count > 0) {
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

// Some samples of each pixel, and what they took: added to the state's `spent`, if is_timed.
static void job_pass(struct job *j, uint32_t pixels, bool is_timed)
{
    struct trace_state *s = j->state;
    double mean = 0.0; // ticks per unit, lately
    for (uint32_t i = 0; i < pixels; i++) {
        uint32_t units = s->cost[i];
        uint64_t from = s->ticks();
        j->pixel = i;
        j->pixel_end = i + 1;
        j->sample = j->sample_from;
        job_run(j);
        uint64_t ticks = s->ticks() - from;
        if (!is_timed)
            continue;
        units = s->cost[i] - units; // of this pass; no path is free
        double rate = (double)ticks / fmax(units, 1.0);
        rate = i == 0 ? rate : fmin(rate, mean * PROBE_MOST);
        mean += (rate - mean) / fmin(i + 1.0, PROBE_MEAN);
        s->spent[i] += (float)(rate * units);
    }
}

// As job_run, but measures: time per unit differs by what rays come near to, which nobody counts.
// The map then shows time, scaled to the same sum of units. A pixel's samples run among
// themselves: single rays cannot be timed without making them slower. The first sample is for
// warming caches up; the others come in passes, so that a slow moment spreads.
static void job_probe(struct job *j)
{
    struct trace_state *s = j->state;
    uint32_t pixels = j->pixel_end;
    uint32_t samples = j->params.sample_count;
    for (uint32_t from = 0; from < samples; from = j->sample_end) {
        j->sample_from = from;
        j->sample_end = (uint32_t)num_min(from == 0 ? 1 : from + PROBE_PASS, samples);
        job_pass(j, pixels, from > 0);
    }
    double spent = 0.0;
    double units = 0.0;
    for (uint32_t i = 0; i < pixels; i++) {
        spent += (double)s->spent[i];
        units += s->cost[i];
    }
    if (!(spent > 0.0)) // a single sample, or a clock that stands still
        return;
    for (uint32_t i = 0; i < pixels; i++)
        s->cost[i] = (uint32_t)fmin((double)s->spent[i] * (units / spent) + 0.5, UINT32_MAX);
}

static enum rc job_report(struct job *j, struct buffer *report)
{
    const struct trace_params *p = &j->params;
    uint32_t *cost = j->state->cost;
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

static enum rc kernel_run(void *state, const struct kernel_in *in, struct buffer *result,
                          struct buffer *report)
{
    struct trace_state *s = state;
    struct job j = {.state = s};
    size_t result_bytes = 0;
    enum rc rc = trace_params_decode(&j.params, in->params);
    if (rc == RC_OK)
        rc = trace_result_bounds(in->params, &result_bytes, &result_bytes);
    if (rc != RC_OK)
        return rc;
    if (!s->is_loaded)
        return RC_ABSENT;
    j.sums = buffer_room(result, result_bytes);
    if (j.sums == NULL)
        return RC_FULL;
    memset(j.sums, 0, result_bytes);
    memset(s->cost, 0, sizeof s->cost);
    memset(s->spent, 0, sizeof s->spent);

    unsigned mode = _mm_getcsr();
    _mm_setcsr(FLOAT_MODE);
    j.pixel_end = (uint32_t)(result_bytes / TRACE_PIXEL_BYTES);
    j.sample_end = j.params.sample_count;
    j.cells_x = (uint32_t)num_div_ceil(j.params.w, j.params.cell);
    j.raster = raster_of(&j.params.camera, j.params.width, j.params.height);
    rtcInitIntersectContext(&j.context.context);
    j.context.world = &s->world;
    if (j.params.cell == PROBE_CELL && j.params.pixel_count == 0 && s->ticks != NULL)
        job_probe(&j);
    else
        job_run(&j);
    _mm_setcsr(mode);
    return job_report(&j, report);
}

const struct world *trace_base_world(void *state)
{
    const struct trace_state *s = state;
    return s->is_loaded ? &s->world : NULL;
}

const struct kernel_base trace_base = {
    .open = kernel_open,
    .accepts = scene_is,
    .load = kernel_load,
    .close = kernel_close,
};

const struct kernel trace_kernel = {
    .name = "trace",
    .base = &trace_base,
    .run = kernel_run,
    .result_bounds = trace_result_bounds,
    .size = trace_size,
    .part = trace_part,
    .judge = trace_judge,
};
