// SPDX-License-Identifier: MIT
// Kernel `pack` as a hub sees it: how much work it is, and how a result is checked.
#include "kernel/pack/pack.h"

#include <assert.h>

#include <zstd.h>

#include "base/num.h"
#include "base/rng.h"
#include "kernel/pack/part.h"
#include "kernel/parts.h"

#define USUAL_BYTES (4.0 * (1u << 20))
// Unpacking and hashing a block cost a third of packing it at level 3: a block in 16 is some 2 %
// of the task's work. The harder the level, the more blocks can be looked at for that.
#define PARTS_PART 16.0
#define PARTS_MIN  2u
// A block may be this much larger than ours: another version of the library packs a little
// differently.
#define LARGER_ONE_IN 32u
#define LARGER_BYTES  64u

// In eighths (measured: doc/kernels/pack.md).
static const uint16_t level_work[PACK_LEVEL_MAX + 1] = {
    8, 5, 7, 8, 10, 11, 13, 15, 18, 21, 28, 55, 94, 120, 160, 220, 290, 330, 380, 420};

static double level_work_of(uint32_t level)
{
    assert(level >= 1);
    assert(level <= PACK_LEVEL_MAX);
    return level_work[level] / 8.0;
}

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct pack_params p;
    enum rc rc = pack_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const size_t count = pack_block_count(&p);
    *min = PACK_HEAD_BYTES + count * (PACK_ROW_BYTES + 1);
    *max = PACK_HEAD_BYTES + count * (PACK_ROW_BYTES + ZSTD_compressBound(p.block_bytes));
    if (p.part_count > 0)
        *min = *max = PACK_PART_BYTES(p.part_count);
    return RC_OK;
}

static double size_of(struct bytes params)
{
    struct pack_params p;
    if (pack_params_decode(&p, params) != RC_OK)
        return 1;
    const uint32_t again = PACK_AGAIN(p.part_count) + 1;
    const double bytes = p.part_count > 0 ? (double)again * p.block_bytes : p.input_bytes;
    return bytes / USUAL_BYTES * level_work_of(p.level);
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct pack_params p;
    enum rc rc = pack_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const uint32_t n = pack_block_count(&p);
    const uint64_t price = (uint64_t)(n * level_work_of(p.level) / PARTS_PART);
    const uint32_t wanted = (uint32_t)num_clamp(price, PARTS_MIN, PACK_PARTS_MAX);
    struct rng rng = rng_seeded(nonce);
    p.part_count = (uint32_t)num_min(wanted, n);
    parts_draw(&rng, n, p.part, p.part_count);
    for (uint32_t i = p.part_count; i > 1; i--) { // the first ones are packed again: any of them
        const uint32_t j = (uint32_t)rng_below(&rng, i);
        const uint32_t other = p.part[j];
        p.part[j] = p.part[i - 1];
        p.part[i - 1] = other;
    }
    assert(p.part_count >= 1);
    return pack_params_encode(&p, part_params);
}

static bool is_result_of(const struct pack *r, const struct pack_params *p)
{
    return r->level == p->level && r->block_bytes == p->block_bytes &&
           r->input_bytes == p->input_bytes && digest_equal(&r->input, &p->input);
}

static bool is_wrong(const struct pack *r, uint32_t block, struct cursor *word)
{
    const bool is_same = cursor_u8(word) == 1;
    const size_t ours = cursor_u32le(word);
    const size_t theirs = pack_frame(r, block).len;
    return !is_same || (ours > 0 && theirs > ours + ours / LARGER_ONE_IN + LARGER_BYTES);
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    *out = (struct kernel_verdict){0};
    struct pack_params p;
    struct pack_params part;
    struct pack r;
    if (pack_params_decode(&p, params) != RC_OK ||
        pack_params_decode(&part, part_params) != RC_OK ||
        !parts_belong(params, p.part_count, part_params, part.part_count) ||
        part_result.len != PACK_PART_BYTES(part.part_count) || pack_open(&r, result) != RC_OK ||
        !is_result_of(&r, &p))
        return RC_MALFORMED;
    struct cursor c = {.left = part_result};
    uint32_t mismatches = 0;
    for (uint32_t i = 0; i < part.part_count; i++)
        mismatches += is_wrong(&r, part.part[i], &c);
    const uint32_t worst = cursor_u32le(&c);
    mismatches += worst != pack_worst(&r) || is_wrong(&r, worst, &c);
    *out = (struct kernel_verdict){part.part_count + 1, mismatches, mismatches == 0};
    return RC_OK;
}
const struct kernel pack_kernel = {.name = "pack",
                                   .given_min = 1,
                                   .given_max = 2,
                                   .shows_result = true,
                                   .run = pack_run,
                                   .result_bounds = result_bounds,
                                   .size = size_of,
                                   .part = draw_part,
                                   .judge = judge};
