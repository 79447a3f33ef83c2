// SPDX-License-Identifier: MIT
// Fleet: helpers as they are and not as they say, and what becomes of each copy of a task there.
#include "sim/fleet.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/heap.h"
#include "base/list.h"
#include "base/num.h"
#include "base/rng.h"

#define TAU         6.283185307179586
#define NS_PER_MS   1e6
#define US_PER_MS_F 1000.0
#define LATEST_MS   1e12 // later is never

// What one draw of luck is for: mixed into its hash.
enum luck {
    LUCK_HELPER = 1,
    LUCK_TASKS,
    LUCK_WORK,
    LUCK_STRAGGLE,
    LUCK_RIGHT,
    LUCK_SILENT,
    LUCK_SHARE,
    LUCK_JITTER,
    LUCK_UP,
    LUCK_DOWN,
    LUCK_PING
};

enum step {
    STEP_ARRIVE,
    STEP_END,
    STEP_BACK,
    STEP_KILL,
    STEP_TASK,
    STEP_OVER,
    STEP_DOWN,
    STEP_UP,
    STEP_SEEN,
    STEP_WAKE
};

struct event {
    struct heap_node node; // key: ns
    enum step step;
    uint32_t task, index; // of the helper, or of the copy
};

struct copy {
    struct event next; // ARRIVE, END or BACK
    struct event kill;
    struct list node; // waits or runs at its helper
    uint32_t helper, life;
    bool is_live, is_killed, has_begun, is_right, is_silent;
    double sent_ms, begun_ms, work_ms, run_ms, up_ms, down_ms; // run: until it ends there
    double ran_ms;                                             // so far
    struct fleet_said said;
};

struct task {
    struct event come, over;
    double came_ms, size, done_ms; // done: 0: not yet
    uint32_t type, by, copy_count;
    bool has_come, is_over;
    struct copy copy[FLEET_ATTEMPTS_MAX];
};

struct helper {
    struct event turn, seen; // goes or comes; it is noticed
    const struct fleet_group *group;
    double rtt_ms, jitter_ms, reliability, noise, straggle_p, straggle_x, silent_share;
    double speed[FLEET_TYPES_MAX];
    uint32_t class_index, slots, busy, life, turns;
    bool is_up;
    double heat_ms, heat_at_ms, done_ms; // done: work
    struct list queue, running;
};

struct fleet {
    struct fleet_cfg cfg;
    uint64_t seed;
    double now_ms, end_ms;
    struct heap events;
    struct event wake;
    struct helper *helper;
    uint32_t helper_count;
    struct task *task;
    struct fleet_said *said; // of right answers ...
    double *total_ms;        // ... beside what it was
    size_t answer_count;
};

// ---- Luck

static double luck(const struct fleet *p, enum luck what, uint64_t a, uint64_t b)
{
    uint64_t h = rng_mix(p->seed ^ rng_mix(num_wrap_add((uint64_t)what << 56, a)));
    h = rng_mix(h ^ rng_mix(num_wrap_add(b, 1)));
    return (double)(h >> 11) / 9007199254740992.0;
}

static double normal(double u, double v)
{
    return sqrt(-2 * log(fmax(1e-12, u))) * cos(TAU * v);
}

static double exponential(double u, double mean)
{
    return -mean * log(fmax(1e-12, u));
}

static double pick(struct rng *r, struct fleet_range range)
{
    return range.low + (range.high - range.low) * rng_unit(r);
}

// ---- Events

static void at(struct fleet *p, struct event *e, double ms)
{
    const uint64_t key = (uint64_t)llround(fmin(ms, LATEST_MS) * NS_PER_MS);
    if (e->node.index != 0) {
        heap_move(&p->events, &e->node, key);
        return;
    }
    const enum rc rc = heap_put(&p->events, &e->node, key);
    assert(rc == RC_OK); // room for all that there are
    (void)rc;
}

static void event_init(struct event *e, enum step step, uint32_t task, uint32_t index)
{
    *e = (struct event){.step = step, .task = task, .index = index};
}

