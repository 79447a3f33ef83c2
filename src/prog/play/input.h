// SPDX-License-Identifier: MIT
// A player's recorded input, given to the session at the hub at the speed at which it was played.
//
// The file is a text (compute/input_text.h). Several frames may fall into one of its steps.
//
// The hub's session counts; a copy here is stepped alike, so that it is known at once where the
// hub will see the player.
#ifndef PROG_PLAY_INPUT_H
#define PROG_PLAY_INPUT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "compute/gamer.h"
#include "compute/session.h"

#define PLAY_INPUT_STEPS_MAX 100000u

struct play_input {
    struct session_input *step;
    uint32_t count, next;
    uint64_t played_us; // of the steps that were given
    struct session session;
};

// The steps live in arena. RC_ABSENT, RC_REFUSED, RC_IO: the file cannot be read, or is too long;
// RC_MALFORMED: a line makes no sense, and *err says which; RC_NOMEM.
MUST_USE enum rc play_input_open(struct play_input *p, struct arena *arena, const char *path,
                                 struct err *err);
// Gives what was played up to until_us. RC_AGAIN: it would run ahead of real time; try again at
// *due_us. RC_CLOSED: there is no hub now; try again when it is back.
MUST_USE enum rc play_input_give(struct play_input *p, struct gamer_side *gamer, uint64_t until_us,
                                 uint64_t now_us, uint64_t *due_us);

// Moves the copy alone, for a game without a session at its hub, up to until_us of what was played.
void play_input_move(struct play_input *p, uint64_t until_us);

#endif
