// SPDX-License-Identifier: MIT
// Who gets the next copy of a task, and whether another copy at once would pay.
#include <assert.h>
#include <math.h>

#include "base/num.h"
#include "work/sched_state.h"

#define EXPLORE        0.005 // share of first choices that go to anybody, so that all stay measured
#define EXPLORE_MORE   0.12  // ... and of backups
#define BACKUP_SHARE   0.10  // of all tasks ...
#define BACKUP_CAP     0.16  // ... and at most
#define BACKUP_GAIN    0.12  // of the chance to be in time, that a backup must bring: at first ...
#define GAIN_MIN       0.02  // ... at least ...
#define GAIN_RATE      0.005 // ... and how quickly it follows the share
#define HURRY          0.25  // of its deadline that a task which is late has left, as it is judged
#define PRICE_BAN      0.15  // backups stay off slots that cost more
#define BEST_LOOKED_AT 16u   // of a large pool, for one task ...
#define DRAWN          4u    // ... and anybody, so that newcomers and old news are seen

static_assert(DRAWN + HOLDERS_EACH + BEST_LOOKED_AT <= OFFERS_MAX, "offers of a large pool");

// ---- Whom to look at

static void put_offer(struct sched *s, size_t at, const struct task *t, uint32_t helper)
{
    struct offer *o = &s->offer[at];
    offer_look(s, t, helper, o);
    o->price = offer_price(s, t->is.type, o);
    if (t->copy_count == 0)
        price_saw(s->price, helper, t->is.type, o->held >= o->slots);
}

// All who could have a copy now.
static size_t gather_all(struct sched *s, struct task *t)
{
    size_t count = 0;
    for (uint32_t i = 0; i < s->helper_count; i++) {
        const struct helper *h = &s->helper[i];
        if (h->has_room && (h->is.can >> t->is.type & 1) != 0 && copy_at(t, i) == NULL)
            put_offer(s, count++, t, i);
    }
    s->drawn = count;
    return count;
}

// Some are out of a ranking for a moment, to see who comes next.
struct aside {
    uint32_t helper[OFFERS_MAX + SCHED_ATTEMPTS_MAX];
    uint32_t count;
};

// False: it was not there.
static bool set_aside(struct aside *a, struct rank *r, uint32_t helper)
{
    if (rank_key(r, helper) == 0)
        return false;
    a->helper[a->count++] = helper;
    rank_put(r, helper, 0);
    return true;
}

static void set_copies_aside(struct aside *a, struct rank *r, const struct task *t)
{
    for (uint32_t i = 0; i < t->copy_count; i++)
        (void)set_aside(a, r, t->copy[i].helper);
}

// By what they are worth now: who only looked good does not again.
static void put_back(struct sched *s, const struct aside *a, uint32_t type)
{
    for (uint32_t i = 0; i < a->count; i++)
        rank_put(&s->rank[type], a->helper[i], helper_key(s, a->helper[i], type));
}

// At count: a helper that the ranking still has, who is out of it then.
static size_t look_once(struct sched *s, struct aside *a, const struct task *t, size_t count,
                        uint32_t helper)
{
    if (!set_aside(a, &s->rank[t->is.type], helper))
        return count;
    put_offer(s, count, t, helper);
    return count + 1;
}

// Of a large pool: some by the dice, who has the object, and those who looked best when they were
// last looked at.
static size_t gather_best(struct sched *s, struct task *t)
{
    struct rank *r = &s->rank[t->is.type];
    const struct holders *o = holders_find(s, t->is.object);
    struct aside aside = {.count = 0};
    size_t count = 0;
    set_copies_aside(&aside, r, t);
    while (count < DRAWN && rank_count(r) > 0)
        count =
            look_once(s, &aside, t, count, rank_at(r, (uint32_t)rng_below(&s->rng, rank_count(r))));
    s->drawn = count;
    for (uint32_t i = 0; o != NULL && i < num_min(o->turn, HOLDERS_EACH); i++)
        count = look_once(s, &aside, t, count, o->helper[i]);
    while (count < DRAWN + HOLDERS_EACH + BEST_LOOKED_AT && rank_count(r) > 0)
        count = look_once(s, &aside, t, count, rank_best(r));
    put_back(s, &aside, t->is.type);
    return count;
}

static size_t gather(struct sched *s, struct task *t)
{
    return is_large(s) ? gather_best(s, t) : gather_all(s, t);
}

