// SPDX-License-Identifier: MIT
// Slots: to whom we upload for the next while.
#include "trust/slots.h"

#include <assert.h>

#include "base/num.h"

static bool gives(const struct slots_want *w)
{
    return !w->is_isolated && !w->has_slot && w->gave > 0;
}

// To who gave most; of equals, to one by lot. False: nobody is left who gave.
static bool give_best(struct slots_want *want, size_t count, struct rng *rng)
{
    struct slots_want *best = NULL;
    uint64_t equals = 0;
    for (size_t i = 0; i < count; i++) {
        struct slots_want *w = &want[i];
        if (!gives(w) || (best != NULL && w->gave < best->gave))
            continue;
        equals = best != NULL && w->gave <= best->gave ? equals + 1 : 1;
        if (rng_below(rng, equals) == 0)
            best = w;
    }
    if (best != NULL)
        best->has_slot = true;
    return best != NULL;
}

enum lot { LOT_NEW, LOT_ANY, LOT_SPARE };

static bool draws(const struct slots_want *w, enum lot lot)
{
    if (w->has_slot || w->is_isolated != (lot == LOT_SPARE))
        return false;
    return lot == LOT_ANY || (lot == LOT_NEW ? w->is_new : w->served_bytes < SLOTS_FREE_BYTES);
}

static bool give_by_lot(struct slots_want *want, size_t count, enum lot lot, struct rng *rng)
{
    struct slots_want *drawn = NULL;
    uint64_t seen = 0;
    for (size_t i = 0; i < count; i++)
        if (draws(&want[i], lot) && rng_below(rng, ++seen) == 0)
            drawn = &want[i];
    if (drawn != NULL)
        drawn->has_slot = true;
    return drawn != NULL;
}

static bool give_lucky(struct slots_want *want, size_t count, struct rng *rng)
{
    const bool is_for_new = rng_below(rng, 2) == 0;
    return (is_for_new && give_by_lot(want, count, LOT_NEW, rng)) ||
           give_by_lot(want, count, LOT_ANY, rng);
}

size_t slots_choose(struct slots_want *want, size_t count, size_t slots, struct rng *rng)
{
    slots = num_min(slots, SLOTS_MAX);
    const size_t lucky = num_div_ceil(slots, SLOTS_LUCKY_PART);
    size_t given = 0;
    for (size_t i = 0; i < count; i++)
        want[i].has_slot = false;
    while (given + lucky < slots && give_best(want, count, rng))
        given++;
    while (given < slots && give_lucky(want, count, rng))
        given++;
    while (given < slots && give_by_lot(want, count, LOT_SPARE, rng))
        given++;
    assert(given <= slots && given <= count);
    return given;
}
