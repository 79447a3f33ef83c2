// SPDX-License-Identifier: MIT
// Frames traced by a hub's helpers, one after another, and saved.
#ifndef PROG_PLAY_FRAMES_H
#define PROG_PLAY_FRAMES_H

#include "base/arena.h"
#include "prog/play/options.h"

// The exit code; what there was to say has been said.
int play_frames(const struct play_options *o, struct arena *arena);

#endif
