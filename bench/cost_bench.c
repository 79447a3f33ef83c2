// SPDX-License-Identifier: MIT
// How well do a probe, and cost units, foretell what tiles really take? One thread, no network.
//
//     cost_bench SCENE [WxH [SPP [TILES [FRAMES]]]]     (cornell 640x360 32 16 3)
//
// Plans each frame as the hub does and runs its tiles one after another. For each frame: max/mean
// of the tiles' CPU time; of their cost units, which is what the plan got wrong; and the largest
// deviation of time per unit from its mean, which is what the units got wrong. Also how long the
// planning took.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "compute/frame.h"
#include "kernel/kernel.h"
#include "kernel/world/base.h"
#include "measure.h"
#include "os/clock.h"
#include "scene/scene.h"
#include "scene/scenes.h"

#define BUDGET_BYTES ((size_t)2 << 30)
#define TILES_MAX    4096

struct tile_cost {
    double us;
    double units;
};

#define LEARN 0.3 // weight of the newest task in us_per_unit

struct bench {
    struct budget budget;
    struct queue queue;
    struct view view;
    void *kernel;
    struct buffer scene;
    uint8_t *result_room;
    uint8_t *report_room;
    double us_per_unit; // learned
    struct tile_cost tile[TILES_MAX];
};

static double clock_us(clockid_t id)
{
    struct timespec t;
    (void)clock_gettime(id, &t); // cannot fail with these clocks
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static struct buffer run_task(struct bench *b, struct bytes params, double *us)
{
    struct buffer result = buffer_of(b->result_room, MSG_RESULT_BYTES_MAX);
    struct buffer report = buffer_of(b->report_room, KERNEL_REPORT_BYTES_MAX);
    double start = measure_cpu_us();
    const struct kernel_in in = {.params = params};
    measure_need(trace_kernel.run(b->kernel, &in, &result, &report), "run");
    *us = measure_cpu_us() - start;
    return report;
}

static void print_frame(const struct bench *b, uint32_t frame, uint32_t tiles, double plan_us)
{
    double us = 0;
    double units = 0;
    double us_max = 0;
    double units_max = 0;
    double off = 0;
    for (uint32_t i = 0; i < tiles; i++) {
        us += b->tile[i].us;
        units += b->tile[i].units;
        us_max = b->tile[i].us > us_max ? b->tile[i].us : us_max;
        units_max = b->tile[i].units > units_max ? b->tile[i].units : units_max;
    }
    for (uint32_t i = 0; i < tiles; i++) {
        double rate = b->tile[i].us / b->tile[i].units * units / us - 1;
        off = rate > off ? rate : -rate > off ? -rate : off;
    }
    printf("frame %u: %u tiles, mean %.1f ms; max/mean of time %.3f, of units %.3f; time per unit "
           "off by %.1f %% at most; planned in %.0f us\n",
           frame, tiles, us / tiles / 1000, us_max * tiles / us, units_max * tiles / units,
           off * 100, plan_us);
}

static void probe(struct bench *b, struct job *f)
{
    double us;
    struct line line;
    line_init(&line, skill_of("trace", false));
    measure_need(frame_probe(f, &b->queue, &line, 0), "probe");
    struct task *t = CONTAINER_OF(f->tasks.next, struct task, sibling);
    struct buffer report = run_task(b, bytes_of(t->params, t->params_len), &us);
    measure_need(frame_probed(f, &b->view, buffer_bytes(&report)), "probed");
    queue_free(&b->queue, t);
    printf("probe: %.1f ms\n", us / 1000);
}

static void run_piece(struct bench *b, struct job *f, uint32_t at)
{
    double us;
    uint8_t room[FRAME_PARAMS_BYTES];
    const struct piece *p = &f->piece[at];
    struct buffer report = run_task(b, frame_piece_spec(f, p, room).params, &us);
    double units = frame_report_units(buffer_bytes(&report));
    double rate = us / units;
    b->tile[p->index].us += us;
    b->tile[p->index].units += units;
    b->us_per_unit += b->us_per_unit > 0 ? LEARN * (rate - b->us_per_unit) : rate;
    struct task t = {.job = f, .piece = at};
    frame_learn(&b->view, &t, buffer_bytes(&report), (uint64_t)us, 1 / b->us_per_unit);
}

static void run_frame(struct bench *b, const struct msg_submit *spec)
{
    struct job f = {.spec = *spec};
    double weight = 1;
    list_init(&f.tasks);
    if (!view_fits(&b->view, spec))
        probe(b, &f);
    double start = clock_us(CLOCK_MONOTONIC);
    measure_need(frame_plan(&f, &b->view, &weight, 1), "plan");
    double plan_us = clock_us(CLOCK_MONOTONIC) - start;
    uint32_t *order = frame_order(&f, &b->budget);
    if (order == NULL)
        measure_need(RC_NOMEM, "memory");
    memset(b->tile, 0, sizeof b->tile);
    for (uint32_t i = 0; i < f.piece_count; i++)
        run_piece(b, &f, order[i]);
    print_frame(b, spec->frame, f.piece[f.piece_count - 1].index + 1, plan_us);
    budget_give(&b->budget, order);
    budget_give(&b->budget, f.piece);
}

int main(int argc, char **argv)
{
    static struct bench b;
    const char *name = argc > 1 ? argv[1] : "cornell";
    struct msg_submit spec = {.width = 640, .height = 360, .depth_max = 6};
    struct err err;
    struct scene scene;
    b.budget.limit_bytes = BUDGET_BYTES;
    b.view.budget = &b.budget;
    if (argc > 2 && sscanf(argv[2], "%ux%u", &spec.width, &spec.height) != 2)
        measure_need(RC_CONFIG, argv[2]);
    spec.samples = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 32;
    spec.tiles = argc > 4 ? (uint32_t)strtoul(argv[4], NULL, 10) : 16;
    uint32_t frames = argc > 5 ? (uint32_t)strtoul(argv[5], NULL, 10) : 3;
    struct arena *arena = arena_new((size_t)64 << 20);
    b.result_room = budget_take(&b.budget, MSG_RESULT_BYTES_MAX);
    b.report_room = budget_take(&b.budget, KERNEL_REPORT_BYTES_MAX);
    if (arena == NULL || b.result_room == NULL || b.report_room == NULL)
        measure_need(RC_NOMEM, "memory");
    measure_need(queue_init(&b.queue, arena, &b.budget, QUEUE_TASKS_MAX, 1), "queue");
    measure_need(scenes_make(bytes_text(name), &b.budget, &b.scene, &err), name);
    measure_need(scene_open(&scene, buffer_bytes(&b.scene), &err), name);
    measure_need(world_base.open(&b.kernel, clock_ticks), "open");
    measure_need(world_base.load(b.kernel, buffer_bytes(&b.scene)), "load");
    spec.scene = hash_bytes(buffer_bytes(&b.scene));
    for (spec.frame = 0; spec.frame < frames; spec.frame++) {
        spec.camera = scene_camera(&scene, (float)spec.frame / 24);
        run_frame(&b, &spec);
    }
    world_base.close(b.kernel);
    arena_free(arena);
    return 0;
}
