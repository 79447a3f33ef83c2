// SPDX-License-Identifier: MIT
// Measures kernel `trace`: rays per second against bare Embree, and what SIMD levels differ in.
//
//     trace_bench rays SCENE [WIDTH HEIGHT SAMPLES ROUNDS]   kernel and bare loop, interleaved
//     trace_bench isa  SCENE [WIDTH HEIGHT SAMPLES]          honest pixels that differ, and how
//
// SCENE is a generator's name or a scene object's file. Linked with --wrap for rtcIntersect1 and
// rtcOccluded1: while recording, every ray is kept as it was given to Embree, in its order; the
// bare loop then gives the same rays to the same tree again. Times are the process's CPU time,
// medians over the rounds. One thread.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "kernel/trace/trace.h"
#include "kernel/world/base.h"
#include "kernel/world/world.h"
#include "measure.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define CHANNELS   ((size_t)TRACE_LAYERS * 3)
#define ROUNDS_MAX 64

struct record {
    struct world_context context;
    float origin[3], direction[3], far;
    bool is_shadow;
};

// The wrapped calls have no other way to reach their recorder.
static struct recorder {
    struct record *at; // NULL: not recording
    size_t len, cap;
    RTCScene scene;
} recorder;

// NOLINTBEGIN(readability-identifier-naming): the linker makes these names
void __real_rtcIntersect1(RTCScene scene, struct RTCIntersectContext *c, struct RTCRayHit *r);
void __real_rtcOccluded1(RTCScene scene, struct RTCIntersectContext *c, struct RTCRay *r);
void __wrap_rtcIntersect1(RTCScene scene, struct RTCIntersectContext *c, struct RTCRayHit *r);
void __wrap_rtcOccluded1(RTCScene scene, struct RTCIntersectContext *c, struct RTCRay *r);

static void record_ray(RTCScene scene, const struct RTCIntersectContext *c, const struct RTCRay *r,
                       bool is_shadow)
{
    if (recorder.len == recorder.cap)
        return;
    recorder.scene = scene;
    struct record *e = &recorder.at[recorder.len++];
    memcpy(&e->context, c, sizeof e->context); // the kernel's contexts are world_contexts
    memcpy(e->origin, &r->org_x, sizeof e->origin);
    memcpy(e->direction, &r->dir_x, sizeof e->direction);
    e->far = r->tfar;
    e->is_shadow = is_shadow;
}

void __wrap_rtcIntersect1(RTCScene scene, struct RTCIntersectContext *c, struct RTCRayHit *r)
{
    if (recorder.at != NULL)
        record_ray(scene, c, &r->ray, false);
    __real_rtcIntersect1(scene, c, r);
}

void __wrap_rtcOccluded1(RTCScene scene, struct RTCIntersectContext *c, struct RTCRay *r)
{
    if (recorder.at != NULL)
        record_ray(scene, c, r, true);
    __real_rtcOccluded1(scene, c, r);
}

// NOLINTEND(readability-identifier-naming)

static void die(const char *what)
{
    (void)fprintf(stderr, "trace_bench: %s\n", what);
    exit(1);
}

static double cpu_s(void)
{
    return measure_cpu_us() * 1e-6;
}

static struct bytes read_scene(const char *name)
{
    size_t cap = SCENES_BUDGET_BYTES;
    struct buffer out = buffer_of(measure_take(cap), cap);
    FILE *f = fopen(name, "rb");
    if (f != NULL) {
        out.len = fread(out.at, 1, cap, f);
        (void)fclose(f); // only read from
        return buffer_bytes(&out);
    }
    struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    struct err err;
    if (scenes_make(bytes_text(name), &budget, &out, &err) != RC_OK)
        die(err.text);
    return buffer_bytes(&out);
}

struct bench { // one opened kernel and what it renders
    void *state;
    struct trace_params params;
    uint8_t params_at[KERNEL_PARAMS_BYTES_MAX];
    uint8_t *report_at;
    uint8_t *result_at;
    size_t result_cap;
    struct bytes result;
    struct trace_report report;
};

static void bench_open(struct bench *b, const char *isa, struct bytes object)
{
    double from = cpu_s();
    if (world_base_open_isa(&b->state, NULL, isa) != RC_OK)
        die("this machine cannot");
    double opened = cpu_s();
    if (world_base.load(b->state, object) != RC_OK)
        die("the scene does not load");
    (void)printf("open %.1f ms, load %.1f ms\n", (opened - from) * 1e3, (cpu_s() - opened) * 1e3);
}

static void bench_init(struct bench *b, struct bytes object, uint32_t width, uint32_t height,
                       uint32_t samples)
{
    struct scene scene;
    if (scene_open(&scene, object, NULL) != RC_OK)
        die("not a scene");
    b->params = (struct trace_params){.seed = 1,
                                      .width = width,
                                      .height = height,
                                      .w = width,
                                      .h = height,
                                      .sample_count = samples,
                                      .depth_max = 6,
                                      .cell = 4,
                                      .camera = scene_camera(&scene, 0.0f)};
    b->report_at = measure_take(KERNEL_REPORT_BYTES_MAX);
    b->result_cap = (size_t)width * height * TRACE_PIXEL_BYTES;
    b->result_at = measure_take(b->result_cap);
}

