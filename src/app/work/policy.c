// SPDX-License-Identifier: MIT
// Policies: which of the helpers that a task could go to gets it, one rule behind one interface.
#include "work/policy.h"

#include <math.h>
#include <string.h>

#define EARLY_WORTH   0.6     // of a whole deadline, against the chance to meet it
#define FAILURE_US    40000.0 // that a copy which comes to nothing costs beyond doing it again
#define AGAIN_WORTH   1.0     // of the chance to be answered at all, once a copy failed ...
#define LAST_WORTH    4.0     // ... and of the last one
#define WITHIN_US_MIN 50000.0 // a shorter deadline does not make earliness worth more

typedef double (*worth_fn)(const struct offer *o, const struct policy_task *task);

static size_t most(const struct offer *offer, size_t count, const struct policy_task *task,
                   worth_fn worth)
{
    size_t best = POLICY_NONE;
    double best_worth = 0;
    for (size_t i = 0; i < count; i++) {
        const double x = worth(&offer[i], task);
        if (best == POLICY_NONE || x > best_worth) {
            best = i;
            best_worth = x;
        }
    }
    return best;
}

// ---- Without looking at more than who is here

static size_t choose_random(const struct offer *offer, size_t count, const struct policy_task *task,
                            struct rng *rng)
{
    (void)offer;
    (void)task;
    return count > 0 ? (size_t)rng_below(rng, count) : POLICY_NONE;
}

static size_t choose_round_robin(const struct offer *offer, size_t count,
                                 const struct policy_task *task, struct rng *rng)
{
    (void)offer;
    (void)rng;
    return count > 0 ? (size_t)(task->turn % count) : POLICY_NONE;
}

// ---- By what is known of each

static double idle(const struct offer *o, const struct policy_task *task)
{
    (void)task;
    return -(double)o->held / o->slots;
}

static double seed_rule(const struct offer *o, const struct policy_task *task)
{
    (void)task;
    const double reputation = fmin(1, fmax(0, o->claim + 0.02 * o->right - 0.05 * o->wrong));
    return -(o->ping_us + 15000.0 * o->held + 50000.0 * (1 - reputation));
}

double policy_worth(const struct offer *o, const struct policy_task *task)
{
    const double again_us = (1 / o->forecast.chance - 1) * (FAILURE_US + o->answer_us);
    const double within_us = fmax(task->within_us, WITHIN_US_MIN);
    return o->meets - EARLY_WORTH * (o->answer_us + again_us) / within_us;
}

static double in_time_at_a_price(const struct offer *o, const struct policy_task *task)
{
    const double sure = task->is_last ? LAST_WORTH : task->is_again ? AGAIN_WORTH : 0;
    return policy_worth(o, task) - o->price + sure * o->forecast.chance;
}

#define CHOOSE_MOST(name, worth)                                                                   \
    static size_t name(const struct offer *offer, size_t count, const struct policy_task *task,    \
                       struct rng *rng)                                                            \
    {                                                                                              \
        (void)rng;                                                                                 \
        return most(offer, count, task, worth);                                                    \
    }

CHOOSE_MOST(choose_least_loaded, idle)
CHOOSE_MOST(choose_seed_rule, seed_rule)
CHOOSE_MOST(choose_ewma, policy_worth)
CHOOSE_MOST(choose_shoal, in_time_at_a_price)

const struct policy policy_random = {.name = "random", .choose = choose_random};
const struct policy policy_round_robin = {.name = "round-robin", .choose = choose_round_robin};
const struct policy policy_least_loaded = {
    .name = "least-loaded", .worth = idle, .choose = choose_least_loaded};
const struct policy policy_seed_rule = {
    .name = "seed-rule", .worth = seed_rule, .choose = choose_seed_rule};
const struct policy policy_ewma = {.name = "ewma", .worth = policy_worth, .choose = choose_ewma};
const struct policy policy_shoal = {
    .name = "shoal", .has_backups = true, .worth = in_time_at_a_price, .choose = choose_shoal};

static const struct policy *const all[] = {&policy_shoal,       &policy_ewma,
                                           &policy_seed_rule,   &policy_least_loaded,
                                           &policy_round_robin, &policy_random};

const struct policy *policy_at(size_t index)
{
    return index < sizeof all / sizeof *all ? all[index] : NULL;
}

const struct policy *policy_find(const char *name)
{
    const struct policy *p = NULL;
    for (size_t i = 0; (p = policy_at(i)) != NULL && strcmp(p->name, name) != 0;)
        i++;
    return p;
}
