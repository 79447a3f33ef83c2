// SPDX-License-Identifier: MIT
// The tasks of a hub: waiting, held by a helper, or returned and being checked; never two of these.
#include "compute/queue.h"

#include <assert.h>
#include <string.h>

enum rc queue_init(struct queue *q, struct arena *arena, struct budget *budget, uint64_t seed)
{
    *q = (struct queue){.budget = budget};
    list_init(&q->urgent);
    list_init(&q->waiting);
    q->by_id = map_new(arena, sizeof(uint64_t), QUEUE_TASKS_MAX, seed);
    if (q->by_id == NULL)
        return RC_NOMEM;
    return heap_init(&q->give_ups, arena, QUEUE_TASKS_MAX);
}

struct task *queue_new(struct queue *q, enum task_kind kind, struct bytes params)
{
    struct task *t = budget_take(q->budget, sizeof *t);
    if (t == NULL)
        return NULL;
    *t = (struct task){.kind = kind, .id = q->last_id + 1, .params_len = params.len};
    t->params = budget_take(q->budget, params.len);
    if (t->params == NULL || map_put(q->by_id, &t->id, t) != RC_OK) {
        budget_give(q->budget, t->params);
        budget_give(q->budget, t);
        return NULL;
    }
    q->last_id++;
    memcpy(t->params, params.at, params.len);
    list_init(&t->node);
    list_init(&t->sibling);
    return t;
}

static void leave_place(struct queue *q, struct task *t)
{
    if (t->state == TASK_WAITING && !list_is_empty(&t->node)) {
        assert(q->waiting_count > 0);
        q->waiting_count--;
    }
    if (t->state == TASK_HELD) {
        assert(t->seat->busy > 0);
        t->seat->busy--;
        t->seat = NULL;
        heap_del(&q->give_ups, &t->give_up);
    }
    list_del(&t->node);
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
    (void)map_del(q->by_id, &t->id);
    budget_give(q->budget, t->params);
    budget_give(q->budget, t);
}

struct task *queue_find(const struct queue *q, uint64_t id)
{
    return map_get(q->by_id, &id);
}

void queue_wait(struct queue *q, struct task *t, bool is_urgent)
{
    assert(t->state == TASK_WAITING && list_is_empty(&t->node));
    list_push_back(is_urgent ? &q->urgent : &q->waiting, &t->node);
    q->waiting_count++;
}

void queue_give(struct queue *q, struct task *t, struct seat *s, uint64_t now_us, uint64_t late_us)
{
    assert(t->state == TASK_WAITING);
    assert(seat_free_slots(s) > 0);
    leave_place(q, t);
    t->state = TASK_HELD;
    t->seat = s;
    t->given_us = now_us;
    if (t->attempts == 0)
        t->first_us = now_us;
    t->attempts++;
    s->busy++;
    list_push_back(&s->tasks, &t->node);
    enum rc rc = heap_put(&q->give_ups, &t->give_up, late_us);
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
    queue_wait(q, t, true);
}

bool task_may_go_to(const struct task *t, const struct seat *s)
{
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
    return (struct task_spec){.kernel = "trace",
                              .input_count = 1,
                              .input = {t->scene},
                              .params = bytes_of(t->params, t->params_len)};
}
