// SPDX-License-Identifier: MIT
// Refine: boosted trees on what the predictor leaves unexplained of a helper's work.
//
//     work_us = plain_us * refine_factor(r, helper, &scene) // 1 without trees, or where they harm
//     refine_look(r, helper, &scene, &row)                  // of the one that gets it
//     refine_tell(r, &row, real_us / plain_us)              // what it was
//     if (refine_is_due(r)) ... fit to refine_rows(r) elsewhere; refine_take(r, trees)
//
// Trees are fitted off the loop, by whoever drives this: a thread of a hub, or a simulation in
// between, so that the same events give the same trees. Each helper has a guard: how far answers
// were from what was expected, with trees and without. They count only where they have proved to
// be better since they were fitted; where they turn worse, new ones are due.
//
// Reads no clock. Belongs to one loop.
#ifndef WORK_REFINE_H
#define WORK_REFINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"

#define REFINE_FEATURES 8u
#define REFINE_ROWS     2048u // of which trees are made: the last ones

struct refine;

struct refine_scene {
    uint32_t type, class, held, slots; // held: copies that it has
    double size, ping_us;
};

struct refine_row {
    uint32_t helper;
    float at[REFINE_FEATURES];
};

struct refine_rows {
    uint32_t count;
    const float *at;   // REFINE_FEATURES of each
    const float *real; // logarithm of real over expected work
};

// NULL: the arena's budget is spent. It lives and dies with the arena.
struct refine *refine_new(struct arena *arena, uint32_t helpers_max);
size_t refine_bytes(uint32_t helpers_max);             // that refine_new takes
void refine_forget(struct refine *r, uint32_t helper); // another one has its number
void refine_hour(struct refine *r, double hour);       // it is 0..24 now
void refine_look(const struct refine *r, uint32_t helper, const struct refine_scene *scene,
                 struct refine_row *out);
double refine_factor(const struct refine *r, uint32_t helper, const struct refine_scene *scene);
void refine_tell(struct refine *r, const struct refine_row *row, double real_to_plain);
bool refine_is_due(const struct refine *r);
struct refine_rows refine_rows(const struct refine *r); // until the next refine_tell
// As trees_read; after RC_MALFORMED there are none.
MUST_USE enum rc refine_take(struct refine *r, struct bytes trees);
// Share of the answers since the last trees that they were better for.
double refine_share_used(const struct refine *r);

#endif
