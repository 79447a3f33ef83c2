// SPDX-License-Identifier: MIT
// Score: what we saw of one node ourselves, and how far to trust it.
#include "trust/score.h"

#include <assert.h>
#include <math.h>

#include "base/num.h"

#define OWN_HALF 3.0 // so many counts weigh as much as all that others say

void score_fade(struct score *s, uint64_t now_s)
{
    if (s->seen_s > 0) {
        const uint64_t active_s = num_min(time_since(s->seen_s, now_s), SCORE_PAUSE_S);
        const double left = exp2(-(double)active_s / SCORE_HALF_LIFE_S);
        s->good *= left;
        s->bad *= left;
    }
    s->seen_s = num_max(num_max(s->seen_s, now_s), 1);
    assert(s->good >= 0 && s->bad >= 0);
}

void score_good(struct score *s, uint64_t bytes, uint64_t now_s)
{
    score_fade(s, now_s);
    s->good += fmin(sqrt((double)bytes / SCORE_UNIT_BYTES), SCORE_GOOD_MAX);
}

void score_late(struct score *s, uint64_t now_s)
{
    score_fade(s, now_s);
    s->bad += SCORE_LATE;
}

void score_wrong(struct score *s, double weight, uint64_t now_s)
{
    assert(weight >= SCORE_WRONG);
    score_fade(s, now_s);
    s->good = 0;
    s->bad += weight;
}

void score_blame(struct score *s, uint64_t now_s)
{
    score_fade(s, now_s);
    s->bad += SCORE_WRONG;
}

double score_count(const struct score *s)
{
    return s->good + s->bad;
}

double score_own(const struct score *s)
{
    return (s->good + 0.5) / (score_count(s) + 1.5);
}

double score_mix(const struct score *s, double prior)
{
    assert(prior >= 0 && prior <= 1);
    const double own = score_count(s) / (score_count(s) + OWN_HALF);
    return own * score_own(s) + (1 - own) * prior;
}

double score_prior(double share)
{
    assert(share >= 0 && share <= 1);
    return SCORE_STRANGER + SCORE_KNOWN * share;
}
