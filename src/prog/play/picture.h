// SPDX-License-Identifier: MIT
// A whole frame to files: a tone-mapped PNG, and the linear light layers as PFM if wanted.
#ifndef PROG_PLAY_PICTURE_H
#define PROG_PLAY_PICTURE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"
#include "image/tone.h"
#include "work/join.h"

struct picture_cfg {
    const char *png;    // path
    const char *layers; // prefix of the paths of the layers; NULL: none
    uint32_t width, height, samples;
    struct tone tone;
};

// RC_NOMEM, RC_IO, in words. The files are there whole, or not at all.
MUST_USE enum rc picture_write(const struct picture_cfg *cfg, const struct join *frame,
                               struct budget *budget, struct err *err);
// rgb: rows from the top left. As above.
MUST_USE enum rc picture_write_rgb(const char *path, const uint8_t *rgb, uint32_t width,
                                   uint32_t height, struct budget *budget, struct err *err);
// The path of frame `index` of `count`: as it is for one, else "street-0007.png".
// RC_CONFIG: longer than cap.
MUST_USE enum rc picture_path(char *out, size_t cap, const char *path, uint32_t index,
                              uint32_t count, struct err *err);

#endif
