// SPDX-License-Identifier: MIT
// `shoal bench`: kernels against problems whose answers are known.
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "kernel/kit.h"
#include "kernel/route/path.h"
#include "kernel/route/route.h"
#include "kernel/route/search.h"
#include "map/grid_prepare.h"
#include "map/grid_scen.h"
#include "os/clock.h"
#include "prog/cmd.h"
#include "prog/json_line.h"
#include "prog/progress.h"

#define FILE_BYTES_MAX   ((size_t)64 << 20)
#define MEMORY_BYTES_MAX ((size_t)2 << 30)
#define RESULT_BYTES     ((size_t)ROUTE_RESULT_BYTES_MAX)
#define TOLERANCE        1e-4 // of a length: files have six digits
#define CROWD_RUNS       5    // of many agents at once; the fastest counts

struct bench_options {
    struct cmd_common common;
    const char *what;
    struct option_texts file;
    uint64_t agents;
};

static const struct option_spec specs[] = {
    {.name = "what",
     .kind = OPTION_TEXT,
     .traits = OPTION_POSITIONAL | OPTION_REQUIRED,
     .value = "WHAT",
     .sentence = "route: shortest paths on a grid map",
     .offset = offsetof(struct bench_options, what)},
    {.name = "file",
     .kind = OPTION_TEXTS,
     .traits = OPTION_POSITIONAL,
     .value = "FILE",
     .sentence = "route: a map, and the problems on it with their lengths",
     .offset = offsetof(struct bench_options, file)},
    {.name = "agents",
     .kind = OPTION_U64,
     .min = 1,
     .max = ROUTE_AGENTS_MAX,
     .initial = "1000",
     .sentence = "whose paths are found in one task, starts and goals drawn from the problems",
     .offset = offsetof(struct bench_options, agents)},
    {.name = "json",
     .kind = OPTION_FLAG,
     .sentence = "figures as JSON, one object a line",
     .offset = offsetof(struct bench_options, common.is_json)},
};

static const char *const examples[] = {"shoal bench route arena.map arena.map.scen",
                                       "shoal bench route --json big.map big.map.scen", NULL};

static const struct option_command command = {
    .name = "bench",
    .summary = "try kernels on problems whose answers are known",
    .description =
        "route: reads a map and a scenario as the Moving AI benchmarks have them, finds the path "
        "of each problem, walks it, and compares its length with the one that the scenario says. "
        "Each problem that comes out wrong is a line. Then the time of a path, and of many agents' "
        "paths in one task, on one core.\n\n"
        "Exit code 1 if any path or length is wrong.",
    .spec = specs,
    .count = ARRAY_COUNT(specs),
    .example = examples,
};

struct bench {
    struct bench_options o;
    const char *map_path, *scen_path;
    struct arena *arena;
    struct budget budget;
    struct progress progress;
    struct grid_map map;
    struct buffer object;
    struct grid grid;
    struct route_search *search;
    struct grid_problem *problem;
    uint32_t count, wrong;
    double *us; // of each problem
    double prepare_us, load_us, task_us;
    size_t task_bytes;
};

// Of this thread's own: what else the machine does is not counted.
static double cpu_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); // cannot fail with this clock
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec * 1e-3;
}

static void on_prepare(void *context, double share)
{
    struct bench *b = context;
    progress_show(&b->progress, "the map is prepared", share, clock_now_us());
}

