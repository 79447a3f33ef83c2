// SPDX-License-Identifier: MIT
// Splits: the ways to divide a game's light among helpers, and which is predicted to be done first.
//
//     spatial     light in tiles of equal cost; the gamer makes the layer of it
//     functional  a task for each subsystem: light as one, and physics, sound, crowd, dialogue
//     pipeline    geometry, light and post as a task each, on different helpers, frames overlapping
//     hybrid      the stages as tasks, light in tiles, and the subsystems
//
// Where the subsystems are no tasks the gamer computes them. A prediction is a plan (work/graph) of
// a few light frames in a row, from what each stage has taken so far.
#ifndef COMPUTE_SPLITS_H
#define COMPUTE_SPLITS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/bytes.h"
#include "work/graph.h"

enum split { SPLIT_SPATIAL, SPLIT_FUNCTIONAL, SPLIT_PIPELINE, SPLIT_HYBRID, SPLIT_AUTO };
#define SPLITS 4u // that can be chosen among

enum stage { STAGE_GEOMETRY, STAGE_LIGHT, STAGE_POST, STAGE_OTHERS };
#define STAGES 4u // OTHERS: all subsystems of a light frame together

#define SPLITS_AHEAD      4u   // light frames that a prediction is about
#define SPLITS_BETTER     0.95 // of what is done now: less is not worth a change
#define SPLITS_DEFAULT_US 20000.0

struct split_costs {          // in microseconds, for a whole light frame; 0: not known yet
    double helper_us[STAGES]; // of a helper's processor
    double own_us[STAGES];    // of the gamer's
    double way_us[STAGES];    // of a task beyond that: there and back, waiting, checking
    double pictures_us;       // what the gamer does for its pictures between two light frames
    uint32_t helpers;         // slots
    uint32_t tiles;           // that light is cut into
    uint32_t others;          // tasks of all subsystems
};

struct splits; // scratch for plans
// A block of budget, which outlives it. RC_NOMEM.

MUST_USE enum rc splits_new(struct splits **out, struct budget *budget);
void splits_free(struct splits *s, struct budget *budget); // NULL is fine
const char *split_name(enum split split);                  // "auto" of SPLIT_AUTO
// False: none is called so.
bool split_of(struct bytes name, enum split *out);
static inline bool split_has_stages(enum split split) // geometry and post are helpers' work
{
    return split == SPLIT_PIPELINE || split == SPLIT_HYBRID;
}
static inline bool split_has_tiles(enum split split)
{
    return split == SPLIT_SPATIAL || split == SPLIT_HYBRID;
}
static inline bool split_has_others(enum split split) // subsystems are helpers' work
{
    return split == SPLIT_FUNCTIONAL || split == SPLIT_HYBRID;
}

// What a stage took, mixed in; a first value is taken as it is.
void split_learn(double *cost_us, double us);
// Microseconds for each of SPLITS_AHEAD light frames. split is not SPLIT_AUTO.
double split_predict_us(struct splits *s, enum split split, const struct split_costs *costs);
// now: what is done at present; SPLIT_AUTO: nothing yet. SPLIT_HYBRID until it is known what
// geometry, light and post take of a helper: it has all three.
enum split split_choose(struct splits *s, const struct split_costs *costs, enum split now);

#endif
