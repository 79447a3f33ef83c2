// SPDX-License-Identifier: MIT
// Flight: what a game's frame loop tells line by line, and what that comes to.
//
// For whoever has `shoal play --split ... --json` run and looks at how it fared:
//
//     struct flight f = {.light = room, .light_max = 100, .step = 2};
//     flight_line(&f, line, since_us);       // each line, as it comes
//     flight_figures(&figures, scratch, &f); // once there are no more
//
// A value type. What it is told of a form that it does not know, it passes over.
#ifndef COMPUTE_FLIGHT_H
#define COMPUTE_FLIGHT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "compute/splits.h"
#include "work/course.h"

struct flight {                // the first three are set by its owner, all else is 0 at first
    struct course_task *light; // that came: when, after how long
    uint32_t light_max;        // further ones are counted only
    uint32_t step;             // pictures for each light frame
    uint32_t lights;
    uint32_t pictures;
    uint32_t late;              // pictures whose own light frame was not there in time
    uint64_t first_us, last_us; // picture
    bool is_whole;              // it came to its end, and told what it was, as follows
    uint64_t without, asked, came, failed, bytes_in;
    uint64_t by_split[SPLITS]; // light frames asked for
    double ms, own_cpu_ms, helper_cpu_ms, age, age_max, makespan_ms, predicted_ms;
};

struct flight_figures { // 0 where there is nothing to reckon from
    double pictures_s, lights_s;
    uint64_t latency_p50_us, latency_p99_us;
    double late;       // share of pictures
    double mbit_s;     // from the hub
    double own_ms;     // of the gamer's processor, for a picture
    double helpers_ms; // of helpers' processors, for a light frame
};

// since_us: since the flight began. False: it is no event of a frame loop.
bool flight_line(struct flight *f, struct bytes line, uint64_t since_us);
// RC_NOMEM: the arena's budget is spent.
MUST_USE enum rc flight_figures(struct flight_figures *out, struct arena *scratch,
                                const struct flight *f);
// Microseconds that its slowest light frame took; 0: none came.
uint64_t flight_slowest_us(const struct flight *f);

#endif
