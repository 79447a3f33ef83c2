// SPDX-License-Identifier: MIT
// What a gamer, or a script, sees of a frame loop: each picture's light, and what all came to.
#ifndef PROG_PLAY_LOOP_VIEW_H
#define PROG_PLAY_LOOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/chores.h"
#include "compute/director.h"

struct loop_view { // is_json and wants_table are set by its owner, all else is 0 at first
    bool is_json, wants_table;
    uint64_t pictures, without; // without: any light of helpers
    uint64_t cpu_us;
    double age, age_max; // of light, in pictures: sum, largest
    uint64_t bad_streams, failures;
    uint64_t light_bytes[3]; // by light_form
    uint64_t light_count[3]; // light frames
    char why[160];           // the last failure
};

struct loop_picture {
    uint32_t number;
    bool has_light;
    double age; // of its light, in pictures; below 0: it was asked for ahead
    enum split split;
    uint64_t cpu_us; // of the gamer's processor
    uint64_t at_us;  // since the first one
};

struct loop_traffic { // whole messages, both ways
    uint64_t in, out;
};

void loop_view_picture(struct loop_view *v, const struct loop_picture *p);
void loop_view_light(struct loop_view *v, const struct light *l);
// us: since the first picture.
void loop_view_chore(const struct loop_view *v, enum chore chore, const struct chore_stat *s,
                     uint64_t us);
void loop_view_bad_stream(struct loop_view *v);
void loop_view_failed(struct loop_view *v, const char *why);
void loop_view_end(const struct loop_view *v, const struct director_stat *s,
                   const struct loop_traffic *t, uint64_t us);

#endif
