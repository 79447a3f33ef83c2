// SPDX-License-Identifier: MIT
// Fuzz: params from strangers, and inputs made of the same bytes; what decodes encodes back, and
// runs, whole and in parts, if it is small.
#include <assert.h>
#include <string.h>

#include "kernel/geometry/geometry.h"
#include "kernel/post/post.h"
#include "kernel/trace/trace.h"

#define PIXELS_MAX 4096u
#define GIVEN_MAX  ((size_t)24 * PIXELS_MAX + 16)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// Bytes of an input, repeated from the params' own.
static void fill(uint8_t *at, size_t len, struct bytes from)
{
    for (size_t i = 0; i < len; i++)
        at[i] = (uint8_t)(from.at[i % from.len] ^ (i >> 3));
}

static uint32_t make_given(const struct post_params *p, struct bytes from, struct bytes *given)
{
    static uint8_t room[POST_GIVEN_MAX][GIVEN_MAX];
    const size_t pixels = (size_t)p->width * p->height;
    uint32_t count = 0;
    size_t len[POST_GIVEN_MAX] = {pixels * GEOMETRY_PIXEL_BYTES};
    count++;
    for (uint32_t i = 0; i < p->tile_count; i++) {
        if (p->tile[i].samples > 0)
            len[count++] = (size_t)p->tile[i].w * p->tile[i].h * TRACE_PIXEL_BYTES;
    }
    if (p->has_before) {
        len[count++] = layer_bytes(p->width, p->height);
        len[count++] = pixels * GEOMETRY_PIXEL_BYTES;
    }
    for (uint32_t i = 0; i < count; i++) {
        fill(room[i], len[i], from);
        given[i] = bytes_of(room[i], len[i]);
    }
    if (p->has_before) {
        struct buffer head = buffer_of(room[count - 2], LAYER_HEADER_BYTES);
        assert(layer_begin(&head, p->width, p->height) == RC_OK);
    }
    return count;
}

static void run(const struct post_params *p, struct bytes params, size_t bytes)
{
    static uint8_t result_at[2 * (LAYER_PIXEL_BYTES * PIXELS_MAX + 16)];
    static uint8_t part_result_at[sizeof result_at];
    uint8_t part_at[2048];
    struct bytes given[POST_GIVEN_MAX];
    const uint32_t count = make_given(p, params, given);
    assert(count == post_given_count(p));
    struct buffer result = buffer_of(result_at, sizeof result_at);
    struct buffer report = buffer_of(NULL, 0);
    const struct kernel_in in = {params, given, count};
    assert(post_kernel.run(NULL, &in, &result, &report) == RC_OK);
    assert(result.len == bytes);
    if (p->block_count > 0)
        return;
    struct buffer part = buffer_of(part_at, sizeof part_at);
    struct buffer part_result = buffer_of(part_result_at, sizeof part_result_at);
    assert(post_kernel.part(params, bytes, &part) == RC_OK);
    const struct kernel_in part_in = {buffer_bytes(&part), given, count};
    assert(post_kernel.run(NULL, &part_in, &part_result, &report) == RC_OK);
    struct kernel_verdict v;
    assert(post_kernel.judge(params, buffer_bytes(&result), buffer_bytes(&part),
                             buffer_bytes(&part_result), &v) == RC_OK);
    assert(v.is_right);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct post_params p;
    uint8_t back[2048];
    size_t bytes;
    if (post_params_decode(&p, in) != RC_OK) {
        assert(post_kernel.result_bounds(in, &bytes, &bytes) == RC_MALFORMED);
        return 0;
    }
    struct buffer b = buffer_of(back, sizeof back);
    assert(post_params_encode(&p, &b) == RC_OK);
    assert(bytes_equal(buffer_bytes(&b), in)); // there is one way to say it
    assert(post_kernel.result_bounds(in, &bytes, &bytes) == RC_OK);
    if (p.width * p.height <= PIXELS_MAX)
        run(&p, in, bytes);
    return 0;
}
