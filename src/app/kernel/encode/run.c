// SPDX-License-Identifier: MIT
// What a worker does of kernel `encode`: makes streams, checks them, shows their pictures.
#include "kernel/encode/encode.h"

#include <assert.h>

#include "codec/video_rate.h"
#include "kernel/encode/walk.h"

#define OVER_BYTES 100u // centi-dB above psnr: what an encoding of too many bytes is taken for
#define ENOUGH     50u  // centi-dB above psnr that are not worth another encoding

struct attempt { // one encoding
    struct buffer packets;
    struct encode_stream stream;
};

struct maker {
    const struct encode_params *p;
    struct encode_given given;
    struct encode_meter meter;
    struct attempt attempt[2];
    struct attempt *best; // NULL: none reaches psnr yet
};

static enum rc drain(struct video_encoder *e, struct attempt *a, uint32_t *packets)
{
    enum rc rc;
    struct video_packet packet;
    while ((rc = video_encoder_next(e, &packet)) == RC_OK) {
        if (*packets == a->stream.count)
            return RC_UNSUPPORTED; // not one packet for a picture
        const uint8_t *at = a->packets.at + a->packets.len;
        buffer_put(&a->packets, packet.bytes);
        if (a->packets.is_full)
            return RC_FULL;
        a->stream.packet[(*packets)++] = (struct encode_packet){
            .bytes = bytes_of(at, packet.bytes.len), .pts = packet.pts, .is_key = packet.is_key};
    }
    return rc == RC_AGAIN || rc == RC_ABSENT ? RC_OK : rc;
}

static enum rc encode(const struct maker *m, struct video_encoder *e, struct attempt *a)
{
    uint32_t packets = 0;
    enum rc rc = RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i < m->p->count; i++) {
        rc = video_encoder_put(e, m->given.picture[i]);
        if (rc == RC_OK)
            rc = drain(e, a, &packets);
    }
    if (rc == RC_OK)
        rc = video_encoder_end(e);
    if (rc == RC_OK)
        rc = drain(e, a, &packets);
    return rc == RC_OK && packets != m->p->count ? RC_UNSUPPORTED : rc;
}

// RC_FULL: it has more than bytes_max.
static enum rc try(struct maker *m, struct attempt *a, uint32_t crf)
{
    const struct encode_params *p = m->p;
    const struct video_cfg cfg = {.width = p->width,
                                  .height = p->height,
                                  .fps = p->fps,
                                  .codec = p->codec,
                                  .form = p->form,
                                  .chroma = p->chroma,
                                  .effort = VIDEO_FAST,
                                  .crf = crf};
    a->packets = buffer_of(a->packets.at, a->packets.cap);
    a->stream.width = p->width;
    a->stream.height = p->height;
    a->stream.count = p->count;
    a->stream.fps = p->fps;
    a->stream.crf = crf;
    a->stream.codec = p->codec;
    a->stream.form = p->form;
    a->stream.chroma = p->chroma;
    struct video_encoder *e;
    enum rc rc = video_encoder_open(&e, &cfg);
    if (rc == RC_OK)
        rc = encode(m, e, a);
    video_encoder_close(e);
    return rc;
}

// Of the worst picture.
static enum rc reached(struct maker *m, const struct attempt *a, uint32_t *psnr)
{
    const enum rc rc = encode_meter_run(&m->meter, &a->stream, encode_all(m->p->count));
    *psnr = PLANES_PSNR_MAX;
    for (uint32_t i = 0; i < m->p->count; i++)
        *psnr = m->meter.psnr[i] < *psnr ? m->meter.psnr[i] : *psnr;
    return rc;
}

static enum rc search(struct maker *m)
{
    assert(m->p->tries >= 1);
    const struct encode_params *p = m->p;
    struct crf_search s = {0};
    bool is_over = false; // an encoding had too many bytes
    uint32_t crf = p->crf;
    for (uint32_t tries = 0; crf > 0 && (m->best == NULL || tries < p->tries); tries++) {
        assert(crf <= VIDEO_CRF_MAX);
        struct attempt *a = &m->attempt[m->best == &m->attempt[0]];
        uint32_t psnr = p->psnr + OVER_BYTES;
        enum rc rc = try(m, a, crf);
        if (rc == RC_FULL) {
            is_over = true;
        } else {
            if (rc == RC_OK)
                rc = reached(m, a, &psnr);
            if (rc != RC_OK)
                return rc;
            if (psnr >= p->psnr)
                m->best = a;
            if (psnr >= p->psnr && psnr <= p->psnr + ENOUGH)
                break;
        }
        crf = crf_search_next(&s, crf, psnr, p->psnr);
    }
    return m->best != NULL ? RC_OK : is_over ? RC_FULL : RC_REFUSED;
}

