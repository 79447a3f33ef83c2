// SPDX-License-Identifier: MIT
// Scheduler: the life of tasks and their copies.
#include "work/sched.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "work/sched_state.h"

#define SILENCE_MIN    0.02 // a copy is late when silence is as likely as slowness; within these
#define SILENCE_MAX    0.08
#define COLD_PATIENCE  3u // times as long before who has to get the object first is late
#define COLD_US_NEW    300000.0
#define WAIT_US_MAX    1e12
#define USUAL_US_NEW   500000.0
#define RATE_USUAL     0.05
#define RATE_WITHIN    0.001 // slow, so that who was ranked at different times compares
#define RATE_COLD      0.2
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

uint64_t wait_of(double us)
{
    return (uint64_t)fmin(fmax(us, 0), WAIT_US_MAX);
}

// At the door of all that it can be told.
static void hear(struct sched *s, const struct sched_event *e)
{
    s->now_us = e->now_us;
    if (s->cfg.watch != NULL)
        s->cfg.watch->event(s->cfg.watch->self, e);
}

// ---- Copies

void sched_order_put(struct sched *s, struct told *told, enum sched_kind kind)
{
    told->kind = kind;
    if (list_is_empty(&told->node))
        list_push_back(&s->orders, &told->node);
}

// What is left of a task's life, shared among this copy and those that it may have after it.
static double turn_us(const struct sched *s, const struct task *t)
{
    const uint64_t over_us = time_after(t->came_us, s->cfg.give_up_us);
    return (double)time_since(s->now_us, over_us) / (s->cfg.attempts_max - t->copy_count + 1);
}

// After which hardly any answer would still come.
static double silent_us(const struct sched *s, const struct copy *c)
{
    const double slow = fmin(SILENCE_MAX, fmax(SILENCE_MIN, c->forecast.silence));
    return predict_quantile_us(s->predict, &c->forecast, c->wait_us, 1 - slow);
}

static double late_us(const struct sched *s, const struct copy *c)
{
    const double at_us = silent_us(s, c);
    const double min_us = (double)s->cfg.late_min_us * (c->is_cold ? COLD_PATIENCE : 1);
    return fmax(min_us, fmin(turn_us(s, c->task), at_us));
}

void copy_send(struct sched *s, struct task *t, const struct offer *o, uint64_t now_us)
{
    struct copy *c = &t->copy[t->copy_count++];
    struct helper *h = &s->helper[o->helper];
    *c = (struct copy){.task = t,
                       .helper = o->helper,
                       .stay = h->stay,
                       .state = COPY_OUT,
                       .is_cold = t->is.object != 0 && h->warm != t->is.object,
                       .forecast = o->forecast,
                       .plain_us = o->plain_us,
                       .wait_us = o->wait_us,
                       .sent_us = now_us};
    const struct refine_scene scene = offer_scene(s, t, o->helper);
    refine_look(s->refine, o->helper, &scene, &c->row);
    list_init(&c->told.node);
    list_init(&c->item.node);
    c->item.arrive_us = (double)now_us + o->forecast.net_us / 2;
    c->item.work_us = o->forecast.work_us;
    lane_put(&h->lane, &c->item);
    h->busy++;
    helper_recount(s, h);
    const enum rc rc = heap_put(&s->lates, &c->late, time_after(now_us, wait_of(late_us(s, c))));
    assert(rc == RC_OK); // as many places as copies
    (void)rc;
    t->is_spent = false;
    s->stat.copies++;
    sched_order_put(s, &c->told, SCHED_ASSIGN);
}

// Neither waited for nor in its helper's way any more.
static void end_copy(struct sched *s, struct copy *c, enum copy_state state, double slot_free_us)
{
    struct helper *h = &s->helper[c->helper];
    heap_del(&s->lates, &c->late);
    lane_del(&h->lane, &c->item, slot_free_us);
    if ((c->state == COPY_OUT || c->state == COPY_LATE) && c->stay == h->stay) {
        assert(h->busy > 0);
        h->busy--;
        helper_recount(s, h);
    }
    c->state = state;
}

