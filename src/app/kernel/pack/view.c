// SPDX-License-Identifier: MIT
// The result of kernel `pack`, looked at where it lies: blocks are found by its table.
#include "kernel/pack/view.h"

#include <assert.h>

static uint32_t row_end(const struct pack *p, uint32_t block)
{
    assert(block < p->block_count);
    struct cursor c = {.left = bytes_part(p->table, (size_t)block * PACK_ROW_BYTES, 4)};
    return cursor_u32le(&c);
}

static bool table_is_good(const struct pack *p)
{
    uint32_t before = 0;
    for (uint32_t i = 0; i < p->block_count; i++) {
        const uint32_t end = row_end(p, i);
        if (end <= before)
            return false;
        before = end;
    }
    return before == p->blocks.len;
}

enum rc pack_open(struct pack *out, struct bytes in)
{
    struct cursor c = {.left = in};
    const uint32_t frame = cursor_u32le(&c);
    const uint32_t frame_bytes = cursor_u32le(&c);
    const struct bytes magic = cursor_take(&c, sizeof PACK_MAGIC - 1);
    struct pack_params p = {0};
    p.level = cursor_u32le(&c);
    p.block_bytes = cursor_u32le(&c);
    p.input_bytes = cursor_u32le(&c);
    const bool is_named = digest_from(&p.input, cursor_take(&c, DIGEST_BYTES));
    if (c.is_bad || frame != PACK_FRAME || !bytes_is(magic, PACK_MAGIC) || !is_named ||
        !pack_params_are_good(&p))
        return RC_MALFORMED;
    struct pack v = {p.level, p.block_bytes, p.input_bytes, pack_block_count(&p), p.input, {0},
                     {0}};
    v.table = cursor_take(&c, (size_t)v.block_count * PACK_ROW_BYTES); // below 2^14 * 36
    v.blocks = c.left;
    if (c.is_bad || frame_bytes != PACK_HEAD_BYTES - 8 + v.table.len || !table_is_good(&v))
        return RC_MALFORMED;
    *out = v;
    return RC_OK;
}

size_t pack_block_bytes(const struct pack *p, uint32_t block)
{
    return block + 1 < p->block_count ? p->block_bytes
                                      : p->input_bytes - (size_t)block * p->block_bytes;
}

struct bytes pack_frame(const struct pack *p, uint32_t block)
{
    const uint32_t from = block == 0 ? 0 : row_end(p, block - 1);
    return bytes_part(p->blocks, from, row_end(p, block) - from);
}

struct digest pack_digest(const struct pack *p, uint32_t block)
{
    struct digest d = {{0}};
    (void)digest_from(&d, bytes_part(p->table, (size_t)block * PACK_ROW_BYTES + 4, DIGEST_BYTES));
    return d;
}

uint32_t pack_worst(const struct pack *p)
{
    uint32_t worst = 0;
    size_t most = 0;
    for (uint32_t i = 0; i < p->block_count; i++) {
        const size_t len = pack_frame(p, i).len;
        if (len > most && pack_block_bytes(p, i) == pack_block_bytes(p, 0)) {
            worst = i;
            most = len;
        }
    }
    assert(most > 0);
    return worst;
}
