// SPDX-License-Identifier: MIT
// check_bench's case of kernel `pack`: a scene at level 9; the lie: level 1 is half the work.
#include <string.h>

#include <zstd.h>

#include "check.h"
#include "kernel/pack/pack.h"
#include "measure.h"
#include "scene/scenes.h"

#define LEVEL       9u
#define LEVEL_LAZY  1
#define BLOCK_BYTES (16u << 10)

static struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
static struct bytes input;

static void make(struct check_task *out)
{
    struct buffer object = {0};
    struct err err;
    measure_need(scenes_make(bytes_text("neon-street"), &budget, &object, &err), "scene");
    input = buffer_bytes(&object);
    const struct pack_params p = {.level = LEVEL,
                                  .block_bytes = BLOCK_BYTES,
                                  .input_bytes = (uint32_t)input.len,
                                  .input = hash_bytes(input)};
    struct buffer params = buffer_of(measure_take(512), 512);
    measure_need(pack_params_encode(&p, &params), "params");
    out->given[0] = input;
    out->given_count = 1;
    out->params = buffer_bytes(&params);
}

// The frame of one block, honest or lazy, and where it ends.
static void put_frame(struct buffer *out, const struct pack *honest, uint32_t i, bool is_lazy)
{
    const struct bytes in = bytes_part(input, (size_t)i * BLOCK_BYTES, BLOCK_BYTES);
    if (!is_lazy)
        buffer_put(out, pack_frame(honest, i));
    else
        out->len +=
            ZSTD_compress(out->at + out->len, out->cap - out->len, in.at, in.len, LEVEL_LAZY);
}

static void lie(struct rng *r, double share, struct buffer *result)
{
    struct pack honest;
    static uint8_t *copy; // of the honest result: as long as the input at most, and a little
    if (copy == NULL)
        copy = measure_take(input.len * 2);
    memcpy(copy, result->at, result->len);
    const struct bytes whole = bytes_of(copy, result->len);
    measure_need(pack_open(&honest, whole), "result");
    struct check_share s = check_share_of(r, share, honest.block_count);
    const size_t head = (size_t)(honest.table.at - whole.at);
    result->len = head + honest.table.len;
    const size_t from = result->len;
    for (uint32_t i = 0; i < honest.block_count; i++) {
        put_frame(result, &honest, i, check_is_spoiled(&s));
        struct buffer end = buffer_of(result->at + head + (size_t)i * 36, 4);
        buffer_u32le(&end, (uint32_t)(result->len - from));
    }
}

const struct check_case check_pack = {"pack", "blocks", make, lie};
