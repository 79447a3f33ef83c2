// SPDX-License-Identifier: MIT
// Scheduler: which helper gets a copy of a task, when another copy is worth it, when one is given
// up.
#include "work/sched.h"

#include <assert.h>
#include <math.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/map.h"
#include "base/num.h"
#include "work/lane.h"
#include "work/price.h"

#define EXPLORE      0.005 // share of first choices that go to anybody, so that all stay measured
#define EXPLORE_MORE 0.12  // ... and of backups
#define RETRY_US     20000 // until a task that nobody can take is looked at again
#define SILENCE_MIN  0.02  // a copy is late when silence is as likely as slowness; within these
#define SILENCE_MAX  0.08
#define BACKUP_SHARE 0.10  // of all tasks ...
#define BACKUP_CAP   0.16  // ... and at most
#define BACKUP_GAIN  0.12  // of the chance to be in time, that a backup must bring: at first ...
#define GAIN_MIN     0.02  // ... at least ...
#define GAIN_RATE    0.005 // ... and how quickly it follows the share
#define HURRY        0.25  // of its deadline that a task which is late has left, as it is judged
#define PRICE_TURNS  150u  // tasks between two looks at prices
#define PRICE_WEIGHT 0.15  // less than one: who finds a slot held may still wait for it
#define PRICE_BAN    0.15  // backups stay off slots that cost more
#define WAIT_US_MAX  1e12

struct task;

struct copy {
    struct lane_item item; // at its helper, while it is live
    struct list order;     // while an order about it waits to be taken
    struct heap_node late; // when it is given up
    struct task *task;
    uint32_t helper;
    uint32_t stay;  // of the helper: after it, the copy is lost
    bool is_live;   // neither answered, nor lost, nor late
    bool is_told;   // the order to assign it was taken
    bool is_silent; // late: hardly any answer would still come, and is taken if it does
    struct predict_forecast forecast;
    struct refine_row row;
    double plain_us;
    double wait_us;
    uint64_t sent_us;
};

struct task {
    struct list node;        // while it is free
    struct heap_node end;    // when it is over, done or not
    struct heap_node wakeup; // when it is to be looked at again
    struct sched_task is;
    uint64_t came_us;
    bool is_done;
    uint32_t copy_count;
    struct copy copy[SCHED_ATTEMPTS_MAX];
};

struct helper {
    struct sched_intro is;
    bool is_here;
    uint32_t stay; // how often it left
    struct lane lane;
    double right, wrong;
};

struct sched {
    struct sched_cfg cfg;
    struct rng rng;
    struct predict *predict;
    struct refine *refine;
    struct helper *helper;
    uint32_t helper_count; // the highest number that was here, and one
    struct list free_tasks;
    struct map *by_id;
    struct heap ends, wakeups, lates;
    struct list orders;
    struct offer *offer;
    struct price *price;
    double *worth;                       // room for look_at_prices
    double within_us[PREDICT_TYPES_MAX]; // the deadline of the last one; 0: none came
    double least_gain;                   // of a backup
    struct sched_stat stat;
};

// ---- Making it

size_t sched_bytes(const struct sched_cfg *cfg)
{
    return (1u << 20) + predict_bytes(cfg->helpers_max) + price_bytes(cfg->helpers_max) +
           refine_bytes(cfg->helpers_max) +
           (size_t)cfg->helpers_max *
               (sizeof(struct helper) + sizeof(struct offer) + sizeof(double)) +
           (size_t)cfg->tasks_max * (sizeof(struct task) + 512);
}