// ---- Making it

static uint32_t helpers_in(const struct fleet_cfg *cfg)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < cfg->group_count; i++)
        count += cfg->group[i].count;
    return count;
}

size_t fleet_bytes(const struct fleet_cfg *cfg)
{
    const size_t copies = (size_t)cfg->task_count * FLEET_ATTEMPTS_MAX;
    return (1u << 20) + (size_t)helpers_in(cfg) * (sizeof(struct helper) + 64) +
           (size_t)cfg->task_count * (sizeof(struct task) + 64) +
           copies * (sizeof(struct fleet_said) + sizeof(double) + 32);
}

// The first group of the same class.
static uint32_t class_index(const struct fleet_cfg *cfg, uint32_t group)
{
    uint32_t i = 0;
    while (strcmp(cfg->group[i].class, cfg->group[group].class) != 0)
        i++;
    return i + 1;
}

static void make_helper(struct fleet *p, uint32_t index, uint32_t group)
{
    struct helper *h = &p->helper[index];
    const struct fleet_group *g = &p->cfg.group[group];
    struct rng r = rng_seeded(rng_mix(p->seed ^ rng_mix(((uint64_t)LUCK_HELPER << 56) + index)));
    *h = (struct helper){.group = g,
                         .class_index = class_index(&p->cfg, group),
                         .rtt_ms = pick(&r, g->rtt_ms),
                         .jitter_ms = pick(&r, g->jitter_ms),
                         .reliability = pick(&r, g->reliability),
                         .slots = (uint32_t)num_clamp((uint64_t)lround(pick(&r, g->slots)), 1, 64),
                         .noise = pick(&r, g->noise),
                         .straggle_p = pick(&r, g->straggle_p),
                         .straggle_x = pick(&r, g->straggle_x),
                         .silent_share = pick(&r, g->silent_share),
                         .is_up = true};
    for (uint32_t t = 0; t < p->cfg.type_count; t++)
        h->speed[t] = pick(&r, g->speed[t]);
    list_init(&h->queue);
    list_init(&h->running);
    event_init(&h->turn, STEP_DOWN, 0, index);
    event_init(&h->seen, STEP_SEEN, 0, index);
    if (g->up_ms > 0)
        at(p, &h->turn, exponential(luck(p, LUCK_UP, index, 0), g->up_ms));
}

static uint32_t draw_type(const struct fleet_cfg *cfg, struct rng *r)
{
    double sum = 0;
    for (uint32_t i = 0; i < cfg->type_count; i++)
        sum += cfg->type[i].share;
    double left = rng_unit(r) * sum;
    uint32_t type = 0;
    while (type + 1 < cfg->type_count && (left -= cfg->type[type].share) >= 0)
        type++;
    return type;
}

static void make_task(struct fleet *p, uint32_t index, uint32_t type, double ms, struct rng *r)
{
    struct task *t = &p->task[index];
    const double sigma = p->cfg.type[type].size_sigma;
    const double u = rng_unit(r);
    *t = (struct task){.type = type, .came_ms = ms};
    t->size = exp(sigma * normal(u, rng_unit(r)) - sigma * sigma / 2);
    event_init(&t->come, STEP_TASK, index, 0);
    event_init(&t->over, STEP_OVER, index, 0);
    at(p, &t->come, ms);
    p->end_ms = fmax(p->end_ms, ms + p->cfg.give_up_ms + 1);
}

