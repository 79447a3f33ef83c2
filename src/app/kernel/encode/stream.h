// SPDX-License-Identifier: MIT
// A group of pictures as flat bytes: what kernel `encode` makes.
//
// A stream, little-endian: "shv1", u8 codec, u8 form, u8 crf, u8 chroma, u16 width, height, count,
// fps; then for each packet u32 bytes, u16 pts, u16 1 if it is key, else 0; then the packets, in
// the order of decoding. Every pts of 0..count-1 comes once; the first packet is pts 0, and it
// alone is key.
#ifndef KERNEL_ENCODE_STREAM_H
#define KERNEL_ENCODE_STREAM_H

#include "kernel/encode/params.h"

#define ENCODE_HEAD_BYTES        16u // of a stream
#define ENCODE_PACKET_HEAD_BYTES 8u

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

// Was it made to these params?
bool encode_stream_is_of(const struct encode_stream *s, const struct encode_params *p);

#endif
