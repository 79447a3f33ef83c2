// SPDX-License-Identifier: MIT
// What kernel `pack` is asked, as a CBOR array.
#include "kernel/pack/params.h"

#include "base/num.h"
#include "kernel/parts.h"

// params = [level, block_bytes, input_bytes, input: 32 bytes, part: u32le each]
#define PARAMS_ITEMS 5

bool pack_params_are_good(const struct pack_params *p)
{
    if (p->level < 1 || p->level > PACK_LEVEL_MAX || p->block_bytes < PACK_BLOCK_BYTES_MIN ||
        p->block_bytes > PACK_BLOCK_BYTES_MAX || p->input_bytes < 1 ||
        p->input_bytes > PACK_INPUT_BYTES_MAX || p->part_count > PACK_PARTS_MAX)
        return false;
    for (uint32_t i = 0; i < p->part_count; i++) {
        if (p->part[i] >= pack_block_count(p))
            return false;
    }
    return true;
}

uint32_t pack_block_count(const struct pack_params *p)
{
    return (uint32_t)num_div_ceil(p->input_bytes, p->block_bytes);
}

enum rc pack_params_encode(const struct pack_params *p, struct buffer *out)
{
    if (!pack_params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->level);
    cbor_put_u64(out, p->block_bytes);
    cbor_put_u64(out, p->input_bytes);
    cbor_put_bytes(out, digest_bytes(&p->input));
    parts_put(out, p->part, p->part_count);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc pack_params_decode(struct pack_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct pack_params p = {0};
    p.level = (uint32_t)cbor_get_u64_max(&r, PACK_LEVEL_MAX);
    p.block_bytes = (uint32_t)cbor_get_u64_max(&r, PACK_BLOCK_BYTES_MAX);
    p.input_bytes = (uint32_t)cbor_get_u64_max(&r, PACK_INPUT_BYTES_MAX);
    cbor_get_fixed(&r, p.input.b, sizeof p.input.b);
    parts_get(&r, p.part, &p.part_count, PACK_PARTS_MAX);
    if (!cbor_done(&r) || !pack_params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}