static void make_tasks(struct fleet *p)
{
    const struct fleet_cfg *cfg = &p->cfg;
    struct rng r = rng_seeded(rng_mix(p->seed ^ rng_mix((uint64_t)LUCK_TASKS << 56)));
    double ms = 0;
    for (uint32_t i = 0; i < cfg->task_count && cfg->pattern != FLEET_FRAMES; i++) {
        const bool is_burst =
            cfg->pattern == FLEET_BURSTS && fmod(ms, cfg->period_ms) < cfg->burst_ms;
        const double rate_s = cfg->rate_s * (is_burst ? cfg->burst_x : 1);
        ms += exponential(rng_unit(&r), US_PER_MS_F / rate_s);
        make_task(p, i, draw_type(cfg, &r), ms, &r);
    }
    for (uint32_t i = 0; i < cfg->task_count && cfg->pattern == FLEET_FRAMES;) {
        for (uint32_t type = 0; type < cfg->type_count; type++)
            for (uint32_t k = 0; k < cfg->type[type].per_frame && i < cfg->task_count; k++)
                make_task(p, i++, type, ms, &r);
        ms += US_PER_MS_F / cfg->frames_s * (0.9 + 0.2 * rng_unit(&r));
    }
}

static bool is_sound(const struct fleet_cfg *cfg)
{
    const uint32_t helpers = helpers_in(cfg);
    uint32_t per_frame = 0;
    for (uint32_t i = 0; i < cfg->type_count && i < FLEET_TYPES_MAX; i++)
        per_frame += cfg->type[i].per_frame;
    return cfg->type_count > 0 && cfg->type_count <= FLEET_TYPES_MAX && helpers > 0 &&
           helpers <= FLEET_HELPERS_MAX && cfg->task_count > 0 &&
           cfg->task_count <= FLEET_TASKS_MAX && cfg->attempts_max > 0 &&
           cfg->attempts_max <= FLEET_ATTEMPTS_MAX && cfg->give_up_ms > 0 && cfg->day_ms > 0 &&
           (cfg->pattern == FLEET_FRAMES ? cfg->frames_s > 0 && per_frame > 0 : cfg->rate_s > 0) &&
           (cfg->pattern != FLEET_BURSTS || cfg->period_ms > 0);
}

enum rc fleet_new(struct fleet **out, struct arena *arena, const struct fleet_cfg *cfg,
                  uint64_t run)
{
    *out = NULL;
    if (!is_sound(cfg))
        return RC_CONFIG;
    struct fleet *p = arena_take(arena, sizeof *p);
    if (p == NULL)
        return RC_NOMEM;
    p->cfg = *cfg;
    p->seed = rng_mix(cfg->seed ^ rng_mix(run));
    p->helper_count = helpers_in(cfg);
    const size_t copies = (size_t)cfg->task_count * cfg->attempts_max;
    p->helper = arena_take_array(arena, p->helper_count, sizeof *p->helper);
    p->task = arena_take_array(arena, cfg->task_count, sizeof *p->task);
    p->said = arena_take_array(arena, copies, sizeof *p->said);
    p->total_ms = arena_take_array(arena, copies, sizeof *p->total_ms);
    const size_t events =
        1 + 2 * (size_t)p->helper_count + 2 * (size_t)cfg->task_count + 2 * copies;
    if (p->helper == NULL || p->task == NULL || p->said == NULL || p->total_ms == NULL ||
        heap_init(&p->events, arena, events) != RC_OK)
        return RC_NOMEM;
    event_init(&p->wake, STEP_WAKE, 0, 0);
    uint32_t index = 0;
    for (uint32_t g = 0; g < cfg->group_count; g++)
        for (uint32_t i = 0; i < cfg->group[g].count; i++)
            make_helper(p, index++, g);
    make_tasks(p);
    *out = p;
    return RC_OK;
}

uint32_t fleet_helpers(const struct fleet *p)
{
    return p->helper_count;
}

struct fleet_intro fleet_intro(const struct fleet *p, uint32_t helper)
{
    const struct helper *h = &p->helper[helper];
    struct fleet_intro intro = {.class = h->group->class,
                                .class_index = h->class_index,
                                .slots = h->slots,
                                .reliability = h->reliability};
    for (uint32_t t = 0; t < p->cfg.type_count; t++)
        intro.can |= (uint32_t)(h->speed[t] > 0) << t;
    intro.ping_us = h->rtt_ms * (0.9 + 0.2 * luck(p, LUCK_PING, helper, 0)) * US_PER_MS_F;
    return intro;
}

