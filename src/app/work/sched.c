// SPDX-License-Identifier: MIT
// Scheduler: the life of tasks, and all that it is told and asked.
#include "work/sched.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "work/sched_state.h"

#define COLD_US_NEW    300000.0
#define AMOUNT_MAX     1e15 // of what is told: no time, size or count is near it
#define USUAL_US_NEW   500000.0
#define RATE_WITHIN    0.001 // slow, so that who was ranked at different times compares
#define DONE_KEPT      1024u // done tasks, to learn from answers that crossed their cancelling
#define SERVED_AT_ONCE 64u   // waiting tasks that are looked at in one turn

// ---- Making it

size_t sched_bytes(const struct sched_cfg *cfg)
{
    return (1u << 20) + predict_bytes(cfg->helpers_max) + refine_bytes(cfg->helpers_max) +
           price_bytes(cfg->helpers_max) +
           (size_t)cfg->helpers_max * (sizeof(struct helper) + sizeof(double)) +
           cfg->types * rank_bytes(cfg->helpers_max) +
           (size_t)cfg->tasks_max *
               (sizeof(struct task) + (size_t)cfg->attempts_max * (sizeof(struct copy) + 8) + 256);
}

static enum rc take_tables(struct sched *s, struct arena *arena)
{
    const struct sched_cfg *cfg = &s->cfg;
    s->task = arena_take_array(arena, cfg->tasks_max, sizeof *s->task);
    s->copies =
        arena_take_array(arena, (size_t)cfg->tasks_max * cfg->attempts_max, sizeof *s->copies);
    s->predict = predict_new(arena, cfg->helpers_max, cfg->types);
    s->refine = refine_new(arena, cfg->helpers_max);
    s->price = price_new(arena, cfg->helpers_max, cfg->types);
    s->worth = arena_take_array(arena, cfg->helpers_max, sizeof *s->worth);
    s->helper = arena_take_array(arena, cfg->helpers_max, sizeof *s->helper);
    s->by_id = map_new(arena, sizeof(uint64_t), cfg->tasks_max, cfg->seed);
    if (s->task == NULL || s->copies == NULL || s->predict == NULL || s->helper == NULL ||
        s->refine == NULL || s->price == NULL || s->worth == NULL || s->by_id == NULL)
        return RC_NOMEM;
    enum rc rc = heap_init(&s->ends, arena, cfg->tasks_max);
    for (uint32_t i = 0; i < cfg->types && rc == RC_OK; i++)
        rc = rank_init(&s->rank[i], arena, cfg->helpers_max);
    if (rc == RC_OK)
        rc = heap_init(&s->wakeups, arena, cfg->tasks_max);
    if (rc == RC_OK)
        rc = heap_init(&s->lates, arena, (size_t)cfg->tasks_max * cfg->attempts_max);
    return rc;
}

enum rc sched_new(struct sched **out, struct arena *arena, const struct sched_cfg *cfg)
{
    *out = NULL;
    if (cfg->helpers_max == 0 || cfg->tasks_max == 0 || cfg->types == 0 ||
        cfg->types > PREDICT_TYPES_MAX || cfg->attempts_max == 0 ||
        cfg->attempts_max > SCHED_ATTEMPTS_MAX || cfg->policy == NULL)
        return RC_CONFIG;
    struct sched *s = arena_take(arena, sizeof *s);
    if (s == NULL)
        return RC_NOMEM;
    s->cfg = *cfg;
    s->rng = rng_seeded(cfg->seed);
    s->cold_us = COLD_US_NEW;
    backups_begin(s);
    for (uint32_t i = 0; i < cfg->types; i++)
        s->usual_us[i] = USUAL_US_NEW;
    list_init(&s->free_tasks);
    list_init(&s->done_tasks);
    list_init(&s->waiting);
    list_init(&s->orders);
    enum rc rc = take_tables(s, arena);
    if (rc == RC_OK)
        *out = s;
    return rc;
}

// At the door of all that it can be told.
static void hear(struct sched *s, const struct sched_event *e)
{
    s->now_us = e->now_us;
    if (s->cfg.watch != NULL)
        s->cfg.watch->event(s->cfg.watch->self, e);
}

// ---- Tasks

