// SPDX-License-Identifier: MIT
// Splits: the ways to divide a game's light among helpers, and which is predicted to be done first.
#include "compute/splits.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"

#define LEARN      0.3 // weight of the newest
#define GAMER      1u  // may: bit 0
#define OTHERS_MAX 64u // tasks in a plan; with more, every one stands for several

static const char *const name[] = {"spatial", "functional", "pipeline", "hybrid", "auto"};

struct splits {
    struct graph graph;
    struct graph_plan plan;
};

enum rc splits_new(struct splits **out, struct budget *budget)
{
    *out = budget_take(budget, sizeof **out);
    return *out != NULL ? RC_OK : RC_NOMEM;
}

void splits_free(struct splits *s, struct budget *budget)
{
    budget_give(budget, s);
}

const char *split_name(enum split split)
{
    assert(split <= SPLIT_AUTO);
    return name[split];
}

bool split_of(struct bytes text, enum split *out)
{
    for (uint32_t i = 0; i < ARRAY_COUNT(name); i++) {
        if (!bytes_is(text, name[i]))
            continue;
        *out = (enum split)i;
        return true;
    }
    return false;
}

void split_learn(double *cost_us, double us)
{
    *cost_us = *cost_us > 0 ? *cost_us + LEARN * (us - *cost_us) : us;
}

static double helper_us(const struct split_costs *c, enum stage stage)
{
    if (c->helper_us[stage] > 0)
        return c->helper_us[stage];
    return c->own_us[stage] > 0 ? c->own_us[stage] : SPLITS_DEFAULT_US;
}

static double own_us(const struct split_costs *c, enum stage stage)
{
    if (c->own_us[stage] > 0)
        return c->own_us[stage];
    return c->helper_us[stage] > 0 ? c->helper_us[stage] : SPLITS_DEFAULT_US;
}

static uint32_t add(struct graph *g, const struct graph_task *task)
{
    assert(g->task_count < GRAPH_TASKS_MAX);
    g->task[g->task_count] = *task;
    return g->task_count++;
}

static struct graph_task work(double us, double way_us, uint64_t may)
{
    return (struct graph_task){.us = us, .move_us = way_us, .may = may};
}

static void need(struct graph_task *t, uint32_t task)
{
    assert(t->need_count < GRAPH_NEEDS_MAX);
    t->need[t->need_count++] = task;
}

// The light of a frame; what comes after it needs all of its tasks, of which sixteen can be named:
// with more, every one stands for several.
static void add_light(struct graph *g, const struct split_costs *c, bool has_tiles,
                      struct graph_task *after)
{
    const uint32_t most = GRAPH_NEEDS_MAX - after->need_count - 1; // and the layer before
    const uint32_t tiles = has_tiles ? (uint32_t)num_clamp(c->tiles, 1, most) : 1;
    const double us = helper_us(c, STAGE_LIGHT) / tiles;
    for (uint32_t i = 0; i < tiles; i++) {
        const struct graph_task t = work(us, c->way_us[STAGE_LIGHT], ~(uint64_t)GAMER);
        need(after, add(g, &t));
    }
}

// The subsystems, by helpers or, as one task, by the gamer.
static void add_others(struct graph *g, const struct split_costs *c, bool is_helped,
                       struct graph_task *after)
{
    const uint32_t most = is_helped ? OTHERS_MAX : 1;
    const uint32_t tasks = (uint32_t)num_min(c->others, most);
    for (uint32_t i = 0; i < tasks; i++) {
        const struct graph_task t = is_helped ? work(helper_us(c, STAGE_OTHERS) / tasks,
                                                     c->way_us[STAGE_OTHERS], ~(uint64_t)GAMER)
                                              : work(own_us(c, STAGE_OTHERS), 0, GAMER);
        const uint32_t at = add(g, &t);
        if (after->need_count < GRAPH_NEEDS_MAX)
            need(after, at);
    }
}

// *layer: the task that makes the layer; before the first one GRAPH_TASKS_MAX.
static void add_frame(struct graph *g, enum split split, const struct split_costs *c,
                      uint32_t *layer)
{
    const bool has_stages = split_has_stages(split);
    const uint64_t stages_may = has_stages ? ~(uint64_t)GAMER : GAMER;
    double (*const us)(const struct split_costs *, enum stage) = has_stages ? helper_us : own_us;
    const struct graph_task geometry =
        work(us(c, STAGE_GEOMETRY), c->way_us[STAGE_GEOMETRY], stages_may);
    struct graph_task post = work(us(c, STAGE_POST), c->way_us[STAGE_POST], stages_may);
    struct graph_task pictures = work(c->pictures_us, 0, GAMER);
    need(&post, add(g, &geometry));
    if (*layer < GRAPH_TASKS_MAX)
        need(&post, *layer);
    add_light(g, c, split_has_tiles(split), &post);
    *layer = add(g, &post);
    need(&pictures, *layer);
    add_others(g, c, split_has_others(split), &pictures);
    (void)add(g, &pictures);
}

double split_predict_us(struct splits *s, enum split split, const struct split_costs *costs)
{
    struct graph *g = &s->graph;
    uint32_t layer = GRAPH_TASKS_MAX;
    assert(split < SPLIT_AUTO); // which is one of the others
    *g = (struct graph){.helper_count =
                            (uint32_t)num_clamp(costs->helpers, 1, GRAPH_HELPERS_MAX - 1) + 1};
    for (uint32_t i = 0; i < g->helper_count; i++)
        g->speed[i] = 1;
    for (uint32_t i = 0; i < SPLITS_AHEAD; i++)
        add_frame(g, split, costs, &layer);
    if (graph_check(g) != RC_OK)
        return (double)INFINITY; // costs that are none
    graph_plan(g, &s->plan);
    return s->plan.makespan_us / SPLITS_AHEAD;
}

enum split split_choose(struct splits *s, const struct split_costs *costs, enum split now)
{
    double us[SPLITS];
    enum split best = SPLIT_HYBRID; // all else equal: it asks least of the gamer
    for (uint32_t i = STAGE_GEOMETRY; i <= STAGE_POST; i++)
        if (!(costs->helper_us[i] > 0))
            return best; // and it tells what each stage takes
    for (uint32_t i = 0; i < SPLITS; i++)
        us[i] = split_predict_us(s, (enum split)i, costs);
    for (uint32_t i = 0; i < SPLITS; i++)
        if (us[i] < us[best])
            best = (enum split)i;
    return now == SPLIT_AUTO || us[best] < us[now] * SPLITS_BETTER ? best : now;
}
