// SPDX-License-Identifier: MIT
// Moving pictures as an MP4 file, over libavformat.
#include "image/movie.h"

#include <assert.h>

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>

#include "base/arena.h"
#include "codec/video.h"

#define STATE_BYTES_MAX 4096u
#define CHUNK_BYTES     65536 // that libavformat gathers before it writes

struct movie {
    struct arena *arena; // holds this struct
    struct movie_cfg cfg;
    struct video_encoder *encoder;
    AVFormatContext *mux;
    AVIOContext *io;
    AVPacket *packet;
    uint64_t at, end; // where the next bytes go; one past the last of the file
    enum rc rc;       // the first failure
};

static int on_write(void *opaque, uint8_t *bytes, int len)
{
    struct movie *m = opaque;
    if (len < 0 || m->rc != RC_OK)
        return AVERROR_EXTERNAL;
    m->rc = m->cfg.sink.write(m->cfg.sink.self, m->at, bytes_of(bytes, (size_t)len));
    if (m->rc != RC_OK)
        return AVERROR_EXTERNAL;
    m->at += (uint64_t)len;
    m->end = m->at > m->end ? m->at : m->end;
    return len;
}

static int64_t on_seek(void *opaque, int64_t offset, int whence)
{
    struct movie *m = opaque;
    if (whence == AVSEEK_SIZE)
        return (int64_t)m->end;
    const int64_t from = whence == SEEK_SET ? 0 : (int64_t)(whence == SEEK_CUR ? m->at : m->end);
    if (from + offset < 0)
        return AVERROR_EXTERNAL;
    m->at = (uint64_t)(from + offset);
    return (int64_t)m->at;
}

static enum rc open_mux(struct movie *m)
{
    m->packet = av_packet_alloc();
    if (m->packet == NULL || avformat_alloc_output_context2(&m->mux, NULL, "mp4", NULL) < 0)
        return RC_UNSUPPORTED;
    uint8_t *chunk = av_malloc(CHUNK_BYTES);
    if (chunk == NULL)
        return RC_NOMEM;
    m->io = avio_alloc_context(chunk, CHUNK_BYTES, 1, m, NULL, on_write, on_seek);
    if (m->io == NULL) {
        av_free(chunk);
        return RC_NOMEM;
    }
    m->mux->pb = m->io;
    m->mux->flags |= AVFMT_FLAG_BITEXACT; // no version of the library, no date
    AVStream *stream = avformat_new_stream(m->mux, NULL);
    if (stream == NULL ||
        avcodec_parameters_from_context(stream->codecpar, video_encoder_context(m->encoder)) < 0)
        return RC_NOMEM;
    stream->time_base = (AVRational){1, (int)m->cfg.fps};
    stream->avg_frame_rate = (AVRational){(int)m->cfg.fps, 1};
    if (avformat_write_header(m->mux, NULL) < 0)
        return m->rc != RC_OK ? m->rc : RC_UNSUPPORTED;
    return RC_OK;
}

static bool cfg_is_good(const struct movie_cfg *cfg)
{
    return video_size_is_good(cfg->width, cfg->height) && cfg->fps >= 1 &&
           cfg->fps <= VIDEO_FPS_MAX && cfg->crf >= 1 && cfg->crf <= VIDEO_CRF_MAX;
}

enum rc movie_open(struct movie **out, const struct movie_cfg *cfg)
{
    *out = NULL;
    assert(cfg->sink.write != NULL);
    if (!cfg_is_good(cfg))
        return RC_REFUSED;
    struct arena *arena = arena_new(STATE_BYTES_MAX);
    struct movie *m = arena == NULL ? NULL : arena_take(arena, sizeof *m);
    if (m == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    m->arena = arena;
    m->cfg = *cfg;
    const struct video_cfg video = {.width = cfg->width,
                                    .height = cfg->height,
                                    .fps = cfg->fps,
                                    .codec = VIDEO_H264,
                                    .form = PICTURE_RGB8,
                                    .effort = VIDEO_FINE,
                                    .crf = cfg->crf,
                                    .has_one_head = true};
    enum rc rc = video_encoder_open(&m->encoder, &video);
    if (rc == RC_OK)
        rc = open_mux(m);
    if (rc == RC_OK)
        *out = m;
    else
        movie_close(m);
    return rc;
}

static enum rc write_packet(struct movie *m, const struct video_packet *packet)
{
    if (av_new_packet(m->packet, (int)packet->bytes.len) < 0)
        return RC_NOMEM;
    struct buffer room = buffer_of(m->packet->data, packet->bytes.len);
    buffer_put(&room, packet->bytes);
    m->packet->pts = packet->pts;
    m->packet->dts = (int64_t)packet->dts - VIDEO_DTS_BASE;
    assert(m->packet->dts <= m->packet->pts); // nothing is shown before it is decoded
    m->packet->duration = 1;
    m->packet->flags = packet->is_key ? AV_PKT_FLAG_KEY : 0;
    const AVStream *stream = m->mux->streams[0];
    av_packet_rescale_ts(m->packet, (AVRational){1, (int)m->cfg.fps}, stream->time_base);
    const int failed = av_write_frame(m->mux, m->packet);
    av_packet_unref(m->packet);
    return m->rc != RC_OK ? m->rc : failed < 0 ? RC_IO : RC_OK;
}

static enum rc drain(struct movie *m)
{
    enum rc rc;
    struct video_packet packet;
    while ((rc = video_encoder_next(m->encoder, &packet)) == RC_OK) {
        rc = write_packet(m, &packet);
        if (rc != RC_OK)
            return rc;
    }
    return rc == RC_AGAIN || rc == RC_ABSENT ? RC_OK : rc;
}

enum rc movie_add(struct movie *m, const uint8_t *rgb)
{
    assert(rgb != NULL && m->mux != NULL);
    const enum rc rc = video_encoder_put(m->encoder, rgb);
    return rc == RC_OK ? drain(m) : rc;
}

enum rc movie_end(struct movie *m)
{
    enum rc rc = video_encoder_end(m->encoder);
    if (rc == RC_OK)
        rc = drain(m);
    if (rc == RC_OK && av_write_trailer(m->mux) < 0)
        rc = RC_IO;
    return m->rc != RC_OK ? m->rc : rc;
}

void movie_close(struct movie *m)
{
    if (m == NULL)
        return;
    av_packet_free(&m->packet);
    if (m->io != NULL)
        av_freep(&m->io->buffer);
    avio_context_free(&m->io);
    avformat_free_context(m->mux);
    video_encoder_close(m->encoder);
    struct arena *own = m->arena;
    arena_free(own);
}
