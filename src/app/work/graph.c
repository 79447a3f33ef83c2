// SPDX-License-Identifier: MIT
// Graph: tasks that need one another's results, and when all could be done by unlike helpers.
#include "work/graph.h"

#include <assert.h>
#include <math.h>

#include "base/rng.h"

#define TRIES 48   // orders, the one by rank among them
#define OFF   0.25 // of a rank, at most

struct timeline { // of one helper: its tasks, in the order of their times
    uint32_t count;
    uint32_t task[GRAPH_TASKS_MAX];
};

static bool task_is_sound(const struct graph *g, uint32_t at)
{
    const struct graph_task *t = &g->task[at];
    if (!(t->us >= 0) || !isfinite(t->us) || !(t->move_us >= 0) || !isfinite(t->move_us) ||
        t->need_count > GRAPH_NEEDS_MAX ||
        (t->may & (GRAPH_ANYWHERE >> (GRAPH_HELPERS_MAX - g->helper_count))) == 0)
        return false;
    for (uint32_t i = 0; i < t->need_count; i++)
        if (t->need[i] >= at)
            return false;
    return true;
}

enum rc graph_check(const struct graph *g)
{
    if (g->task_count < 1 || g->task_count > GRAPH_TASKS_MAX || g->helper_count < 1 ||
        g->helper_count > GRAPH_HELPERS_MAX)
        return RC_CONFIG;
    for (uint32_t i = 0; i < g->helper_count; i++)
        if (!(g->speed[i] > 0) || !isfinite(g->speed[i]))
            return RC_CONFIG;
    for (uint32_t i = 0; i < g->task_count; i++)
        if (!task_is_sound(g, i))
            return RC_CONFIG;
    return RC_OK;
}

static double mean_slowness(const struct graph *g)
{
    double sum = 0;
    for (uint32_t i = 0; i < g->helper_count; i++)
        sum += 1 / g->speed[i];
    return sum / g->helper_count;
}

static void rank(const struct graph *g, double *rank_us)
{
    const double slowness = mean_slowness(g);
    for (uint32_t i = 0; i < g->task_count; i++)
        rank_us[i] = 0;
    for (uint32_t i = g->task_count; i-- > 0;) { // what needs it stands behind it
        const struct graph_task *t = &g->task[i];
        rank_us[i] += t->us * slowness;
        for (uint32_t n = 0; n < t->need_count; n++) {
            const uint32_t before = t->need[n];
            rank_us[before] = fmax(rank_us[before], rank_us[i] + g->task[before].move_us);
        }
    }
}

static double ready_us(const struct graph *g, const struct graph_plan *p, uint32_t task,
                       uint32_t helper)
{
    const struct graph_task *t = &g->task[task];
    double ready = 0;
    for (uint32_t i = 0; i < t->need_count; i++) {
        const uint32_t n = t->need[i];
        ready = fmax(ready, p->end_us[n] + (p->helper[n] != helper ? g->task[n].move_us : 0));
    }
    return ready;
}

// When it could begin there; *place: among that helper's tasks.
static double begin_us(const struct graph_plan *p, const struct timeline *line, double ready_us,
                       double us, uint32_t *place)
{
    double free_us = 0;
    for (uint32_t i = 0; i < line->count; i++) {
        const uint32_t next = line->task[i];
        const double from = fmax(free_us, ready_us);
        if (from + us <= p->begin_us[next]) {
            *place = i;
            return from;
        }
        free_us = p->end_us[next];
    }
    *place = line->count;
    return fmax(free_us, ready_us);
}

static void line_insert(struct timeline *line, uint32_t place, uint32_t task)
{
    assert(place <= line->count && line->count < GRAPH_TASKS_MAX);
    for (uint32_t i = line->count++; i > place; i--)
        line->task[i] = line->task[i - 1];
    line->task[place] = task;
}

// Where it is done first.
static void put(const struct graph *g, struct graph_plan *p, struct timeline *lines, uint32_t task)
{
    const struct graph_task *t = &g->task[task];
    uint32_t best_place = 0;
    p->end_us[task] = (double)INFINITY;
    for (uint32_t h = 0; h < g->helper_count; h++) {
        uint32_t place;
        if ((t->may >> h & 1) == 0)
            continue;
        const double us = t->us / g->speed[h];
        const double begin = begin_us(p, &lines[h], ready_us(g, p, task, h), us, &place);
        if (begin + us >= p->end_us[task])
            continue;
        p->begin_us[task] = begin;
        p->end_us[task] = begin + us;
        p->helper[task] = h;
        best_place = place;
    }
    assert(isfinite(p->end_us[task])); // somebody can
    line_insert(&lines[p->helper[task]], best_place, task);
    p->makespan_us = fmax(p->makespan_us, p->end_us[task]);
}

void graph_plan_in_order(const struct graph *g, const uint32_t *order, struct graph_plan *out)
{
    struct timeline lines[GRAPH_HELPERS_MAX];
    assert(g->task_count >= 1 && g->task_count <= GRAPH_TASKS_MAX); // by graph_check
    assert(g->helper_count >= 1 && g->helper_count <= GRAPH_HELPERS_MAX);
    for (uint32_t h = 0; h < g->helper_count; h++)
        lines[h].count = 0;
    out->makespan_us = 0;
    for (uint32_t i = 0; i < g->task_count; i++)
        put(g, out, lines, order[i]);
}

// The highest first; equal ones stay as they were.
static void by_rank(const struct graph *g, const double *rank_us, uint32_t *order)
{
    for (uint32_t i = 0; i < g->task_count; i++) {
        uint32_t at = i;
        for (; at > 0 && rank_us[order[at - 1]] < rank_us[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
}

// Ranks that are off by some, but never below those of what needs them.
static void blur(const struct graph *g, const double *rank_us, struct rng *r, double *out)
{
    for (uint32_t i = 0; i < g->task_count; i++)
        out[i] = rank_us[i] * (1 + OFF * (2 * rng_unit(r) - 1));
    for (uint32_t i = g->task_count; i-- > 0;)
        for (uint32_t n = 0; n < g->task[i].need_count; n++)
            out[g->task[i].need[n]] = fmax(out[g->task[i].need[n]], out[i]);
}

void graph_plan(const struct graph *g, struct graph_plan *out)
{
    uint32_t order[GRAPH_TASKS_MAX];
    uint32_t best[GRAPH_TASKS_MAX];
    double blurred[GRAPH_TASKS_MAX];
    struct rng r = rng_seeded(1); // a dice of its own: nobody else's results depend on it
    double least_us = (double)INFINITY;
    rank(g, out->rank_us);
    for (uint32_t i = 0; i < TRIES; i++) {
        blur(g, out->rank_us, &r, blurred);
        by_rank(g, i == 0 ? out->rank_us : blurred, order);
        graph_plan_in_order(g, order, out);
        if (out->makespan_us >= least_us)
            continue;
        least_us = out->makespan_us;
        for (uint32_t t = 0; t < g->task_count; t++)
            best[t] = order[t];
    }
    graph_plan_in_order(g, best, out);
}
