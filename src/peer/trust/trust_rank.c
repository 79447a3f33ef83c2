// SPDX-License-Identifier: MIT
// Whom to ask first: the best by their scores, a little by chance, and now and then anybody.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "trust/trust_state.h"

#define RANK_FAR    0.5  // of the best score: below it one is better off with other candidates
#define RANK_JITTER 0.15 // scores that differ by less come in an order of chance

// key[i] belongs to order[i]: the greatest first, equal ones as they came.
static void insert(uint32_t *order, double *key, size_t at, uint32_t index, double value)
{
    while (at > 0 && key[at - 1] < value) {
        order[at] = order[at - 1];
        key[at] = key[at - 1];
        at--;
    }
    order[at] = index;
    key[at] = value;
}

// How many are not far below the best.
static size_t near_of(const double *key, size_t allowed)
{
    while (allowed > 1 && key[allowed - 1] < RANK_FAR * key[0])
        allowed--;
    return allowed;
}

// One of all who are allowed, drawn by its score, comes first. Answers how many are left then.
static size_t explore(struct trust *t, uint32_t *order, const double *key, size_t allowed,
                      size_t near)
{
    double sum = 0;
    for (size_t i = 0; i < allowed; i++)
        sum += key[i];
    double drawn = rng_unit(&t->rng) * sum;
    size_t lucky = 0;
    while (lucky + 1 < allowed && drawn >= key[lucky])
        drawn -= key[lucky++];
    const uint32_t first = order[lucky];
    memmove(order + 1, order, num_min(lucky, near) * sizeof *order);
    order[0] = first;
    assert(lucky < allowed);
    return lucky >= near && near < allowed ? near + 1 : near;
}

size_t trust_rank(struct trust *t, const struct node_id *node, size_t count, enum trust_use use,
                  uint32_t *order)
{
    double key[TRUST_RANK_MAX];
    size_t allowed = 0;
    count = num_min(count, TRUST_RANK_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const double jitter = 1 - RANK_JITTER * rng_unit(&t->rng);
        if (trust_allows(t, &node[i], use) && !trust_is_own(t, &node[i]))
            insert(order, key, allowed++, i, trust_score(t, &node[i]) * jitter);
    }
    if (use == TRUST_EXECUTED || allowed == 0)
        return allowed;
    const size_t near = near_of(key, allowed);
    assert(near >= 1 && near <= allowed);
    const bool is_by_lot = rng_below(&t->rng, TRUST_EXPLORE_PARTS) == 0;
    return is_by_lot ? explore(t, order, key, allowed, near) : near;
}
