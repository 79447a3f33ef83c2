// SPDX-License-Identifier: MIT
// Kernel `encode` as a hub sees it: how much work it is, and how a result is checked.
//
// There is one part, the whole: pictures follow from one another, so all must be decoded to see the
// last, and that is most of the cost. To measure three of sixteen instead of all of them saved a
// third of it, and let a sixth of those streams pass in which one picture was spoiled.
#include "kernel/encode/encode.h"

#include <assert.h>

#define USUAL_PIXELS      (960. * 540 * 10)
#define SHARE_OF_DECODING .1 // of the time that encoding takes; measured: doc/kernels/encode.md

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
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

static double size_of(struct bytes params)
{
    struct encode_params p;
    if (encode_params_decode(&p, params) != RC_OK)
        return 1;
    const double size = (double)p.width * p.height * p.count / USUAL_PIXELS;
    return p.mode == ENCODE_MAKE ? size : size * SHARE_OF_DECODING;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
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

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
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
    assert(mismatches <= parts);
    *out = (struct kernel_verdict){
        .parts = parts, .mismatches = mismatches, .is_right = mismatches == 0};
    return RC_OK;
}
const struct kernel encode_kernel = {.name = "encode",
                                     .given_min = 1,
                                     .given_max = ENCODE_INPUTS_MAX,
                                     .shows_result = true,
                                     .part_is_all = true,
                                     .run = encode_run,
                                     .result_bounds = result_bounds,
                                     .size = size_of,
                                     .part = draw_part,
                                     .judge = judge};
