// SPDX-License-Identifier: MIT
// What `shoal play` can be told.
#ifndef PROG_PLAY_OPTIONS_H
#define PROG_PLAY_OPTIONS_H

#include "base/option.h"
#include "prog/cmd.h"
#include "prog/uplink.h"

struct play_options {
    struct cmd_common common;
    struct uplink_options uplink;
    const char *name;
    const char *token_file;
    const char *scene;
    struct option_pixels size;
    uint64_t samples;
    uint64_t frames;
    uint64_t first;
    double fps;
    uint64_t depth;
    uint64_t tiles;
    const char *out;
    const char *layers;
    uint64_t in_flight;
    uint64_t late_ms;
    uint64_t patience_s;
    const char *input;
    double exposure;
    double glare;
    const char *split;
    struct option_pixels light;
    double light_hz;
    uint64_t group;
    double psnr;
    bool has_no_chores;
    bool wants_table;
    bool is_quiet;
};

#define PLAY_FRAMES_MAX 100000u

extern const struct option_command play_command;

#endif