static enum rc open_map(struct bench *b, struct err *err)
{
    struct bytes text;
    struct err why = {.text = ""};
    enum rc rc = file_read(&text, &b->budget, b->map_path, FILE_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    rc = grid_map_parse(&b->map, b->arena, text, &why);
    file_forget(text, &b->budget);
    if (rc != RC_OK)
        return err_set(err, rc, "%s: %s", b->map_path, why.text);
    const double from = cpu_us();
    rc = grid_prepare(&b->object, &b->budget, &b->map, on_prepare, b);
    progress_wipe(&b->progress);
    const double made = cpu_us();
    if (rc == RC_OK)
        rc = grid_open(&b->grid, b->arena, buffer_bytes(&b->object), NULL);
    if (rc == RC_OK)
        rc = route_search_new(&b->search, b->arena, &b->grid);
    if (rc != RC_OK)
        return err_set(err, rc, "%s: cannot be prepared: %s", b->map_path, rc_text(rc));
    b->prepare_us = made - from;
    b->load_us = cpu_us() - made;
    return RC_OK;
}

static enum rc open_problems(struct bench *b, struct err *err)
{
    struct bytes text;
    struct err why = {.text = ""};
    enum rc rc = file_read(&text, &b->budget, b->scen_path, FILE_BYTES_MAX, err);
    if (rc != RC_OK)
        return rc;
    rc = grid_scen_parse(&b->problem, &b->count, b->arena, text, &why);
    file_forget(text, &b->budget);
    if (rc != RC_OK)
        return err_set(err, rc, "%s: %s", b->scen_path, why.text);
    if (b->count == 0)
        return err_set(err, RC_MALFORMED, "%s: no problems", b->scen_path);
    for (uint32_t i = 0; i < b->count; i++)
        if (b->problem[i].width != b->map.width || b->problem[i].height != b->map.height)
            return err_set(err, RC_MALFORMED, "%s: line %u: a map of %ux%u, but %s has %ux%u",
                           b->scen_path, b->problem[i].line, b->problem[i].width,
                           b->problem[i].height, b->map_path, b->map.width, b->map.height);
    b->us = arena_take_array(b->arena, b->count, sizeof *b->us);
    return b->us != NULL ? RC_OK : err_set(err, RC_NOMEM, "%s: too many", b->scen_path);
}

// ---- Each problem

static void say_wrong(struct bench *b, const struct grid_problem *p, const char *what,
                      const struct route_length *l)
{
    b->wrong++;
    progress_wipe(&b->progress);
    if (!b->o.common.is_json) {
        printf("%s: line %u: %s", b->scen_path, p->line, what);
        if (!l->is_no_way)
            printf(": length %.6g, should be %.6g", route_length_cells(l), p->length);
        putchar('\n');
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, NULL);
    json_put_u64(w, "line", p->line);
    json_put_text(w, "wrong", what);
    if (!l->is_no_way)
        json_put_f64(w, "length", route_length_cells(l));
    json_put_f64(w, "should_be", p->length);
    json_line_end(&line);
}

static enum rc solve(struct bench *b, uint32_t i, struct err *err)
{
    static uint8_t room[ROUTE_PATH_BYTES_MAX];
    const struct grid_problem *p = &b->problem[i];
    struct buffer path = buffer_of(room, sizeof room);
    const double from = cpu_us();
    enum rc rc = route_search_path(b->search, p->start, p->goal, &path);
    b->us[i] = cpu_us() - from;
    if (rc != RC_OK)
        return err_set(err, rc, "%s: line %u: %s", b->scen_path, p->line, rc_text(rc));
    struct route_length l = {.straight = 0};
    struct cursor c = {.left = buffer_bytes(&path)};
    rc = route_path_walk(&l, &c, &b->map, p->start, p->goal);
    if (rc != RC_OK)
        say_wrong(b, p, "the path cannot be walked", &l);
    else if (l.is_no_way)
        say_wrong(b, p, "no way was found", &l);
    else if (fabs(route_length_cells(&l) - p->length) > TOLERANCE * p->length)
        say_wrong(b, p, "another length", &l);
    return RC_OK;
}

static enum rc solve_all(struct bench *b, struct err *err)
{
    enum rc rc = RC_OK;
    for (uint32_t i = 0; i < b->count && rc == RC_OK; i++) {
        rc = solve(b, i, err);
        if (i % 256 == 0)
            progress_show(&b->progress, "of the problems", (double)i / b->count, clock_now_us());
    }
    progress_wipe(&b->progress);
    return rc;
}

// ---- Many agents at once

static enum rc run_task(struct bench *b, struct kit *kit, struct bytes params)
{
    uint8_t report_at[16];
    uint8_t *at = budget_take(&b->budget, RESULT_BYTES);
    enum rc rc = at != NULL ? RC_OK : RC_NOMEM;
    b->task_us = HUGE_VAL;
    for (int i = 0; i < CROWD_RUNS && rc == RC_OK; i++) {
        struct buffer result = buffer_of(at, RESULT_BYTES);
        struct buffer report = buffer_of(report_at, sizeof report_at);
        const struct kernel_in in = {.params = params};
        const double from = cpu_us();
        rc = kit_run(kit, bytes_text("route"), &in, &result, &report);
        b->task_us = fmin(b->task_us, cpu_us() - from);
        b->task_bytes = result.len;
    }
    budget_give(&b->budget, at);
    return rc;
}

static enum rc solve_together(struct bench *b, struct err *err)
{
    static struct route_params p;
    static uint8_t room[KERNEL_PARAMS_BYTES_MAX];
    struct buffer params = buffer_of(room, sizeof room);
    struct kit *kit = NULL;
    p.agent_count = (uint32_t)b->o.agents;
    for (uint32_t i = 0; i < p.agent_count; i++) { // evenly from all of them
        const struct grid_problem *from =
            &b->problem[(uint64_t)i * b->count / p.agent_count % b->count];
        p.agent[i] = (struct route_agent){from->start, from->goal};
    }
    enum rc rc = route_params_encode(&p, &params);
    if (rc == RC_OK)
        rc = kit_open(&kit, clock_ticks);
    if (rc == RC_OK)
        rc = kit_load(kit, buffer_bytes(&b->object));
    if (rc == RC_OK)
        rc = run_task(b, kit, buffer_bytes(&params));
    kit_close(kit);
    return rc == RC_OK ? rc : err_set(err, rc, "many agents at once: %s", rc_text(rc));
}

// ---- What came out

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void say_figures(struct bench *b)
{
    double sum = 0;
    for (uint32_t i = 0; i < b->count; i++)
        sum += b->us[i];
    qsort(b->us, b->count, sizeof *b->us, by_value);
    const double mean = sum / b->count;
    const double median = b->us[b->count / 2];
    const double p99 = b->us[(uint64_t)b->count * 99 / 100];
    if (!b->o.common.is_json) {
        printf("%s: %ux%u; prepared in %.1f ms, %zu bytes, loaded in %.1f ms\n", b->map_path,
               b->map.width, b->map.height, b->prepare_us / 1e3, b->object.len, b->load_us / 1e3);
        printf("%u problems, %u wrong; us a path: mean %.1f, median %.1f, p99 %.1f\n", b->count,
               b->wrong, mean, median, p99);
        printf("%" PRIu64 " agents in one task: %.2f ms, %.1f us a path, %zu bytes\n", b->o.agents,
               b->task_us / 1e3, b->task_us / (double)b->o.agents, b->task_bytes);
        return;
    }
    struct json_line line;
    struct json_writer *w = json_line_start(&line, NULL);
    json_put_text(w, "map", b->map_path);
    json_put_u64(w, "width", b->map.width);
    json_put_u64(w, "height", b->map.height);
    json_put_f64(w, "prepare_us", b->prepare_us);
    json_put_f64(w, "load_us", b->load_us);
    json_put_u64(w, "object_bytes", b->object.len);
    json_put_u64(w, "problems", b->count);
    json_put_u64(w, "wrong", b->wrong);
    json_put_f64(w, "mean_us", mean);
    json_put_f64(w, "median_us", median);
    json_put_f64(w, "p99_us", p99);
    json_put_u64(w, "agents", b->o.agents);
    json_put_f64(w, "agents_us", b->task_us);
    json_put_u64(w, "agents_bytes", b->task_bytes);
    json_line_end(&line);
}

static enum rc open_all(void *self, struct arena *arena, struct err *err)
{
    (void)arena; // a map and its problems may want more
    struct bench *b = self;
    static const char *const whats[] = {"route"};
    if (strcmp(b->o.what, whats[0]) != 0)
        return cmd_must_be(err, "bench", b->o.what, whats, ARRAY_COUNT(whats));
    if (b->o.file.count != 2)
        return err_set(err, RC_CONFIG, "bench route: needs a map and a scenario");
    b->map_path = b->o.file.at[0];
    b->scen_path = b->o.file.at[1];
    b->budget.limit_bytes = MEMORY_BYTES_MAX;
    b->arena = arena_new(MEMORY_BYTES_MAX);
    if (b->arena == NULL)
        return err_set(err, RC_NOMEM, "out of memory");
    progress_start(&b->progress, !b->o.common.is_json, clock_now_us());
    const enum rc rc = open_map(b, err);
    return rc == RC_OK ? open_problems(b, err) : rc;
}

static int run(void *self)
{
    struct bench *b = self;
    struct err err = {.text = ""};
    enum rc rc = solve_all(b, &err);
    if (rc == RC_OK)
        rc = solve_together(b, &err);
    if (rc != RC_OK)
        return cmd_fail(&err);
    say_figures(b);
    return b->wrong > 0 ? EXIT_FAILED : EXIT_DONE;
}

static void close_all(void *self)
{
    struct bench *b = self;
    budget_give(&b->budget, b->object.at);
    arena_free(b->arena);
}

const struct cmd cmd_bench = {.options = &command,
                              .side_bytes = sizeof(struct bench),
                              .open = open_all,
                              .run = run,
                              .close = close_all};
