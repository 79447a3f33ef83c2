// SPDX-License-Identifier: MIT
// The broker's assignment: tasks that wait go to the scheduler, or to the hub's own compute; what
// the scheduler orders goes to helpers. Before that, jobs that can go on do so.
#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "compute/broker_state.h"
#include "kernel/kernel.h"

#define OBJECT_SHIFT 11 // exact in any reader of JSON

// ---- To helpers

static void assign(struct broker *b, const struct copy *c)
{
    const struct task *t = c->task;
    const uint64_t budget_us =
        BROKER_BUDGET_BASE_US + BROKER_BUDGET_FACTOR * c->forecast.expected_us;
    struct msg m = {.type = MSG_ASSIGN,
                    .as.assign = {.task = t->id,
                                  .budget_ms = (uint32_t)num_min(budget_us / US_PER_MS, UINT32_MAX),
                                  .expected_us = c->forecast.expected_us,
                                  .spec = task_spec_of(t)}};
    if (t->attempts == 1)
        quantiles_put(b->wait_us, time_since(t->came_us, b->now_us));
    outbox_bill(&b->outbox, work_payer(t));
    broker_tell(b, c->seat->conn, &m);
    outbox_bill(&b->outbox, 0);
}

// Bounded: what a task costs is guessed from what helpers said, and one may have lied.
static uint64_t us_of(double us)
{
    return (uint64_t)fmin(fmax(us, 0), BROKER_EXPECTED_US_MAX);
}

static void order_copy(struct broker *b, struct task *t, const struct sched_order *o)
{
    struct seat *s = roster_by_place(&b->roster, o->helper);
    assert(s != NULL); // it would have left the scheduler, too
    struct copy *c = queue_copy(t, s, b->now_us);
    c->forecast = (struct forecast){us_of(o->answer_us), us_of(o->low_us), us_of(o->high_us)};
    assign(b, c);
}

// It may still answer; but its seat let somebody wait.
static void order_late(struct broker *b, struct task *t, const struct sched_order *o)
{
    struct seat *s = roster_by_place(&b->roster, o->helper);
    if (s == NULL || queue_copy_at(t, s) == NULL)
        return;
    work_missed(b, s);
    work_note_lost(b, t, &(struct who){&s->standing->node, s->name}, "late");
}

// No helper that is here could take it. Without own compute it waits for others to come.
static void order_own(struct broker *b, struct task *t)
{
    const bool is_spent = t->attempts >= b->attempts_max;
    if (!b->is_own_last && is_spent)
        job_fail(b, t->job, RC_TIMEOUT, "every attempt failed, and the hub does no work itself");
    if (!b->is_own_last)
        return;
    work_withdraw(b, t);
    queue_to_own(&b->queue, t);
}

// What is cancelled is of tasks that are gone, and was told when they went.
static void take_orders(struct broker *b)
{
    struct sched_order o;
    while (sched_next(b->sched, &o)) {
        struct task *t = queue_find(&b->queue, o.task);
        if (t == NULL || t->state != TASK_HELD)
            continue;
        if (o.kind == SCHED_ASSIGN)
            order_copy(b, t, &o);
        else if (o.kind == SCHED_LATE)
            order_late(b, t, &o);
        else if (o.kind == SCHED_SPENT)
            order_own(b, t);
    }
}

// ---- Out of the queue

static struct seat *free_own(const struct broker *b)
{
    struct seat *own = b->roster.own;
    return own != NULL && seat_free_slots(own) > 0 ? own : NULL;
}

static void give_own(struct broker *b, struct task *t, struct seat *own)
{
    queue_give(&b->queue, t);
    assign(b, queue_copy(t, own, b->now_us));
}

// False: the scheduler has no room for it.
static bool submit(struct broker *b, struct task *t)
{
    const uint64_t due_us = t->job->deadline.index != 0 ? t->job->deadline.key : 0;
    const bool has_object = kernel_takes_object(skill_kernel(t->skill));
    const struct sched_task task = {.id = t->id,
                                    .type = work_type(t),
                                    .size = work_size(t),
                                    .within_us = due_us > 0 ? time_since(b->now_us, due_us) + 1 : 0,
                                    .object =
                                        has_object ? digest_u64(&t->input[0]) >> OBJECT_SHIFT : 0};
    assert(t->kind != TASK_CHECK); // helpers are not asked to check each other
    queue_give(&b->queue, t);
    if (sched_submit(b->sched, &task, b->now_us) == RC_OK)
        return true;
    t->state = TASK_WAITING;
    queue_wait(&b->queue, t);
    return false;
}

// False: nobody can take it now.
static bool assign_one(struct broker *b, struct task *t)
{
    const uint32_t type = work_type(t);
    struct seat *own = free_own(b);
    if (!sched_has_able(b->sched, type) && b->is_own_last) {
        if (own == NULL)
            return false;
        give_own(b, t, own);
    } else if (!sched_has_room(b->sched, type) || !submit(b, t)) {
        return false;
    }
    take_orders(b);
    return true;
}

static void give_out(struct broker *b)
{
    take_orders(b);
    for (struct seat *own; (own = free_own(b)) != NULL && !list_is_empty(&b->queue.own);)
        give_own(b, CONTAINER_OF(b->queue.own.next, struct task, node), own);
    uint32_t skills = UINT32_MAX; // that somebody has room for
    for (struct task *t; (t = queue_next(&b->queue, skills)) != NULL;)
        if (!assign_one(b, t))
            skills &= ~((uint32_t)1 << t->skill);
}

// ---- Jobs that can go on

static void go_on(struct broker *b, struct job *j)
{
    if (j->is_orphan)
        job_fail(b, j, RC_ABSENT, "another job, whose result it needs, failed or was withdrawn");
    else if (j->kind == JOB_FRAME)
        job_start_frame(b, j);
    else
        job_try_run(b, j);
}

static void see_to_news(struct broker *b)
{
    while (!list_is_empty(&b->news)) {
        struct job *j = CONTAINER_OF(b->news.next, struct job, news);
        list_del(&j->news);
        go_on(b, j);
    }
}

void work_assign(struct broker *b)
{
    do { // a job that fails here is news to others
        see_to_news(b);
        give_out(b);
    } while (!list_is_empty(&b->news));
}
