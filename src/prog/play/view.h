// SPDX-License-Identifier: MIT
// What a gamer, or a script, sees of a frame: who made each tile, how long it took, was it checked.
#ifndef PROG_PLAY_VIEW_H
#define PROG_PLAY_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "compute/gamer.h"

#define PLAY_VIEW_TILES_MAX 256u // rows of a table; further tiles are counted only

struct play_row {
    uint32_t index;
    uint32_t width, height, samples;
    char helper[MSG_NAME_BYTES];
    uint64_t expected_us, wall_us, cpu_us;
    uint32_t parts;
    uint32_t attempts;
    bool is_cached;
};

struct play_table {
    struct play_row row[PLAY_VIEW_TILES_MAX];
    uint32_t count, all;
};

void play_view_add(struct play_table *t, const struct gamer_event *e);
void play_view_table(const struct play_table *t); // sorted by tile
void play_view_frame(const struct gamer_event *e, uint64_t us, const char *path, bool is_json);
struct play_session { // what one run of `shoal play` comes to
    uint64_t frames, missing, tiles, cached, retries, wrong;
    uint64_t us, wait_us; // in all; of frames, from asking to having
};
void play_view_session(const struct play_session *s, bool is_json); // of several frames
void play_view_planned_json(const struct gamer_event *e);
void play_view_missing(uint32_t frame, bool is_json); // left out, as it was late
void play_view_tile_json(const struct gamer_event *e);

#endif