static enum rc take_tables(struct sched *s, struct arena *arena)
{
    const struct sched_cfg *cfg = &s->cfg;
    struct task *tasks = arena_take_array(arena, cfg->tasks_max, sizeof *tasks);
    s->predict = predict_new(arena, cfg->helpers_max, cfg->types);
    s->refine = refine_new(arena, cfg->helpers_max);
    s->helper = arena_take_array(arena, cfg->helpers_max, sizeof *s->helper);
    s->offer = arena_take_array(arena, cfg->helpers_max, sizeof *s->offer);
    s->price = price_new(arena, cfg->helpers_max, cfg->types);
    s->worth = arena_take_array(arena, cfg->helpers_max, sizeof *s->worth);
    s->by_id = map_new(arena, sizeof(uint64_t), cfg->tasks_max, cfg->seed);
    if (tasks == NULL || s->predict == NULL || s->refine == NULL || s->helper == NULL ||
        s->offer == NULL || s->price == NULL || s->worth == NULL || s->by_id == NULL)
        return RC_NOMEM;
    for (uint32_t i = 0; i < cfg->tasks_max; i++)
        list_push_back(&s->free_tasks, &tasks[i].node);
    enum rc rc = heap_init(&s->ends, arena, cfg->tasks_max);
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
    s->least_gain = BACKUP_GAIN;
    list_init(&s->free_tasks);
    list_init(&s->orders);
    enum rc rc = take_tables(s, arena);
    if (rc == RC_OK)
        *out = s;
    return rc;
}

// A wait that is guessed, as a time: what strangers say may make a guess absurd.
static uint64_t wait_of(double us)
{
    return (uint64_t)fmin(fmax(us, 0), WAIT_US_MAX);
}

// ---- What things are worth

static struct refine_scene scene_of(const struct sched *s, const struct task *t, uint32_t helper)
{
    const struct helper *h = &s->helper[helper];
    return (struct refine_scene){.type = t->is.type,
                                 .class = h->is.says.class,
                                 .held = h->lane.count,
                                 .slots = h->is.slots,
                                 .size = t->is.size,
                                 .ping_us = h->is.says.ping_us};
}

static void look(const struct sched *s, const struct task *t, uint32_t helper, uint64_t now_us,
                 struct offer *out)
{
    const struct helper *h = &s->helper[helper];
    const double left_us = (double)t->is.within_us - (double)time_since(t->came_us, now_us);
    *out = (struct offer){.helper = helper,
                          .held = h->lane.count,
                          .slots = h->is.slots,
                          .ping_us = h->is.says.ping_us,
                          .claim = h->is.says.reliability,
                          .right = h->right,
                          .wrong = h->wrong};
    predict_ask(s->predict, helper, t->is.type, t->is.size, &out->forecast);
    const struct refine_scene scene = scene_of(s, t, helper);
    out->plain_us = out->forecast.work_us;
    out->forecast.work_us *= refine_factor(s->refine, helper, &scene);
    out->wait_us = lane_wait_us(&h->lane, (double)now_us + out->forecast.net_us / 2);
    out->answer_us = out->forecast.net_us + out->wait_us + out->forecast.work_us;
    out->meets = predict_meets(s->predict, &out->forecast, out->wait_us, left_us);
}

// Of an idle helper, to a task of this type.
static double worth_of(const struct sched *s, uint32_t helper, uint32_t type)
{
    const struct policy_task task = {.within_us = s->within_us[type]};
    struct offer o = {.helper = helper};
    predict_ask(s->predict, helper, type, 1, &o.forecast);
    o.answer_us = o.forecast.net_us + o.forecast.work_us;
    o.meets = predict_meets(s->predict, &o.forecast, 0, task.within_us);
    return policy_worth(&o, &task);
}

static void look_at_prices(struct sched *s)
{
    for (uint32_t type = 0; type < s->cfg.types; type++) {
        if (s->within_us[type] <= 0)
            continue;
        for (uint32_t i = 0; i < s->helper_count; i++) {
            const struct helper *h = &s->helper[i];
            const bool can = h->is_here && (h->is.can >> type & 1) != 0;
            s->worth[i] = can ? worth_of(s, i, type) : PRICE_USELESS;
        }
        price_think(s->price, type, s->worth, s->helper_count);
    }
}