static void say_spent(struct sched *s, struct task *t)
{
    if (!t->is_spent)
        sched_order_put(s, &t->told, SCHED_SPENT);
    t->is_spent = true;
}

// It has no copy that could still end it, as far as is known.
static void again(struct sched *s, struct task *t, uint64_t now_us)
{
    if (t->is_done || task_has_live(t))
        return;
    if (t->copy_count == s->cfg.attempts_max) {
        say_spent(s, t);
        return;
    }
    if (task_place(s, t, now_us))
        return;
    if (list_is_empty(&t->node))
        list_push_back(&s->waiting, &t->node);
    if (task_is_hopeless(s, t))
        say_spent(s, t);
}

// Somebody has room, or is here no more: those who waited longest first.
static void serve(struct sched *s, uint64_t now_us)
{
    uint32_t looked = 0;
    if (!s->has_news)
        return;
    s->has_news = false;
    LIST_FOR_SAFE (it, &s->waiting) {
        struct task *t = CONTAINER_OF(it, struct task, node);
        if (looked++ == SERVED_AT_ONCE) {
            s->has_news = true;
            return;
        }
        if (s->room[t->is.type] > 0 && task_place(s, t, now_us))
            list_del(&t->node);
        else if (task_is_hopeless(s, t))
            say_spent(s, t);
    }
}

static bool is_pending(const struct task *t)
{
    bool is = !list_is_empty(&t->told.node);
    for (uint32_t i = 0; i < t->copy_count; i++)
        is = is || !list_is_empty(&t->copy[i].told.node);
    return is;
}

static void free_task(struct sched *s, struct task *t)
{
    list_del(&t->told.node);
    for (uint32_t i = 0; i < t->copy_count; i++)
        list_del(&t->copy[i].told.node);
    (void)map_del(s->by_id, &t->is.id);
    list_del(&t->node);
    list_push_back(&s->free_tasks, &t->node);
}

static struct task *oldest_done(const struct sched *s)
{
    struct task *t = CONTAINER_OF(s->done_tasks.next, struct task, node);
    return list_is_empty(&s->done_tasks) || is_pending(t) ? NULL : t;
}

static struct task *take_task(struct sched *s)
{
    struct task *old = oldest_done(s);
    const uint32_t in_use = (uint32_t)map_count(s->by_id);
    if (old != NULL && (in_use == s->cfg.tasks_max || s->done_count > DONE_KEPT)) {
        s->done_count--;
        free_task(s, old);
    }
    if (list_is_empty(&s->free_tasks))
        return s->task_count < s->cfg.tasks_max ? &s->task[s->task_count] : NULL;
    return CONTAINER_OF(s->free_tasks.next, struct task, node);
}

// Nobody waits for it. It is remembered while answers of it may be on their way.
static void end_task(struct sched *s, struct task *t, uint64_t now_us)
{
    bool may_tell = false;
    assert(!t->is_done);
    t->is_done = true;
    heap_del(&s->wakeups, &t->wakeup);
    heap_del(&s->ends, &t->end);
    list_del(&t->node);
    list_del(&t->told.node);
    for (uint32_t i = 0; i < t->copy_count; i++) {
        struct copy *c = &t->copy[i];
        const bool is_late = c->state == COPY_LATE && c->stay == s->helper[c->helper].stay;
        if (c->state == COPY_OUT || is_late)
            copy_cancel(s, c, now_us);
        may_tell = may_tell || c->state == COPY_CANCELLED || c->state == COPY_LATE;
    }
    if (!may_tell) {
        free_task(s, t);
        return;
    }
    list_push_back(&s->done_tasks, &t->node);
    s->done_count++;
}

