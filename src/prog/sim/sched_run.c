// SPDX-License-Identifier: MIT
// A scheduler and a fleet of simulated helpers, run against one another.
#include "prog/sim/sched_run.h"

#include <math.h>

#include "base/num.h"
#include "os/clock.h"
#include "prog/sim/sched_fit.h"
#include "work/sched.h"

#define TASKS_MAX 65536u // at the same time

struct match {
    struct fleet *fleet;
    struct sched *sched; // NULL: full sight
    uint64_t spent_us;
    double start_hour, day_us;
    bool has_trees;
};

static void take_orders(struct match *m)
{
    struct sched_order o;
    while (sched_next(m->sched, &o)) {
        const struct fleet_said said = {o.answer_us, o.low_us, o.high_us};
        if (o.kind == SCHED_CANCEL)
            fleet_cancel(m->fleet, (uint32_t)o.task, o.helper);
        else if (o.kind == SCHED_ASSIGN)
            (void)fleet_assign(m->fleet, (uint32_t)o.task, o.helper, &said); // refused: it is late
    }
    fleet_wake_us(m->fleet, sched_due_us(m->sched));
}

static void join(struct match *m, uint32_t helper, uint64_t now_us)
{
    const struct fleet_intro p = fleet_intro(m->fleet, helper);
    const struct sched_intro intro = {
        .says = {.class = p.class_index, .ping_us = p.ping_us, .reliability = p.reliability},
        .slots = p.slots,
        .ahead = SCHED_ANY_NUMBER,
        .can = p.can};
    sched_join(m->sched, helper, &intro, now_us);
}

static enum rc tell(struct match *m, const struct fleet_event *e)
{
    enum rc rc = RC_OK;
    const struct sched_task task = {
        .id = e->task, .type = e->type, .size = e->size, .within_us = e->within_us};
    const struct sched_answer answer = {e->task,     e->helper,  e->is_right,
                                        e->total_us, e->work_us, 0};
    sched_hour(m->sched, fmod(m->start_hour + 24 * (double)e->now_us / m->day_us, 24));
    sched_tick(m->sched, e->now_us);
    switch (e->kind) {
    case FLEET_TASK:
        rc = sched_submit(m->sched, &task, e->now_us);
        break;
    case FLEET_ANSWER:
        sched_answer(m->sched, &answer, e->now_us);
        break;
    case FLEET_DOWN:
        sched_leave(m->sched, e->helper, e->now_us);
        break;
    case FLEET_UP:
        join(m, e->helper, e->now_us);
        break;
    case FLEET_WAKE:
        break;
    }
    return rc;
}

// Whoever's answer is really back first, unless that helper leaves before: that is not foreseen.
static void see_through(struct match *m, const struct fleet_event *e)
{
    const struct fleet_said nothing = {0, 0, 0};
    uint32_t best = 0;
    double best_ms = HUGE_VAL;
    if (e->kind != FLEET_TASK)
        return;
    for (uint32_t i = 0; i < fleet_helpers(m->fleet); i++) {
        const double ms = fleet_foresee_ms(m->fleet, e->task, i);
        if (ms < best_ms) {
            best_ms = ms;
            best = i;
        }
    }
    if (best_ms < HUGE_VAL)
        (void)fleet_assign(m->fleet, e->task, best, &nothing);
}

static enum rc play(struct match *m)
{
    struct fleet_event e;
    enum rc rc = RC_OK;
    for (uint32_t i = 0; m->sched != NULL && i < fleet_helpers(m->fleet); i++)
        join(m, i, 0);
    while (rc == RC_OK && fleet_next(m->fleet, &e)) {
        const uint64_t from_us = clock_now_us();
        if (m->sched == NULL) {
            see_through(m, &e);
            continue;
        }
        rc = tell(m, &e);
        take_orders(m);
        m->spent_us += time_since(from_us, clock_now_us());
        if (m->has_trees && rc == RC_OK)
            rc = sched_fit(sched_refine(m->sched));
    }
    return rc;
}

enum rc sched_run(struct sched_run *out, const struct fleet_cfg *cfg, uint64_t run,
                  const struct policy *policy, bool has_trees)
{
    uint32_t helpers = 0;
    for (uint32_t i = 0; i < cfg->group_count; i++)
        helpers += cfg->group[i].count;
    const struct sched_cfg sched = {.helpers_max = helpers,
                                    .tasks_max = (uint32_t)num_min(cfg->task_count, TASKS_MAX),
                                    .types = cfg->type_count,
                                    .attempts_max = cfg->attempts_max,
                                    .give_up_us = (uint64_t)(cfg->give_up_ms * US_PER_MS),
                                    .policy = policy,
                                    .seed = run};
    struct arena *arena = arena_new(fleet_bytes(cfg) + sched_bytes(&sched) + (1u << 20));
    struct match m = {.start_hour = cfg->start_hour,
                      .day_us = fmax(1, cfg->day_ms) * US_PER_MS,
                      .has_trees = has_trees};
    enum rc rc = arena == NULL ? RC_NOMEM : fleet_new(&m.fleet, arena, cfg, run);
    if (rc == RC_OK && policy != NULL)
        rc = sched_new(&m.sched, arena, &sched);
    if (rc == RC_OK)
        rc = play(&m);
    if (rc == RC_OK) {
        fleet_figures(m.fleet, arena, &out->figures);
        out->share_refined = policy != NULL ? refine_share_used(sched_refine(m.sched)) : 0;
        out->decision_us = (double)m.spent_us / cfg->task_count;
    }
    arena_free(arena);
    return rc;
}
