// SPDX-License-Identifier: MIT
// The hub's side of kernel `level`: draws chunks and compares them.
#include "base/num.h"
#include "base/rng.h"
#include "kernel/level/chunk.h"
#include "kernel/parts.h"

#define PARTS_ONE_IN 32u // chunks: some 3 % of the work
#define PARTS_MIN    2u

enum rc level_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct level_params p;
    enum rc rc = level_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const uint32_t n = p.chunks_x * p.chunks_y;
    const uint32_t wanted = (uint32_t)num_clamp(n / PARTS_ONE_IN, PARTS_MIN, LEVEL_PARTS_MAX);
    struct rng rng = rng_seeded(nonce);
    p.part_count = (uint32_t)num_min(wanted, n);
    parts_draw(&rng, n, p.part, p.part_count);
    return level_params_encode(&p, part_params);
}

static uint32_t place_end(const struct level *l, uint32_t chunk)
{
    struct cursor c = {.left = bytes_part(l->ends, (size_t)chunk * 4, 4)};
    return cursor_u32le(&c);
}

// Takes one chunk from a part's result; false: it is another than in the map.
static bool is_same(const struct level *l, const struct level_params *p, uint32_t chunk,
                    struct cursor *part)
{
    const struct level_rect r = level_chunk_rect(p, chunk);
    bool is_equal = true;
    for (uint32_t y = 0; y < r.h; y++) {
        const size_t from = (size_t)(r.y + y) * (l->width + 1) + r.x;
        is_equal &= bytes_equal(bytes_part(l->rows, from, r.w), cursor_take(part, r.w));
    }
    const size_t places = cursor_u32le(part);
    const struct bytes want = cursor_take(part, places * LEVEL_PLACE_BYTES);
    if (!p->has_places)
        return is_equal;
    const size_t from = chunk == 0 ? 0 : place_end(l, chunk - 1);
    const size_t count = place_end(l, chunk) - from;
    const struct bytes have =
        bytes_part(l->places, from * LEVEL_PLACE_BYTES, count * LEVEL_PLACE_BYTES);
    return is_equal && bytes_equal(have, want);
}

enum rc level_judge(struct bytes params, struct bytes result, struct bytes part_params,
                    struct bytes part_result, struct kernel_verdict *out)
{
    *out = (struct kernel_verdict){0};
    struct level_params p;
    struct level_params part;
    struct level l;
    if (level_params_decode(&p, params) != RC_OK || p.part_count > 0 ||
        level_params_decode(&part, part_params) != RC_OK ||
        !parts_belong(params, p.part_count, part_params, part.part_count) ||
        level_open(&l, &p, result) != RC_OK)
        return RC_MALFORMED;
    struct cursor c = {.left = part_result};
    uint32_t mismatches = 0;
    for (uint32_t i = 0; i < part.part_count; i++)
        mismatches += !is_same(&l, &p, part.part[i], &c);
    if (!cursor_done(&c))
        return RC_MALFORMED;
    *out = (struct kernel_verdict){part.part_count, mismatches, mismatches == 0};
    return RC_OK;
}