// CPU seconds of one run.
static double bench_run(struct bench *b)
{
    struct buffer params = buffer_of(b->params_at, sizeof b->params_at);
    struct buffer result = buffer_of(b->result_at, b->result_cap);
    struct buffer report = buffer_of(b->report_at, KERNEL_REPORT_BYTES_MAX);
    if (trace_params_encode(&b->params, &params) != RC_OK)
        die("bad parameters");
    double from = cpu_s();
    enum rc rc = trace_kernel.run(b->state, &(struct kernel_in){.params = buffer_bytes(&params)},
                                  &result, &report);
    double to = cpu_s();
    if (rc != RC_OK || trace_report_decode(&b->report, buffer_bytes(&report)) != RC_OK)
        die("the run failed");
    b->result = buffer_bytes(&result);
    return to - from;
}

// Through the same wrapped names as the kernel: both pay for the wrapper alike.
static double bare_run(struct record *at)
{
    double from = cpu_s();
    for (size_t i = 0; i < recorder.len; i++) {
        struct record *e = &at[i];
        struct RTCRayHit r = {.ray = {.org_x = e->origin[0],
                                      .org_y = e->origin[1],
                                      .org_z = e->origin[2],
                                      .dir_x = e->direction[0],
                                      .dir_y = e->direction[1],
                                      .dir_z = e->direction[2],
                                      .tfar = e->far,
                                      .mask = UINT32_MAX},
                              .hit = {.geomID = RTC_INVALID_GEOMETRY_ID}};
        if (e->is_shadow)
            rtcOccluded1(recorder.scene, &e->context.context, &r.ray);
        else
            rtcIntersect1(recorder.scene, &e->context.context, &r);
    }
    return cpu_s() - from;
}

static void mode_rays(struct bench *b, uint32_t rounds)
{
    (void)bench_run(b); // warm
    uint64_t rays = b->report.rays + b->report.shadow_rays;
    recorder.cap = rays;
    struct record *at = measure_take(rays * sizeof *at);
    recorder.at = at;
    (void)bench_run(b);
    recorder.at = NULL; // enough recorded
    double kernel_s[ROUNDS_MAX] = {0};
    double bare_s[ROUNDS_MAX] = {0};
    double ratio[ROUNDS_MAX] = {0};
    for (uint32_t i = 0; i < rounds; i++) {
        kernel_s[i] = bench_run(b);
        bare_s[i] = bare_run(at);
        ratio[i] = bare_s[i] / kernel_s[i];
    }
    double count = (double)rays;
    (void)printf("%llu closest-hit and %llu shadow rays, %u rounds\n",
                 (unsigned long long)b->report.rays, (unsigned long long)b->report.shadow_rays,
                 rounds);
    (void)printf("kernel %.3f Mrays/s  bare %.3f Mrays/s  ratio %.3f\n",
                 count / measure_median(kernel_s, rounds) * 1e-6,
                 count / measure_median(bare_s, rounds) * 1e-6, measure_median(ratio, rounds));
}

static uint32_t word_at(struct bytes b, size_t i)
{
    struct cursor c = {.left = bytes_part(b, i * 4, 4)};
    return cursor_u32le(&c);
}

static void compare(const char *name, struct bytes a, struct bytes b, uint32_t samples)
{
    static const double limit[] = {0.0, 1e-3, 4e-3, 1.0 / 64, 1.0 / 32, 1.0 / 16, 0.25};
    uint64_t over[ARRAY_COUNT(limit)] = {0};
    size_t pixels = a.len / TRACE_PIXEL_BYTES;
    for (size_t i = 0; i < pixels; i++) {
        double worst = 0.0; // mean radiance per sample, over 1/16 + the smaller of both
        for (size_t k = 0; k < CHANNELS; k++) {
            double x = (double)word_at(a, i * CHANNELS + k) / samples / TRACE_UNIT;
            double y = (double)word_at(b, i * CHANNELS + k) / samples / TRACE_UNIT;
            double off = (x > y ? x - y : y - x) / (0.0625 + (x > y ? y : x));
            worst = off > worst ? off : worst;
        }
        for (size_t k = 0; k < ARRAY_COUNT(limit); k++)
            over[k] += worst > limit[k];
    }
    (void)printf("%-8s", name);
    for (size_t k = 0; k < ARRAY_COUNT(limit); k++)
        (void)printf(" >%-7.5g %9.2e", limit[k], (double)over[k] / (double)pixels);
    (void)printf("\n");
}

static void mode_isa(struct bench *b, struct bytes object)
{
    static const char *const isa[] = {"avx2", "sse2", "sse4.2", "avx", "avx512", "avx2"};
    uint8_t *first = measure_take(b->result_cap);
    for (size_t i = 0; i < ARRAY_COUNT(isa); i++) {
        bench_open(b, isa[i], object);
        double s = bench_run(b);
        (void)printf("%s: %.3f s\n", isa[i], s);
        if (i == 0)
            memcpy(first, b->result.at, b->result.len);
        else
            compare(isa[i], bytes_of(first, b->result.len), b->result, b->params.sample_count);
        world_base.close(b->state);
    }
    free(first);
}

static uint32_t number(int argc, char **argv, int index, uint32_t otherwise)
{
    return argc > index ? (uint32_t)strtoul(argv[index], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        (void)fprintf(stderr, "usage: %s rays|isa SCENE [WIDTH HEIGHT SAMPLES ROUNDS]\n", argv[0]);
        return 2;
    }
    static struct bench b;
    struct bytes object = read_scene(argv[2]);
    uint32_t rounds = (uint32_t)num_clamp(number(argc, argv, 6, 5), 1, ROUNDS_MAX);
    bench_init(&b, object, number(argc, argv, 3, 480), number(argc, argv, 4, 270),
               number(argc, argv, 5, 4));
    if (strcmp(argv[1], "isa") == 0) {
        mode_isa(&b, object);
        return 0;
    }
    bench_open(&b, getenv("TRACE_ISA"), object);
    mode_rays(&b, rounds);
    world_base.close(b.state);
    return 0;
}
