// SPDX-License-Identifier: MIT
// Moving pictures in memory over libavcodec.
#include "codec/video.h"

#include <assert.h>
#include <string.h>

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavutil/log.h>
#include <libavutil/opt.h>

#include "base/arena.h"

#define STATE_BYTES_MAX  4096u
#define PACKET_BYTES_MAX ((size_t)INT32_MAX - AV_INPUT_BUFFER_PADDING_SIZE)

struct video_encoder {
    struct arena *arena; // holds this struct
    struct video_cfg cfg;
    AVCodecContext *context;
    AVBSFContext *trim; // NULL: packets are left as they are
    AVFrame *frame;
    AVPacket *packet;
    uint32_t pts;
};

struct video_decoder {
    struct arena *arena; // holds this struct
    struct video_cfg cfg;
    AVCodecContext *context;
    AVFrame *frame;
    AVPacket *packet;
};

struct setting {
    const char *name, *value;
};

// One thread, that of the caller: behind a worker's walls there is no other. No scene cuts: a
// group has one key picture, its first. cpu-independent: without it x264 (core 164, AVX-512)
// weighs blocks by bytes that nobody wrote, and a stream differs from run to run. Fast is for
// those who measure, and quality is measured as PSNR.
#define X264_PARAMS "sync-lookahead=0:scenecut=0:cpu-independent=1"
static const struct setting x264_settings[][4] = {
    [VIDEO_FAST] = {{"preset", "veryfast"}, {"tune", "psnr"}, {"x264-params", X264_PARAMS}},
    [VIDEO_FINE] = {{"preset", "medium"}, {"x264-params", X264_PARAMS}},
};
static const struct setting aom_settings[][5] = {
    [VIDEO_FAST] = {{"usage", "realtime"},
                    {"cpu-used", "8"},
                    {"row-mt", "0"},
                    {"lag-in-frames", "0"}},
    [VIDEO_FINE] = {{"usage", "good"}, {"cpu-used", "6"}, {"row-mt", "0"}, {"lag-in-frames", "19"}},
};

bool video_size_is_good(uint32_t width, uint32_t height)
{
    return width >= VIDEO_SIDE_MIN && width <= PLANES_SIDE_MAX && width % 2 == 0 &&
           height >= VIDEO_SIDE_MIN && height <= PLANES_SIDE_MAX && height % 2 == 0;
}

static bool cfg_is_good(const struct video_cfg *cfg)
{
    return video_size_is_good(cfg->width, cfg->height) && cfg->fps >= 1 &&
           cfg->fps <= VIDEO_FPS_MAX && cfg->codec < VIDEO_CODECS && cfg->form < PICTURE_FORMS &&
           cfg->chroma < PICTURE_CHROMAS;
}

static enum AVPixelFormat pixel_format(const struct video_cfg *cfg)
{
    static const enum AVPixelFormat format[PICTURE_FORMS][PICTURE_CHROMAS] = {
        [PICTURE_RGB8] = {AV_PIX_FMT_YUV420P, AV_PIX_FMT_YUV444P},
        [PICTURE_LIGHT] = {AV_PIX_FMT_YUV420P10, AV_PIX_FMT_YUV444P10}};
    return format[cfg->form][cfg->chroma];
}

static enum rc rc_of(int averror)
{
    return averror >= 0                 ? RC_OK
           : averror == AVERROR(EAGAIN) ? RC_AGAIN
           : averror == AVERROR_EOF     ? RC_ABSENT
           : averror == AVERROR(ENOMEM) ? RC_NOMEM
                                        : RC_MALFORMED;
}

static struct planes planes_of(const AVFrame *frame, const struct video_cfg *cfg)
{
    assert(frame->data[0] != NULL);
    struct planes p = {
        .form = cfg->form, .chroma = cfg->chroma, .width = cfg->width, .height = cfg->height};
    for (unsigned i = 0; i < 3; i++) {
        p.at[i] = frame->data[i];
        p.stride[i] = (size_t)frame->linesize[i];
    }
    return p;
}

static void describe(AVCodecContext *c, const struct video_cfg *cfg)
{
    c->width = (int)cfg->width;
    c->height = (int)cfg->height;
    c->time_base = (AVRational){1, (int)cfg->fps};
    c->framerate = (AVRational){(int)cfg->fps, 1};
    c->pix_fmt = pixel_format(cfg);
    c->colorspace = AVCOL_SPC_BT709;
    c->color_range = cfg->form == PICTURE_RGB8 ? AVCOL_RANGE_MPEG : AVCOL_RANGE_JPEG;
    if (cfg->form == PICTURE_RGB8) {
        c->color_primaries = AVCOL_PRI_BT709;
        c->color_trc = AVCOL_TRC_BT709;
    }
    c->chroma_sample_location = AVCHROMA_LOC_CENTER;
    c->thread_count = 1;
}