enum rc sched_submit(struct sched *s, const struct sched_task *task, uint64_t now_us)
{
    assert(task->type < s->cfg.types);
    hear(s, &(struct sched_event){.kind = SCHED_SUBMITS, .task = task, .now_us = now_us});
    if (map_get(s->by_id, &task->id) != NULL)
        return RC_REFUSED;
    struct task *t = take_task(s);
    if (t == NULL || map_put(s->by_id, &task->id, t) != RC_OK)
        return RC_FULL;
    if (t == &s->task[s->task_count])
        s->task_count++;
    else
        list_del(&t->node);
    *t = (struct task){.is = *task,
                       .came_us = now_us,
                       .copy = &s->copies[(size_t)(t - s->task) * s->cfg.attempts_max]};
    list_init(&t->node);
    list_init(&t->told.node);
    if (task->within_us == 0)
        t->is.within_us = wait_of(2 * s->usual_us[task->type]);
    const enum rc rc = heap_put(&s->ends, &t->end, time_after(now_us, s->cfg.give_up_us));
    assert(rc == RC_OK); // as many places as tasks
    (void)rc;
    s->stat.submitted++;
    double *mean_us = &s->within_mean_us[task->type];
    const double rate = s->within_us[task->type] > 0 ? RATE_WITHIN : 1;
    s->within_us[task->type] = (double)t->is.within_us;
    *mean_us += rate * (s->within_us[task->type] - *mean_us);
    price_came(s->price, task->type, now_us);
    backups_ease(s);
    prices_look(s);
    again(s, t, now_us);
    return RC_OK;
}

static void over(struct sched *s, struct task *t)
{
    assert(!t->is_done);
    s->stat.over++;
    for (uint32_t i = 0; i < t->copy_count; i++)
        if (t->copy[i].state != COPY_OVER)
            copy_end(s, &t->copy[i], COPY_OVER, (double)t->end.key);
    heap_del(&s->wakeups, &t->wakeup);
    heap_del(&s->ends, &t->end);
    free_task(s, t);
}

// ---- Helpers

static void lose_all(struct sched *s, struct helper *h, uint64_t now_us)
{
    h->stay++;
    h->busy = 0;
    h->is_here = false;
    helper_recount(s, h);
    while (!list_is_empty(&h->lane.items)) { // late ones are in no lane: their stay is over
        struct copy *c = CONTAINER_OF(h->lane.items.next, struct copy, item.node);
        copy_end(s, c, COPY_OVER, (double)now_us);
        list_del(&c->told.node);
        again(s, c->task, now_us);
    }
    assert(h->lane.count == 0 && h->busy == 0);
}

void sched_join(struct sched *s, uint32_t helper, const struct sched_intro *intro, uint64_t now_us)
{
    assert(helper < s->cfg.helpers_max);
    assert(intro->slots > 0);
    struct helper *h = &s->helper[helper];
    hear(s, &(struct sched_event){
                .kind = SCHED_JOINS, .helper = helper, .intro = intro, .now_us = now_us});
    if (h->is_here) {
        h->unseen++;
        lose_all(s, h, now_us);
    }
    if (intro->is_new || !h->is_known) {
        *h = (struct helper){.stay = h->stay, .unseen = h->unseen};
        predict_join(s->predict, helper, &intro->says);
        refine_forget(s->refine, helper);
    }
    h->is = *intro;
    h->is_here = true;
    h->is_known = true;
    h->is_resting = false;
    lane_init(&h->lane, intro->slots);
    helper_count_to(s, helper + 1);
    helper_recount(s, h);
    serve(s, now_us);
}

void sched_leave(struct sched *s, uint32_t helper, uint64_t now_us)
{
    assert(helper < s->cfg.helpers_max);
    struct helper *h = &s->helper[helper];
    hear(s, &(struct sched_event){.kind = SCHED_LEAVES, .helper = helper, .now_us = now_us});
    if (h->unseen > 0) {
        h->unseen--;
        return;
    }
    if (!h->is_here)
        return;
    lose_all(s, h, now_us);
    serve(s, now_us);
}

void sched_rest(struct sched *s, uint32_t helper, bool is_resting, uint64_t now_us)
{
    assert(helper < s->cfg.helpers_max);
    struct helper *h = &s->helper[helper];
    hear(s, &(struct sched_event){.kind = is_resting ? SCHED_RESTS : SCHED_WAKES,
                                  .helper = helper,
                                  .now_us = now_us});
    h->is_resting = is_resting;
    helper_recount(s, h);
    serve(s, now_us);
}

// ---- Answers

void sched_forget(struct sched *s, uint64_t task, uint64_t now_us)
{
    hear(s, &(struct sched_event){.kind = SCHED_FORGETS, .task_id = task, .now_us = now_us});
    struct task *t = map_get(s->by_id, &task);
    if (t == NULL || t->is_done)
        return;
    copies_learn_silence(s, t);
    s->stat.over++;
    end_task(s, t, now_us);
    serve(s, now_us);
}

