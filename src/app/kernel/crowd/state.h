// SPDX-License-Identifier: MIT
// States of a crowd as bytes: how each walker's way goes on from the state before.
//
// For each that was still there LEB128 numbers: turns of its path passed since; how far it came to
// the right and down, less how far it came the time before (zigzag: sign lowest).
#ifndef KERNEL_CROWD_STATE_H
#define KERNEL_CROWD_STATE_H

#include "kernel/crowd/step.h"

// Appends the state; before: the walkers in the state before it. Notes how far they came. A full
// buffer remembers.
void crowd_write(struct crowd *c, const struct crowd_walker *before, struct buffer *out);
// Moves the walkers from the state before to the next. RC_MALFORMED: it is no state, or has
// somebody in a wall; where they are then is of no use.
MUST_USE enum rc crowd_read(struct crowd *c, struct cursor *in);

#endif
