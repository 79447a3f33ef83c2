// SPDX-License-Identifier: MIT
// Kernel `encode`, inside: the pictures given, and those of a stream.
#include "kernel/encode/walk.h"

#include <assert.h>
#include <string.h>

#include "kernel/layer.h"

enum rc encode_given_take(struct encode_given *out, const struct encode_params *p,
                          const struct bytes *input, uint32_t inputs)
{
    const size_t each = picture_bytes(p->form, p->width, p->height);
    uint32_t n = 0;
    for (uint32_t i = 0; i < inputs; i++) {
        if (p->form == PICTURE_LIGHT && layer_is(input[i])) {
            struct layer l;
            struct bytes memory; // that post may have kept behind it
            if (n == p->count || layer_open_first(&l, input[i], &memory) != RC_OK ||
                l.width != p->width || l.height != p->height)
                return RC_MALFORMED;
            out->picture[n++] = l.pixels.at;
            continue;
        }
        const size_t pictures = input[i].len / each;
        if (pictures == 0 || input[i].len % each != 0 || pictures > p->count - n)
            return RC_MALFORMED;
        for (size_t k = 0; k < pictures; k++)
            out->picture[n++] = input[i].at + k * each;
    }
    return n == p->count ? RC_OK : RC_MALFORMED;
}

// What the decoder has ready; RC_AGAIN: it wants another packet.
static enum rc see(struct video_decoder *d, const struct encode_stream *s, uint64_t *left,
                   const struct encode_seer *seer)
{
    for (;;) {
        struct planes planes;
        uint32_t pts;
        const enum rc rc = video_decoder_next(d, &planes, &pts);
        if (rc != RC_OK)
            return rc;
        if (pts >= s->count)
            return RC_MALFORMED;
        if ((*left >> pts & 1) != 0)
            seer->saw(seer->self, pts, &planes);
        *left &= ~(UINT64_C(1) << pts);
        if (*left == 0)
            return RC_OK;
    }
}

static enum rc walk(struct video_decoder *d, const struct encode_stream *s, uint64_t wanted,
                    const struct encode_seer *seer)
{
    uint64_t left = wanted;
    enum rc rc = RC_AGAIN;
    for (uint32_t i = 0; rc == RC_AGAIN && i < s->count; i++) {
        const struct video_packet packet = {.bytes = s->packet[i].bytes, .pts = s->packet[i].pts};
        rc = video_decoder_put(d, &packet);
        if (rc == RC_OK)
            rc = see(d, s, &left, seer);
    }
    if (rc == RC_AGAIN) {
        rc = video_decoder_end(d);
        if (rc == RC_OK)
            rc = see(d, s, &left, seer);
    }
    return rc == RC_OK || rc == RC_NOMEM ? rc : RC_MALFORMED;
}

enum rc encode_walk(const struct encode_stream *s, uint64_t wanted, const struct encode_seer *seer)
{
    assert(wanted != 0);
    assert((wanted & ~encode_all(s->count)) == 0);
    const struct video_cfg cfg = {.width = s->width,
                                  .height = s->height,
                                  .fps = s->fps,
                                  .codec = s->codec,
                                  .form = s->form,
                                  .chroma = s->chroma};
    struct video_decoder *d;
    enum rc rc = video_decoder_open(&d, &cfg);
    if (rc == RC_OK)
        rc = walk(d, s, wanted, seer);
    video_decoder_close(d);
    return rc;
}

enum rc encode_meter_open(struct encode_meter *m, const struct encode_params *p,
                          const struct encode_given *given, struct budget *budget)
{
    *m = (struct encode_meter){.p = p, .given = given};
    uint8_t *at = budget_take(budget, planes_bytes(p->form, p->chroma, p->width, p->height));
    if (at == NULL)
        return RC_NOMEM;
    m->own = planes_in(at, p->form, p->chroma, p->width, p->height);
    return RC_OK;
}

void encode_meter_close(struct encode_meter *m, struct budget *budget)
{
    budget_give(budget, m->own.at[0]);
}

static void measure(void *self, uint32_t pts, const struct planes *planes)
{
    struct encode_meter *m = self;
    assert(pts < m->p->count);
    planes_from_picture(&m->own, m->given->picture[pts]);
    m->psnr[pts] = planes_psnr(&m->own, planes);
}

enum rc encode_meter_run(struct encode_meter *m, const struct encode_stream *s, uint64_t wanted)
{
    memset(m->psnr, 0, sizeof m->psnr);
    return encode_walk(s, wanted, &(struct encode_seer){.self = m, .saw = measure});
}
