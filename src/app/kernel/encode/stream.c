// SPDX-License-Identifier: MIT
// A group of pictures as flat bytes: read and written.
#include "kernel/encode/stream.h"

#include <assert.h>

#define MAGIC "shv1"

static bool head_is_good(const struct encode_stream *s)
{
    return video_size_is_good(s->width, s->height) && s->count >= 1 &&
           s->count <= ENCODE_PICTURES_MAX && s->fps >= 1 && s->fps <= VIDEO_FPS_MAX &&
           s->crf >= 1 && s->crf <= VIDEO_CRF_MAX && s->codec < VIDEO_CODECS &&
           s->form < PICTURE_FORMS && s->chroma < PICTURE_CHROMAS;
}

// Each picture once, and the first alone starts anew.
static bool take_pts(const struct encode_stream *s, uint32_t i, uint64_t *seen)
{
    const struct encode_packet *p = &s->packet[i];
    if (p->pts >= s->count || (*seen >> p->pts & 1) != 0)
        return false;
    *seen |= UINT64_C(1) << p->pts;
    return p->is_key == (i == 0) && (i > 0 || p->pts == 0);
}

enum rc encode_stream_open(struct encode_stream *out, struct bytes in)
{
    struct cursor c = {.left = in};
    if (!bytes_is(cursor_take(&c, sizeof MAGIC - 1), MAGIC))
        return RC_MALFORMED;
    out->codec = cursor_u8(&c);
    out->form = cursor_u8(&c);
    out->crf = cursor_u8(&c);
    out->chroma = cursor_u8(&c);
    out->width = cursor_u16le(&c);
    out->height = cursor_u16le(&c);
    out->count = cursor_u16le(&c);
    out->fps = cursor_u16le(&c);
    if (c.is_bad || !head_is_good(out))
        return RC_MALFORMED;
    struct cursor table = {.left = cursor_take(&c, (size_t)out->count * ENCODE_PACKET_HEAD_BYTES)};
    uint64_t seen = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        struct encode_packet *p = &out->packet[i];
        p->bytes = cursor_take(&c, cursor_u32le(&table));
        p->pts = cursor_u16le(&table);
        const uint16_t flags = cursor_u16le(&table);
        p->is_key = flags == 1;
        if (flags > 1 || p->bytes.len == 0 || !take_pts(out, i, &seen))
            return RC_MALFORMED;
    }
    return cursor_done(&c) && cursor_done(&table) ? RC_OK : RC_MALFORMED;
}

enum rc encode_stream_write(const struct encode_stream *s, struct buffer *out)
{
    assert(head_is_good(s));
    buffer_put(out, bytes_text(MAGIC));
    buffer_u8(out, (uint8_t)s->codec);
    buffer_u8(out, (uint8_t)s->form);
    buffer_u8(out, (uint8_t)s->crf);
    buffer_u8(out, (uint8_t)s->chroma);
    buffer_u16le(out, (uint16_t)s->width);
    buffer_u16le(out, (uint16_t)s->height);
    buffer_u16le(out, (uint16_t)s->count);
    buffer_u16le(out, (uint16_t)s->fps);
    for (uint32_t i = 0; i < s->count; i++) {
        buffer_u32le(out, (uint32_t)s->packet[i].bytes.len);
        buffer_u16le(out, (uint16_t)s->packet[i].pts);
        buffer_u16le(out, s->packet[i].is_key);
    }
    for (uint32_t i = 0; i < s->count; i++)
        buffer_put(out, s->packet[i].bytes);
    return out->is_full ? RC_FULL : RC_OK;
}

bool encode_stream_is_of(const struct encode_stream *s, const struct encode_params *p)
{
    return s->width == p->width && s->height == p->height && s->count == p->count &&
           s->fps == p->fps && s->codec == p->codec && s->form == p->form && s->chroma == p->chroma;
}
