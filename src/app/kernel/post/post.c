// SPDX-License-Identifier: MIT
// Kernel `post` as a hub sees it: how much work it is, and how a result is checked: blocks of
// pixels are made again and compared to the bit.
#include "kernel/post/post.h"

#include "base/num.h"
#include "base/rng.h"

#define USUAL_PIXELS 130000.0

static size_t result_bytes(const struct post_params *p)
{
    if (p->block_count == 0)
        return layer_bytes(p->width, p->height) * (p->keeps_memory ? 2 : 1);
    size_t bytes = 0;
    for (uint32_t i = 0; i < p->block_count; i++)
        bytes += post_block_bytes(p, p->block[i]);
    return bytes;
}

static enum rc result_bounds(struct bytes params, size_t *min, size_t *max)
{
    struct post_params p;
    enum rc rc = post_params_decode(&p, params);
    if (rc == RC_OK)
        *min = *max = result_bytes(&p);
    return rc;
}

static double size_of(struct bytes params)
{
    struct post_params p;
    if (post_params_decode(&p, params) != RC_OK)
        return 1;
    return (double)p.width * p.height / USUAL_PIXELS;
}

static enum rc draw_part(struct bytes params, uint64_t nonce, struct buffer *part_params)
{
    struct post_params p;
    enum rc rc = post_params_decode(&p, params);
    if (rc != RC_OK)
        return rc;
    const uint32_t across = (uint32_t)num_div_ceil(p.width, POST_BLOCK);
    const uint32_t blocks = across * (uint32_t)num_div_ceil(p.height, POST_BLOCK);
    uint32_t index[POST_BLOCKS];
    p.block_count = (uint32_t)num_min(POST_BLOCKS, blocks);
    struct rng r = rng_seeded(nonce);
    parts_choose(&r, blocks, index, p.block_count);
    for (uint32_t i = 0; i < p.block_count; i++)
        p.block[i] = (struct pixel){(uint16_t)(index[i] % across), (uint16_t)(index[i] / across)};
    return post_params_encode(&p, part_params);
}

// One plane of a block, as made by two: `frame` are the pixels of a whole layer.
static bool plane_differs(const struct post_params *p, const struct rect *r, struct bytes frame,
                          struct bytes block)
{
    const size_t row = r->w * LAYER_PIXEL_BYTES;
    for (uint32_t y = 0; y < r->h; y++) {
        const size_t at = ((size_t)(r->y + y) * p->width + r->x) * LAYER_PIXEL_BYTES;
        if (!bytes_equal(bytes_part(frame, at, row), bytes_part(block, y * row, row)))
            return true;
    }
    return false;
}

static enum rc judge(struct bytes params, struct bytes result, struct bytes part_params,
                     struct bytes part_result, struct kernel_verdict *out)
{
    *out = (struct kernel_verdict){0};
    struct post_params p;
    struct post_params part;
    if (post_params_decode(&p, params) != RC_OK ||
        post_params_decode(&part, part_params) != RC_OK || p.block_count > 0 ||
        !parts_belong(params, 0, part_params, part.block_count) || result.len != result_bytes(&p) ||
        part_result.len != result_bytes(&part))
        return RC_MALFORMED;
    struct layer layer[2] = {0};
    struct bytes rest = result;
    for (int i = 0; i < 1 + p.keeps_memory; i++) {
        if (layer_open_first(&layer[i], rest, &rest) != RC_OK || layer[i].width != p.width ||
            layer[i].height != p.height)
            return RC_MALFORMED;
    }
    struct cursor c = {.left = part_result};
    for (uint32_t i = 0; i < part.block_count; i++) {
        const struct rect r = post_block_rect(&p, part.block[i]);
        bool differs = false;
        for (int k = 0; k < 1 + p.keeps_memory; k++) {
            struct bytes block = cursor_take(&c, (size_t)r.w * r.h * LAYER_PIXEL_BYTES);
            differs = plane_differs(&p, &r, layer[k].pixels, block) || differs;
        }
        out->mismatches += differs;
    }
    out->parts = part.block_count;
    out->is_right = out->mismatches == 0;
    return RC_OK;
}

const struct kernel post_kernel = {
    .name = "post",
    .given_min = 1,
    .given_max = POST_GIVEN_MAX,
    .run = post_run,
    .result_bounds = result_bounds,
    .size = size_of,
    .part = draw_part,
    .judge = judge,
};