static struct copy *find_copy(const struct sched *s, uint64_t task, uint32_t helper)
{
    struct task *t = map_get(s->by_id, &task);
    struct copy *c = t != NULL ? copy_at(t, helper) : NULL;
    if (c == NULL || c->state == COPY_BACK)
        return c;
    return c->state == COPY_OVER || c->stay != s->helper[helper].stay ? NULL : c;
}

void sched_back(struct sched *s, const struct sched_answer *a, uint64_t now_us)
{
    hear(s, &(struct sched_event){.kind = SCHED_BACK, .answer = a, .now_us = now_us});
    struct copy *c = find_copy(s, a->task, a->helper);
    if (c == NULL || c->state == COPY_BACK)
        return;
    copy_back(s, c, a, now_us);
    serve(s, now_us);
}

void sched_answer(struct sched *s, const struct sched_answer *a, uint64_t now_us)
{
    hear(s, &(struct sched_event){.kind = SCHED_ANSWERS, .answer = a, .now_us = now_us});
    struct copy *c = find_copy(s, a->task, a->helper);
    if (c == NULL)
        return;
    struct task *t = c->task;
    if (c->state != COPY_BACK)
        copy_back(s, c, a, now_us);
    copy_learn(s, c, a->is_right ? PREDICT_RIGHT : PREDICT_ERROR);
    c->state = COPY_OVER;
    if (a->is_right && !t->is_done) {
        s->stat.done++;
        end_task(s, t, now_us);
    } else {
        again(s, t, now_us);
    }
    serve(s, now_us);
}

void sched_drop(struct sched *s, uint64_t task, uint32_t helper, uint64_t now_us)
{
    hear(s, &(struct sched_event){
                .kind = SCHED_DROPS, .task_id = task, .helper = helper, .now_us = now_us});
    struct copy *c = find_copy(s, task, helper);
    if (c == NULL)
        return;
    copy_end(s, c, COPY_OVER, (double)now_us);
    list_del(&c->told.node);
    again(s, c->task, now_us);
    serve(s, now_us);
}

// ---- Time

static void late(struct sched *s, struct copy *c, uint64_t now_us)
{
    copy_late(s, c, now_us);
    again(s, c->task, now_us);
}

static bool is_judged(const struct task *t)
{
    bool is = false;
    for (uint32_t i = 0; i < t->copy_count; i++)
        is = is || t->copy[i].state == COPY_BACK;
    return is;
}

static void wake(struct sched *s, struct task *t, uint64_t now_us)
{
    heap_del(&s->wakeups, &t->wakeup);
    if (task_has_live(t) && !is_judged(t))
        task_backup_late(s, t, now_us);
}

void sched_tick(struct sched *s, uint64_t now_us)
{
    hear(s, &(struct sched_event){.kind = SCHED_TICKS, .now_us = now_us});
    for (struct heap_node *n; (n = heap_first(&s->lates)) != NULL && n->key <= now_us;)
        late(s, CONTAINER_OF(n, struct copy, late), now_us);
    for (struct heap_node *n; (n = heap_first(&s->wakeups)) != NULL && n->key <= now_us;)
        wake(s, CONTAINER_OF(n, struct task, wakeup), now_us);
    for (struct heap_node *n; (n = heap_first(&s->ends)) != NULL && n->key <= now_us;)
        over(s, CONTAINER_OF(n, struct task, end));
    serve(s, now_us);
}

uint64_t sched_due_us(const struct sched *s)
{
    const struct heap *const heaps[] = {&s->lates, &s->wakeups, &s->ends};
    uint64_t due_us = UINT64_MAX;
    for (size_t i = 0; i < ARRAY_COUNT(heaps); i++) {
        const struct heap_node *n = heap_first(heaps[i]);
        due_us = num_min(due_us, n != NULL ? n->key : UINT64_MAX);
    }
    return due_us;
}

// ---- Orders

