// SPDX-License-Identifier: MIT
// Who does what: one policy behind one interface, so that policies can be exchanged and compared.
#include "work/plan.h"

#include <assert.h>
#include <stdbool.h>

// Expected time including the chance of having to do it again elsewhere: work / P(right), with
// Laplace's rule of succession for P, so that newcomers are neither trusted nor shunned. Counts are
// scaled down to PLAN_RESULTS: past that, who had more work does not get still more for it.
static double cost_us(const struct plan_candidate *c)
{
    double all = (double)c->results_right + (double)c->results_wrong;
    double wrong = (double)c->results_wrong;
    if (all > PLAN_RESULTS) {
        wrong *= PLAN_RESULTS / all;
        all = PLAN_RESULTS;
    }
    double right = all - wrong + 1;
    all += 2;
    return (double)c->work_us * all / right;
}

static bool is_better(const struct plan_candidate *a, const struct plan_candidate *b)
{
    double a_us = cost_us(a);
    double b_us = cost_us(b);
    if (a_us < b_us || a_us > b_us)
        return a_us < b_us;
    return a->free_slots > b->free_slots;
}

static size_t choose_fastest(const struct plan_candidate *candidate, size_t count, uint64_t seed)
{
    (void)seed; // no dice in this rule
    size_t best = PLAN_NONE;
    for (size_t i = 0; i < count; i++) {
        assert(candidate[i].free_slots > 0);
        if (best == PLAN_NONE || is_better(&candidate[i], &candidate[best]))
            best = i;
    }
    return best;
}

const struct plan_policy plan_fastest = {.name = "fastest", .choose = choose_fastest};