// ---- The truth about one copy

// How many times as long a round trip takes at this hour.
static double busy_net(const struct fleet *p, const struct fleet_group *g, double ms)
{
    if (g->busy_width_h <= 0)
        return 1;
    const double hour = fmod(p->cfg.start_hour + ms / p->cfg.day_ms * 24, 24);
    double off = fabs(hour - g->busy_peak_hour);
    off = fmin(off, 24 - off) / g->busy_width_h;
    return 1 + g->busy_amp * exp(-off * off);
}

static double cooled(const struct helper *h, double ms)
{
    return fmax(0, h->heat_ms - (ms - h->heat_at_ms));
}

// How many times as long work takes that begins now.
static double slow_work(const struct helper *h, double ms)
{
    const struct fleet_group *g = h->group;
    double x = 1;
    if (g->drift_to > 0) {
        const double part = (ms - g->drift_at_ms) / fmax(1, g->drift_over_ms);
        x *= 1 + (g->drift_to - 1) * fmin(1, fmax(0, part));
    }
    if (g->hot_slow > 0 && cooled(h, ms) > g->hot_after_ms)
        x *= g->hot_slow;
    return x;
}

static void draw(const struct fleet *p, uint32_t task, uint32_t helper, double ms, struct copy *c)
{
    const struct task *t = &p->task[task];
    const struct helper *h = &p->helper[helper];
    const double z = normal(luck(p, LUCK_WORK, task, 2 * (uint64_t)helper),
                            luck(p, LUCK_WORK, task, 2 * (uint64_t)helper + 1));
    const double way_ms = h->rtt_ms / 2 * busy_net(p, h->group, ms);
    c->work_ms = p->cfg.type[t->type].work_ms * t->size / h->speed[t->type] *
                 exp(h->noise * z - h->noise * h->noise / 2);
    if (luck(p, LUCK_STRAGGLE, task, helper) < h->straggle_p)
        c->work_ms *= h->straggle_x;
    c->is_right = luck(p, LUCK_RIGHT, task, helper) < h->reliability;
    c->is_silent = !c->is_right && luck(p, LUCK_SILENT, task, helper) < h->silent_share;
    c->run_ms = c->is_right || c->is_silent
                    ? c->work_ms
                    : c->work_ms * (0.2 + 0.8 * luck(p, LUCK_SHARE, task, helper));
    c->up_ms = way_ms;
    c->down_ms = way_ms + exponential(luck(p, LUCK_JITTER, task, helper), h->jitter_ms);
}

static struct copy *copy_at(struct task *t, uint32_t helper)
{
    for (uint32_t i = 0; i < t->copy_count; i++)
        if (t->copy[i].helper == helper && t->copy[i].is_live)
            return &t->copy[i];
    return NULL;
}

bool fleet_assign(struct fleet *p, uint32_t task, uint32_t helper, const struct fleet_said *said)
{
    struct task *t = &p->task[task];
    struct helper *h = &p->helper[helper];
    if (task >= p->cfg.task_count || helper >= p->helper_count || !t->has_come || t->is_over ||
        t->copy_count == p->cfg.attempts_max || copy_at(t, helper) != NULL ||
        !(h->speed[t->type] > 0))
        return false;
    const uint32_t index = t->copy_count++;
    struct copy *c = &t->copy[index];
    *c = (struct copy){
        .helper = helper, .life = h->life, .is_live = true, .sent_ms = p->now_ms, .said = *said};
    list_init(&c->node);
    event_init(&c->next, STEP_ARRIVE, task, index);
    event_init(&c->kill, STEP_KILL, task, index);
    draw(p, task, helper, p->now_ms, c);
    at(p, &c->next, p->now_ms + c->up_ms);
    return true;
}

static void cancel(struct fleet *p, struct copy *c)
{
    if (!c->is_live)
        return;
    c->is_live = false;
    at(p, &c->kill, p->now_ms + c->up_ms);
}

