// SPDX-License-Identifier: MIT
// What kernel `encode` is asked, as a CBOR array.
#include "kernel/encode/params.h"

#include "base/attr.h"
#include "wire/cbor.h"

// params = [mode, width, height, count, fps, codec, form, chroma, psnr, crf, tries, bytes_max,
// wanted]
#define PARAMS_ITEMS 13
#define MODES        3u

static bool is_within(uint32_t v, uint32_t low, uint32_t high)
{
    return v >= low && v <= high;
}

static bool wanted_is_good(const struct encode_params *p)
{
    if (p->mode == ENCODE_MAKE)
        return p->wanted == 0;
    if (p->wanted == 0 || p->wanted >> (p->count - 1) > 1)
        return false;
    const uint64_t shown = (uint64_t)__builtin_popcountll(p->wanted);
    return p->mode != ENCODE_SHOW ||
           shown * picture_bytes(p->form, p->width, p->height) <= ENCODE_SHOWN_MAX;
}

static bool params_are_good(const struct encode_params *p)
{
    return p->mode < MODES && video_size_is_good(p->width, p->height) &&
           is_within(p->count, 1, ENCODE_PICTURES_MAX) && is_within(p->fps, 1, VIDEO_FPS_MAX) &&
           p->codec < VIDEO_CODECS && p->form < PICTURE_FORMS && p->chroma < PICTURE_CHROMAS &&
           is_within(p->psnr, ENCODE_PSNR_MIN, ENCODE_PSNR_MAX) &&
           is_within(p->crf, 1, VIDEO_CRF_MAX) && is_within(p->tries, 1, ENCODE_TRIES_MAX) &&
           is_within(p->bytes_max, 1, ENCODE_BYTES_MAX) && wanted_is_good(p);
}

enum rc encode_params_encode(const struct encode_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    const uint32_t word[] = {p->mode, p->width,  p->height, p->count, p->fps,   p->codec,
                             p->form, p->chroma, p->psnr,   p->crf,   p->tries, p->bytes_max};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        cbor_put_u64(out, word[i]);
    cbor_put_u64(out, p->wanted);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc encode_params_decode(struct encode_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    uint32_t word[PARAMS_ITEMS - 1];
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        word[i] = (uint32_t)cbor_get_u64_max(&r, UINT32_MAX);
    const struct encode_params p = {.mode = word[0],
                                    .width = word[1],
                                    .height = word[2],
                                    .count = word[3],
                                    .fps = word[4],
                                    .codec = word[5],
                                    .form = word[6],
                                    .chroma = word[7],
                                    .psnr = word[8],
                                    .crf = word[9],
                                    .tries = word[10],
                                    .bytes_max = word[11],
                                    .wanted = cbor_get_u64(&r)};
    if (!cbor_done(&r) || !params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}
