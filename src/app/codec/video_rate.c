// SPDX-License-Identifier: MIT
// How many bytes of video do these pictures take at a given quality?
#include "codec/video_rate.h"

#include <assert.h>

#include "base/arena.h"
#include "base/num.h"

#define CENTI_PER_CRF 45 // about what a step of crf is worth

uint32_t crf_search_next(struct crf_search *s, uint32_t crf, uint32_t psnr, uint32_t wanted)
{
    assert(crf >= 1 && crf <= VIDEO_CRF_MAX);
    if (s->bad == 0)
        s->bad = VIDEO_CRF_MAX + 1;
    if (psnr >= wanted)
        s->good = crf > s->good ? crf : s->good;
    else
        s->bad = crf < s->bad ? crf : s->bad;
    assert(s->good <= VIDEO_CRF_MAX && s->bad >= 1);
    if (s->bad <= s->good + 1)
        return 0;
    int32_t step = ((int32_t)psnr - (int32_t)wanted) / CENTI_PER_CRF;
    if (step == 0)
        step = psnr >= wanted ? 1 : -1;
    const int32_t next = (int32_t)crf + step;
    const int32_t low = (int32_t)s->good + 1;
    const int32_t high = (int32_t)s->bad - 1;
    return (uint32_t)(next < low ? low : next > high ? high : next);
}

struct pass { // all pictures once through encoder and decoder
    struct video_cfg cfg;
    const struct video_pictures *pictures;
    uint32_t first; // of this group
    uint8_t *picture;
    struct video_encoder *encoder;
    struct video_decoder *decoder;
    uint64_t bytes, error;
};

static enum rc take_pictures(struct pass *p)
{
    enum rc rc;
    struct planes planes;
    uint32_t pts;
    while ((rc = video_decoder_next(p->decoder, &planes, &pts)) == RC_OK) {
        if (pts >= p->pictures->count - p->first)
            return RC_MALFORMED;
        planes_to_picture(&planes, p->picture);
        const uint8_t *source = p->pictures->at(p->pictures->self, p->first + pts);
        p->error += picture_error(p->cfg.form, p->cfg.width, p->cfg.height, p->picture, source);
    }
    return rc == RC_AGAIN || rc == RC_ABSENT ? RC_OK : rc;
}

static enum rc take_packets(struct pass *p)
{
    enum rc rc;
    struct video_packet packet;
    while ((rc = video_encoder_next(p->encoder, &packet)) == RC_OK) {
        p->bytes += packet.bytes.len;
        rc = video_decoder_put(p->decoder, &packet);
        if (rc == RC_OK)
            rc = take_pictures(p);
        if (rc != RC_OK)
            return rc;
    }
    return rc == RC_AGAIN || rc == RC_ABSENT ? RC_OK : rc;
}

static enum rc run_group(struct pass *p, uint32_t count)
{
    enum rc rc = video_encoder_open(&p->encoder, &p->cfg);
    if (rc == RC_OK)
        rc = video_decoder_open(&p->decoder, &p->cfg);
    for (uint32_t i = 0; rc == RC_OK && i < count; i++) {
        rc = video_encoder_put(p->encoder, p->pictures->at(p->pictures->self, p->first + i));
        if (rc == RC_OK)
            rc = take_packets(p);
    }
    if (rc == RC_OK)
        rc = video_encoder_end(p->encoder);
    if (rc == RC_OK)
        rc = take_packets(p);
    if (rc == RC_OK)
        rc = video_decoder_end(p->decoder);
    if (rc == RC_OK)
        rc = take_pictures(p);
    video_encoder_close(p->encoder);
    video_decoder_close(p->decoder);
    p->encoder = NULL;
    p->decoder = NULL;
    return rc;
}

enum rc video_encode_at_crf(const struct video_cfg *cfg, uint32_t group_max,
                            const struct video_pictures *pictures, struct video_rate *out)
{
    assert(group_max > 0 && pictures->count > 0);
    const size_t each = picture_bytes(cfg->form, cfg->width, cfg->height);
    struct budget budget = {.limit_bytes = each};
    struct pass p = {.cfg = *cfg, .pictures = pictures, .picture = budget_take(&budget, each)};
    if (p.picture == NULL)
        return RC_NOMEM;
    enum rc rc = RC_OK;
    while (rc == RC_OK && p.first < pictures->count) {
        const uint32_t n = (uint32_t)num_min(group_max, pictures->count - p.first);
        rc = run_group(&p, n);
        p.first += n;
    }
    budget_give(&budget, p.picture);
    const uint64_t samples = (uint64_t)cfg->width * cfg->height * 3 * pictures->count;
    *out = (struct video_rate){
        .bytes = p.bytes,
        .psnr = psnr_of(p.error, samples, cfg->form == PICTURE_RGB8 ? 255 : 65535),
        .crf = cfg->crf,
        .encodings = 1};
    return rc;
}

enum rc video_encode_at_psnr(const struct video_cfg *cfg, uint32_t group_max,
                             const struct video_pictures *pictures, uint32_t psnr,
                             struct video_rate *out)
{
    struct crf_search search = {0};
    struct video_cfg at = *cfg;
    struct video_rate last;
    uint32_t encodings = 0;
    while (at.crf > 0) {
        const enum rc rc = video_encode_at_crf(&at, group_max, pictures, &last);
        if (rc != RC_OK)
            return rc;
        encodings++;
        if (last.psnr >= psnr || search.good == 0)
            *out = last;
        at.crf = crf_search_next(&search, at.crf, last.psnr, psnr);
    }
    assert(encodings >= 1);
    out->encodings = encodings;
    return search.good > 0 ? RC_OK : RC_ABSENT;
}