void fleet_cancel(struct fleet *p, uint32_t task, uint32_t helper)
{
    struct copy *c = task < p->cfg.task_count ? copy_at(&p->task[task], helper) : NULL;
    if (c != NULL)
        cancel(p, c);
}

void fleet_wake_us(struct fleet *p, uint64_t at_us)
{
    heap_del(&p->events, &p->wake.node);
    if (at_us != UINT64_MAX)
        at(p, &p->wake, fmax(p->now_ms, (double)at_us / US_PER_MS_F));
}

// ---- At the helper

static void begin(struct fleet *p, struct copy *c)
{
    struct helper *h = &p->helper[c->helper];
    h->heat_ms = cooled(h, p->now_ms);
    h->heat_at_ms = p->now_ms;
    const double slow = slow_work(h, p->now_ms);
    c->work_ms *= slow;
    c->run_ms *= slow;
    h->heat_ms += 2 * c->run_ms;
    h->busy++;
    c->has_begun = true;
    c->begun_ms = p->now_ms;
    list_push_back(&h->running, &c->node);
    c->next.step = STEP_END;
    at(p, &c->next, p->now_ms + c->run_ms);
}

static void end_work(struct fleet *p, struct copy *c, double ran_ms)
{
    struct helper *h = &p->helper[c->helper];
    c->ran_ms = ran_ms;
    list_del(&c->node);
    h->done_ms += ran_ms;
    h->busy--;
    if (list_is_empty(&h->queue))
        return;
    struct copy *next = CONTAINER_OF(h->queue.next, struct copy, node);
    list_del(&next->node);
    begin(p, next);
}

static void arrive(struct fleet *p, struct copy *c)
{
    struct helper *h = &p->helper[c->helper];
    if (!h->is_up || c->life != h->life || c->is_killed)
        return;
    if (h->busy < h->slots)
        begin(p, c);
    else
        list_push_back(&h->queue, &c->node);
}

static void finish(struct fleet *p, struct copy *c)
{
    end_work(p, c, c->run_ms);
    if (c->is_silent)
        return;
    c->next.step = STEP_BACK;
    at(p, &c->next, p->now_ms + c->down_ms);
}

static void killed(struct fleet *p, struct copy *c)
{
    struct helper *h = &p->helper[c->helper];
    if (c->is_killed || c->life != h->life)
        return;
    c->is_killed = !c->has_begun || c->next.step == STEP_END;
    if (!c->has_begun) {
        list_del(&c->node);
    } else if (c->next.step == STEP_END && c->next.node.index != 0) {
        heap_del(&p->events, &c->next.node);
        end_work(p, c, p->now_ms - c->begun_ms);
    }
}

static void go_down(struct fleet *p, uint32_t index)
{
    struct helper *h = &p->helper[index];
    h->is_up = false;
    h->life++;
    h->busy = 0;
    while (!list_is_empty(&h->queue))
        list_del(h->queue.next);
    while (!list_is_empty(&h->running)) {
        struct copy *c = CONTAINER_OF(h->running.next, struct copy, node);
        heap_del(&p->events, &c->next.node);
        list_del(&c->node);
    }
    at(p, &h->seen, p->now_ms + p->cfg.detect_down_ms);
    h->turn.step = STEP_UP;
    at(p, &h->turn,
       p->now_ms + exponential(luck(p, LUCK_DOWN, index, h->turns), h->group->down_ms));
}

static void come_up(struct fleet *p, uint32_t index)
{
    struct helper *h = &p->helper[index];
    h->is_up = true;
    h->turns++;
    h->turn.step = STEP_DOWN;
    at(p, &h->turn, p->now_ms + exponential(luck(p, LUCK_UP, index, h->turns), h->group->up_ms));
}

// ---- What a hub sees

static void task_over(struct fleet *p, struct task *t, double done_ms, uint32_t by)
{
    t->is_over = true;
    t->done_ms = done_ms;
    t->by = by;
    for (uint32_t i = 0; done_ms > 0 && i < t->copy_count; i++)
        cancel(p, &t->copy[i]);
}

