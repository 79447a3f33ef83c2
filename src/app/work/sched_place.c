// SPDX-License-Identifier: MIT
// Who gets the next copy of a task: what each helper is worth to it, what its slot costs others,
// and whether another copy at once would pay.
#include <math.h>

#include "base/num.h"
#include "work/sched_state.h"

#define EXPLORE       0.005 // share of first choices that go to anybody, so that all stay measured
#define EXPLORE_MORE  0.12  // ... and of backups
#define BACKUP_BUDGET 0.10  // of all tasks
#define BACKUP_GAIN   0.12  // of the chance to be in time, for a backup at once
#define BACKUP_LEAST  0.10  // chance of a late backup to be in time
#define PRICE_WEIGHT  3.0
#define PRICE_BAN     0.15 // backups stay off slots that cost more
#define NEED_MAX      2.0
#define WORK_US_MIN   500.0

// ---- What things are worth

// It has to get the object first.
static bool is_cold(const struct helper *h, const struct task *t)
{
    return t->is.object != 0 && h->warm != t->is.object;
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
    if (is_cold(h, t)) {
        out->forecast.net_us += s->cold_us;
        out->forecast.spread_us = hypot(out->forecast.spread_us, s->cold_us);
    }
    out->wait_us = lane_wait_us(&h->lane, (double)now_us + out->forecast.net_us / 2);
    out->answer_us = out->forecast.net_us + out->wait_us + out->forecast.work_us;
    out->meets = predict_meets(s->predict, &out->forecast, out->wait_us, left_us);
}

// How well an idle helper suits a type.
static double suits(const struct sched *s, uint32_t helper, uint32_t type,
                    struct predict_forecast *f)
{
    predict_ask(s->predict, helper, type, 1, f);
    return predict_meets(s->predict, f, 0, s->within_us[type]);
}

// What a slot of this helper would be worth to the type that can do without it least, beyond what
// it is worth to this one.
static double price_of(const struct sched *s, uint32_t helper, uint32_t type)
{
    struct predict_forecast f;
    const double here = s->need[type] * suits(s, helper, type, &f);
    return PRICE_WEIGHT * fmax(0, s->helper[helper].price - here);
}

// Tasks of each type a time, against what all who are here could do of it in time.
void prices_look(struct sched *s, uint64_t now_us)
{
    const double span_us = fmax(1000, (double)time_since(s->first_us, now_us));
    struct predict_forecast f;
    for (uint32_t i = 0; i < s->helper_count; i++)
        s->helper[i].price = 0;
    for (uint32_t type = 0; type < s->cfg.types; type++) {
        double can = 0;
        s->need[type] = 0;
        if (s->asked[type] <= 0)
            continue;
        for (uint32_t i = 0; i < s->helper_count; i++) {
            const struct helper *h = &s->helper[i];
            if (h->is_here && (h->is.can >> type & 1) != 0)
                can += suits(s, i, type, &f) * h->is.slots / fmax(WORK_US_MIN, f.work_us);
        }
        s->need[type] = fmin(NEED_MAX, s->asked[type] / span_us / fmax(1e-12, can));
        for (uint32_t i = 0; i < s->helper_count; i++) {
            struct helper *h = &s->helper[i];
            if (h->is_here && (h->is.can >> type & 1) != 0)
                h->price = fmax(h->price, s->need[type] * suits(s, i, type, &f));
        }
    }
}

// ---- Choosing

// Those that could have a copy now. Of a backup: of those with a free slot that is not dear.
static size_t gather(struct sched *s, struct task *t, bool is_backup, uint64_t now_us)
{
    size_t count = 0;
    for (uint32_t i = 0; i < s->helper_count; i++) {
        const struct helper *h = &s->helper[i];
        if (!h->has_room || (h->is.can >> t->is.type & 1) == 0 || copy_at(t, i) != NULL ||
            (is_backup && h->lane.count >= h->is.slots))
            continue;
        struct offer *o = &s->offer[count];
        look(s, t, i, now_us, o);
        o->price = price_of(s, i, t->is.type);
        count += !is_backup || o->price <= PRICE_BAN;
    }
    return count;
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

static bool has_backups_left(const struct sched *s)
{
    return (double)s->stat.backups < BACKUP_BUDGET * (double)s->stat.submitted;
}

// The last copy is for when all others have failed.
static bool may_have_backup(const struct sched *s, const struct task *t)
{
    return t->copy_count + 1 < s->cfg.attempts_max;
}

static void send_backup(struct sched *s, struct task *t, const struct offer *o, uint64_t now_us)
{
    s->stat.backups++;
    copy_send(s, t, o, now_us);
}

// At once where the first one is in doubt; else at the last moment that can still help.
static void plan_backup(struct sched *s, struct task *t, const struct offer *first, uint64_t now_us)
{
    const struct offer sent = *first; // the offers are about to be made anew
    const size_t count = gather(s, t, true, now_us);
    const struct offer *best = surest(s, count);
    if (best == NULL)
        return;
    if ((1 - sent.meets) * best->meets > BACKUP_GAIN && has_backups_left(s)) {
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
        task_wake_at(s, t, time_after(now_us, wait_of(at_us)));
}

bool task_place(struct sched *s, struct task *t, uint64_t now_us)
{
    const size_t count = gather(s, t, false, now_us);
    const struct policy *policy = s->cfg.policy;
    const struct policy_task asked = {.turn = s->stat.copies,
                                      .within_us = (double)t->is.within_us,
                                      .is_last = t->copy_count + 1 == s->cfg.attempts_max};
    size_t chosen = policy->choose(s->offer, count, &asked, &s->rng);
    if (chosen == POLICY_NONE)
        return false;
    const bool is_first = t->copy_count == 0;
    if (policy->has_backups && is_first && rng_unit(&s->rng) < EXPLORE)
        chosen = (size_t)rng_below(&s->rng, count);
    const struct offer *o = &s->offer[chosen];
    copy_send(s, t, o, now_us);
    if (policy->has_backups && is_first && may_have_backup(s, t))
        plan_backup(s, t, o, now_us);
    return true;
}

void task_backup_late(struct sched *s, struct task *t, uint64_t now_us)
{
    if (!may_have_backup(s, t) || !has_backups_left(s))
        return;
    const size_t count = gather(s, t, true, now_us);
    const struct offer *best = surest(s, count);
    if (best != NULL && best->meets > BACKUP_LEAST)
        send_backup(s, t, backup_of(s, count), now_us);
}
