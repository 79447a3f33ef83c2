// SPDX-License-Identifier: MIT
// Which of many a part does again, and what it says of them: for kernels `route` and `crowd`.
#include "kernel/route/redo.h"

#include <assert.h>

#include "base/num.h"
#include "base/rng.h"

#define INDEX_BYTES 2u

static_assert(ROUTE_REDO_MAX <= UINT16_MAX + 1u, "an index has two bytes");

uint32_t route_redo_count(uint32_t agents)
{
    const uint64_t share = num_div_ceil((uint64_t)agents * ROUTE_REDONE_PERCENT, 100);
    return (uint32_t)num_min(num_max(share, ROUTE_REDONE_MIN), agents);
}

void route_redo_choose(uint32_t *out, uint32_t count, uint32_t all, uint64_t nonce)
{
    assert(count <= all);
    struct rng rng = rng_seeded(nonce);
    for (uint32_t i = 0; i < all && count > 0; i++) {
        if (rng_below(&rng, all - i) >= count)
            continue;
        *out++ = i;
        count--;
    }
    assert(count == 0);
}

bool route_redo_is_good(const uint32_t *list, uint32_t count, uint32_t all)
{
    if (count > all)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (list[i] >= all || (i > 0 && list[i] <= list[i - 1]))
            return false;
    return true;
}

void route_redo_put(struct buffer *out, const uint32_t *list, uint32_t count)
{
    uint8_t room[ROUTE_REDO_MAX * INDEX_BYTES];
    struct buffer b = buffer_of(room, sizeof room);
    for (uint32_t i = 0; i < count; i++)
        buffer_u16le(&b, (uint16_t)list[i]);
    assert(!b.is_full);
    cbor_put_bytes(out, buffer_bytes(&b));
}

void route_redo_get(struct cbor_reader *r, uint32_t *list, uint32_t *count, uint32_t max)
{
    struct cursor c = {.left = cbor_get_bytes(r)};
    r->is_bad = r->is_bad || c.left.len % INDEX_BYTES != 0 || c.left.len / INDEX_BYTES > max;
    *count = r->is_bad ? 0 : (uint32_t)(c.left.len / INDEX_BYTES);
    for (uint32_t i = 0; i < *count; i++)
        list[i] = cursor_u16le(&c);
}

enum rc route_part_put(struct buffer *result, uint32_t parts, uint32_t wrong)
{
    assert(wrong <= parts);
    buffer_u32le(result, parts);
    buffer_u32le(result, wrong);
    return result->is_full ? RC_FULL : RC_OK;
}

enum rc route_part_judge(struct bytes part_result, uint32_t parts, struct kernel_verdict *out)
{
    struct cursor c = {.left = part_result};
    const uint32_t looked_at = cursor_u32le(&c);
    const uint32_t wrong = cursor_u32le(&c);
    *out = (struct kernel_verdict){0};
    if (!cursor_done(&c) || looked_at != parts || wrong > parts)
        return RC_MALFORMED;
    *out = (struct kernel_verdict){.parts = parts, .mismatches = wrong, .is_right = wrong == 0};
    return RC_OK;
}
