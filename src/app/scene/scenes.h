// SPDX-License-Identifier: MIT
// The generated scenes by name: the same name, the same bytes, on every machine of one kind.
#ifndef SCENE_SCENES_H
#define SCENE_SCENES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

struct scenes_entry {
    const char *name;
    const char *sentence; // for help
};

#define SCENES_BUDGET_BYTES ((size_t)512 << 20) // enough for every entry, drawing included

// By index from 0; NULL past the last.
const struct scenes_entry *scenes_at(size_t index);

// Draws the scene into a block taken from budget; the caller gives out->at back to it.
// RC_ABSENT: no such name, and *err lists those that there are. RC_NOMEM. *out is untouched
// on failure. `err` may be NULL.
MUST_USE enum rc scenes_make(struct bytes name, struct budget *budget, struct buffer *out,
                             struct err *err);

#endif
