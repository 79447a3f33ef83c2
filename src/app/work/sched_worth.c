// SPDX-License-Identifier: MIT
// What each helper is worth to a task, what its slot costs others, and how all rank for one like
// it.
#include <math.h>

#include "base/num.h"
#include "work/sched_state.h"

#define PRICE_WEIGHT 0.15 // less than one: who finds a slot held may still wait for it
#define PRICE_TURNS  150u // tasks between two looks at all prices of a small pool
#define PRICE_SHARE  8u   // helpers of a large one that each task looks at
#define KEY_MOST     4e9

// ---- To a task

bool helper_is_cold(const struct helper *h, const struct task *t)
{
    return t->is.object != 0 && h->warm != t->is.object;
}

struct refine_scene offer_scene(const struct sched *s, const struct task *t, uint32_t helper)
{
    const struct helper *h = &s->helper[helper];
    return (struct refine_scene){.type = t->is.type,
                                 .class = h->is.says.class,
                                 .held = h->lane.count,
                                 .slots = h->is.slots,
                                 .size = t->is.size,
                                 .ping_us = h->is.says.ping_us};
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
    const struct refine_scene scene = offer_scene(s, t, helper);
    out->plain_us = out->forecast.work_us;
    out->forecast.work_us *= refine_factor(s->refine, helper, &scene);
    if (helper_is_cold(h, t)) {
        out->forecast.net_us += s->cold_us;
        out->forecast.spread_us = hypot(out->forecast.spread_us, s->cold_us);
    }
    out->wait_us = lane_wait_us(&h->lane, (double)s->now_us + out->forecast.net_us / 2);
    out->answer_us = out->forecast.net_us + out->wait_us + out->forecast.work_us;
    out->meets = predict_meets(s->predict, &out->forecast, out->wait_us, left_us);
}

// Of one slot more: who holds the last one is in everybody's way.
double offer_price(const struct sched *s, uint32_t type, const struct offer *o)
{
    const double share = fmin(1, (o->held + 1.0) / o->slots);
    return PRICE_WEIGHT * share * price_of(s->price, o->helper, type, o->forecast.work_us);
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
    const bool is_asked = s->within_us[type] > 0;
    const double within_us = is_asked ? s->within_mean_us[type] : 2 * s->usual_us[type];
    const struct task usual = {.is = {.type = type, .size = 1, .within_us = wait_of(within_us)},
                               .came_us = s->now_us};
    const struct policy_task asked = {.within_us = within_us};
    struct offer o;
    if (s->cfg.policy->worth == NULL)
        return 1;
    offer_look(s, &usual, helper, &o);
    o.price = offer_price(s, type, &o);
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
        else if (s->within_us[type] > 0 || rank_key(r, helper) == 0)
            rank_put(r, helper, helper_key(s, helper, type));
    }
}

// ---- Prices

// Of an idle helper, to a task of this type.
static double worth_of(const struct sched *s, uint32_t helper, uint32_t type)
{
    const struct helper *h = &s->helper[helper];
    const struct policy_task task = {.within_us = s->within_us[type]};
    struct offer o = {.helper = helper};
    if (!h->is_here || (h->is.can >> type & 1) == 0)
        return PRICE_USELESS;
    predict_ask(s->predict, helper, type, 1, &o.forecast);
    o.answer_us = o.forecast.net_us + o.forecast.work_us;
    o.meets = predict_meets(s->predict, &o.forecast, 0, task.within_us);
    return policy_worth(&o, &task);
}

static void look_at_all(struct sched *s)
{
    for (uint32_t type = 0; type < s->cfg.types; type++) {
        if (s->within_us[type] <= 0)
            continue;
        for (uint32_t i = 0; i < s->helper_count; i++)
            s->worth[i] = worth_of(s, i, type);
        price_think(s->price, type, s->worth, s->helper_count);
    }
}

// A round for this type is over: the next one that was ever asked for.
static void next_type(struct sched *s)
{
    price_think(s->price, s->looked_type, s->worth, s->helper_count);
    s->looked_at = 0;
    do
        s->looked_type = (s->looked_type + 1) % s->cfg.types;
    while (s->within_us[s->looked_type] <= 0);
}

// Each task a few, round and round; what they were ranked by may be old, too.
static void look_at_some(struct sched *s)
{
    for (uint32_t i = 0; i < PRICE_SHARE; i++) {
        if (s->looked_at >= s->helper_count)
            next_type(s);
        s->worth[s->looked_at] = worth_of(s, s->looked_at, s->looked_type);
        helper_rank(s, s->looked_at++);
    }
}

void prices_look(struct sched *s)
{
    if (is_large(s))
        look_at_some(s);
    else if (s->stat.submitted % PRICE_TURNS == 0)
        look_at_all(s);
}