static enum rc set_up_encoder(AVCodecContext *c, const struct video_cfg *cfg)
{
    describe(c, cfg);
    c->gop_size = INT32_MAX / 2; // no key picture but the first
    if (cfg->has_one_head)
        c->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    const struct setting *s =
        cfg->codec == VIDEO_H264 ? x264_settings[cfg->effort] : aom_settings[cfg->effort];
    for (; s->name != NULL; s++) {
        if (av_opt_set(c->priv_data, s->name, s->value, 0) < 0)
            return RC_UNSUPPORTED;
    }
    return av_opt_set_int(c->priv_data, "crf", cfg->crf, 0) < 0 ? RC_UNSUPPORTED : RC_OK;
}

// x264 tells of itself and its settings in a message of some 700 bytes, SEI (NAL type 6), in
// every group: more than a small picture. Nobody asked.
static enum rc open_trim(struct video_encoder *e)
{
    if (e->cfg.codec != VIDEO_H264)
        return RC_OK;
    if (av_bsf_list_parse_str("filter_units=remove_types=6", &e->trim) < 0)
        return RC_UNSUPPORTED;
    if (avcodec_parameters_from_context(e->trim->par_in, e->context) < 0)
        return RC_NOMEM;
    return av_bsf_init(e->trim) < 0 ? RC_UNSUPPORTED : RC_OK;
}

static enum rc open_encoder(struct video_encoder *e)
{
    const AVCodec *codec =
        avcodec_find_encoder_by_name(e->cfg.codec == VIDEO_H264 ? "libx264" : "libaom-av1");
    if (codec == NULL)
        return RC_UNSUPPORTED;
    e->context = avcodec_alloc_context3(codec);
    e->frame = av_frame_alloc();
    e->packet = av_packet_alloc();
    if (e->context == NULL || e->frame == NULL || e->packet == NULL)
        return RC_NOMEM;
    enum rc rc = set_up_encoder(e->context, &e->cfg);
    if (rc == RC_OK && avcodec_open2(e->context, codec, NULL) < 0)
        rc = RC_UNSUPPORTED;
    return rc == RC_OK ? open_trim(e) : rc;
}

