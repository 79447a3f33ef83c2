// SPDX-License-Identifier: MIT
// Price: what others lose while a helper's slot is held.
#include "work/price.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/num.h"

#define TOGETHER_US   1000     // tasks within it came together
#define KEEP_TOGETHER 0.99     // by which old ones count less with each new one
#define RATE_US       200000.0 // over which tasks are counted
#define RATE_BUSY     0.01
#define SORTED_MAX    256u
#define STEPS         1024u
#define NOBODY_WORTH  0.5 // that it is worse to find nobody free than the worst

struct slots {                     // of one helper, for each type
    float busy[PREDICT_TYPES_MAX]; // share of its tasks that found no slot free
    float loss[PREDICT_TYPES_MAX]; // of a task that would have come here
};

struct rank {
    uint32_t helper;
    double worth;
};

struct price {
    uint32_t types;
    struct slots *slots;
    struct rank *rank, *room; // room for price_think
    uint64_t came_us;
    double rate[PREDICT_TYPES_MAX];   // tasks a us
    uint64_t moment_us;               // of the first that came together ...
    double moment[PREDICT_TYPES_MAX]; // ... and how many did, of each type
    double came[PREDICT_TYPES_MAX];
    double after[PREDICT_TYPES_MAX][PREDICT_TYPES_MAX];    // [a][b]: together with a and after it
    double together[PREDICT_TYPES_MAX][PREDICT_TYPES_MAX]; // for each a, beyond what chance brings
};

size_t price_bytes(uint32_t helpers_max)
{
    return sizeof(struct price) +
           (size_t)helpers_max * (sizeof(struct slots) + 2 * sizeof(struct rank));
}

struct price *price_new(struct arena *arena, uint32_t helpers_max, uint32_t types)
{
    assert(types >= 1 && types <= PREDICT_TYPES_MAX);
    struct price *p = arena_take(arena, sizeof *p);
    if (p == NULL)
        return NULL;
    p->types = types;
    p->slots = arena_take_array(arena, helpers_max, sizeof *p->slots);
    p->rank = arena_take_array(arena, helpers_max, sizeof *p->rank);
    p->room = arena_take_array(arena, helpers_max, sizeof *p->room);
    return p->slots != NULL && p->rank != NULL && p->room != NULL ? p : NULL;
}

void price_came(struct price *p, uint32_t type, uint64_t now_us)
{
    assert(type < p->types);
    const double keep = exp(-(double)time_since(p->came_us, now_us) / RATE_US);
    const bool is_new = time_since(p->moment_us, now_us) > TOGETHER_US;
    p->came_us = now_us;
    p->moment_us = is_new ? now_us : p->moment_us;
    for (uint32_t i = 0; i < p->types; i++) {
        p->rate[i] *= keep;
        p->moment[i] = is_new ? 0 : p->moment[i];
        p->after[i][type] += p->moment[i];
        p->after[type][i] *= KEEP_TOGETHER;
    }
    p->rate[type] += 1 / RATE_US;
    p->came[type] = KEEP_TOGETHER * p->came[type] + 1;
    p->moment[type]++;
    for (uint32_t i = 0; i < p->types; i++)
        p->together[type][i] =
            fmax(0, p->after[type][i] / p->came[type] - p->rate[i] * TOGETHER_US);
}

void price_saw(struct price *p, uint32_t helper, uint32_t type, bool is_busy)
{
    float *busy = &p->slots[helper].busy[type];
    *busy += (float)(RATE_BUSY * ((is_busy ? 1.0 : 0.0) - (double)*busy));
}

static int by_worth(const void *a, const void *b)
{
    const struct rank *x = a;
    const struct rank *y = b;
    return (x->worth < y->worth) - (x->worth > y->worth);
}

// Of many, in so many steps from the best to the worst: as good, and done in one go.
static void sort_roughly(struct price *p, uint32_t count)
{
    uint32_t from[STEPS + 1] = {0};
    double least = HUGE_VAL;
    double most = -HUGE_VAL;
    for (uint32_t i = 0; i < count; i++) {
        least = fmin(least, p->rank[i].worth);
        most = fmax(most, p->rank[i].worth);
    }
    const double scale = (STEPS - 1) / fmax(most - least, 1e-9);
    for (uint32_t i = 0; i < count; i++)
        from[1 + (uint32_t)((most - p->rank[i].worth) * scale)]++;
    for (uint32_t i = 0; i < STEPS; i++)
        from[i + 1] += from[i];
    for (uint32_t i = 0; i < count; i++)
        p->room[from[(uint32_t)((most - p->rank[i].worth) * scale)]++] = p->rank[i];
    struct rank *sorted = p->room;
    p->room = p->rank;
    p->rank = sorted;
}

void price_think(struct price *p, uint32_t type, const double *worth, uint32_t helper_count)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < helper_count; i++) {
        p->slots[i].loss[type] = 0;
        if (worth[i] > PRICE_USELESS)
            p->rank[count++] = (struct rank){i, worth[i]};
    }
    assert(count <= helper_count);
    if (count == 0)
        return;
    if (count > SORTED_MAX)
        sort_roughly(p, count);
    else
        qsort(p->rank, count, sizeof *p->rank, by_worth);
    double found = p->rank[count - 1].worth - NOBODY_WORTH; // by those who look from here on
    for (uint32_t i = count; i-- > 0;) {
        struct slots *s = &p->slots[p->rank[i].helper];
        const double more = p->rank[i].worth - found;
        s->loss[type] = (float)more;
        found += (1 - (double)s->busy[type]) * more;
    }
    double looked = 1; // share of those who get so far
    for (uint32_t i = 0; i < count; i++) {
        struct slots *s = &p->slots[p->rank[i].helper];
        s->loss[type] *= (float)looked;
        looked *= (double)s->busy[type];
    }
}

double price_of(const struct price *p, uint32_t helper, uint32_t type, double hold_us)
{
    const struct slots *s = &p->slots[helper];
    double price = 0;
    for (uint32_t i = 0; i < p->types; i++)
        price += (p->together[type][i] + p->rate[i] * hold_us) * (double)s->loss[i];
    return price;
}