static void back(struct fleet *p, struct copy *c, uint32_t task, struct fleet_event *out)
{
    struct task *t = &p->task[task];
    c->is_live = false;
    *out = (struct fleet_event){.kind = FLEET_ANSWER,
                                .task = task,
                                .helper = c->helper,
                                .is_right = c->is_right,
                                .total_us = (p->now_ms - c->sent_ms) * US_PER_MS_F,
                                .work_us = c->run_ms * US_PER_MS_F};
    if (!c->is_right)
        return;
    if (c->said.answer_us > 0) {
        p->said[p->answer_count] = c->said;
        p->total_ms[p->answer_count++] = p->now_ms - c->sent_ms;
    }
    if (!t->is_over)
        task_over(p, t, p->now_ms - t->came_ms, c->helper);
}

// True: it is something that a hub sees.
static bool step_on(struct fleet *p, const struct event *e, struct fleet_event *out)
{
    struct task *t = &p->task[e->task];
    struct copy *c = &t->copy[e->index < FLEET_ATTEMPTS_MAX ? e->index : 0];
    switch (e->step) {
    case STEP_ARRIVE:
        arrive(p, c);
        return false;
    case STEP_END:
        finish(p, c);
        return false;
    case STEP_KILL:
        killed(p, c);
        return false;
    case STEP_BACK:
        back(p, c, e->task, out);
        return true;
    case STEP_TASK:
        t->has_come = true;
        at(p, &t->over, t->came_ms + p->cfg.give_up_ms);
        *out = (struct fleet_event){.kind = FLEET_TASK,
                                    .task = e->task,
                                    .type = t->type,
                                    .size = t->size,
                                    .within_us =
                                        (uint64_t)(p->cfg.type[t->type].deadline_ms * US_PER_MS_F)};
        return true;
    case STEP_OVER:
        t->is_over = true;
        return false;
    case STEP_DOWN:
        go_down(p, e->index);
        return false;
    case STEP_UP:
        come_up(p, e->index);
        *out = (struct fleet_event){.kind = FLEET_UP, .helper = e->index};
        return true;
    case STEP_SEEN:
        *out = (struct fleet_event){.kind = FLEET_DOWN, .helper = e->index};
        return true;
    case STEP_WAKE:
        *out = (struct fleet_event){.kind = FLEET_WAKE};
        return true;
    }
    return false;
}

bool fleet_next(struct fleet *p, struct fleet_event *out)
{
    for (struct heap_node *n; (n = heap_pop(&p->events)) != NULL;) {
        struct event *e = CONTAINER_OF(n, struct event, node);
        p->now_ms = (double)n->key / NS_PER_MS;
        if (p->now_ms > p->end_ms)
            return false;
        if (!step_on(p, e, out))
            continue;
        out->now_us = (uint64_t)llround(p->now_ms * US_PER_MS_F);
        return true;
    }
    return false;
}

// ---- With full sight

// When a copy that is sent now would begin there: after all that runs, waits or is on its way.
static double begins_ms(const struct fleet *p, const struct helper *h, double arrive_ms)
{
    double free_ms[64] = {0};
    uint32_t slot = 0;
    LIST_FOR (it, &h->running) {
        const struct copy *c = CONTAINER_OF(it, struct copy, node);
        free_ms[slot++ % h->slots] = c->begun_ms + c->run_ms;
    }
    LIST_FOR (it, &h->queue) {
        const struct copy *c = CONTAINER_OF(it, struct copy, node);
        uint32_t first = 0;
        for (uint32_t i = 1; i < h->slots; i++)
            first = free_ms[i] < free_ms[first] ? i : first;
        free_ms[first] = fmax(free_ms[first], p->now_ms) + c->run_ms;
    }
    double first_ms = free_ms[0];
    for (uint32_t i = 1; i < h->slots; i++)
        first_ms = fmin(first_ms, free_ms[i]);
    return fmax(arrive_ms, first_ms);
}

