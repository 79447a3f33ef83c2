// SPDX-License-Identifier: MIT
// Kernel `encode`, inside: how big it is, and its check.
//
// There is one part, the whole: pictures follow from one another, so all must be decoded to see the
// last, and that is most of the cost. To measure three of sixteen instead of all of them saved a
// third of it, and let a sixth of those streams pass in which one picture was spoiled.
#include "kernel/encode/check.h"

#include "kernel/encode/walk.h"

#define USUAL_PIXELS      (960. * 540 * 10)
#define SHARE_OF_DECODING .1 // of the time that encoding takes; measured: doc/kernels/encode.md

bool encode_stream_is_of(const struct encode_stream *s, const struct encode_params *p)
{
    return s->width == p->width && s->height == p->height && s->count == p->count &&
           s->fps == p->fps && s->codec == p->codec && s->form == p->form && s->chroma == p->chroma;
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

enum rc encode_check(const struct encode_params *p, const struct kernel_in *in,
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

enum rc encode_result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct encode_params p;
    if (encode_params_decode(&p, params) != RC_OK)
        return RC_MALFORMED;
    const size_t wanted = (size_t)__builtin_popcountll(p.wanted);
    switch (p.mode) {
    case ENCODE_MAKE: // a packet has a byte at least
        *min = ENCODE_HEAD_BYTES + (size_t)p.count * (ENCODE_PACKET_HEAD_BYTES + 1);
        *max = p.bytes_max;
        return *min <= *max ? RC_OK : RC_MALFORMED;
    case ENCODE_CHECK:
        *min = *max = wanted * 2;
        return RC_OK;
    case ENCODE_SHOW:
        *min = *max = wanted * picture_bytes(p.form, p.width, p.height);
        return RC_OK;
    }
    return RC_MALFORMED;
}

double encode_size(struct bytes params)
{
    struct encode_params p;
    if (encode_params_decode(&p, params) != RC_OK)
        return 1;
    const double size = (double)p.width * p.height * p.count / USUAL_PIXELS;
    return p.mode == ENCODE_MAKE ? size : size * SHARE_OF_DECODING;
}

enum rc encode_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    (void)nonce;
    struct encode_params p;
    if (encode_params_decode(&p, params) != RC_OK || p.mode != ENCODE_MAKE)
        return RC_MALFORMED;
    p.mode = ENCODE_CHECK;
    p.wanted = encode_all(p.count);
    return encode_params_encode(&p, part_params);
}

static bool belongs(struct encode_params task, const struct encode_params *part,
                    struct bytes part_params)
{
    uint8_t at[128];
    struct buffer b = buffer_of(at, sizeof at);
    task.mode = ENCODE_CHECK;
    task.wanted = part->wanted;
    return encode_params_encode(&task, &b) == RC_OK && bytes_equal(buffer_bytes(&b), part_params);
}

enum rc encode_judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    *out = (struct kernel_verdict){0};
    struct encode_params p;
    struct encode_params part;
    if (encode_params_decode(&p, params) != RC_OK || p.mode != ENCODE_MAKE ||
        encode_params_decode(&part, part_params) != RC_OK || !belongs(p, &part, part_params))
        return RC_MALFORMED;
    const uint32_t parts = (uint32_t)__builtin_popcountll(part.wanted);
    if (result.len > p.bytes_max || part_result.len != (size_t)parts * 2)
        return RC_MALFORMED;
    struct cursor c = {.left = part_result};
    uint32_t mismatches = 0;
    for (uint32_t i = 0; i < parts; i++)
        mismatches += cursor_u16le(&c) + ENCODE_PSNR_SLACK < p.psnr;
    *out = (struct kernel_verdict){
        .parts = parts, .mismatches = mismatches, .is_right = mismatches == 0};
    return RC_OK;
}
