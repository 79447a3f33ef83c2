// SPDX-License-Identifier: MIT
// Pictures to a file as they come: numbered PNGs, Y4M, or MP4, by the name's ending.
//
// A video is written beside its name and gets it at the end, so that no half one lies there.
#ifndef PROG_PLAY_WRITER_H
#define PROG_PLAY_WRITER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"

struct play_writer;

struct play_writer_cfg {
    struct budget *budget;
    const char *path;
    uint32_t width, height; // even for a video
    double fps;
    uint32_t count; // of pictures to come, for their numbers
};

// What can be said before anything is done. RC_CONFIG: fps or sides do not fit the form, or the
// path is none for a file; RC_IO: nothing can be written there. In words.
MUST_USE enum rc play_writer_check(const struct play_writer_cfg *cfg, struct err *err);
// The same codes; RC_NOMEM.
MUST_USE enum rc play_writer_open(struct play_writer **out, const struct play_writer_cfg *cfg,
                                  struct err *err);
// rgb: rows from the top left. RC_IO, RC_NOMEM, RC_FULL.
MUST_USE enum rc play_writer_add(struct play_writer *w, uint32_t number, const uint8_t *rgb,
                                 struct err *err);
// What was added is there under its name now; a video of nothing is not. RC_IO,
// RC_NOMEM: nothing is left of a video.
MUST_USE enum rc play_writer_end(struct play_writer *w, struct err *err);
void play_writer_free(struct play_writer *w); // NULL is fine; what was not ended is gone

#endif