static void tell_copy(const struct sched *s, struct copy *c, struct sched_order *out)
{
    out->task = c->task->is.id;
    out->helper = c->helper;
    if (out->kind != SCHED_ASSIGN)
        return;
    const struct predict_forecast *f = &c->forecast;
    c->is_told = true;
    out->answer_us = f->net_us + c->wait_us + f->work_us;
    predict_interval(s->predict, f, c->wait_us, &out->low_us, &out->high_us);
}

bool sched_next(struct sched *s, struct sched_order *out)
{
    if (list_is_empty(&s->orders))
        return false;
    struct told *told = CONTAINER_OF(s->orders.next, struct told, node);
    list_del(&told->node);
    *out = (struct sched_order){.kind = told->kind};
    if (told->kind == SCHED_SPENT)
        out->task = CONTAINER_OF(told, struct task, told)->is.id;
    else
        tell_copy(s, CONTAINER_OF(told, struct copy, told), out);
    if (s->cfg.watch != NULL)
        s->cfg.watch->order(s->cfg.watch->self, out);
    return true;
}

// ---- The same again

static bool is_amount(double x)
{
    return x >= 0 && x <= AMOUNT_MAX;
}

static bool intro_makes_sense(const struct sched_intro *i)
{
    bool is_good = i->slots > 0 && is_amount(i->says.ping_us) && is_amount(i->says.reliability) &&
                   is_amount(i->says.right) && is_amount(i->says.wrong);
    for (uint32_t type = 0; type < PREDICT_TYPES_MAX; type++)
        is_good = is_good && is_amount((double)i->says.work_us[type]);
    return is_good;
}

static bool answer_makes_sense(const struct sched *s, const struct sched_answer *a)
{
    return a->helper < s->cfg.helpers_max && is_amount(a->total_us) && is_amount(a->work_us) &&
           is_amount(a->size);
}

static bool makes_sense(const struct sched *s, const struct sched_event *e)
{
    switch (e->kind) {
    case SCHED_JOINS:
        return e->helper < s->cfg.helpers_max && intro_makes_sense(e->intro);
    case SCHED_LEAVES:
    case SCHED_RESTS:
    case SCHED_WAKES:
    case SCHED_DROPS:
        return e->helper < s->cfg.helpers_max;
    case SCHED_SUBMITS:
        return e->task->type < s->cfg.types && is_amount(e->task->size);
    case SCHED_BACK:
    case SCHED_ANSWERS:
        return answer_makes_sense(s, e->answer);
    case SCHED_HOUR:
        return e->hour >= 0 && e->hour < 24;
    case SCHED_FORGETS:
    case SCHED_TICKS:
        break;
    }
    return true;
}

enum rc sched_apply(struct sched *s, const struct sched_event *e)
{
    if (!makes_sense(s, e))
        return RC_MALFORMED;
    switch (e->kind) {
    case SCHED_JOINS:
        sched_join(s, e->helper, e->intro, e->now_us);
        break;
    case SCHED_LEAVES:
        sched_leave(s, e->helper, e->now_us);
        break;
    case SCHED_RESTS:
    case SCHED_WAKES:
        sched_rest(s, e->helper, e->kind == SCHED_RESTS, e->now_us);
        break;
    case SCHED_SUBMITS:
        return sched_submit(s, e->task, e->now_us);
    case SCHED_BACK:
        sched_back(s, e->answer, e->now_us);
        break;
    case SCHED_ANSWERS:
        sched_answer(s, e->answer, e->now_us);
        break;
    case SCHED_DROPS:
        sched_drop(s, e->task_id, e->helper, e->now_us);
        break;
    case SCHED_FORGETS:
        sched_forget(s, e->task_id, e->now_us);
        break;
    case SCHED_TICKS:
        sched_tick(s, e->now_us);
        break;
    case SCHED_HOUR:
        sched_hour(s, e->hour);
        break;
    }
    return RC_OK;
}

void sched_hour(struct sched *s, double hour)
{
    hear(s, &(struct sched_event){.kind = SCHED_HOUR, .hour = hour, .now_us = s->now_us});
    predict_hour(s->predict, hour);
    refine_hour(s->refine, hour);
}

struct refine *sched_refine(struct sched *s)
{
    return s->refine;
}

struct sched_stat sched_stat(const struct sched *s)
{
    return s->stat;
}