static enum rc make(const struct encode_params *p, const struct kernel_in *in,
                    struct buffer *result)
{
    const size_t heads = ENCODE_HEAD_BYTES + (size_t)p->count * ENCODE_PACKET_HEAD_BYTES;
    if (p->bytes_max <= heads)
        return RC_FULL;
    const size_t room = p->bytes_max - heads;
    struct budget budget = {.limit_bytes =
                                2 * room + 2 * picture_bytes(p->form, p->width, p->height)};
    struct maker m = {.p = p};
    enum rc rc = encode_given_take(&m.given, p, in->given, in->given_count);
    if (rc != RC_OK)
        return rc;
    uint8_t *at = budget_take(&budget, 2 * room);
    rc = at == NULL ? RC_NOMEM : encode_meter_open(&m.meter, p, &m.given, &budget);
    if (rc == RC_OK) {
        m.attempt[0].packets = buffer_of(at, room);
        m.attempt[1].packets = buffer_of(at + room, room);
        rc = search(&m);
        if (rc == RC_OK)
            rc = encode_stream_write(&m.best->stream, result);
        encode_meter_close(&m.meter, &budget);
    }
    budget_give(&budget, at);
    return rc;
}

static enum rc measure(const struct encode_params *p, const struct encode_stream *s,
                       const struct encode_given *given, uint32_t psnr[ENCODE_PICTURES_MAX])
{
    struct budget budget = {.limit_bytes = 2 * picture_bytes(p->form, p->width, p->height)};
    struct encode_meter m;
    enum rc rc = encode_meter_open(&m, p, given, &budget);
    if (rc != RC_OK)
        return rc;
    rc = encode_meter_run(&m, s, p->wanted);
    for (uint32_t i = 0; i < p->count; i++)
        psnr[i] = m.psnr[i];
    encode_meter_close(&m, &budget);
    return rc == RC_MALFORMED ? RC_OK : rc; // said by the zeros
}

static enum rc check(const struct encode_params *p, const struct kernel_in *in,
                     struct buffer *result)
{
    struct encode_given given;
    struct encode_stream s;
    uint32_t psnr[ENCODE_PICTURES_MAX] = {0};
    if (in->given_count < 2 ||
        encode_given_take(&given, p, in->given, in->given_count - 1) != RC_OK)
        return RC_MALFORMED;
    const struct bytes stream = in->given[in->given_count - 1];
    if (stream.len <= p->bytes_max && encode_stream_open(&s, stream) == RC_OK &&
        encode_stream_is_of(&s, p)) {
        const enum rc rc = measure(p, &s, &given, psnr);
        if (rc != RC_OK)
            return rc;
    }
    for (uint32_t i = 0; i < p->count; i++) {
        if ((p->wanted >> i & 1) != 0)
            buffer_u16le(result, (uint16_t)psnr[i]);
    }
    return result->is_full ? RC_FULL : RC_OK;
}

struct shower {
    const struct encode_params *p;
    uint8_t *room;
};

static void show_one(void *self, uint32_t pts, const struct planes *planes)
{
    const struct shower *s = self;
    const uint64_t before = s->p->wanted & ((UINT64_C(1) << pts) - 1);
    assert((s->p->wanted >> pts & 1) != 0);
    planes_to_picture(planes, s->room + (size_t)__builtin_popcountll(before) *
                                            picture_bytes(s->p->form, s->p->width, s->p->height));
}

static enum rc show(const struct encode_params *p, const struct kernel_in *in,
                    struct buffer *result)
{
    struct encode_stream s;
    if (in->given_count != 1 || encode_stream_open(&s, in->given[0]) != RC_OK ||
        !encode_stream_is_of(&s, p))
        return RC_MALFORMED;
    const size_t pictures = (size_t)__builtin_popcountll(p->wanted);
    struct shower shower = {
        .p = p,
        .room = buffer_room(result, pictures * picture_bytes(p->form, p->width, p->height))};
    if (shower.room == NULL)
        return RC_FULL;
    return encode_walk(&s, p->wanted, &(struct encode_seer){.self = &shower, .saw = show_one});
}

enum rc encode_run(void *state, const struct kernel_in *in, struct buffer *result,
                   struct buffer *report)
{
    (void)state;
    (void)report;
    struct encode_params p;
    if (encode_params_decode(&p, in->params) != RC_OK)
        return RC_MALFORMED;
    switch (p.mode) {
    case ENCODE_MAKE:
        return make(&p, in, result);
    case ENCODE_CHECK:
        return check(&p, in, result);
    case ENCODE_SHOW:
        return show(&p, in, result);
    }
    return RC_MALFORMED;
}
