// SPDX-License-Identifier: MIT
// The forms of kernel `level`: its params as a CBOR array, its result as a view.
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "kernel/level/chunk.h"
#include "kernel/level/level.h"
#include "kernel/parts.h"
#include "wire/cbor.h"

// params = [kind, seed, chunks_x, chunks_y, side, density, has_places, part: u32le each]
#define PARAMS_ITEMS 8

static bool params_are_good(const struct level_params *p)
{
    if (p->kind >= LEVEL_KINDS || p->side < LEVEL_SIDE_MIN || p->side > LEVEL_SIDE_MAX ||
        p->density > 1000 || p->part_count > LEVEL_PARTS_MAX || p->chunks_x < 1 ||
        p->chunks_y < 1 || p->chunks_x > LEVEL_MAP_MAX / p->side ||
        p->chunks_y > LEVEL_MAP_MAX / p->side)
        return false;
    if (p->chunks_x * p->side * p->chunks_y * p->side > LEVEL_CELLS_MAX) // at most 2^24
        return false;
    for (uint32_t i = 0; i < p->part_count; i++) {
        if (p->part[i] >= p->chunks_x * p->chunks_y)
            return false;
    }
    return true;
}

enum rc level_params_encode(const struct level_params *p, struct buffer *out)
{
    if (!params_are_good(p))
        return RC_MALFORMED;
    cbor_put_array(out, PARAMS_ITEMS);
    cbor_put_u64(out, p->kind);
    cbor_put_u64(out, p->seed);
    cbor_put_u64(out, p->chunks_x);
    cbor_put_u64(out, p->chunks_y);
    cbor_put_u64(out, p->side);
    cbor_put_u64(out, p->density);
    cbor_put_flag(out, p->has_places);
    parts_put(out, p->part, p->part_count);
    return out->is_full ? RC_FULL : RC_OK;
}

enum rc level_params_decode(struct level_params *out, struct bytes in)
{
    struct cbor_reader r = cbor_reader_of(in);
    if (cbor_get_array(&r, PARAMS_ITEMS) != PARAMS_ITEMS)
        return RC_MALFORMED;
    struct level_params p = {0};
    p.kind = (uint32_t)cbor_get_u64_max(&r, LEVEL_KINDS - 1);
    p.seed = cbor_get_u64(&r);
    p.chunks_x = (uint32_t)cbor_get_u64_max(&r, LEVEL_MAP_MAX);
    p.chunks_y = (uint32_t)cbor_get_u64_max(&r, LEVEL_MAP_MAX);
    p.side = (uint32_t)cbor_get_u64_max(&r, LEVEL_SIDE_MAX);
    p.density = (uint32_t)cbor_get_u64_max(&r, 1000);
    p.has_places = cbor_get_flag(&r);
    parts_get(&r, p.part, &p.part_count, LEVEL_PARTS_MAX);
    if (!cbor_done(&r) || !params_are_good(&p))
        return RC_MALFORMED;
    *out = p;
    return RC_OK;
}

size_t level_head(const struct level_params *p, char out[static 64])
{
    struct text t = text_of(out, 64);
    text_addf(&t, "type octile\nheight %u\nwidth %u\nmap\n", p->chunks_y * p->side,
              p->chunks_x * p->side);
    return t.len;
}

static uint8_t less(uint8_t a, uint8_t b)
{
    return a < b ? a : b;
}

// 0: all are cells. Without a branch, so that a compiler takes sixteen at once.
static uint8_t strange(const uint8_t *row, size_t len)
{
    uint8_t worst = 0;
    for (size_t x = 0; x < len; x++) {
        const uint8_t off = less(less(row[x] ^ LEVEL_FLOOR, row[x] ^ LEVEL_WALL),
                                 row[x] ^ LEVEL_YARD); // 0 where it is one of them
        worst = worst > off ? worst : off;
    }
    return worst;
}

static bool rows_are_good(const struct level *l)
{
    for (uint32_t y = 0; y < l->height; y++) {
        const uint8_t *row = l->rows.at + (size_t)y * (l->width + 1);
        if (strange(row, l->width) != 0 || row[l->width] != '\n')
            return false;
    }
    return true;
}

static bool places_are_good(const struct level *l)
{
    struct cursor c = {.left = l->ends};
    uint32_t before = 0;
    while (c.left.len > 0) {
        const uint32_t end = cursor_u32le(&c);
        if (end < before)
            return false;
        before = end;
    }
    if (before != level_place_count(l) || l->places.len % LEVEL_PLACE_BYTES != 0)
        return false;
    for (size_t i = 0; i < before; i++) {
        const struct level_place a = level_place(l, i);
        if (a.what > LEVEL_LOT || a.w < 1 || a.h < 1 || (uint32_t)a.x + a.w > l->width ||
            (uint32_t)a.y + a.h > l->height)
            return false;
    }
    return true;
}

enum rc level_open(struct level *out, const struct level_params *p, struct bytes in)
{
    char head[64];
    const size_t head_bytes = level_head(p, head);
    struct level l = {p->chunks_x * p->side, p->chunks_y * p->side, {0}, {0}, {0}};
    struct cursor c = {.left = in};
    const struct bytes have = cursor_take(&c, head_bytes);
    l.rows = cursor_take(&c, (size_t)(l.width + 1) * l.height);
    if (p->has_places) {
        l.ends = cursor_take(&c, (size_t)p->chunks_x * p->chunks_y * 4);
        l.places = cursor_take(&c, c.left.len);
    }
    if (!cursor_done(&c) || !bytes_equal(have, bytes_of(head, head_bytes)) || !rows_are_good(&l) ||
        !places_are_good(&l))
        return RC_MALFORMED;
    *out = l;
    return RC_OK;
}

uint8_t level_cell(const struct level *l, uint32_t x, uint32_t y)
{
    return l->rows.at[(size_t)y * (l->width + 1) + x];
}

size_t level_place_count(const struct level *l)
{
    return l->places.len / LEVEL_PLACE_BYTES;
}

struct level_place level_place(const struct level *l, size_t index)
{
    struct cursor c = {.left = bytes_part(l->places, index * LEVEL_PLACE_BYTES, LEVEL_PLACE_BYTES)};
    struct level_place a;
    a.what = cursor_u16le(&c);
    a.x = cursor_u16le(&c);
    a.y = cursor_u16le(&c);
    a.w = cursor_u16le(&c);
    a.h = cursor_u16le(&c);
    return a;
}
