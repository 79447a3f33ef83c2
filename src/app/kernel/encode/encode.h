// SPDX-License-Identifier: MIT
// Kernel `encode`: a group of pictures as video that decodes alone; its check; and the way back.
//
// make   given: the pictures, in order, each input one or several of them; or, of light, a layer
//        (kernel/layer.h; of several in an input the first one).
//        Result: a stream (below) in which every picture reaches `psnr`, found with at most
//        `tries` encodings (more only while none reaches it).
// check  given: the same pictures, then the stream. Decodes it and measures the `wanted` ones.
//        Result: for each of them, ascending, u16 little-endian: its PSNR in centi-dB; 0: it
//        cannot be decoded.
// show   given: the stream. Result: the `wanted` pictures, ascending, in their form.
//
// PSNR: over the samples of all three planes of a picture as the codec has it (codec/planes.h),
// weighed by their number, as ffmpeg's filter `psnr` gives its average: what coding loses.
//
// A stream, little-endian: "shv1", u8 codec, u8 form, u8 crf, u8 chroma, u16 width, height, count,
// fps; then for each packet u32 bytes, u16 pts, u16 1 if it is key, else 0; then the packets, in
// the order of decoding. Every pts of 0..count-1 comes once; the first packet is pts 0, and it
// alone is key.
#ifndef KERNEL_ENCODE_ENCODE_H
#define KERNEL_ENCODE_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "codec/video.h"
#include "kernel/kernel.h"

#define ENCODE_PICTURES_MAX 64u
#define ENCODE_INPUTS_MAX   16u
#define ENCODE_TRIES_MAX    8u
#define ENCODE_PSNR_MIN     2000u // centi-dB
#define ENCODE_PSNR_MAX     6000u
#define ENCODE_PSNR_SLACK   5u // that a checker's rounding may cost
#define ENCODE_BYTES_MAX    (32u << 20)
#define ENCODE_SHOWN_MAX    (64u << 20) // bytes of all pictures that one task shows

#define ENCODE_HEAD_BYTES        16u // of a stream
#define ENCODE_PACKET_HEAD_BYTES 8u

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

// Checks every field's range on both ways. A CBOR array.
// RC_MALFORMED: a field is out of range, *out untouched; encode also RC_FULL: no room.
enum rc encode_params_encode(const struct encode_params *p, struct buffer *out);
enum rc encode_params_decode(struct encode_params *out, struct bytes in);

struct encode_packet {
    struct bytes bytes;
    uint32_t pts;
    bool is_key;
};

struct encode_stream { // its packets borrow from what it was opened on
    uint32_t width, height, count, fps, crf;
    enum video_codec codec;
    enum picture_form form;
    enum picture_chroma chroma;
    struct encode_packet packet[ENCODE_PICTURES_MAX];
};

// In time linear to the number of packets. RC_MALFORMED: *out is of no use.
enum rc encode_stream_open(struct encode_stream *out, struct bytes in);
// RC_FULL: no room.
enum rc encode_stream_write(const struct encode_stream *s, struct buffer *out);

extern const struct kernel encode_kernel;

#endif
