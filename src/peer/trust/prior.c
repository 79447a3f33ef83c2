// SPDX-License-Identifier: MIT
// Prior: what those we trust say of those we do not know (EigenTrust with seeds).
#include "trust/prior.h"

#include <assert.h>
#include <math.h>

static double praise_of(const struct prior_edge *e)
{
    return fmax(0, (double)e->good - (double)e->bad);
}

static void fill(double *at, size_t count, double value)
{
    for (size_t i = 0; i < count; i++)
        at[i] = value;
}

static void sum_rows(const struct prior *p)
{
    fill(p->row, p->nodes, PRIOR_ROW_MIN);
    fill(p->next, p->nodes, 0);
    for (size_t i = 0; i < p->edges; i++) {
        assert(p->edge[i].from < p->nodes && p->edge[i].to < p->nodes);
        p->next[p->edge[i].from] += praise_of(&p->edge[i]);
    }
    for (size_t i = 0; i < p->nodes; i++)
        p->row[i] = fmax(p->row[i], p->next[i]);
}

// One turn; answers how much changed.
static double turn(const struct prior *p, double seed_part)
{
    fill(p->next, p->nodes, 0);
    for (size_t i = 0; i < p->edges; i++) {
        const struct prior_edge *e = &p->edge[i];
        p->next[e->to] += p->trust[e->from] * praise_of(e) / p->row[e->from];
    }
    double change = 0;
    for (size_t i = 0; i < p->nodes; i++) {
        const double t = (1 - PRIOR_SEED_PART) * p->next[i] + (p->is_seed[i] ? seed_part : 0);
        change += fabs(t - p->trust[i]);
        p->trust[i] = t;
    }
    return change;
}

// How many trust it, out of those trusted who speak of it at all; into `next`.
static void weigh_doubt(const struct prior *p)
{
    fill(p->next, p->nodes, 0);
    fill(p->row, p->nodes, 0);
    for (size_t i = 0; i < p->edges; i++) {
        const struct prior_edge *e = &p->edge[i];
        const double said = (double)e->good + (double)e->bad + 1;
        p->next[e->to] += p->trust[e->from] * (double)e->good / said;
        p->row[e->to] += p->trust[e->from] * (double)e->bad / said;
    }
    for (size_t i = 0; i < p->nodes; i++) {
        const double doubt = PRIOR_DOUBT * p->row[i];
        p->next[i] = doubt > 0 ? p->next[i] / (p->next[i] + doubt) : 1;
    }
}

// What is usual is the mean trust, weighed by trust: any number of identities with next to
// nothing does not move it.
static void share_out(const struct prior *p, double seed_part)
{
    double sum = 0;
    double square = 0;
    for (size_t i = 0; i < p->nodes; i++) {
        const double earned = p->trust[i] - (p->is_seed[i] ? seed_part : 0);
        sum += earned;
        square += earned * earned;
    }
    for (size_t i = 0; i < p->nodes; i++) {
        const double t = p->trust[i];
        assert(t >= 0 && p->next[i] >= 0);
        p->share[i] = sum > 0 && square > 0 ? fmin(1, t * sum / square) * p->next[i] : 0;
    }
}

uint32_t prior_run(const struct prior *p)
{
    size_t seeds = 0;
    for (size_t i = 0; i < p->nodes; i++)
        seeds += p->is_seed[i] != 0;
    fill(p->trust, p->nodes, 0);
    fill(p->share, p->nodes, 0);
    if (seeds == 0)
        return 0;
    assert(seeds <= p->nodes);
    const double seed_part = PRIOR_SEED_PART / (double)seeds;
    for (size_t i = 0; i < p->nodes; i++)
        p->trust[i] = p->is_seed[i] ? 1 / (double)seeds : 0;
    sum_rows(p);
    uint32_t turns = 1;
    while (turn(p, seed_part) > PRIOR_STILL && turns < PRIOR_TURNS_MAX)
        turns++;
    assert(turns <= PRIOR_TURNS_MAX);
    weigh_doubt(p);
    share_out(p, seed_part);
    return turns;
}
