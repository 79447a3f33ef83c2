// SPDX-License-Identifier: MIT
// Fuzz: params from strangers; results from liars: after a head that fits, anything.
#include <assert.h>
#include <string.h>

#include "kernel/level/level.h"
#include "kernel/level/params.h"
#include "kernel/level/view.h"

#define CELLS_MAX (64u << 10) // larger maps take the same ways, for longer

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge_honest(struct bytes params)
{
    static uint8_t result_at[CELLS_MAX * 4];
    static uint8_t part_result_at[CELLS_MAX * 4];
    uint8_t part_at[512];
    struct buffer result = buffer_of(result_at, sizeof result_at);
    struct buffer part = buffer_of(part_at, sizeof part_at);
    struct buffer part_result = buffer_of(part_result_at, sizeof part_result_at);
    struct kernel_verdict v;
    struct kernel_in in = {.params = params};
    assert(level_kernel.run(NULL, &in, &result, NULL) == RC_OK);
    assert(level_kernel.part(params, params.len, &part) == RC_OK);
    in.params = buffer_bytes(&part);
    assert(level_kernel.run(NULL, &in, &part_result, NULL) == RC_OK);
    assert(level_kernel.judge(params, buffer_bytes(&result), in.params, buffer_bytes(&part_result),
                              &v) == RC_OK);
    assert(v.is_right);
}

static void open_any(struct bytes in)
{
    static uint8_t at[1024 + CELLS_MAX];
    const struct level_params p = {.chunks_x = 1, .chunks_y = 1, .side = 24, .has_places = true};
    char head[LEVEL_HEAD_BYTES_MAX];
    struct level l;
    bool is_whole;
    struct buffer b = buffer_of(at, sizeof at);
    buffer_put(&b, bytes_of(head, level_head(&p, head)));
    for (uint32_t y = 0; y < 24; y++) { // rows of the first bytes
        for (uint32_t x = 0; x < 24; x++)
            buffer_u8(&b, in.len > 0 && in.at[(y * 24 + x) % in.len] & 1 ? '.' : '@');
        buffer_u8(&b, '\n');
    }
    buffer_put(&b, in); // and places
    if (b.is_full || level_open(&l, &p, buffer_bytes(&b)) != RC_OK)
        return;
    for (size_t i = 0; i < level_place_count(&l); i++) {
        const struct level_place a = level_place(&l, i);
        (void)level_cell(&l, (uint32_t)a.x + a.w - 1, (uint32_t)a.y + a.h - 1);
    }
    assert(level_is_connected(&l, &is_whole) == RC_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    uint8_t back[1024];
    struct level_params p;
    size_t min;
    size_t max;
    open_any(in);
    if (level_params_decode(&p, in) != RC_OK) {
        assert(level_kernel.result_bounds(in, &min, &max) == RC_MALFORMED);
        return 0;
    }
    struct buffer b = buffer_of(back, sizeof back);
    assert(level_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    assert(level_kernel.result_bounds(in, &min, &max) == RC_OK && min <= max);
    if (p.part_count == 0 && p.chunks_x * p.chunks_y * p.side * p.side <= CELLS_MAX)
        judge_honest(in);
    return 0;
}
