// SPDX-License-Identifier: MIT
// Director: has a game's light made, light frame after light frame, in one of the ways to split it.
//
//     director_new(&d, &cfg);
//     director_ask(d, number, &camera, now_us);   // its tasks go to the hub
//     director_event(d, &event, now_us);          // all that gamer_event tells
//     director_tick(d, now_us);                   // now and then
//     director_partly(d, number, now_us);         // its time is up: take what there is
//     while (director_next(d, &light)) ...        // what came, in the order in which it came
//
// What comes depends on the split: sums of light (spatial, functional); a layer (pipeline, hybrid);
// or a stream. A light frame that fails is not told of: the game goes on with the light that it
// has.
#ifndef COMPUTE_DIRECTOR_H
#define COMPUTE_DIRECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/gamer.h"
#include "compute/light_task.h"
#include "compute/splits.h"

#define DIRECTOR_SHOTS_MAX   8u // light frames under way
#define DIRECTOR_STREAMS_MAX 4u

struct director_cfg {
    struct budget *budget;    // outlives the director, as do the others
    struct gamer_side *gamer; // by whom it asks
    enum split split;         // SPLIT_AUTO: as is predicted to be done first
    struct light_spec light;  // its scene is offered to the gamer's hub; a light frame that takes
                              // longer than deadline_ms fails, also here
};

struct director_stat {
    uint64_t asked, came, partly, failed;
    uint64_t by_split[SPLITS]; // light frames asked for
    uint64_t bytes;            // of all messages that brought light
    uint64_t late_us;          // sum over all that came: from asking to having
    uint64_t helper_us;        // processor time of helpers
    uint64_t retries;          // copies of tasks beyond the first
    uint64_t busy_us;          // in which light was under way
    uint64_t predicted;        // of those asked for, with the costs of light known by then
    double predicted_us;       // sum over these: what a light frame was to take, all in all
};

struct director;

// RC_NOMEM; RC_CONFIG: a number is out of range. *out is NULL on failure.
MUST_USE enum rc director_new(struct director **out, const struct director_cfg *cfg);
void director_stop(struct director *d); // all that is under way is withdrawn
void director_free(struct director *d); // the same; NULL is fine
// number grows. RC_FULL: DIRECTOR_SHOTS_MAX are under way; RC_NOMEM.
MUST_USE enum rc director_ask(struct director *d, uint32_t number, const struct camera *camera,
                              uint64_t now_us);
void director_flush(struct director *d); // no more will be asked for: a group ends as it is
uint32_t director_under_way(const struct director *d);
// True: it was about this director's tasks.
bool director_event(struct director *d, const struct gamer_event *e, uint64_t now_us);
// Of a light frame in tiles, those that are here; the rest is withdrawn. False: it has none yet, or
// no tiles, and goes on.
bool director_partly(struct director *d, uint32_t number, uint64_t now_us);
void director_tick(struct director *d, uint64_t now_us); // what is overdue fails
// What *out borrows lasts until the next call. False: nothing has come.
bool director_next(struct director *d, struct light *out);
// What the gamer itself took: for predictions. others: of all subsystems for one light frame.
void director_own(struct director *d, enum stage stage, double us);
void director_pictures(struct director *d, double us); // between two light frames
void director_others(struct director *d, uint32_t tasks, double helper_us, double way_us);
enum split director_split(const struct director *d); // of the newest light frame
const struct split_costs *director_costs(const struct director *d);
struct director_stat director_stat(const struct director *d);

#endif