static void cancel(struct sched *s, struct copy *c, uint64_t now_us)
{
    end_copy(s, c, c->is_told ? COPY_CANCELLED : COPY_OVER,
             (double)now_us + c->forecast.net_us / 2);
    if (c->is_told)
        sched_order_put(s, &c->told, SCHED_CANCEL);
    else
        list_del(&c->told.node);
}

bool task_has_live(const struct task *t)
{
    bool has = false;
    for (uint32_t i = 0; i < t->copy_count; i++)
        has = has || t->copy[i].state == COPY_OUT || t->copy[i].state == COPY_BACK;
    return has;
}

struct copy *copy_at(struct task *t, uint32_t helper)
{
    for (uint32_t i = 0; i < t->copy_count; i++)
        if (t->copy[i].helper == helper)
            return &t->copy[i];
    return NULL;
}

// ---- Tasks

void task_wake_at(struct sched *s, struct task *t, uint64_t at_us)
{
    if (t->wakeup.index != 0) {
        heap_move(&s->wakeups, &t->wakeup, at_us);
        return;
    }
    const enum rc rc = heap_put(&s->wakeups, &t->wakeup, at_us);
    assert(rc == RC_OK); // as many places as tasks
    (void)rc;
}

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
    t->is_done = true;
    heap_del(&s->wakeups, &t->wakeup);
    heap_del(&s->ends, &t->end);
    list_del(&t->node);
    list_del(&t->told.node);
    for (uint32_t i = 0; i < t->copy_count; i++) {
        struct copy *c = &t->copy[i];
        const bool is_late = c->state == COPY_LATE && c->stay == s->helper[c->helper].stay;
        if (c->state == COPY_OUT || is_late)
            cancel(s, c, now_us);
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
    hear(s, &(struct sched_event){.kind = SCHED_SUBMITS, .task = task, .now_us = now_us});
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
    s->stat.over++;
    for (uint32_t i = 0; i < t->copy_count; i++)
        if (t->copy[i].state != COPY_OVER)
            end_copy(s, &t->copy[i], COPY_OVER, (double)t->end.key);
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
    while (!list_is_empty(&h->lane.items)) {
        struct copy *c = CONTAINER_OF(h->lane.items.next, struct copy, item.node);
        end_copy(s, c, COPY_OVER, (double)now_us);
        list_del(&c->told.node);
        again(s, c->task, now_us);
    }
}

void sched_join(struct sched *s, uint32_t helper, const struct sched_intro *intro, uint64_t now_us)
{
    struct helper *h = &s->helper[helper];
    assert(helper < s->cfg.helpers_max && intro->slots > 0);
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
    struct helper *h = &s->helper[helper];
    hear(s, &(struct sched_event){.kind = is_resting ? SCHED_RESTS : SCHED_WAKES,
                                  .helper = helper,
                                  .now_us = now_us});
    h->is_resting = is_resting;
    helper_recount(s, h);
    serve(s, now_us);
}

// ---- Answers

static void learn_times(struct sched *s, const struct copy *c)
{
    double *usual_us = &s->usual_us[c->task->is.type];
    *usual_us += RATE_USUAL * (c->total_us - *usual_us);
    s->helper[c->helper].warm = c->task->is.object;
    if (c->task->is.object != 0)
        holders_note(s, c->task->is.object, c->helper);
    if (!c->is_cold)
        return;
    const double known_us = c->forecast.net_us - s->cold_us + c->wait_us + c->work_us;
    s->cold_us += RATE_COLD * (fmax(0, c->total_us - known_us) - s->cold_us);
}

