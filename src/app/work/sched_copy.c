// SPDX-License-Identifier: MIT
// A copy of a task: sent to a helper, waited for, back, given up; and what that teaches of the
// helper.
#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "work/sched_state.h"

#define SILENCE_MIN   0.02 // a copy is late when silence is as likely as slowness; within these
#define SILENCE_MAX   0.08
#define COLD_PATIENCE 3u // times as long before who has to get the object first is late
#define RATE_USUAL    0.05
#define RATE_COLD     0.2

// ---- Sent, and not waited for any more

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
    assert(!t->is_done && t->copy_count < s->cfg.attempts_max);
    assert(copy_at(t, o->helper) == NULL); // one each
    struct copy *c = &t->copy[t->copy_count++];
    struct helper *h = &s->helper[o->helper];
    assert(h->has_room);
    *c = (struct copy){.task = t,
                       .helper = o->helper,
                       .stay = h->stay,
                       .state = COPY_OUT,
                       .is_cold = helper_is_cold(h, t),
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

void copy_end(struct sched *s, struct copy *c, enum copy_state state, double slot_free_us)
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

void copy_cancel(struct sched *s, struct copy *c, uint64_t now_us)
{
    copy_end(s, c, c->is_told ? COPY_CANCELLED : COPY_OVER,
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

// ---- What it teaches

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

void copy_learn(struct sched *s, const struct copy *c, enum predict_end end)
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
void copies_learn_silence(struct sched *s, const struct task *t)
{
    for (uint32_t i = 0; i < t->copy_count; i++) {
        const struct copy *c = &t->copy[i];
        if (c->state == COPY_OUT && (double)time_since(c->sent_us, s->now_us) > silent_us(s, c))
            copy_learn(s, c, PREDICT_SILENT);
    }
}

void copy_late(struct sched *s, struct copy *c, uint64_t now_us)
{
    struct helper *h = &s->helper[c->helper];
    assert(c->state == COPY_OUT);
    copy_learn(s, c, PREDICT_SILENT);
    heap_del(&s->lates, &c->late);
    lane_del(&h->lane, &c->item, (double)now_us);
    helper_rank(s, c->helper);
    c->state = COPY_LATE;
    if (c->is_told)
        sched_order_put(s, &c->told, SCHED_LATE);
}

void copy_back(struct sched *s, struct copy *c, const struct sched_answer *a, uint64_t now_us)
{
    assert(c->state != COPY_BACK && c->state != COPY_OVER);
    if (c->state == COPY_LATE)
        predict_unsilence(s->predict, c->helper);
    copy_end(s, c, COPY_BACK, (double)now_us - c->forecast.net_us / 2);
    list_del(&c->told.node); // that it is late
    if (!c->task->is_done)
        list_del(&c->task->node); // it waits for nobody while this one is judged
    c->total_us = a->total_us;
    c->work_us = a->work_us;
    c->size = a->size > 0 ? a->size : c->task->is.size;
}
