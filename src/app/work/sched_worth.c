// SPDX-License-Identifier: MIT
// What each helper is worth to a task, what its slot costs others, and how all rank for one like
// it.
#include <math.h>

#include "base/num.h"
#include "work/sched_state.h"

#define PRICE_WEIGHT 3.0
#define PRICE_TURNS  150u // tasks between two looks at all prices of a small pool
#define PRICE_SHARE  8u   // helpers of a large one that each task looks at
#define NEED_MAX     2.0
#define WORK_US_MIN  500.0
#define KEY_MOST     4e9

// ---- To a task

// It has to get the object first.
static bool is_cold(const struct helper *h, const struct task *t)
{
    return t->is.object != 0 && h->warm != t->is.object;
}

void offer_look(const struct sched *s, const struct task *t, uint32_t helper, struct offer *out)
{
    const struct helper *h = &s->helper[helper];
    const double left_us = (double)t->is.within_us - (double)time_since(t->came_us, s->now_us);
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
    out->wait_us = lane_wait_us(&h->lane, (double)s->now_us + out->forecast.net_us / 2);
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

// Nobody is dearer than what suits the type that needs it most; where that is nothing, there is
// nothing to look at.
double offer_price(const struct sched *s, uint32_t type, uint32_t helper)
{
    const double dearest = s->helper[helper].price;
    struct predict_forecast f;
    if (dearest <= 0)
        return 0;
    return PRICE_WEIGHT * fmax(0, dearest - s->need[type] * suits(s, helper, type, &f));
}

// ---- To any task

static struct holders *holders_of(struct sched *s, uint64_t object)
{
    return &s->holders[rng_mix(object) % HOLDERS_MAX];
}

void holders_note(struct sched *s, uint64_t object, uint32_t helper)
{
    struct holders *o = holders_of(s, object);
    if (o->object != object)
        *o = (struct holders){.object = object};
    o->helper[o->turn++ % HOLDERS_EACH] = helper;
}

const struct holders *holders_find(struct sched *s, uint64_t object)
{
    const struct holders *o = holders_of(s, object);
    return object != 0 && o->object == object ? o : NULL;
}

uint32_t helper_key(const struct sched *s, uint32_t helper, uint32_t type)
{
    const bool is_asked = s->asked[type] > 0;
    const double within_us = is_asked ? s->within_mean_us[type] : 2 * s->usual_us[type];
    const struct task usual = {.is = {.type = type, .size = 1, .within_us = wait_of(within_us)},
                               .came_us = s->now_us};
    const struct policy_task asked = {.within_us = within_us};
    struct offer o;
    if (s->cfg.policy->worth == NULL)
        return 1;
    offer_look(s, &usual, helper, &o);
    o.price = offer_price(s, type, helper);
    const double short_of = 1 + POLICY_WORTH_MAX - s->cfg.policy->worth(&o, &asked);
    return 1 + (uint32_t)(KEY_MOST / fmax(1, short_of));
}

static uint32_t types_of(const struct sched *s, const struct helper *h)
{
    return h->is.can & (uint32_t)((UINT64_C(1) << s->cfg.types) - 1);
}

// For types that nobody asks for it is enough to have looked once.
void helper_rank(struct sched *s, uint32_t helper)
{
    const struct helper *h = &s->helper[helper];
    for (uint32_t left = is_large(s) ? types_of(s, h) : 0; left != 0; left &= left - 1) {
        const uint32_t type = (uint32_t)__builtin_ctz(left);
        struct rank *r = &s->rank[type];
        if (!h->has_room)
            rank_put(r, helper, 0);
        else if (s->asked[type] > 0 || rank_key(r, helper) == 0)
            rank_put(r, helper, helper_key(s, helper, type));
    }
}

// ---- Prices

// What it adds to what all could do, and what the type that needs it most would lose by a slot of
// it.
static void look_at(struct sched *s, uint32_t helper)
{
    struct helper *h = &s->helper[helper];
    struct predict_forecast f;
    h->price = 0;
    for (uint32_t left = h->is_here ? types_of(s, h) : 0; left != 0; left &= left - 1) {
        const uint32_t type = (uint32_t)__builtin_ctz(left);
        if (s->asked[type] <= 0)
            continue;
        const double suit = suits(s, helper, type, &f);
        s->can[type] += suit * h->is.slots / fmax(WORK_US_MIN, f.work_us);
        h->price = fmax(h->price, s->need[type] * suit);
    }
}

// All were looked at: tasks of each type a time, against what all who are here could do of it in
// time.
static void needs_find(struct sched *s)
{
    const double span_us = fmax(1000, (double)time_since(s->first_us, s->now_us));
    for (uint32_t type = 0; type < s->cfg.types; type++) {
        s->need[type] = fmin(NEED_MAX, s->asked[type] / span_us / fmax(1e-12, s->can[type]));
        s->can[type] = 0;
    }
}

static void look_at_all(struct sched *s)
{
    for (uint32_t i = 0; i < s->helper_count; i++)
        look_at(s, i);
    needs_find(s);
    for (uint32_t i = 0; i < s->helper_count; i++)
        look_at(s, i);
    for (uint32_t type = 0; type < s->cfg.types; type++)
        s->can[type] = 0;
}

// Each task a few, round and round; what they were ranked by may be old, too.
static void look_at_some(struct sched *s)
{
    for (uint32_t i = 0; i < PRICE_SHARE; i++) {
        look_at(s, s->looked_at);
        helper_rank(s, s->looked_at);
        if (++s->looked_at == s->helper_count) {
            needs_find(s);
            s->looked_at = 0;
        }
    }
}

void prices_look(struct sched *s)
{
    if (is_large(s))
        look_at_some(s);
    else if (s->stat.submitted % PRICE_TURNS == 0)
        look_at_all(s);
}
