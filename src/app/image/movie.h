// SPDX-License-Identifier: MIT
// Moving pictures as an MP4 file (H.264), over libavformat, into whatever takes bytes at places.
//
//     movie_open(&m, &cfg);
//     movie_add(m, rgb);      // for every picture
//     movie_end(m);           // without it, no player reads what was written
//     movie_close(m);
#ifndef IMAGE_MOVIE_H
#define IMAGE_MOVIE_H

#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"

struct movie_sink {
    void *self;
    // Bytes at an offset; some are written again at the end. Anything but RC_OK ends the movie
    // with that code.
    enum rc (*write)(void *self, uint64_t offset, struct bytes bytes);
};

struct movie_cfg {
    uint32_t width, height; // even, VIDEO_SIDE_MIN..PLANES_SIDE_MAX
    uint32_t fps;           // 1..VIDEO_FPS_MAX
    uint32_t crf;           // 1..VIDEO_CRF_MAX; MOVIE_CRF looks good
    struct movie_sink sink;
};
#define MOVIE_CRF 18u

struct movie;

// RC_REFUSED: a number is out of range; RC_UNSUPPORTED: the libraries here have no such encoder;
// RC_NOMEM; the sink's.
MUST_USE enum rc movie_open(struct movie **out, const struct movie_cfg *cfg);
// rgb: rows from the top left, three bytes a pixel. RC_NOMEM, RC_IO; the sink's, then and at the
// end.
MUST_USE enum rc movie_add(struct movie *m, const uint8_t *rgb);
MUST_USE enum rc movie_end(struct movie *m);
void movie_close(struct movie *m); // NULL is fine

#endif