// Of one slot more: who holds the last one is in everybody's way.
static double slot_price(const struct sched *s, const struct offer *o, uint32_t type)
{
    const double share = fmin(1, (o->held + 1.0) / o->slots);
    return PRICE_WEIGHT * share * price_of(s->price, o->helper, type, o->forecast.work_us);
}

// ---- Copies

static void order(struct sched *s, struct copy *c)
{
    if (list_is_empty(&c->order))
        list_push_back(&s->orders, &c->order);
}

// What is left of a task's life, shared among this copy and those that it may have after it.
static double turn_us(const struct sched *s, const struct task *t, uint64_t now_us)
{
    const uint64_t over_us = time_after(t->came_us, s->cfg.give_up_us);
    return (double)time_since(now_us, over_us) / (s->cfg.attempts_max - t->copy_count + 1);
}

static void send(struct sched *s, struct task *t, const struct offer *o, uint64_t now_us)
{
    struct copy *c = &t->copy[t->copy_count++];
    struct helper *h = &s->helper[o->helper];
    *c = (struct copy){.task = t,
                       .helper = o->helper,
                       .stay = h->stay,
                       .is_live = true,
                       .forecast = o->forecast,
                       .plain_us = o->plain_us,
                       .wait_us = o->wait_us,
                       .sent_us = now_us};
    const struct refine_scene scene = scene_of(s, t, o->helper);
    refine_look(s->refine, o->helper, &scene, &c->row);
    list_init(&c->order);
    list_init(&c->item.node);
    c->item.arrive_us = (double)now_us + o->forecast.net_us / 2;
    c->item.work_us = o->forecast.work_us;
    lane_put(&h->lane, &c->item);
    const double slow = fmin(SILENCE_MAX, fmax(SILENCE_MIN, c->forecast.silence));
    const double late_us = fmin(
        turn_us(s, t, now_us), predict_quantile_us(s->predict, &c->forecast, c->wait_us, 1 - slow));
    const enum rc rc = heap_put(&s->lates, &c->late, time_after(now_us, wait_of(late_us)));
    assert(rc == RC_OK); // as many places as copies
    (void)rc;
    s->stat.copies++;
    order(s, c);
}

// Neither waited for nor in its helper's way any more.
static void end_copy(struct sched *s, struct copy *c, double slot_free_us)
{
    c->is_live = false;
    heap_del(&s->lates, &c->late);
    lane_del(&s->helper[c->helper].lane, &c->item, slot_free_us);
}

static void cancel(struct sched *s, struct copy *c, uint64_t now_us)
{
    end_copy(s, c, (double)now_us + c->forecast.net_us / 2);
    if (c->is_told)
        order(s, c);
    else
        list_del(&c->order);
}

static bool has_live(const struct task *t)
{
    bool has = false;
    for (uint32_t i = 0; i < t->copy_count; i++)
        has = has || t->copy[i].is_live;
    return has;
}

static struct copy *copy_at(struct task *t, uint32_t helper)
{
    for (uint32_t i = 0; i < t->copy_count; i++)
        if (t->copy[i].helper == helper)
            return &t->copy[i];
    return NULL;
}

// ---- Choosing

// Those that could have a copy now. Of a backup: of those with a free slot that is not dear.
static size_t gather(struct sched *s, struct task *t, bool is_backup, uint64_t now_us)
{
    size_t count = 0;
    for (uint32_t i = 0; i < s->helper_count; i++) {
        const struct helper *h = &s->helper[i];
        if (!h->is_here || (h->is.can >> t->is.type & 1) == 0 || copy_at(t, i) != NULL ||
            (is_backup && h->lane.count >= h->is.slots))
            continue;
        struct offer *o = &s->offer[count];
        look(s, t, i, now_us, o);
        o->price = slot_price(s, o, t->is.type);
        if (t->copy_count == 0)
            price_saw(s->price, i, t->is.type, o->held >= o->slots);
        count += !is_backup || o->price <= PRICE_BAN;
    }
    return count;
}

