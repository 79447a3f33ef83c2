// SPDX-License-Identifier: MIT
// What kernel `level` is asked, as a CBOR array.
#include "kernel/level/params.h"

#include "kernel/parts.h"

// params = [kind, seed, chunks_x, chunks_y, side, density, has_places, part: u32le each]
#define PARAMS_ITEMS 8

static bool params_are_good(const struct level_params *p)
{
    if (p->kind >= LEVEL_KINDS || p->side < LEVEL_SIDE_MIN || p->side > LEVEL_SIDE_MAX ||
        p->density > 1000 || p->part_count > LEVEL_PARTS_MAX || p->chunks_x < 1 ||
        p->chunks_y < 1 || p->chunks_x > LEVEL_MAP_MAX / p->side ||
        p->chunks_y > LEVEL_MAP_MAX / p->side)
        return false;
    if (p->chunks_x * p->side * p->chunks_y * p->side > LEVEL_CELLS_MAX) // at most 2^24
        return false;
    for (uint32_t i = 0; i < p->part_count; i++) {
        if (p->part[i] >= p->chunks_x * p->chunks_y)
            return false;
    }
    return true;
}

enum rc level_params_encode(const struct level_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->kind);
    cbor_put_u64(out, p->seed);
    cbor_put_u64(out, p->chunks_x);
    cbor_put_u64(out, p->chunks_y);
    cbor_put_u64(out, p->side);
    cbor_put_u64(out, p->density);
    cbor_put_flag(out, p->has_places);
    parts_put(out, p->part, p->part_count);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc level_params_decode(struct level_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct level_params p = {0};
    p.kind = (uint32_t)cbor_get_u64_max(&r, LEVEL_KINDS - 1);
    p.seed = cbor_get_u64(&r);
    p.chunks_x = (uint32_t)cbor_get_u64_max(&r, LEVEL_MAP_MAX);
    p.chunks_y = (uint32_t)cbor_get_u64_max(&r, LEVEL_MAP_MAX);
    p.side = (uint32_t)cbor_get_u64_max(&r, LEVEL_SIDE_MAX);
    p.density = (uint32_t)cbor_get_u64_max(&r, 1000);
    p.has_places = cbor_get_flag(&r);
    parts_get(&r, p.part, &p.part_count, LEVEL_PARTS_MAX);
    if (!cbor_done(&r) || !params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}
