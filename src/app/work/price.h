// SPDX-License-Identifier: MIT
// Price: what others lose while a helper's slot is held.
//
//     price_came(p, type, now_us)                    // a task came ...
//     price_saw(p, helper, type, is_busy)            // ... and found this helper so
//     price_think(p, type, worth, helper_count)      // now and then: what each is worth to a type
//     price_of(p, helper, type, hold_us)             // of a slot, to a task of this type
//
// Whoever holds a slot is in the way of those that come meanwhile: as many as come in any such
// time, and those that come together with it, as the tiles and small tasks of a frame do. Each
// would take, of the helpers that are free, the one that is worth most to it. How often the
// better ones are busy is counted as tasks come. What it loses is what this helper is worth
// beyond the one that it would find instead.
//
// Reads no clock. Belongs to one loop.
#ifndef WORK_PRICE_H
#define WORK_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "work/predict.h"

#define PRICE_USELESS (-1e9) // worth of one that cannot, or is not here

struct price;

// NULL: the arena's budget is spent. It lives and dies with the arena.
struct price *price_new(struct arena *arena, uint32_t helpers_max, uint32_t types);
size_t price_bytes(uint32_t helpers_max); // that price_new takes
void price_came(struct price *p, uint32_t type, uint64_t now_us);
void price_saw(struct price *p, uint32_t helper, uint32_t type, bool is_busy);
// worth: of each helper, idle, to a task of this type; prices are in the same measure.
void price_think(struct price *p, uint32_t type, const double *worth, uint32_t helper_count);
// Of the whole of the helper, for so long.
double price_of(const struct price *p, uint32_t helper, uint32_t type, double hold_us);

#endif