static void wake_at(struct sched *s, struct task *t, uint64_t at_us)
{
    if (t->wakeup.index != 0) {
        heap_move(&s->wakeups, &t->wakeup, at_us);
        return;
    }
    const enum rc rc = heap_put(&s->wakeups, &t->wakeup, at_us);
    assert(rc == RC_OK); // as many places as tasks
    (void)rc;
}

static const struct offer *surest(const struct sched *s, size_t count)
{
    const struct offer *best = NULL;
    for (size_t i = 0; i < count; i++)
        if (best == NULL || s->offer[i].meets > best->meets)
            best = &s->offer[i];
    return best;
}

// Sometimes anybody: as good a time as any to see how one fares.
static const struct offer *backup_of(struct sched *s, size_t count)
{
    if (count > 0 && rng_unit(&s->rng) < EXPLORE_MORE)
        return &s->offer[rng_below(&s->rng, count)];
    return surest(s, count);
}

// The last copy is for when all others have failed.
static bool may_have_backup(const struct sched *s, const struct task *t)
{
    return t->copy_count + 1 < s->cfg.attempts_max &&
           (double)s->stat.backups < BACKUP_CAP * (double)s->stat.submitted;
}

// Each makes the next one a little dearer, each task without one a little cheaper: so the share
// goes to those that gain most.
static void send_backup(struct sched *s, struct task *t, const struct offer *o, uint64_t now_us)
{
    s->stat.backups++;
    s->least_gain = fmin(1, s->least_gain * (1 + GAIN_RATE));
    send(s, t, o, now_us);
}

// At once where the first one is in doubt; else at the last moment that can still help.
static void plan_backup(struct sched *s, struct task *t, const struct offer *first, uint64_t now_us)
{
    const struct offer sent = *first; // the offers are about to be made anew
    const size_t count = gather(s, t, true, now_us);
    const struct offer *best = surest(s, count);
    if (best == NULL)
        return;
    if ((1 - sent.meets) * best->meets > s->least_gain) {
        send_backup(s, t, backup_of(s, count), now_us);
        return;
    }
    const struct offer *soonest = best;
    for (size_t i = 0; i < count; i++)
        if (s->offer[i].answer_us < soonest->answer_us)
            soonest = &s->offer[i];
    const double last_us =
        (double)t->is.within_us - soonest->answer_us - 0.8 * soonest->forecast.spread_us;
    const double overdue_us = sent.answer_us + 2 * sent.forecast.spread_us;
    const double at_us = fmin(last_us, overdue_us);
    if (at_us > 1000)
        wake_at(s, t, time_after(now_us, wait_of(at_us)));
}

static void place(struct sched *s, struct task *t, uint64_t now_us)
{
    if (t->copy_count == s->cfg.attempts_max)
        return;
    const size_t count = gather(s, t, false, now_us);
    const struct policy *policy = s->cfg.policy;
    const double within_us = (double)t->is.within_us;
    const double gone_us = (double)time_since(t->came_us, now_us);
    const struct policy_task asked = {.turn = s->stat.copies,
                                      .within_us = fmax(within_us - gone_us, HURRY * within_us),
                                      .is_again = t->copy_count > 0,
                                      .is_last = t->copy_count + 1 == s->cfg.attempts_max};
    size_t chosen = policy->choose(s->offer, count, &asked, &s->rng);
    if (chosen == POLICY_NONE) {
        wake_at(s, t, time_after(now_us, RETRY_US));
        return;
    }
    const bool is_first = t->copy_count == 0;
    if (policy->has_backups && is_first && rng_unit(&s->rng) < EXPLORE)
        chosen = (size_t)rng_below(&s->rng, count);
    const struct offer *o = &s->offer[chosen];
    send(s, t, o, now_us);
    if (policy->has_backups && is_first && may_have_backup(s, t))
        plan_backup(s, t, o, now_us);
}

