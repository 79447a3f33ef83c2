// SPDX-License-Identifier: MIT
// Kernel `level` as a hub sees it: how much work it is, and how a result is checked: some chunks
// are made again, and the form of all is looked at.
#include "kernel/level/level.h"

#include <assert.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/level/chunk.h"
#include "kernel/parts.h"

#define USUAL_CELLS  (1024.0 * 1024.0)
#define PARTS_ONE_IN 32u // chunks: some 3 % of the work
#define PARTS_MIN    2u

static size_t part_cells(const struct level_params *p)
{
    size_t cells = 0;
    for (uint32_t i = 0; i < p->part_count; i++) {
        const struct level_rect r = level_chunk_rect(p, p->part[i]);
        cells += (size_t)r.w * r.h;
    }
    return cells;
}

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct level_params p;
    char head[LEVEL_HEAD_BYTES_MAX];
    enum rc rc = level_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const size_t chunks = (size_t)p.chunks_x * p.chunks_y;
    const size_t cells = chunks * p.side * p.side;
    if (p.part_count > 0) {
        *min = part_cells(&p) + (size_t)p.part_count * 4;
        *max = *min + level_places_most(part_cells(&p), p.part_count) * LEVEL_PLACE_BYTES;
        return RC_OK;
    }
    *min = level_head(&p, head) + cells + (size_t)p.chunks_y * p.side;
    if (p.has_places)
        *min += chunks * 4;
    *max = *min;
    if (p.has_places)
        *max += level_places_most(cells, chunks) * LEVEL_PLACE_BYTES;
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct level_params p;
    if (level_params_decode(&p, params) != RC_OK)
        return 1;
    const size_t cells = (size_t)p.chunks_x * p.chunks_y * p.side * p.side;
    return (double)(p.part_count > 0 ? part_cells(&p) : cells) / USUAL_CELLS;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
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
    assert(p.part_count >= 1);
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

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
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

const struct kernel level_kernel = {.name = "level",
                                    .run = level_run,
                                    .result_bounds = result_bounds,
                                    .size = size_of,
                                    .part = draw_part,
                                    .judge = judge};
