// SPDX-License-Identifier: MIT
// What kernel `audio` is asked: where source and listener are, how many rays, which sound.
#ifndef KERNEL_AUDIO_PARAMS_H
#define KERNEL_AUDIO_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"

#define AUDIO_BANDS          3u // below 500 Hz, up to 2500 Hz, above
#define AUDIO_RATE_HZ        48000u
#define AUDIO_SOUND_M_S      343.0f
#define AUDIO_RAYS_MAX       4096u // of a group
#define AUDIO_GROUPS_MAX     64u
#define AUDIO_BINS_MAX       500u
#define AUDIO_BIN_FRAMES_MIN 48u
#define AUDIO_BIN_FRAMES_MAX 4800u
#define AUDIO_RESPONSE_MAX   192000u // frames: 4 s
#define AUDIO_FRAMES_MAX     192000u
#define AUDIO_CHECKED_MAX    64u  // frames of a part
#define AUDIO_NEAR_M         0.3f // nothing is heard as if it were nearer

struct audio_part { // what to redo of a result that is shown; none of either: not a part
    uint32_t groups;
    uint8_t group[AUDIO_GROUPS_MAX];
    uint32_t frames;
    uint32_t frame[AUDIO_CHECKED_MAX];
};

struct audio_params {
    uint64_t seed;
    float source[3];
    float listener[3];
    float right[3];      // where the right ear points, unit
    uint32_t groups;     // 1..AUDIO_GROUPS_MAX
    uint32_t rays;       // of each group, 1..AUDIO_RAYS_MAX
    uint32_t bins;       // 1..AUDIO_BINS_MAX
    uint32_t bin_frames; // bins * bin_frames: the response's length, up to AUDIO_RESPONSE_MAX
    uint32_t frames;     // 0: no recording is given
    struct audio_part part;
};

// Checks every field's range on both ways. A CBOR array (doc/kernels/audio.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc audio_params_encode(const struct audio_params *p, struct buffer *out);
enum rc audio_params_decode(struct audio_params *out, struct bytes in);

static inline uint32_t audio_response_frames(const struct audio_params *p)
{
    return p->bins * p->bin_frames;
}

static inline size_t audio_group_bytes(const struct audio_params *p)
{
    return 1 + (size_t)p->bins * AUDIO_BANDS * 2;
}

static inline bool audio_is_part(const struct audio_params *p)
{
    return p->part.groups > 0;
}

#endif
