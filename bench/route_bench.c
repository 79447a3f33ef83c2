// SPDX-License-Identifier: MIT
// Paths of kernel `route` against a plain A*, on the same problems, in the same run.
//
//     route_bench MAP SCEN [AGENTS]     (1000)
//
// Each answers the scenario's problems one after the other, on one core, CPU time. The A* has a
// binary heap, the octile distance as its guess, whole numbers, and labels that need no clearing.
// Then the kernel's run itself, for many agents at once: starts and goals drawn from the scenario,
// and as many with a few goals for all.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/route/search.h"
#include "map/grid_prepare.h"
#include "map/grid_scen.h"
#include "measure.h"
#include "os/file.h"

#define FILE_BYTES_MAX ((size_t)64 << 20)
#define TOLERANCE      1e-4

static void need(enum rc rc, const char *what, const struct err *err)
{
    if (rc == RC_OK)
        return;
    fprintf(stderr, "route_bench: %s: %s\n", what, err != NULL ? err->text : rc_text(rc));
    exit(1);
}

// ---- The plain A*

struct star_cell {
    uint32_t cost, round, place; // place in the heap, from 1; 0: closed
    uint8_t from;                // direction of the step that led here
};

struct star_item {
    uint32_t guess, cell; // cost so far, and what is left at least
};

struct star {
    const struct grid_map *map;
    struct star_cell *cell;
    struct star_item *heap;
    uint32_t count, round;
    struct grid_cell goal;
};

static void star_put(struct star *s, uint32_t place, struct star_item item)
{
    s->heap[place] = item;
    s->cell[item.cell].place = place;
}

static void star_rise(struct star *s, uint32_t place, struct star_item item)
{
    while (place > 1 && s->heap[place / 2].guess > item.guess) {
        star_put(s, place, s->heap[place / 2]);
        place /= 2;
    }
    star_put(s, place, item);
}

static uint32_t star_take(struct star *s)
{
    const uint32_t least = s->heap[1].cell;
    const struct star_item last = s->heap[s->count--];
    uint32_t place = 1;
    for (uint32_t child = 2; child <= s->count; child = place * 2) {
        if (child < s->count && s->heap[child + 1].guess < s->heap[child].guess)
            child++;
        if (s->heap[child].guess >= last.guess)
            break;
        star_put(s, place, s->heap[child]);
        place = child;
    }
    if (s->count > 0)
        star_put(s, place, last);
    s->cell[least].place = 0;
    return least;
}

static uint32_t octile(struct grid_cell a, struct grid_cell b)
{
    const uint32_t dx = (uint32_t)abs(a.x - b.x);
    const uint32_t dy = (uint32_t)abs(a.y - b.y);
    const uint32_t least = dx < dy ? dx : dy;
    return least * GRID_DIAGONAL + (dx + dy - 2 * least) * GRID_STRAIGHT;
}

static void star_offer(struct star *s, struct grid_cell at, uint32_t cost, uint32_t dir)
{
    const uint32_t i = grid_index(s->map, at);
    struct star_cell *c = &s->cell[i];
    if (c->round != s->round)
        *c = (struct star_cell){.cost = UINT32_MAX, .round = s->round, .place = ++s->count};
    if (cost >= c->cost)
        return;
    c->cost = cost;
    c->from = (uint8_t)dir;
    star_rise(s, c->place, (struct star_item){cost + octile(at, s->goal), i});
}

// The path's steps, from its end to its start; the answer is their number.
static uint32_t star_back(const struct star *s, struct grid_cell start, uint8_t *steps)
{
    uint32_t count = 0;
    for (struct grid_cell at = s->goal; !grid_cell_is(at, start);) {
        const uint32_t dir = s->cell[grid_index(s->map, at)].from;
        steps[count++] = (uint8_t)dir;
        at = grid_next(at, (dir + GRID_DIRECTIONS / 2) % GRID_DIRECTIONS, 1);
    }
    return count;
}

static uint64_t star_find(struct star *s, struct grid_cell start, struct grid_cell goal,
                          uint8_t *steps)
{
    static const uint32_t cost[2] = {GRID_STRAIGHT, GRID_DIAGONAL};
    const uint32_t width = s->map->width;
    s->round++;
    s->count = 0;
    s->goal = goal;
    star_offer(s, start, 0, 0);
    while (s->count > 0) {
        const uint32_t i = star_take(s);
        const struct grid_cell at = {(uint16_t)(i % width), (uint16_t)(i / width)};
        if (grid_cell_is(at, goal)) {
            (void)star_back(s, start, steps);
            return s->cell[i].cost;
        }
        for (uint32_t dir = 0; dir < GRID_DIRECTIONS; dir++)
            if (grid_can_step(s->map, at, dir))
                star_offer(s, grid_next(at, dir, 1), s->cell[i].cost + cost[dir % 2], dir);
    }
    return UINT64_MAX;
}

