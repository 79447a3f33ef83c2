// SPDX-License-Identifier: MIT
// The tasks of a hub: waiting, in work, or returned and being checked; never two of these.
#include "compute/queue.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/kernel.h"

#define UNITS_MAX 1e15 // of one task, that count
#define LOOK_MAX  128u // tasks of a line, from either end, that one is compared with

enum rc queue_init(struct queue *q, struct arena *arena, struct budget *budget, uint32_t tasks_max,
                   uint64_t seed)
{
    assert(tasks_max >= 1 && tasks_max <= QUEUE_TASKS_MAX);
    // From somewhere else in each life of a hub: a helper that was at work when it went down, and
    // tells the result when it is back, must not meet another task by that number.
    *q = (struct queue){
        .budget = budget, .tasks_max = tasks_max, .last_id = rng_mix(seed) >> QUEUE_ID_SHIFT};
    list_init(&q->own);
    q->by_id = map_new(arena, sizeof(uint64_t), tasks_max, seed);
    enum rc rc = q->by_id == NULL ? RC_NOMEM : RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i < SKILLS_MAX && skill_kernel(i) != NULL; i++)
        rc = heap_init(&q->lines[i], arena, tasks_max);
    return rc;
}

void line_init(struct line *l, uint32_t skill)
{
    *l = (struct line){.skill = skill};
    list_init(&l->tasks);
}

void line_join(struct line *l, struct party *party)
{
    bool is_open = !list_is_empty(&l->tasks);
    if (l->party != NULL) {
        l->party->task_count -= l->task_count;
        l->party->open[l->skill] -= is_open;
    }
    if (party != NULL) {
        party->task_count += l->task_count;
        party->open[l->skill] += is_open;
    }
    l->party = party;
}

static void line_count(struct line *l, int change)
{
    if (l == NULL)
        return;
    l->task_count += (uint32_t)change;
    if (l->party != NULL)
        l->party->task_count += (uint32_t)change;
}

bool queue_has_room(const struct queue *q, const struct line *line)
{
    const size_t free_count = q->tasks_max - map_count(q->by_id);
    return line->party != NULL ? line->party->task_count < free_count : free_count > 0;
}

struct task *queue_new(struct queue *q, const struct task_cfg *cfg, uint64_t now_us)
{
    assert(cfg->spec.input_count <= TASK_INPUTS_MAX && cfg->skill < SKILLS_MAX);
    if (cfg->line != NULL && !queue_has_room(q, cfg->line))
        return NULL;
    const size_t inputs_len = cfg->spec.input_count * sizeof(struct digest);
    struct task *t = budget_take(q->budget, sizeof *t + inputs_len + cfg->spec.params.len);
    if (t == NULL)
        return NULL;
    *t = (struct task){.kind = cfg->kind,
                       .id = q->last_id + 1,
                       .job = cfg->job,
                       .line = cfg->line,
                       .skill = cfg->skill,
                       .asked = cfg->asked,
                       .input = (struct digest *)(t + 1),
                       .input_count = cfg->spec.input_count,
                       .params = (uint8_t *)(t + 1) + inputs_len,
                       .params_len = cfg->spec.params.len,
                       .units = cfg->units,
                       .came_us = now_us,
                       .start_by_us = cfg->start_by_us != 0 ? cfg->start_by_us
                                                            : time_after(now_us, QUEUE_PATIENCE_US),
                       .is_for_own = cfg->kind == TASK_CHECK};
    if (map_put(q->by_id, &t->id, t) != RC_OK) {
        budget_give(q->budget, t);
        return NULL;
    }
    q->last_id++;
    line_count(t->line, 1);
    if (inputs_len > 0)
        memcpy(t->input, cfg->spec.input, inputs_len);
    if (t->params_len > 0)
        memcpy(t->params, cfg->spec.params.at, t->params_len);
    list_init(&t->node);
    list_init(&t->sibling);
    return t;
}

// A line that was empty starts level with the one served last: idleness earns no credit.
static void line_open(struct queue *q, struct line *l)
{
    if (!list_is_empty(&l->tasks))
        return;
    l->given = num_max(l->given, q->turn[l->skill]);
    enum rc rc = heap_put(&q->lines[l->skill], &l->turn, l->given);
    assert(rc == RC_OK); // as many places as tasks
    (void)rc;
    q->open |= (uint32_t)1 << l->skill;
    if (l->party != NULL)
        l->party->open[l->skill]++;
}

static void line_left(struct queue *q, struct line *l)
{
    if (!list_is_empty(&l->tasks))
        return;
    heap_del(&q->lines[l->skill], &l->turn);
    if (heap_first(&q->lines[l->skill]) == NULL)
        q->open &= ~((uint32_t)1 << l->skill);
    if (l->party != NULL)
        l->party->open[l->skill]--;
}

static bool waits_in_line(const struct task *t)
{
    return t->line != NULL && t->state == TASK_WAITING && !t->is_for_own;
}

static void leave_place(struct queue *q, struct task *t)
{
    bool was_in_line = waits_in_line(t) && !list_is_empty(&t->node);
    if (t->state == TASK_WAITING && !list_is_empty(&t->node)) {
        assert(q->waiting_count > 0);
        q->waiting_count--;
    }
    list_del(&t->node);
    if (was_in_line)
        line_left(q, t->line);
}

static void drop_result(struct queue *q, struct task *t)
{
    budget_give(q->budget, t->back.result);
    t->back.result = NULL;
}

void queue_free(struct queue *q, struct task *t)
{
    for (uint32_t i = 0; i < t->attempts; i++)
        queue_copy_end(&t->copy[i]);
    leave_place(q, t);
    list_del(&t->sibling);
    drop_result(q, t);
    line_count(t->line, -1);
    (void)map_del(q->by_id, &t->id);
    budget_give(q->budget, t);
}

