// SPDX-License-Identifier: MIT
// Fuzz: params from strangers, results from liars: what opens is unpacked within its bounds.
#include <assert.h>
#include <string.h>

#include "kernel/pack/pack.h"
#include "kernel/pack/params.h"
#include "kernel/pack/view.h"

#define ROOM (64u << 10)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void unpack(struct bytes in)
{
    static uint8_t out[ROOM];
    struct pack p;
    struct pack_reader *r;
    if (pack_open(&p, in) != RC_OK || pack_reader_new(&r, bytes_of(NULL, 0)) != RC_OK)
        return;
    for (uint32_t i = 0; i < p.block_count && i < 64; i++) {
        (void)pack_digest(&p, i);
        enum rc rc = pack_block_bytes(&p, i) <= ROOM ? pack_read(r, &p, i, out) : RC_FULL;
        assert(rc == RC_OK || rc == RC_MALFORMED || rc == RC_FULL);
    }
    pack_reader_free(r);
}

// What the fuzzer found as a result, shown to a part of a task whose params belong to it.
static void judge(struct bytes shown)
{
    static uint8_t input_at[ROOM];
    uint8_t params_at[256];
    uint8_t part_at[512];
    uint8_t result_at[512];
    struct pack v;
    if (pack_open(&v, shown) != RC_OK || v.input_bytes > ROOM || v.level > 3)
        return;
    const struct pack_params p = {.level = v.level,
                                  .block_bytes = v.block_bytes,
                                  .input_bytes = v.input_bytes,
                                  .input = v.input};
    struct buffer params = buffer_of(params_at, sizeof params_at);
    struct buffer part = buffer_of(part_at, sizeof part_at);
    struct buffer result = buffer_of(result_at, sizeof result_at);
    const struct bytes given[] = {bytes_of(input_at, v.input_bytes), shown};
    struct kernel_verdict verdict;
    assert(pack_params_encode(&p, &params) == RC_OK);
    assert(pack_kernel.part(buffer_bytes(&params), shown.len, &part) == RC_OK);
    const struct kernel_in in = {buffer_bytes(&part), given, 2};
    assert(pack_kernel.run(NULL, &in, &result, NULL) == RC_OK);
    assert(pack_kernel.judge(buffer_bytes(&params), shown, buffer_bytes(&part),
                             buffer_bytes(&result), &verdict) == RC_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    static uint8_t back[KERNEL_PARAMS_BYTES_MAX];
    struct pack_params p;
    unpack(in);
    judge(in);
    size_t min;
    size_t max;
    if (pack_params_decode(&p, in) != RC_OK) {
        assert(pack_kernel.result_bounds(in, &min, &max) == RC_MALFORMED);
        return 0;
    }
    struct buffer b = buffer_of(back, sizeof back);
    assert(pack_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    assert(pack_kernel.result_bounds(in, &min, &max) == RC_OK && min <= max);
    return 0;
}
