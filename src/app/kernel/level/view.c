// SPDX-License-Identifier: MIT
// The map that kernel `level` makes, looked at where it lies.
#include "kernel/level/view.h"

#include <assert.h>

#include "base/text.h"

size_t level_head(const struct level_params *p, char out[static LEVEL_HEAD_BYTES_MAX])
{
    struct text t = text_of(out, LEVEL_HEAD_BYTES_MAX);
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
    char head[LEVEL_HEAD_BYTES_MAX];
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
    assert(x < l->width);
    assert(y < l->height);
    return l->rows.at[(size_t)y * (l->width + 1) + x];
}

size_t level_place_count(const struct level *l)
{
    return l->places.len / LEVEL_PLACE_BYTES;
}

struct level_place level_place(const struct level *l, size_t index)
{
    assert(index < level_place_count(l));
    struct cursor c = {.left = bytes_part(l->places, index * LEVEL_PLACE_BYTES, LEVEL_PLACE_BYTES)};
    struct level_place a;
    a.what = cursor_u16le(&c);
    a.x = cursor_u16le(&c);
    a.y = cursor_u16le(&c);
    a.w = cursor_u16le(&c);
    a.h = cursor_u16le(&c);
    return a;
}
