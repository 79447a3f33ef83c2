// SPDX-License-Identifier: MIT
// The tasks of a hub: waiting, held by a helper, or returned and being checked; never two of these.
#include "compute/queue.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/kernel.h"

enum rc queue_init(struct queue *q, struct arena *arena, struct budget *budget, uint64_t seed)
{
    // From somewhere else in each life of a hub: a helper that was at work when it went down, and
    // tells the result when it is back, must not meet another task by that number.
    *q = (struct queue){.budget = budget, .last_id = rng_mix(seed) >> QUEUE_ID_SHIFT};
    list_init(&q->own);
    list_init(&q->urgent);
    q->by_id = map_new(arena, sizeof(uint64_t), QUEUE_TASKS_MAX, seed);
    enum rc rc = q->by_id == NULL ? RC_NOMEM : heap_init(&q->give_ups, arena, QUEUE_TASKS_MAX);
    for (uint32_t i = 0; rc == RC_OK && i < SKILLS_MAX && skill_kernel(i) != NULL; i++)
        rc = heap_init(&q->lines[i], arena, QUEUE_TASKS_MAX);
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
    const size_t free_count = QUEUE_TASKS_MAX - map_count(q->by_id);
    return line->party != NULL ? line->party->task_count < free_count : free_count > 0;
}

struct task *queue_new(struct queue *q, const struct task_cfg *cfg, uint64_t now_us)
{
    assert(cfg->spec.input_count <= 1 && cfg->skill < SKILLS_MAX);
    if (cfg->line != NULL && !queue_has_room(q, cfg->line))
        return NULL;
    struct task *t = budget_take(q->budget, sizeof *t + cfg->spec.params.len);
    if (t == NULL)
        return NULL;
    *t = (struct task){.kind = cfg->kind,
                       .id = q->last_id + 1,
                       .job = cfg->job,
                       .line = cfg->line,
                       .skill = cfg->skill,
                       .asked = cfg->asked,
                       .object = cfg->spec.input[0],
                       .has_object = cfg->spec.input_count > 0,
                       .params = (uint8_t *)(t + 1),
                       .params_len = cfg->spec.params.len,
                       .units = cfg->units,
                       .came_us = now_us,
                       .is_for_own = cfg->kind == TASK_CHECK};
    if (map_put(q->by_id, &t->id, t) != RC_OK) {
        budget_give(q->budget, t);
        return NULL;
    }
    q->last_id++;
    line_count(t->line, 1);
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
    l->given_us = num_max(l->given_us, q->turn_us[l->skill]);
    enum rc rc = heap_put(&q->lines[l->skill], &l->turn, l->given_us);
    assert(rc == RC_OK); // as many places as tasks
    (void)rc;
    if (l->party != NULL)
        l->party->open[l->skill]++;
}

static void line_left(struct queue *q, struct line *l)
{
    if (!list_is_empty(&l->tasks))
        return;
    heap_del(&q->lines[l->skill], &l->turn);
    if (l->party != NULL)
        l->party->open[l->skill]--;
}

static bool waits_in_line(const struct task *t)
{
    return t->line != NULL && t->state == TASK_WAITING && !t->is_for_own && t->attempts == 0;
}

static void leave_place(struct queue *q, struct task *t)
{
    bool was_in_line = waits_in_line(t) && !list_is_empty(&t->node);
    if (t->state == TASK_WAITING && !list_is_empty(&t->node)) {
        assert(q->waiting_count > 0);
        q->waiting_count--;
    }
    if (t->state == TASK_HELD) {
        seat_give_slot(t->seat);
        t->seat = NULL;
        heap_del(&q->give_ups, &t->give_up);
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

void queue_wait(struct queue *q, struct task *t)
{
    assert(t->state == TASK_WAITING && list_is_empty(&t->node));
    if (!waits_in_line(t)) {
        list_push_back(t->is_for_own ? &q->own : &q->urgent, &t->node);
    } else {
        line_open(q, t->line);
        list_push_back(&t->line->tasks, &t->node);
    }
    q->waiting_count++;
}

void queue_to_own(struct queue *q, struct task *t)
{
    leave_place(q, t);
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
static uint64_t turn_us(const struct line *l, uint64_t work_us)
{
    return (work_us + 1) * (l->party != NULL ? l->party->open[l->skill] : 1);
}

void queue_give(struct queue *q, struct task *t, struct seat *s, const struct queue_terms *terms)
{
    assert(t->state == TASK_WAITING);
    struct line *line = waits_in_line(t) ? t->line : NULL;
    const uint64_t cost_us = line != NULL ? turn_us(line, terms->work_us) : 0;
    leave_place(q, t);
    if (line != NULL) {
        q->turn_us[line->skill] = line->given_us;
        line->given_us = time_after(line->given_us, cost_us);
        if (!list_is_empty(&line->tasks))
            heap_move(&q->lines[line->skill], &line->turn, line->given_us);
    }
    t->state = TASK_HELD;
    t->seat = s;
    t->given_us = terms->now_us;
    t->attempts++;
    seat_take_slot(s);
    list_push_back(&s->tasks, &t->node);
    enum rc rc = heap_put(&q->give_ups, &t->give_up, terms->late_us);
    assert(rc == RC_OK); // as many places as tasks
    (void)rc;
}

void queue_return(struct queue *q, struct task *t)
{
    assert(t->state == TASK_HELD);
    leave_place(q, t);
    t->state = TASK_RETURNED;
}

void queue_retry(struct queue *q, struct task *t)
{
    assert(t->state != TASK_WAITING);
    leave_place(q, t);
    drop_result(q, t);
    t->state = TASK_WAITING;
    queue_wait(q, t);
}

bool task_may_go_to(const struct task *t, const struct seat *s)
{
    if (!seat_can(s, t->skill))
        return false;
    for (uint32_t i = 0; i < t->failed_count; i++)
        if (digest_equal(&t->failed_by[i], &s->standing->node))
            return false;
    return true;
}

void task_bar(struct task *t, const struct digest *node)
{
    if (t->failed_count < QUEUE_ATTEMPTS_MAX)
        t->failed_by[t->failed_count++] = *node;
}

struct task_spec task_spec_of(const struct task *t)
{
    struct task_spec spec = {.input_count = t->has_object,
                             .input = {t->object},
                             .params = bytes_of(t->params, t->params_len)};
    const char *name = skill_kernel(t->skill)->name;
    memcpy(spec.kernel, name, num_min(strlen(name), TASK_KERNEL_BYTES - 1));
    return spec;
}
