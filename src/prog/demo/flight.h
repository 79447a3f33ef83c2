// SPDX-License-Identifier: MIT
// Flights on stage: a gamer's frame loop with light from the cast, in one split after the other.
//
// The gamer is `shoal play`, a child process as hub and helpers are. All flights of a policy are
// before the same hub; a short one comes first, which nobody counts: workers load the scene.
#ifndef PROG_DEMO_FLIGHT_H
#define PROG_DEMO_FLIGHT_H

#include "base/arena.h"
#include "base/rc.h"
#include "compute/flight.h"
#include "prog/progress.h"

#define DEMO_FLIGHTS 6u // at most

// One flight through a scene, with light from the helpers: of one split, under one policy.
struct demo_flight {
    const char *split;
    const char *policy;
    struct flight flight;
    bool is_cut; // it took too long, and was ended
};

struct flights_cfg {
    struct arena *arena;
    const char *folder; // for state folders; there, and empty
    const char *policy;
    uint64_t seed;    // of what befalls helpers
    uint64_t seconds; // of a flight, as its camera has it
    struct progress *progress;
    double share_before, share; // of the whole demonstration
    uint64_t *held_up_us; // becomes the longest that we waited for a processor, if that is longer
};

#define FLIGHT_SCENE "neon-street"
#define FLIGHT_SIZE  "256x144"
#define FLIGHT_LIGHT "128x72"
#define FLIGHT_SPP   "2"
#define FLIGHT_FPS   5u
#define FLIGHT_STEP  2u // pictures for each light frame
#define FLIGHT_OVER  2u // seconds more than it should take, after which a flight is ended

// Of each, split and policy are set before; the rest is what became of it, with its light in the
// arena. RC_OK, and *signal says by which one it was ended early, or 0. Otherwise *err says what
// went wrong.
MUST_USE enum rc flights_play(struct demo_flight *out, uint32_t count,
                              const struct flights_cfg *cfg, int *signal, struct err *err);

#endif
