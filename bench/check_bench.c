// SPDX-License-Identifier: MIT
// How many altered results of each kernel are found out, and what does checking cost?
//
//     check_bench [KERNEL [RESULTS]]     (all 1000)
//
// One task of each kernel, its result altered in all parts, in a tenth, in a hundredth of them;
// then checked as a hub does: parts are drawn after the fact, redone, judged, drawn again where one
// draw does not settle it. Honest results are checked as well. Cost: CPU time of a check of an
// honest result, part and judge together, in per cent of the task's own.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "kernel/kit.h"
#include "measure.h"
#include "scene/scene.h"
#include "scene/scenes.h"
#include "work/verify.h"

#define RESULT_BYTES_MAX ((size_t)64 << 20)
#define RUNS             5 // of the task; the fastest counts

static const struct check_case *const cases[] = {
    &check_audio, &check_crowd,   &check_dialogue, &check_encode, &check_geometry, &check_level,
    &check_pack,  &check_physics, &check_post,     &check_route,  &check_trace,
};

struct bench {
    struct kit *kit;
    const struct check_case *c;
    const struct kernel *kernel;
    struct check_task task;
    struct buffer honest, result, part, part_result, report;
    struct rng rng;
    double check_us; // of all checks so far
    uint64_t checks;
};

struct check_share check_share_of(struct rng *r, double share, size_t all)
{
    const size_t wanted = (size_t)(share * (double)all);
    return (struct check_share){r, all, wanted > 0 ? wanted : 1};
}

bool check_is_spoiled(struct check_share *s)
{
    const bool is_spoiled = s->wanted > 0 && rng_below(s->r, s->left) < s->wanted;
    s->left--;
    s->wanted -= is_spoiled;
    return is_spoiled;
}

struct bytes check_street(struct camera *camera)
{
    static struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    struct buffer object = {0};
    struct scene scene;
    measure_need(scenes_make(bytes_text("neon-street"), &budget, &object, NULL), "scene");
    measure_need(scene_open(&scene, buffer_bytes(&object), NULL), "scene");
    *camera = scene_camera(&scene, 0);
    return buffer_bytes(&object);
}

static struct buffer room(size_t bytes)
{
    return buffer_of(measure_take(bytes), bytes);
}

static void empty(struct buffer *b)
{
    b->len = 0;
    b->is_full = false;
}

// Microseconds of the task itself.
static double run_task(struct bench *b)
{
    const struct kernel_in in = {b->task.params, b->task.given, b->task.given_count};
    double least = 1e300;
    for (int i = 0; i < RUNS; i++) {
        empty(&b->honest);
        empty(&b->report);
        const double from = measure_cpu_us();
        measure_need(kit_run(b->kit, bytes_text(b->c->kernel), &in, &b->honest, &b->report), "run");
        least = measure_least_us(least, from);
    }
    return least;
}

// Redoes parts of what stands in b->result, and judges.
static enum verify_verdict draw(struct bench *b, struct verify_draws *draws)
{
    struct kernel_verdict v = {0};
    struct kernel_in in = {.given = b->task.given, .given_count = b->task.given_count};
    const struct bytes result = buffer_bytes(&b->result);
    empty(&b->part);
    empty(&b->part_result);
    empty(&b->report);
    measure_need(b->kernel->part(b->task.params, rng_u64(&b->rng), &b->part), "part");
    in.params = buffer_bytes(&b->part);
    if (b->kernel->shows_result)
        b->task.given[in.given_count++] = result;
    enum rc rc = kit_run(b->kit, bytes_text(b->c->kernel), &in, &b->part_result, &b->report);
    if (rc == RC_OK)
        rc = b->kernel->judge(b->task.params, result, in.params, buffer_bytes(&b->part_result), &v);
    return verify_draw(draws, v.parts, v.mismatches, rc == RC_OK && v.is_right);
}

// True: it passes for right.
static bool check(struct bench *b)
{
    size_t min = 0;
    size_t max = 0;
    enum verify_verdict verdict = VERIFY_AGAIN;
    struct verify_draws draws = {0};
    measure_need(b->kernel->result_bounds(b->task.params, &min, &max), "bounds");
    if (b->result.len < min || b->result.len > max)
        return false;
    const double from = measure_cpu_us();
    if (b->kernel->verify != NULL)
        verdict = b->kernel->verify(b->task.params, buffer_bytes(&b->result)) ? VERIFY_RIGHT
                                                                              : VERIFY_WRONG;
    while (verdict == VERIFY_AGAIN)
        verdict = draw(b, &draws);
    b->check_us += measure_cpu_us() - from;
    b->checks++;
    return verdict == VERIFY_RIGHT;
}

// Share of altered results (share 0: of honest ones) that are refused.
static double refused(struct bench *b, double share, uint32_t results)
{
    uint32_t count = 0;
    b->check_us = 0;
    b->checks = 0;
    for (uint32_t i = 0; i < results; i++) {
        empty(&b->result);
        buffer_put(&b->result, buffer_bytes(&b->honest));
        if (share > 0)
            b->c->lie(&b->rng, share, &b->result);
        count += !check(b);
    }
    return (double)count / results;
}

static void run_case(struct bench *b, uint32_t results)
{
    b->kernel = kernel_find(bytes_text(b->c->kernel));
    memset(&b->task, 0, sizeof b->task);
    b->c->make(&b->task);
    if (b->task.object.len > 0)
        measure_need(kit_load(b->kit, b->task.object), "load");
    const double us = run_task(b);
    const double honest = refused(b, 0, results);
    const double cost = b->checks > 0 ? b->check_us / (double)b->checks : 0;
    printf("%-9s %9.0f %8.2f %% %9.3f %8.3f %8.3f %8.3f   %s\n", b->c->kernel, us, 100 * cost / us,
           honest, refused(b, 1, results), refused(b, .1, results), refused(b, .01, results),
           b->c->share_of);
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 && strcmp(argv[1], "all") != 0 ? argv[1] : NULL;
    const unsigned long results = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    if (results < 1 || results > 10000000) {
        fprintf(stderr, "usage: check_bench [KERNEL [RESULTS]]\n");
        return 2;
    }
    struct bench b = {.rng = rng_seeded(1),
                      .honest = room(RESULT_BYTES_MAX),
                      .result = room(RESULT_BYTES_MAX),
                      .part = room(KERNEL_PARAMS_BYTES_MAX),
                      .part_result = room(RESULT_BYTES_MAX),
                      .report = room(KERNEL_REPORT_BYTES_MAX)};
    measure_need(kit_open(&b.kit, NULL), "kernels");
    printf("kernel      task us  checking honest refused  lie: all    .1      .01   share of\n");
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        b.c = cases[i];
        if (only == NULL || strcmp(only, b.c->kernel) == 0)
            run_case(&b, (uint32_t)results);
    }
    kit_close(b.kit);
    return 0;
}
