// SPDX-License-Identifier: MIT
// How many bytes of video do these pictures take at a given quality?
#ifndef CODEC_VIDEO_RATE_H
#define CODEC_VIDEO_RATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "codec/video.h"

struct crf_search { // a value type, zeroed at first
    uint32_t good;  // the largest crf known to do; 0: none
    uint32_t bad;   // the smallest known not to; 0: nothing was tried
};

// What crf gave, and which to try next; 0: none, `good` is the one that is looked for.
uint32_t crf_search_next(struct crf_search *s, uint32_t crf, uint32_t psnr, uint32_t wanted);

struct video_pictures {
    void *self;
    uint32_t count;
    // Picture i, borrowed until the next call; asked for several times.
    const uint8_t *(*at)(void *self, uint32_t i);
};

struct video_rate {
    uint64_t bytes;
    uint32_t psnr; // centi-dB of all pictures' channels together, after the way back to pixels
    uint32_t crf;
    uint32_t encodings; // that the search took
};

// The crf with the least bytes whose pictures, decoded and back in their form, reach psnr
// (centi-dB, the mean error of all of them); cfg->crf is where the search begins. Every
// group_max pictures a new group starts.
// RC_ABSENT: not even crf 1 reaches it; *out then tells of crf 1. RC_NOMEM, RC_UNSUPPORTED.
MUST_USE enum rc video_encode_at_psnr(const struct video_cfg *cfg, uint32_t group_max,
                                      const struct video_pictures *pictures, uint32_t psnr,
                                      struct video_rate *out);
// At cfg->crf. RC_NOMEM, RC_UNSUPPORTED: *out is then of no use.
MUST_USE enum rc video_encode_at_crf(const struct video_cfg *cfg, uint32_t group_max,
                                     const struct video_pictures *pictures, struct video_rate *out);

#endif
