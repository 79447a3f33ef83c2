// SPDX-License-Identifier: MIT
// What kernel `dialogue` is asked, as a CBOR array.
#include "kernel/dialogue/params.h"

#include "kernel/parts.h"
#include "wire/cbor.h"

// params = [seed, speaker, situation, mood, line_count, line_bytes_max, talk_permille,
//           [name, value, ...], part: u32le each]; words are byte strings
#define PARAMS_ITEMS 9

static bool slots_are_good(const struct dialogue_params *p)
{
    if (p->slot_count > DIALOGUE_SLOTS_MAX)
        return false;
    for (uint32_t i = 0; i < p->slot_count; i++) {
        const struct dialogue_slot *s = &p->slot[i];
        if (!speech_is_key(s->name) || s->value.len < 1 || s->value.len > DIALOGUE_VALUE_BYTES ||
            !speech_is_plain(s->value) || bytes_is(s->name, "say") || bytes_is(s->name, "about"))
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (bytes_equal(p->slot[j].name, s->name))
                return false;
        }
    }
    return true;
}

static bool params_are_good(const struct dialogue_params *p)
{
    if (p->speaker.len > DIALOGUE_VALUE_BYTES || !speech_is_plain(p->speaker) ||
        (p->situation.len > 0 && !speech_is_key(p->situation)) ||
        (p->mood.len > 0 && !speech_is_key(p->mood)) || p->line_count < 1 ||
        p->line_count > DIALOGUE_LINES_MAX || p->line_bytes_max < DIALOGUE_LINE_BYTES_MIN ||
        p->line_bytes_max > DIALOGUE_LINE_BYTES_MAX || p->talk_permille > 1000 ||
        p->part_count > DIALOGUE_PARTS_MAX || !slots_are_good(p))
        return false;
    for (uint32_t i = 0; i < p->part_count; i++) {
        if (p->part[i] >= p->line_count)
            return false;
    }
    return true;
}

enum rc dialogue_params_encode(const struct dialogue_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->seed);
    cbor_put_bytes(out, p->speaker);
    cbor_put_bytes(out, p->situation);
    cbor_put_bytes(out, p->mood);
    cbor_put_u64(out, p->line_count);
    cbor_put_u64(out, p->line_bytes_max);
    cbor_put_u64(out, p->talk_permille);
    cbor_put_array(out, (size_t)p->slot_count * 2);
    for (uint32_t i = 0; i < p->slot_count; i++) {
        cbor_put_bytes(out, p->slot[i].name);
        cbor_put_bytes(out, p->slot[i].value);
    }
    parts_put(out, p->part, p->part_count);
    return out->is_full ? RC_FULL : RC_OK;
}

static void read_slots(struct cbor_reader *r, struct dialogue_params *p)
{
    const size_t count = cbor_get_array(r, (size_t)DIALOGUE_SLOTS_MAX * 2);
    if (count % 2 != 0)
        r->is_bad = true;
    p->slot_count = (uint32_t)(count / 2);
    for (uint32_t i = 0; i < p->slot_count; i++) {
        p->slot[i].name = cbor_get_bytes(r);
        p->slot[i].value = cbor_get_bytes(r);
    }
}

enum rc dialogue_params_decode(struct dialogue_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct dialogue_params p = {0};
    p.seed = cbor_get_u64(&r);
    p.speaker = cbor_get_bytes(&r);
    p.situation = cbor_get_bytes(&r);
    p.mood = cbor_get_bytes(&r);
    p.line_count = (uint32_t)cbor_get_u64_max(&r, DIALOGUE_LINES_MAX);
    p.line_bytes_max = (uint32_t)cbor_get_u64_max(&r, DIALOGUE_LINE_BYTES_MAX);
    p.talk_permille = (uint32_t)cbor_get_u64_max(&r, 1000);
    read_slots(&r, &p);
    parts_get(&r, p.part, &p.part_count, DIALOGUE_PARTS_MAX);
    if (!cbor_done(&r) || !params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}