double fleet_foresee_ms(const struct fleet *p, uint32_t task, uint32_t helper)
{
    const struct helper *h = &p->helper[helper];
    struct copy c = {.helper = helper};
    if (!h->is_up || !(h->speed[p->task[task].type] > 0))
        return HUGE_VAL;
    draw(p, task, helper, p->now_ms, &c);
    if (!c.is_right)
        return HUGE_VAL;
    const double begin_ms = begins_ms(p, h, p->now_ms + c.up_ms);
    return begin_ms + c.run_ms * slow_work(h, begin_ms) + c.down_ms - p->now_ms;
}

// ---- Figures

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a;
    const double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double at_share(const double *sorted, size_t count, double share)
{
    return sorted[num_min((uint64_t)(share * (double)count), count - 1)];
}

static void figure_times(const struct fleet *p, uint32_t first, struct arena *scratch,
                         struct fleet_figures *out)
{
    const uint32_t count = p->cfg.task_count - first;
    double *ms = arena_take_array(scratch, count, sizeof *ms);
    uint32_t of[FLEET_TYPES_MAX] = {0};
    uint32_t miss[FLEET_TYPES_MAX] = {0};
    uint32_t misses = 0;
    for (uint32_t i = 0; ms != NULL && i < count; i++) {
        const struct task *t = &p->task[first + i];
        const bool is_never = !(t->done_ms > 0);
        const bool is_miss = is_never || t->done_ms > p->cfg.type[t->type].deadline_ms;
        ms[i] = is_never ? p->cfg.give_up_ms : t->done_ms;
        out->mean += ms[i] / count;
        out->never += (double)is_never / count;
        out->copies += (double)t->copy_count / count;
        of[t->type]++;
        miss[t->type] += is_miss;
        misses += is_miss;
    }
    if (ms == NULL)
        return;
    qsort(ms, count, sizeof *ms, by_size);
    out->tasks = count;
    out->miss = (double)misses / count;
    out->p50 = at_share(ms, count, 0.5);
    out->p95 = at_share(ms, count, 0.95);
    out->p99 = at_share(ms, count, 0.99);
    for (uint32_t t = 0; t < p->cfg.type_count; t++)
        out->miss_of[t] = of[t] > 0 ? (double)miss[t] / of[t] : 0;
}

static void figure_work(const struct fleet *p, struct fleet_figures *out)
{
    double all = 0;
    double used = 0;
    double sum = 0;
    double squares = 0;
    for (uint32_t i = 0; i < p->cfg.task_count; i++) {
        const struct task *t = &p->task[i];
        for (uint32_t k = 0; k < t->copy_count; k++) {
            const struct copy *c = &t->copy[k];
            const bool is_used =
                t->done_ms > 0 && c->helper == t->by && !c->is_killed && c->is_right;
            all += c->ran_ms;
            used += is_used ? c->ran_ms : 0;
        }
    }
    for (uint32_t i = 0; i < p->helper_count; i++) {
        const double x = p->helper[i].done_ms / p->helper[i].slots;
        sum += x;
        squares += x * x;
    }
    out->wasted = all > 0 ? 1 - used / all : 0;
    out->fairness = squares > 0 ? sum * sum / (p->helper_count * squares) : 0;
}

void fleet_figures(const struct fleet *p, struct arena *scratch, struct fleet_figures *out)
{
    *out = (struct fleet_figures){.tasks = 0};
    figure_times(p, (uint32_t)(p->cfg.warmup_share * p->cfg.task_count), scratch, out);
    figure_work(p, out);
    for (size_t i = 0; i < p->answer_count; i++) {
        const struct fleet_said *s = &p->said[i];
        const double real_us = p->total_ms[i] * US_PER_MS_F;
        out->error += fabs(s->answer_us - real_us) / real_us / (double)p->answer_count;
        out->coverage +=
            (double)(s->low_us <= real_us && real_us <= s->high_us) / (double)p->answer_count;
    }
}