// Of these, the ones for a backup: with a free slot that is not dear.
static size_t keep_spare(struct sched *s, struct task *t, size_t count)
{
    size_t kept = 0;
    size_t drawn = 0;
    for (size_t i = 0; i < count; i++) {
        const struct offer *o = &s->offer[i];
        if (o->held >= o->slots || o->price > PRICE_BAN || copy_at(t, o->helper) != NULL)
            continue;
        drawn += i < s->drawn;
        s->offer[kept++] = *o;
    }
    s->drawn = drawn;
    return kept;
}

// ---- Choosing

// A rule that looks at nobody chooses among all, however many they are.
static size_t choose_blindly(struct sched *s, struct task *t, const struct policy_task *asked)
{
    struct rank *r = &s->rank[t->is.type];
    struct aside aside = {.count = 0};
    set_copies_aside(&aside, r, t);
    const size_t index = s->cfg.policy->choose(NULL, rank_count(r), asked, &s->rng);
    if (index != POLICY_NONE)
        put_offer(s, 0, t, rank_at(r, (uint32_t)index));
    put_back(s, &aside, t->is.type);
    return index != POLICY_NONE ? 0 : POLICY_NONE;
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
    if (s->drawn > 0 && rng_unit(&s->rng) < EXPLORE_MORE)
        return &s->offer[rng_below(&s->rng, s->drawn)];
    return surest(s, count);
}

void backups_begin(struct sched *s)
{
    s->least_gain = BACKUP_GAIN;
}

void backups_ease(struct sched *s)
{
    s->least_gain = fmax(GAIN_MIN, s->least_gain * (1 - GAIN_RATE * BACKUP_SHARE));
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
    copy_send(s, t, o, now_us);
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

// At once where the first one is in doubt; else at the last moment that can still help.
static void plan_backup(struct sched *s, struct task *t, const struct offer *sent, size_t offers,
                        uint64_t now_us)
{
    const size_t count = keep_spare(s, t, offers);
    const struct offer *best = surest(s, count);
    if (best == NULL)
        return;
    if ((1 - sent->meets) * best->meets > s->least_gain) {
        send_backup(s, t, backup_of(s, count), now_us);
        return;
    }
    const struct offer *soonest = best;
    for (size_t i = 0; i < count; i++)
        if (s->offer[i].answer_us < soonest->answer_us)
            soonest = &s->offer[i];
    const double last_us =
        (double)t->is.within_us - soonest->answer_us - 0.8 * soonest->forecast.spread_us;
    const double overdue_us = sent->answer_us + 2 * sent->forecast.spread_us;
    const double at_us = fmin(last_us, overdue_us);
    if (at_us > 1000)
        wake_at(s, t, time_after(now_us, wait_of(at_us)));
}

bool task_place(struct sched *s, struct task *t, uint64_t now_us)
{
    const struct policy *policy = s->cfg.policy;
    const double within_us = (double)t->is.within_us;
    const double gone_us = (double)time_since(t->came_us, now_us);
    const struct policy_task asked = {.turn = s->stat.copies,
                                      .within_us = fmax(within_us - gone_us, HURRY * within_us),
                                      .is_again = t->copy_count > 0,
                                      .is_last = t->copy_count + 1 == s->cfg.attempts_max};
    const bool is_blind = policy->worth == NULL && is_large(s);
    const size_t count = is_blind ? 0 : gather(s, t);
    size_t chosen =
        is_blind ? choose_blindly(s, t, &asked) : policy->choose(s->offer, count, &asked, &s->rng);
    if (chosen == POLICY_NONE)
        return false;
    const bool is_first = t->copy_count == 0;
    if (policy->has_backups && is_first && rng_unit(&s->rng) < EXPLORE)
        chosen = (size_t)rng_below(&s->rng, s->drawn);
    const struct offer sent = s->offer[chosen];
    copy_send(s, t, &sent, now_us);
    if (policy->has_backups && is_first && may_have_backup(s, t))
        plan_backup(s, t, &sent, count, now_us);
    return true;
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
        if (c->state == COPY_OUT)
            all_fail *= (1 - meets) / fmax(1e-3, 1 - gone);
    }
    return all_fail;
}

void task_backup_late(struct sched *s, struct task *t, uint64_t now_us)
{
    if (!may_have_backup(s, t))
        return;
    const size_t count = keep_spare(s, t, gather(s, t));
    const struct offer *best = surest(s, count);
    if (best != NULL && fails(s, t, now_us) * best->meets > s->least_gain)
        send_backup(s, t, backup_of(s, count), now_us);
}
