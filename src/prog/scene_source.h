// SPDX-License-Identifier: MIT
// Where a gamer's scene comes from: drawn by name, or imported from the user's own mesh file.
//
// Importers have a long history of holes, so the import runs in a sandboxed worker that gets the
// file's bytes and nothing else. For that the nursery must be started before there is a secret.
#ifndef PROG_SCENE_SOURCE_H
#define PROG_SCENE_SOURCE_H

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"

// The scene object in a block of budget; the caller gives out->at back. RC_CONFIG: no such name,
// and no file's either; *err lists the names. Else RC_ABSENT, RC_MALFORMED, RC_NOMEM, RC_IO, in
// words.
MUST_USE enum rc scene_source_get(const char *name, struct arena *arena, struct budget *budget,
                                  struct buffer *out, struct err *err);

#endif
