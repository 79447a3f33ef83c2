// SPDX-License-Identifier: MIT
// The wire form of kernel `post`: params, as a CBOR array.
#include <assert.h>

#include "base/num.h"
#include "kernel/post/post.h"
#include "wire/cbor.h"

// params = [width, height, has_before, keeps_memory, levels, history_max, camera, before,
//           [[x, y, w, h, samples] ...], blocks: u16 x, u16 y little-endian each]
#define PARAMS_ITEMS 10
#define TILE_ITEMS   5
#define SAMPLES_MAX  (1u << 20) // sums are 32 bits: the sender's lookout

static struct rect rect_of(const struct post_tile *t)
{
    return (struct rect){t->x, t->y, t->w, t->h};
}

static bool tiles_are_good(const struct post_params *p)
{
    if (p->tile_count < 1 || p->tile_count > POST_TILES_MAX)
        return false;
    for (uint32_t i = 0; i < p->tile_count; i++) {
        const struct rect r = rect_of(&p->tile[i]);
        if (!rect_fits(r, p->width, p->height) || p->tile[i].samples > SAMPLES_MAX)
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (rect_meets(r, rect_of(&p->tile[j])))
                return false;
        }
    }
    return true;
}

static bool blocks_are_good(const struct post_params *p)
{
    if (p->block_count > POST_BLOCKS)
        return false;
    for (uint32_t i = 0; i < p->block_count; i++) {
        const struct pixel *b = &p->block[i];
        if (b->x * POST_BLOCK >= p->width || b->y * POST_BLOCK >= p->height)
            return false;
        for (uint32_t j = 0; j < i; j++) {
            if (p->block[j].x == b->x && p->block[j].y == b->y)
                return false;
        }
    }
    return true;
}

static bool params_are_good(const struct post_params *p)
{
    if (p->width < 1 || p->width > LAYER_SIDE_MAX || p->height < 1 || p->height > LAYER_SIDE_MAX ||
        p->width * p->height > LAYER_PIXELS_MAX)
        return false;
    if (p->levels > POST_LEVELS_MAX || p->history_max < 1 || p->history_max > LAYER_HISTORY_MAX)
        return false;
    return camera_is_good(&p->camera) && camera_is_good(&p->before) && tiles_are_good(p) &&
           blocks_are_good(p);
}

enum rc post_params_encode(const struct post_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->width);
    cbor_put_u64(out, p->height);
    cbor_put_flag(out, p->has_before);
    cbor_put_flag(out, p->keeps_memory);
    cbor_put_u64(out, p->levels);
    cbor_put_u64(out, p->history_max);
    camera_put(out, &p->camera);
    camera_put(out, &p->before);
    cbor_put_array(out, p->tile_count);
    for (uint32_t i = 0; i < p->tile_count; i++) {
        const struct post_tile *t = &p->tile[i];
        const uint32_t word[TILE_ITEMS] = {t->x, t->y, t->w, t->h, t->samples};
        cbor_put_array(out, TILE_ITEMS);
        for (size_t k = 0; k < TILE_ITEMS; k++)
            cbor_put_u64(out, word[k]);
    }
    parts_put_pixels(out, p->block, p->block_count);
    return out->is_full ? RC_FULL : RC_OK;
}

static void read_tile(struct cbor_reader *r, struct post_tile *out)
{
    uint32_t *const word[TILE_ITEMS] = {&out->x, &out->y, &out->w, &out->h, &out->samples};
    if (cbor_get_array(r, TILE_ITEMS) != TILE_ITEMS)
        r->is_bad = true;
    for (size_t i = 0; i < TILE_ITEMS; i++)
        *word[i] = (uint32_t)cbor_get_u64_max(r, UINT32_MAX);
}

enum rc post_params_decode(struct post_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct post_params p = {0};
    p.width = (uint32_t)cbor_get_u64_max(&r, LAYER_SIDE_MAX);
    p.height = (uint32_t)cbor_get_u64_max(&r, LAYER_SIDE_MAX);
    p.has_before = cbor_get_flag(&r);
    p.keeps_memory = cbor_get_flag(&r);
    p.levels = (uint32_t)cbor_get_u64_max(&r, POST_LEVELS_MAX);
    p.history_max = (uint32_t)cbor_get_u64_max(&r, LAYER_HISTORY_MAX);
    camera_get(&r, &p.camera);
    camera_get(&r, &p.before);
    p.tile_count = (uint32_t)cbor_get_array(&r, POST_TILES_MAX);
    for (uint32_t i = 0; i < p.tile_count; i++)
        read_tile(&r, &p.tile[i]);
    parts_get_pixels(&r, p.block, &p.block_count, POST_BLOCKS);
    if (!cbor_done(&r) || !params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}

uint32_t post_given_count(const struct post_params *p)
{
    uint32_t count = p->has_before ? 3 : 1;
    for (uint32_t i = 0; i < p->tile_count; i++)
        count += p->tile[i].samples > 0;
    return count;
}

struct rect post_block_rect(const struct post_params *p, struct pixel b)
{
    struct rect r = {b.x * POST_BLOCK, b.y * POST_BLOCK, 0, 0};
    assert(r.x < p->width);
    assert(r.y < p->height);
    r.w = (uint32_t)num_min(POST_BLOCK, p->width - r.x);
    r.h = (uint32_t)num_min(POST_BLOCK, p->height - r.y);
    return r;
}

size_t post_block_bytes(const struct post_params *p, struct pixel b)
{
    const struct rect r = post_block_rect(p, b);
    return (size_t)r.w * r.h * LAYER_PIXEL_BYTES * (p->keeps_memory ? 2 : 1);
}