// ---- The measurement

struct bench {
    struct arena *arena;
    struct budget budget;
    struct grid_map map;
    struct grid grid;
    struct route_search *search;
    struct star star;
    struct grid_problem *problem;
    uint32_t count;
    uint8_t *steps;
    struct buffer path;
    double *ratio, *ours, *star_us;
};

static void *take(struct bench *b, size_t count, size_t each)
{
    void *at = arena_take_array(b->arena, count, each);
    need(at != NULL ? RC_OK : RC_NOMEM, "memory", NULL);
    return at;
}

static void open_all(struct bench *b, const char *map_path, const char *scen_path)
{
    struct err err;
    struct bytes text;
    struct buffer object;
    need(file_read(&text, &b->budget, map_path, FILE_BYTES_MAX, &err), map_path, &err);
    need(grid_map_parse(&b->map, b->arena, text, &err), map_path, &err);
    double from = measure_cpu_us();
    need(grid_prepare(&object, &b->budget, &b->map, NULL, NULL), "prepare", NULL);
    const double prepare_us = measure_cpu_us() - from;
    from = measure_cpu_us();
    need(grid_open(&b->grid, b->arena, buffer_bytes(&object), &err), "object", &err);
    printf("%s: %ux%u, %u nodes, %u edges, object %zu bytes, made in %.0f ms, loaded in %.1f ms\n",
           map_path, b->map.width, b->map.height, b->grid.node_count, b->grid.edge_count,
           object.len, prepare_us / 1e3, (measure_cpu_us() - from) / 1e3);
    need(file_read(&text, &b->budget, scen_path, FILE_BYTES_MAX, &err), scen_path, &err);
    need(grid_scen_parse(&b->problem, &b->count, b->arena, text, &err), scen_path, &err);
    need(route_search_new(&b->search, b->arena, &b->grid), "search", NULL);
    const size_t cells = (size_t)b->map.width * b->map.height;
    b->star = (struct star){.map = &b->map,
                            .cell = take(b, cells, sizeof *b->star.cell),
                            .heap = take(b, cells + 1, sizeof *b->star.heap)};
    b->steps = take(b, cells, 1);
    b->path = buffer_of(take(b, ROUTE_PATH_BYTES_MAX, 1), ROUTE_PATH_BYTES_MAX);
    b->ratio = take(b, b->count, sizeof *b->ratio);
    b->ours = take(b, b->count, sizeof *b->ours);
    b->star_us = take(b, b->count, sizeof *b->star_us);
}

static double mean(const double *of, uint32_t count)
{
    double sum = 0;
    for (uint32_t i = 0; i < count; i++)
        sum += of[i];
    return sum / count;
}

static void run_ours(struct bench *b, uint32_t i)
{
    const struct grid_problem *p = &b->problem[i];
    b->path.len = 0;
    const double from = measure_cpu_us();
    need(route_search_path(b->search, p->start, p->goal, &b->path), "path", NULL);
    b->ours[i] = measure_cpu_us() - from;
}

// True: both lengths are what the scenario says, and our path can be walked.
static bool run_star(struct bench *b, uint32_t i)
{
    const struct grid_problem *p = &b->problem[i];
    struct route_length length = {.straight = 0};
    const double from = measure_cpu_us();
    const uint64_t star = star_find(&b->star, p->start, p->goal, b->steps);
    b->star_us[i] = measure_cpu_us() - from;
    b->ratio[i] = b->star_us[i] / b->ours[i];
    b->path.len = 0;
    need(route_search_path(b->search, p->start, p->goal, &b->path), "path", NULL);
    struct cursor c = {.left = buffer_bytes(&b->path)};
    return route_path_walk(&length, &c, &b->map, p->start, p->goal) == RC_OK &&
           route_length_units(&length) == star &&
           fabs(route_length_cells(&length) - p->length) <= TOLERANCE * fmax(p->length, 1);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: route_bench MAP SCEN [AGENTS]\n");
        return 2;
    }
    struct bench b = {.arena = arena_new((size_t)4 << 30),
                      .budget = {.limit_bytes = (size_t)1 << 30}};
    need(b.arena != NULL ? RC_OK : RC_NOMEM, "memory", NULL);
    open_all(&b, argv[1], argv[2]);
    uint32_t wrong = 0;
    for (uint32_t i = 0; i < b.count; i++)
        run_ours(&b, i);
    for (uint32_t i = 0; i < b.count; i++)
        wrong += !run_star(&b, i);
    printf("%u problems, %u wrong; us a path, mean: A* %.1f, route %.2f; median: A* %.1f, route "
           "%.2f; faster, median %.1f times\n",
           b.count, wrong, mean(b.star_us, b.count), mean(b.ours, b.count),
           measure_median(b.star_us, b.count), measure_median(b.ours, b.count),
           measure_median(b.ratio, b.count));
    return wrong > 0;
}