enum rc video_encoder_open(struct video_encoder **out, const struct video_cfg *cfg)
{
    *out = NULL;
    assert(cfg_is_good(cfg) && cfg->crf >= 1 && cfg->crf <= VIDEO_CRF_MAX);
    av_log_set_level(AV_LOG_QUIET);
    struct arena *arena = arena_new(STATE_BYTES_MAX);
    struct video_encoder *e = arena == NULL ? NULL : arena_take(arena, sizeof *e);
    if (e == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    e->arena = arena;
    e->cfg = *cfg;
    const enum rc rc = open_encoder(e);
    if (rc == RC_OK)
        *out = e;
    else
        video_encoder_close(e);
    return rc;
}

void video_encoder_close(struct video_encoder *e)
{
    if (e == NULL)
        return;
    av_bsf_free(&e->trim);
    av_packet_free(&e->packet);
    av_frame_free(&e->frame);
    avcodec_free_context(&e->context);
    struct arena *own = e->arena;
    arena_free(own);
}

enum rc video_encoder_put(struct video_encoder *e, const uint8_t *picture)
{
    AVFrame *f = e->frame;
    f->format = e->context->pix_fmt;
    f->width = e->context->width;
    f->height = e->context->height;
    f->pts = e->pts;
    if (av_frame_get_buffer(f, 0) < 0)
        return RC_NOMEM;
    f->color_range = e->context->color_range;
    f->colorspace = e->context->colorspace;
    const struct planes p = planes_of(f, &e->cfg);
    planes_from_picture(&p, picture);
    const enum rc rc = rc_of(avcodec_send_frame(e->context, f));
    av_frame_unref(f);
    e->pts += rc == RC_OK;
    return rc;
}

enum rc video_encoder_end(struct video_encoder *e)
{
    return rc_of(avcodec_send_frame(e->context, NULL));
}

// A packet, trimmed if it has to be. The filter holds nothing back.
static enum rc receive(struct video_encoder *e)
{
    av_packet_unref(e->packet);
    enum rc rc = rc_of(avcodec_receive_packet(e->context, e->packet));
    if (rc != RC_OK || e->trim == NULL)
        return rc;
    rc = rc_of(av_bsf_send_packet(e->trim, e->packet));
    return rc == RC_OK ? rc_of(av_bsf_receive_packet(e->trim, e->packet)) : rc;
}

enum rc video_encoder_next(struct video_encoder *e, struct video_packet *out)
{
    const enum rc rc = receive(e);
    if (rc != RC_OK)
        return rc;
    const AVPacket *p = e->packet;
    const int64_t dts = p->dts + (int64_t)VIDEO_DTS_BASE;
    if (p->pts < 0 || p->pts > UINT32_MAX || dts < 0 || dts > UINT32_MAX)
        return RC_UNSUPPORTED;
    *out = (struct video_packet){.bytes = bytes_of(p->data, (size_t)p->size),
                                 .pts = (uint32_t)p->pts,
                                 .dts = (uint32_t)dts,
                                 .is_key = (p->flags & AV_PKT_FLAG_KEY) != 0};
    return RC_OK;
}

const struct AVCodecContext *video_encoder_context(const struct video_encoder *e)
{
    return e->context;
}

static enum rc open_decoder(struct video_decoder *d)
{
    const AVCodec *codec =
        avcodec_find_decoder_by_name(d->cfg.codec == VIDEO_H264 ? "h264" : "libdav1d");
    if (codec == NULL)
        return RC_UNSUPPORTED;
    d->context = avcodec_alloc_context3(codec);
    d->frame = av_frame_alloc();
    d->packet = av_packet_alloc();
    if (d->context == NULL || d->frame == NULL || d->packet == NULL)
        return RC_NOMEM;
    // A stream that claims to be larger is not worth the memory. Codecs count in whole blocks.
    d->context->max_pixels = ((int64_t)d->cfg.width + 128) * ((int64_t)d->cfg.height + 128);
    d->context->thread_count = 1;
    d->context->err_recognition = AV_EF_EXPLODE;
    return avcodec_open2(d->context, codec, NULL) < 0 ? RC_UNSUPPORTED : RC_OK;
}

enum rc video_decoder_open(struct video_decoder **out, const struct video_cfg *cfg)
{
    *out = NULL;
    assert(cfg_is_good(cfg));
    av_log_set_level(AV_LOG_QUIET);
    struct arena *arena = arena_new(STATE_BYTES_MAX);
    struct video_decoder *d = arena == NULL ? NULL : arena_take(arena, sizeof *d);
    if (d == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    d->arena = arena;
    d->cfg = *cfg;
    const enum rc rc = open_decoder(d);
    if (rc == RC_OK)
        *out = d;
    else
        video_decoder_close(d);
    return rc;
}

void video_decoder_close(struct video_decoder *d)
{
    if (d == NULL)
        return;
    av_packet_free(&d->packet);
    av_frame_free(&d->frame);
    avcodec_free_context(&d->context);
    struct arena *own = d->arena;
    arena_free(own);
}

enum rc video_decoder_put(struct video_decoder *d, const struct video_packet *packet)
{
    if (packet->bytes.len == 0 || packet->bytes.len > PACKET_BYTES_MAX)
        return RC_MALFORMED;
    // A copy: the decoder reads some bytes past the end, and wants zeros there.
    if (av_new_packet(d->packet, (int)packet->bytes.len) < 0)
        return RC_NOMEM;
    memcpy(d->packet->data, packet->bytes.at, packet->bytes.len);
    d->packet->pts = packet->pts;
    const enum rc rc = rc_of(avcodec_send_packet(d->context, d->packet));
    av_packet_unref(d->packet);
    return rc;
}

enum rc video_decoder_end(struct video_decoder *d)
{
    return rc_of(avcodec_send_packet(d->context, NULL));
}

enum rc video_decoder_next(struct video_decoder *d, struct planes *out, uint32_t *pts)
{
    const enum rc rc = rc_of(avcodec_receive_frame(d->context, d->frame));
    if (rc != RC_OK)
        return rc;
    const AVFrame *f = d->frame;
    if (f->width != (int)d->cfg.width || f->height != (int)d->cfg.height ||
        f->format != pixel_format(&d->cfg) || f->pts < 0 || f->pts > UINT32_MAX ||
        f->linesize[0] <= 0 || f->linesize[1] <= 0 || f->linesize[2] <= 0)
        return RC_MALFORMED;
    *out = planes_of(f, &d->cfg);
    *pts = (uint32_t)f->pts;
    return RC_OK;
}
