// SPDX-License-Identifier: MIT
// States of a crowd as bytes: how each walker's way goes on from the state before.
#include "kernel/crowd/state.h"

#include <assert.h>

static void put_number(struct buffer *out, uint32_t v)
{
    assert(v < 1u << 28); // what get_number reads
    for (; v >= 0x80; v >>= 7)
        buffer_u8(out, (uint8_t)(v | 0x80));
    buffer_u8(out, (uint8_t)v);
}

static uint32_t get_number(struct cursor *in)
{
    uint32_t v = 0;
    for (uint32_t shift = 0; shift < 28; shift += 7) {
        const uint8_t byte = cursor_u8(in);
        v |= (uint32_t)(byte & 0x7f) << shift;
        if (byte < 0x80)
            return v;
    }
    in->is_bad = true; // nothing here needs more
    return 0;
}

static void put_signed(struct buffer *out, int32_t v)
{
    put_number(out, v < 0 ? (uint32_t)(-v) * 2 - 1 : (uint32_t)v * 2);
}

static int32_t get_signed(struct cursor *in)
{
    const uint32_t v = get_number(in);
    return v % 2 == 1 ? -(int32_t)(v / 2 + 1) : (int32_t)(v / 2);
}

void crowd_write(struct crowd *c, const struct crowd_walker *before, struct buffer *out)
{
    for (uint32_t i = 0; i < c->params->agent_count; i++) {
        const struct crowd_walker *b = &before[i];
        struct crowd_walker *w = &c->walker[i];
        if (b->turn == c->turn_begin[i + 1] - c->turn_begin[i])
            continue;
        assert(w->turn >= b->turn);
        w->from_x = w->x - b->x;
        w->from_y = w->y - b->y;
        put_number(out, w->turn - b->turn);
        put_signed(out, w->from_x - b->from_x);
        put_signed(out, w->from_y - b->from_y);
    }
}

enum rc crowd_read(struct crowd *c, struct cursor *in)
{
    const struct grid_map *m = &c->grid->map;
    for (uint32_t i = 0; i < c->params->agent_count; i++) {
        struct crowd_walker *w = &c->walker[i];
        if (crowd_has_left(c, i))
            continue;
        const uint32_t passed = get_number(in);
        w->from_x += get_signed(in);
        w->from_y += get_signed(in);
        const int64_t x = (int64_t)w->x + w->from_x;
        const int64_t y = (int64_t)w->y + w->from_y;
        const int32_t radius = c->params->radius[i];
        if (in->is_bad || passed > c->turn_begin[i + 1] - c->turn_begin[i] - w->turn ||
            x < radius || y < radius || x + radius > (int64_t)m->width * CROWD_UNIT ||
            y + radius > (int64_t)m->height * CROWD_UNIT ||
            !crowd_is_clear(m, (int32_t)x, (int32_t)y, radius))
            return RC_MALFORMED;
        w->x = (int32_t)x;
        w->y = (int32_t)y;
        w->turn += passed;
    }
    return RC_OK;
}
