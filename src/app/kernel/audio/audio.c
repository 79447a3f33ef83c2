// SPDX-License-Identifier: MIT
// Kernel `audio` as a hub sees it: how much work it is, and how a result is checked: whole groups
// of rays, and single frames of sound.
//
// A group's result may differ a little from one machine to the next, or for once a lot: Embree
// rounds differently on different SIMD levels, and a ray that takes another way changes all that
// comes after (doc/decisions/0004-verification-tolerance.md). Frames are made directly from the
// energies that the result itself says, and may be off by 1.
#include "kernel/audio/audio.h"

#include <stdlib.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/audio/energy.h"
#include "kernel/world/base.h"

#define GROUPS_A_PART 16u // of so many one is redone
#define FRAMES        16u
#define BIN_PART      16u // a bin differs if it is further off than 1/16 of the larger
#define BIN_FLOOR     (1ull << (AUDIO_UNIT_BITS - 20)) // and more than a millionth of 1
#define BINS_PART     4u // a group does if more than 1/4 of its bins do
#define GROUPS_WRONG  1u // forgiven in one draw; frames are not
#define USUAL_RAYS    512.0
#define PARAMS_ROOM   1024u

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct audio_params p;
    enum rc rc = audio_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const size_t groups = audio_is_part(&p) ? p.part.groups : p.groups;
    const size_t frames = audio_is_part(&p) ? p.part.frames : p.frames;
    *min = *max = groups * audio_group_bytes(&p) + frames * 4;
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct audio_params p;
    if (audio_params_decode(&p, params) != RC_OK)
        return 1;
    const double groups = audio_is_part(&p) ? p.part.groups : p.groups;
    return groups * p.rays / USUAL_RAYS;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct audio_params p;
    enum rc rc = audio_params_decode(&p, params);
    if (rc != RC_OK || audio_is_part(&p))
        return RC_MALFORMED;
    struct rng r = rng_seeded(nonce);
    p.part.groups = (uint32_t)num_div_ceil(p.groups, GROUPS_A_PART);
    p.part.frames = (uint32_t)num_min(p.frames, FRAMES);
    for (uint32_t i = 0; i < p.part.groups; i++)
        p.part.group[i] = (uint8_t)rng_below(&r, p.groups);
    for (uint32_t i = 0; i < p.part.frames; i++)
        p.part.frame[i] = (uint32_t)rng_below(&r, p.frames);
    return audio_params_encode(&p, part_params);
}

static bool belongs(struct bytes params, const struct audio_params *part)
{
    struct audio_params p = *part;
    uint8_t room[PARAMS_ROOM];
    struct buffer b = buffer_of(room, sizeof room);
    p.part = (struct audio_part){0};
    return audio_is_part(part) && audio_params_encode(&p, &b) == RC_OK &&
           bytes_equal(buffer_bytes(&b), params);
}

static bool bin_differs(uint64_t a, uint64_t b)
{
    const uint64_t apart = a > b ? a - b : b - a;
    return apart > num_max(a, b) / BIN_PART + BIN_FLOOR;
}

static bool group_differs(const struct audio_params *p, struct bytes a, struct bytes b)
{
    struct cursor x = {.left = a};
    struct cursor y = {.left = b};
    const uint32_t bins = p->bins * AUDIO_BANDS;
    if (cursor_u8(&x) != cursor_u8(&y))
        return true;
    uint32_t differ = 0;
    for (uint32_t i = 0; i < bins; i++)
        differ += bin_differs(audio_energy_of(cursor_u16le(&x)), audio_energy_of(cursor_u16le(&y)));
    return differ > bins / BINS_PART;
}

static bool frame_differs(struct bytes a, struct bytes b)
{
    struct cursor x = {.left = a};
    struct cursor y = {.left = b};
    for (size_t ear = 0; ear < 2; ear++) {
        if (abs((int16_t)cursor_u16le(&x) - (int16_t)cursor_u16le(&y)) > 1)
            return true;
    }
    return false;
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    struct audio_params p;
    size_t bytes = 0;
    size_t part_bytes = 0;
    *out = (struct kernel_verdict){0};
    if (audio_params_decode(&p, part_params) != RC_OK || !belongs(params, &p) ||
        result_bounds(params, &bytes, &bytes) != RC_OK ||
        result_bounds(part_params, &part_bytes, &part_bytes) != RC_OK || result.len != bytes ||
        part_result.len != part_bytes)
        return RC_MALFORMED;
    const size_t group = audio_group_bytes(&p);
    uint32_t groups = 0;
    uint32_t frames = 0;
    for (uint32_t i = 0; i < p.part.groups; i++)
        groups += group_differs(&p, bytes_part(result, p.part.group[i] * group, group),
                                bytes_part(part_result, i * group, group));
    for (uint32_t i = 0; i < p.part.frames; i++)
        frames +=
            frame_differs(bytes_part(result, p.groups * group + (size_t)p.part.frame[i] * 4, 4),
                          bytes_part(part_result, p.part.groups * group + (size_t)i * 4, 4));
    const struct kernel_verdict v = {.parts = p.part.groups + p.part.frames,
                                     .mismatches = groups + frames,
                                     .is_right = groups <= GROUPS_WRONG && frames == 0};
    *out = v;
    return RC_OK;
}

const struct kernel audio_kernel = {
    .name = "audio",
    .base = &world_base,
    .given_min = 0,
    .given_max = 1,
    .shows_result = true,
    .run = audio_run,
    .result_bounds = result_bounds,
    .size = size_of,
    .part = draw_part,
    .judge = judge,
};
