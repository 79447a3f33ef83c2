// SPDX-License-Identifier: MIT
// Refine: boosted trees on what the predictor leaves unexplained of a helper's work.
#include "work/refine.h"

#include <assert.h>
#include <math.h>

#include "work/trees.h"

#define DUE_FIRST   300u  // rows for the first trees
#define DUE_NEXT    1000u // new rows for other ones
#define DUE_HARM    200u  // ... if these do more harm than good
#define RATE_RECENT 0.25
#define RATE_GUARD  0.05
#define PROVED      20.0 // answers until a guard believes
#define BETTER      0.98 // that trees must be, to count
#define REAL_MAX    2.0  // of a row, as a logarithm: stragglers are no trend
#define FACTOR_MAX  1.0  // of what trees say, as a logarithm

struct guard {    // of one helper
    float recent; // how its last answers were off, as logarithms
    float with, without, count;
};

struct refine {
    double hour;
    struct guard *guard;
    uint32_t told;     // rows, ever
    uint32_t taken_at; // told when there were trees last
    double used, seen; // answers that trees counted for, and all, since then
    double harm;       // decaying: how much worse all with trees were than without
    float row[REFINE_ROWS * REFINE_FEATURES];
    float real[REFINE_ROWS];
    uint32_t helper_count;
    struct trees trees;
};

size_t refine_bytes(uint32_t helpers_max)
{
    return sizeof(struct refine) + (size_t)helpers_max * sizeof(struct guard);
}

struct refine *refine_new(struct arena *arena, uint32_t helpers_max)
{
    struct refine *r = arena_take(arena, sizeof *r);
    if (r == NULL)
        return NULL;
    r->helper_count = helpers_max;
    r->guard = arena_take_array(arena, helpers_max, sizeof *r->guard);
    return r->guard != NULL ? r : NULL;
}

void refine_forget(struct refine *r, uint32_t helper)
{
    assert(helper < r->helper_count);
    r->guard[helper] = (struct guard){.count = 0};
}

void refine_hour(struct refine *r, double hour)
{
    r->hour = hour;
}

void refine_look(const struct refine *r, uint32_t helper, const struct refine_scene *scene,
                 struct refine_row *out)
{
    *out =
        (struct refine_row){.helper = helper,
                            .at = {(float)scene->type, (float)log(fmax(1e-6, scene->size)),
                                   (float)scene->class, (float)scene->held, (float)scene->slots,
                                   r->guard[helper].recent, (float)r->hour, (float)scene->ping_us}};
}

static bool is_proved(const struct guard *g)
{
    return (double)g->count >= PROVED && (double)g->with < BETTER * (double)g->without;
}

static double said(const struct refine *r, const struct refine_row *row)
{
    return fmin(FACTOR_MAX, fmax(-FACTOR_MAX, (double)trees_ask(&r->trees, row->at)));
}

double refine_factor(const struct refine *r, uint32_t helper, const struct refine_scene *scene)
{
    struct refine_row row;
    if (r->trees.count == 0 || !is_proved(&r->guard[helper]))
        return 1;
    refine_look(r, helper, scene, &row);
    return exp(said(r, &row));
}

static void watch(struct refine *r, struct guard *g, const struct refine_row *row, double real)
{
    if (r->trees.count == 0)
        return;
    const double rate = fmax(RATE_GUARD, 1 / ((double)g->count + 1));
    const double with = fabs(real - said(r, row));
    r->seen++;
    r->used += is_proved(g);
    r->harm += RATE_GUARD * (with - fabs(real) - r->harm);
    g->with += (float)(rate * (with - (double)g->with));
    g->without += (float)(rate * (fabs(real) - (double)g->without));
    g->count++;
}

void refine_tell(struct refine *r, const struct refine_row *row, double real_to_plain)
{
    assert(row->helper < r->helper_count);
    struct guard *g = &r->guard[row->helper];
    const double real = fmin(REAL_MAX, fmax(-REAL_MAX, log(fmax(1e-9, real_to_plain))));
    const uint32_t at = r->told++ % REFINE_ROWS;
    for (uint32_t i = 0; i < REFINE_FEATURES; i++)
        r->row[at * REFINE_FEATURES + i] = row->at[i];
    r->real[at] = (float)real;
    watch(r, g, row, real);
    g->recent += (float)(RATE_RECENT * (real - (double)g->recent));
}

bool refine_is_due(const struct refine *r)
{
    const uint32_t news = r->told - r->taken_at;
    if (r->taken_at == 0)
        return news >= DUE_FIRST;
    return news >= DUE_NEXT || (news >= DUE_HARM && r->harm > 0);
}

struct refine_rows refine_rows(const struct refine *r)
{
    return (struct refine_rows){
        .count = r->told < REFINE_ROWS ? r->told : REFINE_ROWS, .at = r->row, .real = r->real};
}

enum rc refine_take(struct refine *r, struct bytes trees)
{
    const enum rc rc = trees_read(&r->trees, trees, REFINE_FEATURES);
    r->taken_at = r->told;
    r->used = r->seen = r->harm = 0;
    for (uint32_t i = 0; i < r->helper_count; i++)
        r->guard[i].with = r->guard[i].without = r->guard[i].count = 0;
    return rc;
}

double refine_share_used(const struct refine *r)
{
    return r->seen > 0 ? r->used / r->seen : 0;
}