// Chance that none of its copies will be right and in time, as none has come yet.
static double fails(const struct sched *s, const struct task *t, uint64_t now_us)
{
    const double left_us = (double)t->is.within_us - (double)time_since(t->came_us, now_us);
    double all_fail = 1;
    for (uint32_t i = 0; i < t->copy_count; i++) {
        const struct copy *c = &t->copy[i];
        const double age_us = (double)time_since(c->sent_us, now_us);
        const double gone = predict_meets(s->predict, &c->forecast, c->wait_us, age_us);
        const double meets = predict_meets(s->predict, &c->forecast, c->wait_us, age_us + left_us);
        if (c->is_live)
            all_fail *= (1 - meets) / fmax(1e-3, 1 - gone);
    }
    return all_fail;
}

static void late_backup(struct sched *s, struct task *t, uint64_t now_us)
{
    if (!may_have_backup(s, t))
        return;
    const size_t count = gather(s, t, true, now_us);
    const struct offer *best = surest(s, count);
    if (best != NULL && fails(s, t, now_us) * best->meets > s->least_gain)
        send_backup(s, t, backup_of(s, count), now_us);
}

// ---- What happens

void sched_join(struct sched *s, uint32_t helper, const struct sched_intro *intro, uint64_t now_us)
{
    struct helper *h = &s->helper[helper];
    assert(helper < s->cfg.helpers_max && !h->is_here && intro->slots > 0);
    const bool is_known = h->is.slots > 0;
    h->is = *intro;
    h->is_here = true;
    lane_init(&h->lane, intro->slots);
    if (!is_known) {
        predict_join(s->predict, helper, &intro->says);
        refine_forget(s->refine, helper);
    }
    s->helper_count = (uint32_t)num_max(s->helper_count, helper + 1);
    (void)now_us;
}

static void again(struct sched *s, struct task *t, uint64_t now_us)
{
    if (!t->is_done && !has_live(t))
        place(s, t, now_us);
}

void sched_leave(struct sched *s, uint32_t helper, uint64_t now_us)
{
    struct helper *h = &s->helper[helper];
    h->is_here = false;
    h->stay++;
    while (!list_is_empty(&h->lane.items)) {
        struct copy *c = CONTAINER_OF(h->lane.items.next, struct copy, item.node);
        end_copy(s, c, (double)now_us);
        list_del(&c->order);
        again(s, c->task, now_us);
    }
}

enum rc sched_submit(struct sched *s, const struct sched_task *task, uint64_t now_us)
{
    if (list_is_empty(&s->free_tasks))
        return RC_FULL;
    struct task *t = CONTAINER_OF(s->free_tasks.next, struct task, node);
    if (map_put(s->by_id, &task->id, t) != RC_OK)
        return RC_FULL;
    list_del(&t->node);
    *t = (struct task){.is = *task, .came_us = now_us};
    list_init(&t->node);
    const enum rc rc = heap_put(&s->ends, &t->end, time_after(now_us, s->cfg.give_up_us));
    assert(rc == RC_OK); // as many places as tasks
    (void)rc;
    s->stat.submitted++;
    s->least_gain = fmax(GAIN_MIN, s->least_gain * (1 - GAIN_RATE * BACKUP_SHARE));
    s->within_us[task->type] = (double)task->within_us;
    price_came(s->price, task->type, now_us);
    if (s->stat.submitted % PRICE_TURNS == 0)
        look_at_prices(s);
    place(s, t, now_us);
    return RC_OK;
}

static void learn(struct sched *s, const struct copy *c, enum predict_end end, double total_us,
                  double work_us)
{
    const struct predict_answer a = {.end = end,
                                     .type = c->task->is.type,
                                     .size = c->task->is.size,
                                     .total_us = total_us,
                                     .work_us = work_us,
                                     .was_free = c->wait_us <= 0,
                                     .forecast = &c->forecast,
                                     .wait_us = c->wait_us};
    struct helper *h = &s->helper[c->helper];
    h->right += end == PREDICT_RIGHT;
    h->wrong += end != PREDICT_RIGHT;
    predict_tell(s->predict, c->helper, &a);
    if (end == PREDICT_RIGHT)
        refine_tell(s->refine, &c->row, work_us / fmax(1, c->plain_us));
}

