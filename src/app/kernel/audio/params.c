// SPDX-License-Identifier: MIT
// The wire form of kernel `audio`'s params, a CBOR array.
#include "kernel/audio/params.h"

#include "kernel/parts.h"
#include "scene/scene.h"
#include "wire/cbor.h"

// params = [seed, [source 3, listener 3, right 3], groups, rays, bins, bin_frames, frames,
//           groups to redo: u8 each, frames to redo: u32 little-endian each]
#define PARAMS_ITEMS 9
#define PLACE_ITEMS  9

static bool is_within(uint32_t v, uint32_t low, uint32_t high)
{
    return v >= low && v <= high;
}

static bool place_is_good(const float at[3])
{
    for (size_t i = 0; i < 3; i++) {
        if (!(at[i] >= -SCENE_EXTENT_MAX && at[i] <= SCENE_EXTENT_MAX)) // NaN too
            return false;
    }
    return true;
}

static bool part_is_good(const struct audio_params *p)
{
    const struct audio_part *const part = &p->part;
    if (part->groups > p->groups || part->frames > AUDIO_CHECKED_MAX ||
        (part->frames > 0 && part->groups == 0))
        return false;
    for (uint32_t i = 0; i < part->groups; i++) {
        if (part->group[i] >= p->groups)
            return false;
    }
    for (uint32_t i = 0; i < part->frames; i++) {
        if (part->frame[i] >= p->frames)
            return false;
    }
    return true;
}

static bool params_are_good(const struct audio_params *p)
{
    const float *const r = p->right;
    const float length2 = r[0] * r[0] + r[1] * r[1] + r[2] * r[2];
    return place_is_good(p->source) && place_is_good(p->listener) && length2 >= 0.999f &&
           length2 <= 1.001f && is_within(p->groups, 1, AUDIO_GROUPS_MAX) &&
           is_within(p->rays, 1, AUDIO_RAYS_MAX) && is_within(p->bins, 1, AUDIO_BINS_MAX) &&
           is_within(p->bin_frames, AUDIO_BIN_FRAMES_MIN, AUDIO_BIN_FRAMES_MAX) &&
           p->bins * p->bin_frames <= AUDIO_RESPONSE_MAX && p->frames <= AUDIO_FRAMES_MAX &&
           part_is_good(p);
}

enum rc audio_params_encode(const struct audio_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->seed);
    cbor_put_array(out, PLACE_ITEMS);
    const float *const place[] = {p->source, p->listener, p->right};
    for (size_t i = 0; i < PLACE_ITEMS; i++)
        cbor_put_f32(out, place[i / 3][i % 3]);
    const uint32_t word[] = {p->groups, p->rays, p->bins, p->bin_frames, p->frames};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        cbor_put_u64(out, word[i]);
    cbor_put_bytes(out, bytes_of(p->part.group, p->part.groups));
    parts_put(out, p->part.frame, p->part.frames);
    return out->is_full ? RC_FULL : RC_OK;
}

static void read_place(struct cbor_reader *r, float out[3])
{
    for (size_t i = 0; i < 3; i++)
        out[i] = cbor_get_f32(r);
}

static bool read_part(struct cbor_reader *r, struct audio_part *out)
{
    const struct bytes groups = cbor_get_bytes(r);
    if (groups.len > AUDIO_GROUPS_MAX)
        return false;
    out->groups = (uint32_t)groups.len;
    for (uint32_t i = 0; i < out->groups; i++)
        out->group[i] = groups.at[i];
    parts_get(r, out->frame, &out->frames, AUDIO_CHECKED_MAX);
    return true;
}

enum rc audio_params_decode(struct audio_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct audio_params p = {.seed = cbor_get_u64(&r)};
    if (cbor_get_array(&r, PLACE_ITEMS) != PLACE_ITEMS)
        return RC_MALFORMED;
    read_place(&r, p.source);
    read_place(&r, p.listener);
    read_place(&r, p.right);
    uint32_t *const word[] = {&p.groups, &p.rays, &p.bins, &p.bin_frames, &p.frames};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        *word[i] = (uint32_t)cbor_get_u64_max(&r, UINT32_MAX);
    const bool has_part = read_part(&r, &p.part);
    if (!cbor_done(&r) || !has_part || !params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}