static void learn(struct sched *s, const struct copy *c, enum predict_end end)
{
    const struct predict_answer a = {.end = end,
                                     .type = c->task->is.type,
                                     .size = c->size,
                                     .total_us = c->total_us,
                                     .work_us = c->work_us,
                                     .was_free = c->wait_us <= 0,
                                     .was_cold = c->is_cold,
                                     .forecast = &c->forecast,
                                     .wait_us = c->wait_us};
    struct helper *h = &s->helper[c->helper];
    h->right += end == PREDICT_RIGHT;
    h->wrong += end != PREDICT_RIGHT;
    predict_tell(s->predict, c->helper, &a);
    if (end == PREDICT_RIGHT) {
        learn_times(s, c);
        refine_tell(s->refine, &c->row, c->work_us / fmax(1, c->plain_us));
    }
    helper_rank(s, c->helper);
}

// Who did not answer in all that time would hardly have done so later.
static void learn_silence(struct sched *s, const struct task *t)
{
    for (uint32_t i = 0; i < t->copy_count; i++) {
        const struct copy *c = &t->copy[i];
        if (c->state == COPY_OUT && (double)time_since(c->sent_us, s->now_us) > silent_us(s, c))
            learn(s, c, PREDICT_SILENT);
    }
}

void sched_forget(struct sched *s, uint64_t task, uint64_t now_us)
{
    hear(s, &(struct sched_event){.kind = SCHED_FORGETS, .task_id = task, .now_us = now_us});
    struct task *t = map_get(s->by_id, &task);
    if (t == NULL || t->is_done)
        return;
    learn_silence(s, t);
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

static void take_back(struct sched *s, struct copy *c, const struct sched_answer *a,
                      uint64_t now_us)
{
    if (c->state == COPY_LATE)
        predict_unsilence(s->predict, c->helper);
    end_copy(s, c, COPY_BACK, (double)now_us - c->forecast.net_us / 2);
    list_del(&c->told.node); // that it is late
    if (!c->task->is_done)
        list_del(&c->task->node); // it waits for nobody while this one is judged
    c->total_us = a->total_us;
    c->work_us = a->work_us;
    c->size = a->size > 0 ? a->size : c->task->is.size;
}

void sched_back(struct sched *s, const struct sched_answer *a, uint64_t now_us)
{
    hear(s, &(struct sched_event){.kind = SCHED_BACK, .answer = a, .now_us = now_us});
    struct copy *c = find_copy(s, a->task, a->helper);
    if (c == NULL || c->state == COPY_BACK)
        return;
    take_back(s, c, a, now_us);
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
        take_back(s, c, a, now_us);
    learn(s, c, a->is_right ? PREDICT_RIGHT : PREDICT_ERROR);
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
    end_copy(s, c, COPY_OVER, (double)now_us);
    list_del(&c->told.node);
    again(s, c->task, now_us);
    serve(s, now_us);
}

// ---- Time

static void late(struct sched *s, struct copy *c, uint64_t now_us)
{
    struct helper *h = &s->helper[c->helper];
    learn(s, c, PREDICT_SILENT);
    heap_del(&s->lates, &c->late);
    lane_del(&h->lane, &c->item, (double)now_us);
    helper_rank(s, c->helper);
    c->state = COPY_LATE;
    if (c->is_told)
        sched_order_put(s, &c->told, SCHED_LATE);
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

static bool makes_sense(const struct sched *s, const struct sched_event *e)
{
    const struct sched_cfg *cfg = &s->cfg;
    const bool has_helper = e->kind <= SCHED_WAKES || e->kind == SCHED_DROPS;
    const bool has_answer = e->kind == SCHED_BACK || e->kind == SCHED_ANSWERS;
    return (!has_helper || e->helper < cfg->helpers_max) &&
           (!has_answer || e->answer->helper < cfg->helpers_max) &&
           (e->kind != SCHED_JOINS || e->intro->slots > 0) &&
           (e->kind != SCHED_HOUR || (e->hour >= 0 && e->hour < 24)) &&
           (e->kind != SCHED_SUBMITS || e->task->type < cfg->types);
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