struct task *queue_find(const struct queue *q, uint64_t id)
{
    return map_get(q->by_id, &id);
}

static bool starts_later(struct list *node, const struct task *t)
{
    return CONTAINER_OF(node, struct task, node)->start_by_us > t->start_by_us;
}

// Behind all that must start as soon. Mostly that is at the end, or else near the front; a task of
// very many that is near neither is brought near the front: nobody's line is walked through.
static struct list *place_in(struct line *l, const struct task *t)
{
    struct list *before = l->tasks.prev;
    for (uint32_t left = LOOK_MAX; left > 0; left--, before = before->prev)
        if (before == &l->tasks || !starts_later(before, t))
            return before;
    before = &l->tasks;
    for (uint32_t left = LOOK_MAX; left > 0 && !starts_later(before->next, t); left--)
        before = before->next;
    return before;
}

static void line_up(struct line *l, struct task *t)
{
    list_push_front(place_in(l, t), &t->node); // right behind it
}

void queue_wait(struct queue *q, struct task *t)
{
    assert(t->state == TASK_WAITING && list_is_empty(&t->node));
    if (!waits_in_line(t)) {
        list_push_back(&q->own, &t->node);
    } else {
        line_open(q, t->line);
        line_up(t->line, t);
    }
    q->waiting_count++;
}

static struct task *first_in_line(const struct queue *q, uint32_t skill)
{
    const struct line *l = CONTAINER_OF(heap_first(&q->lines[skill]), struct line, turn);
    return CONTAINER_OF(l->tasks.next, struct task, node);
}

struct task *queue_next(const struct queue *q, uint32_t skills)
{
    struct task *best = NULL;
    for (uint32_t left = q->open & skills; left != 0; left &= left - 1) {
        const uint32_t skill = (uint32_t)__builtin_ctz(left);
        struct task *t = first_in_line(q, skill);
        if (q->passed[skill] >= QUEUE_PASSED_MAX)
            return t;
        if (best == NULL || t->start_by_us < best->start_by_us)
            best = t;
    }
    return best;
}

void queue_hurry(struct task *t, uint64_t start_by_us)
{
    if (start_by_us >= t->start_by_us)
        return;
    t->start_by_us = start_by_us;
    if (!waits_in_line(t) || list_is_empty(&t->node))
        return;
    list_del(&t->node); // its line is not left: its turn stays
    line_up(t->line, t);
}

void queue_to_own(struct queue *q, struct task *t)
{
    assert(t->state != TASK_RETURNED);
    leave_place(q, t);
    t->state = TASK_WAITING;
    t->is_for_own = true;
    queue_wait(q, t);
}

void queue_change_line(struct queue *q, struct task *t, struct line *line)
{
    assert(line->skill == t->skill);
    bool is_waiting = waits_in_line(t) && !list_is_empty(&t->node);
    if (is_waiting)
        leave_place(q, t);
    line_count(t->line, -1);
    line_count(line, 1);
    t->line = line;
    if (is_waiting)
        queue_wait(q, t);
}

// What a turn of it counts for: who shares it with others has it less often.
static uint64_t turn_cost(const struct line *l, double units)
{
    const uint64_t work = (uint64_t)fmin(units, UNITS_MAX) + 1;
    return work * (l->party != NULL ? l->party->open[l->skill] : 1);
}

static void pass_over(struct queue *q, uint32_t served)
{
    for (uint32_t left = q->open; left != 0; left &= left - 1)
        q->passed[__builtin_ctz(left)]++;
    q->passed[served] = 0;
}

void queue_give(struct queue *q, struct task *t)
{
    assert(t->state == TASK_WAITING);
    struct line *line = waits_in_line(t) ? t->line : NULL;
    const uint64_t cost = line != NULL ? turn_cost(line, t->units) : 0;
    leave_place(q, t);
    if (line != NULL) {
        pass_over(q, line->skill);
        q->turn[line->skill] = line->given;
        line->given = time_after(line->given, cost);
        if (!list_is_empty(&line->tasks))
            heap_move(&q->lines[line->skill], &line->turn, line->given);
    }
    t->state = TASK_HELD;
}

struct copy *queue_copy(struct task *t, struct seat *s, uint64_t now_us)
{
    assert(t->state == TASK_HELD && t->attempts < QUEUE_COPIES_MAX);
    struct copy *c = &t->copy[t->attempts++];
    *c = (struct copy){.task = t, .seat = s, .given_us = now_us};
    seat_take_slot(s);
    list_push_back(&s->tasks, &c->node);
    return c;
}

struct copy *queue_copy_at(struct task *t, const struct seat *s)
{
    for (uint32_t i = 0; i < t->attempts; i++)
        if (t->copy[i].seat == s)
            return &t->copy[i];
    return NULL;
}

void queue_copy_end(struct copy *c)
{
    if (c->seat == NULL)
        return;
    seat_give_slot(c->seat);
    c->seat = NULL;
    list_del(&c->node);
}

void queue_return(struct task *t)
{
    assert(t->state == TASK_HELD);
    t->state = TASK_RETURNED;
}

void queue_unreturn(struct queue *q, struct task *t)
{
    assert(t->state == TASK_RETURNED);
    drop_result(q, t);
    t->state = TASK_HELD;
}

struct task_spec task_spec_of(const struct task *t)
{
    struct task_spec spec = {.input_count = t->input_count,
                             .params = bytes_of(t->params, t->params_len)};
    for (uint32_t i = 0; i < t->input_count; i++)
        spec.input[i] = t->input[i];
    const char *name = skill_kernel(t->skill)->name;
    memcpy(spec.kernel, name, num_min(strlen(name), TASK_KERNEL_BYTES - 1));
    return spec;
}
