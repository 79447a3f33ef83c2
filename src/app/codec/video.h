// SPDX-License-Identifier: MIT
// Moving pictures in memory over libavcodec: an encoder, a decoder, each in this thread alone.
//
//     video_encoder_open(&e, &cfg);
//     video_encoder_put(e, planes);          // count times, then video_encoder_end(e)
//     video_encoder_next(e, &packet)         // until RC_AGAIN (put more) or RC_ABSENT (all told)
//
// and the same with a decoder, packets in, planes out: a decoder that is put more before it said
// RC_AGAIN may lose pictures. One group of pictures: only the first packet starts anew. H.264
// packets are in Annex B form, AV1 packets are temporal units; one after another they are a stream
// as ffmpeg reads it. Neither makes a thread, opens a file or asks the system for anything but
// memory, so both work behind the walls of a worker.
#ifndef CODEC_VIDEO_H
#define CODEC_VIDEO_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "codec/planes.h"

#define VIDEO_SIDE_MIN 32u
#define VIDEO_FPS_MAX  240u
#define VIDEO_CRF_MAX  51u // the scale of x264; libaom's has some more, which nobody needs

enum video_codec { VIDEO_H264, VIDEO_AV1 };
#define VIDEO_CODECS 2u

enum video_effort { VIDEO_FAST, VIDEO_FINE }; // while somebody waits; to be kept or compared with

struct video_cfg {
    uint32_t width, height; // even, VIDEO_SIDE_MIN..PLANES_SIDE_MAX
    uint32_t fps;           // 1..VIDEO_FPS_MAX
    enum video_codec codec;
    enum picture_form form;
    enum picture_chroma chroma;
    // Of an encoder only:
    enum video_effort effort;
    uint32_t crf;      // 1..VIDEO_CRF_MAX: constant quality, less is better
    bool has_one_head; // apart from the packets, as files want it: in video_encoder_context
};

struct video_packet { // borrowed until the next call
    struct bytes bytes;
    uint32_t pts; // which picture, from 0
    uint32_t dts; // when it has to be decoded, plus VIDEO_DTS_BASE
    bool is_key;
};
#define VIDEO_DTS_BASE 32u // more than any encoder here holds back

bool video_size_is_good(uint32_t width, uint32_t height);

struct video_encoder;
struct video_decoder;

// RC_UNSUPPORTED: this machine's libraries have no such codec, or refuse the configuration;
// RC_NOMEM.
MUST_USE enum rc video_encoder_open(struct video_encoder **out, const struct video_cfg *cfg);
void video_encoder_close(struct video_encoder *e); // NULL is fine
// picture: picture_bytes of it, copied. put, end: RC_AGAIN: packets have to be taken first;
// RC_NOMEM. next: RC_AGAIN: put more; RC_ABSENT: all are told, after end.
MUST_USE enum rc video_encoder_put(struct video_encoder *e, const uint8_t *picture);
MUST_USE enum rc video_encoder_end(struct video_encoder *e);
MUST_USE enum rc video_encoder_next(struct video_encoder *e, struct video_packet *out);
struct AVCodecContext;
const struct AVCodecContext *video_encoder_context(const struct video_encoder *e); // for a muxer

// What comes in comes from strangers. RC_MALFORMED: no such stream, or of another size or form.
MUST_USE enum rc video_decoder_open(struct video_decoder **out, const struct video_cfg *cfg);
void video_decoder_close(struct video_decoder *d); // NULL is fine
// As the encoder's, and RC_MALFORMED. packet is copied.
MUST_USE enum rc video_decoder_put(struct video_decoder *d, const struct video_packet *packet);
MUST_USE enum rc video_decoder_end(struct video_decoder *d);
// Borrowed until the next call; *pts: as its packet's.
MUST_USE enum rc video_decoder_next(struct video_decoder *d, struct planes *out, uint32_t *pts);

#endif
