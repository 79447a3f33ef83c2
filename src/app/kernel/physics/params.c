// SPDX-License-Identifier: MIT
// What kernel `physics` is asked, as a CBOR array.
#include "kernel/physics/params.h"

#include "wire/cbor.h"

// params = [seed, bodies, step_us, every, windows, is_audit,
//           picks: u16 window, u16 body little-endian each]
#define PARAMS_ITEMS 7
#define PICK_BYTES   4u

static bool is_within(uint32_t v, uint32_t low, uint32_t high)
{
    return v >= low && v <= high;
}

static bool params_are_good(const struct physics_params *p)
{
    if (!is_within(p->bodies, 1, PHYSICS_BODIES_MAX) ||
        !is_within(p->step_us, PHYSICS_STEP_US_MIN, PHYSICS_STEP_US_MAX) ||
        !is_within(p->every, 1, PHYSICS_EVERY_MAX) ||
        !is_within(p->windows, 1, PHYSICS_WINDOWS_MAX) || p->pick_count > PHYSICS_PICKS_MAX)
        return false;
    if (p->bodies * p->windows > PHYSICS_STATES_MAX || p->every * p->windows > PHYSICS_STEPS_MAX ||
        (p->is_audit && p->pick_count == 0))
        return false;
    const uint32_t windows = p->is_audit ? p->windows : 1;
    for (uint32_t i = 0; i < p->pick_count; i++) {
        if (p->pick[i].window >= windows || p->pick[i].body >= p->bodies ||
            (i > 0 && p->pick[i].window < p->pick[i - 1].window))
            return false;
    }
    return true;
}

enum rc physics_params_encode(const struct physics_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->seed);
    const uint32_t word[] = {p->bodies, p->step_us, p->every, p->windows};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        cbor_put_u64(out, word[i]);
    cbor_put_flag(out, p->is_audit);
    uint8_t at[PHYSICS_PICKS_MAX * PICK_BYTES];
    struct buffer picks = buffer_of(at, sizeof at);
    for (uint32_t i = 0; i < p->pick_count; i++) {
        buffer_u16le(&picks, p->pick[i].window);
        buffer_u16le(&picks, p->pick[i].body);
    }
    cbor_put_bytes(out, buffer_bytes(&picks));
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc physics_params_decode(struct physics_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct physics_params p = {.seed = cbor_get_u64(&r)};
    uint32_t *const word[] = {&p.bodies, &p.step_us, &p.every, &p.windows};
    for (size_t i = 0; i < ARRAY_COUNT(word); i++)
        *word[i] = (uint32_t)cbor_get_u64_max(&r, UINT32_MAX);
    p.is_audit = cbor_get_flag(&r);
    struct bytes picks = cbor_get_bytes(&r);
    if (!cbor_done(&r) || picks.len % PICK_BYTES != 0 || picks.len / PICK_BYTES > PHYSICS_PICKS_MAX)
        return RC_MALFORMED;
    p.pick_count = (uint32_t)(picks.len / PICK_BYTES);
    struct cursor c = {.left = picks};
    for (uint32_t i = 0; i < p.pick_count; i++) {
        p.pick[i].window = cursor_u16le(&c);
        p.pick[i].body = cursor_u16le(&c);
    }
    if (!params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}