static void done(struct sched *s, struct task *t, uint64_t now_us)
{
    t->is_done = true;
    s->stat.done++;
    heap_del(&s->wakeups, &t->wakeup);
    for (uint32_t i = 0; i < t->copy_count; i++) {
        struct copy *c = &t->copy[i];
        const bool is_late = c->is_silent && c->stay == s->helper[c->helper].stay;
        if (c->is_live || is_late)
            cancel(s, c, now_us);
    }
}

void sched_answer(struct sched *s, const struct sched_answer *a, uint64_t now_us)
{
    struct task *t = map_get(s->by_id, &a->task);
    struct copy *c = t != NULL ? copy_at(t, a->helper) : NULL;
    if (c == NULL)
        return;
    if (c->is_silent)
        predict_unsilence(s->predict, a->helper);
    c->is_silent = false;
    learn(s, c, a->is_right ? PREDICT_RIGHT : PREDICT_ERROR, a->total_us, a->work_us);
    end_copy(s, c, (double)now_us - c->forecast.net_us / 2);
    if (a->is_right && !t->is_done)
        done(s, t, now_us);
    again(s, t, now_us);
}

static void late(struct sched *s, struct copy *c, uint64_t now_us)
{
    c->is_silent = true;
    learn(s, c, PREDICT_SILENT, 0, 0);
    end_copy(s, c, (double)now_us);
    again(s, c->task, now_us);
}

static void over(struct sched *s, struct task *t, uint64_t now_us)
{
    s->stat.over += !t->is_done;
    for (uint32_t i = 0; i < t->copy_count; i++) {
        if (t->copy[i].is_live)
            end_copy(s, &t->copy[i], (double)now_us);
        list_del(&t->copy[i].order);
    }
    heap_del(&s->wakeups, &t->wakeup);
    heap_del(&s->ends, &t->end);
    (void)map_del(s->by_id, &t->is.id);
    list_push_back(&s->free_tasks, &t->node);
}

void sched_tick(struct sched *s, uint64_t now_us)
{
    for (struct heap_node *n; (n = heap_first(&s->lates)) != NULL && n->key <= now_us;)
        late(s, CONTAINER_OF(n, struct copy, late), now_us);
    for (struct heap_node *n; (n = heap_first(&s->wakeups)) != NULL && n->key <= now_us;) {
        struct task *t = CONTAINER_OF(n, struct task, wakeup);
        heap_del(&s->wakeups, n);
        if (t->copy_count == 0)
            place(s, t, now_us);
        else if (has_live(t))
            late_backup(s, t, now_us);
        else
            again(s, t, now_us);
    }
    for (struct heap_node *n; (n = heap_first(&s->ends)) != NULL && n->key <= now_us;)
        over(s, CONTAINER_OF(n, struct task, end), now_us);
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

bool sched_next(struct sched *s, struct sched_order *out)
{
    if (list_is_empty(&s->orders))
        return false;
    struct copy *c = CONTAINER_OF(s->orders.next, struct copy, order);
    list_del(&c->order);
    *out = (struct sched_order){.kind = c->is_told ? SCHED_CANCEL : SCHED_ASSIGN,
                                .task = c->task->is.id,
                                .helper = c->helper};
    if (!c->is_told) {
        const struct predict_forecast *f = &c->forecast;
        out->answer_us = f->net_us + c->wait_us + f->work_us;
        predict_interval(s->predict, f, c->wait_us, &out->low_us, &out->high_us);
    }
    c->is_told = true;
    return true;
}

void sched_hour(struct sched *s, double hour)
{
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
