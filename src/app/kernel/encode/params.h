// SPDX-License-Identifier: MIT
// What kernel `encode` is asked: pictures of which form, at which quality.
#ifndef KERNEL_ENCODE_PARAMS_H
#define KERNEL_ENCODE_PARAMS_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "codec/video.h"

#define ENCODE_PICTURES_MAX 64u
#define ENCODE_INPUTS_MAX   16u
#define ENCODE_TRIES_MAX    8u
#define ENCODE_PSNR_MIN     2000u // centi-dB
#define ENCODE_PSNR_MAX     6000u
#define ENCODE_PSNR_SLACK   5u // that a checker's rounding may cost
#define ENCODE_BYTES_MAX    (32u << 20)
#define ENCODE_SHOWN_MAX    (64u << 20) // bytes of all pictures that one task shows

enum encode_mode { ENCODE_MAKE, ENCODE_CHECK, ENCODE_SHOW };

struct encode_params {
    enum encode_mode mode;
    uint32_t width, height; // video_size_is_good
    uint32_t count;         // pictures, 1..ENCODE_PICTURES_MAX
    uint32_t fps;           // 1..VIDEO_FPS_MAX
    enum video_codec codec;
    enum picture_form form;
    enum picture_chroma chroma;
    uint32_t psnr;      // centi-dB that every picture must reach, ENCODE_PSNR_MIN.._MAX
    uint32_t crf;       // where to begin, 1..VIDEO_CRF_MAX: that of the group before, say
    uint32_t tries;     // 1..ENCODE_TRIES_MAX
    uint32_t bytes_max; // of the stream, 1..ENCODE_BYTES_MAX; not even near psnr: RC_FULL
    uint64_t wanted;    // bit i: picture i; make: 0, else at least one below count
};

static inline uint64_t encode_all(uint32_t count) // every picture is wanted
{
    return UINT64_MAX >> (64 - count);
}

// Checks every field's range on both ways. A CBOR array (doc/kernels/encode.md).
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc encode_params_encode(const struct encode_params *p, struct buffer *out);
enum rc encode_params_decode(struct encode_params *out, struct bytes in);

#endif
