// SPDX-License-Identifier: MIT
// A game's frame loop: the gamer draws each picture itself, with the newest light from helpers.
#ifndef PROG_PLAY_LOOP_H
#define PROG_PLAY_LOOP_H

#include "base/arena.h"
#include "prog/play/options.h"

// The exit code; what there was to say has been said.
int play_loop(const struct play_options *o, struct arena *arena);

#endif
