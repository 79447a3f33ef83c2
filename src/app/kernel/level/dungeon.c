// SPDX-License-Identifier: MIT
// A chunk of a dungeon: space split in two again and again, a room in each leaf, corridors.
//
// Each leaf's room is joined to that of the leaf before it, which lies beside it mostly. Gates join
// chunks: of each chunk the one to the west or the one to the north is always open (at the map's
// edge the one there is), so there is a way from every chunk to the first; others by density.
#include "kernel/level/dungeon.h"

#include <assert.h>

#define LEAF_MIN  8u  // cells along a side; a room leaves one free on each
#define LEAF_GOOD 24u // a leaf this small may stay whole
#define ROOM_MIN  4u
#define LEAFS_MAX ((uint32_t)LEVEL_CHUNK_CELLS_MAX / (LEAF_MIN * LEAF_MIN))

struct spot {
    uint32_t x, y;
};

static bool split(struct level_chunk *c, struct level_rect r, struct level_rect half[2])
{
    const bool is_wide = r.w >= r.h;
    const uint32_t len = is_wide ? r.w : r.h;
    if (len < 2 * LEAF_MIN || (len < LEAF_GOOD && level_below(c, 3) == 0))
        return false;
    const uint32_t cut = LEAF_MIN + level_below(c, len - 2 * LEAF_MIN + 1);
    half[0] = half[1] = r;
    if (is_wide) {
        half[0].w = cut;
        half[1].x += cut;
        half[1].w -= cut;
    } else {
        half[0].h = cut;
        half[1].y += cut;
        half[1].h -= cut;
    }
    return true;
}

// Rooms leave a cell free along their leaf: between two of them stand two cells of wall at least,
// but for corridors.
static struct spot room(struct level_chunk *c, struct level_rect leaf)
{
    struct level_rect r;
    r.w = ROOM_MIN + level_below(c, leaf.w - 2 - ROOM_MIN + 1);
    r.h = ROOM_MIN + level_below(c, leaf.h - 2 - ROOM_MIN + 1);
    r.x = leaf.x + 1 + level_below(c, leaf.w - 2 - r.w + 1);
    r.y = leaf.y + 1 + level_below(c, leaf.h - 2 - r.h + 1);
    assert(r.x > leaf.x && r.x + r.w < leaf.x + leaf.w);
    assert(r.y > leaf.y && r.y + r.h < leaf.y + leaf.h);
    level_fill(c, r, LEVEL_FLOOR);
    level_note(c, LEVEL_ROOM, r);
    return (struct spot){r.x + r.w / 2, r.y + r.h / 2};
}

static void along_row(struct level_chunk *c, uint32_t a, uint32_t b, uint32_t y)
{
    const uint32_t from = a < b ? a : b;
    level_fill(c, (struct level_rect){from, y, (a < b ? b : a) - from + 1, 1}, LEVEL_FLOOR);
}

static void along_column(struct level_chunk *c, uint32_t a, uint32_t b, uint32_t x)
{
    const uint32_t from = a < b ? a : b;
    level_fill(c, (struct level_rect){x, from, 1, (a < b ? b : a) - from + 1}, LEVEL_FLOOR);
}

// From a to b around one corner; along a's row first, or along its column.
static void corridor(struct level_chunk *c, struct spot a, struct spot b, bool is_row_first)
{
    along_row(c, a.x, b.x, is_row_first ? a.y : b.y);
    along_column(c, a.y, b.y, is_row_first ? b.x : a.x);
}

static uint32_t apart(uint32_t a, uint32_t b)
{
    return a > b ? a - b : b - a;
}

static struct spot nearest(const struct spot *spot, uint32_t count, struct spot to)
{
    struct spot best = spot[0];
    for (uint32_t i = 1; i < count; i++) {
        if (apart(spot[i].x, to.x) + apart(spot[i].y, to.y) <
            apart(best.x, to.x) + apart(best.y, to.y))
            best = spot[i];
    }
    return best;
}

// Is the gate on the border west (north) of chunk (cx, cy) open? Both its sides ask.
static bool is_open(const struct level_params *p, bool is_west, uint32_t cx, uint32_t cy)
{
    if (cx >= p->chunks_x || cy >= p->chunks_y || (is_west ? cx : cy) == 0)
        return false;
    const bool is_west_needed = cy == 0 || (cx > 0 && level_border(p, true, cx, cy) >> 63 == 0);
    return is_west == is_west_needed || level_border(p, is_west, cx, cy) % 1000 < p->density;
}

static uint32_t gate_at(const struct level_params *p, bool is_west, uint32_t cx, uint32_t cy,
                        uint32_t len)
{
    assert(len > 4);
    return 2 + (uint32_t)((level_border(p, is_west, cx, cy) >> 16 & 0xffffffu) % (len - 4));
}

static void gates(struct level_chunk *c, const struct spot *spot, uint32_t count)
{
    assert(count >= 1);
    for (uint32_t i = 0; i < 4; i++) { // west, north, east, south
        const bool is_west = i % 2 == 0;
        const uint32_t cx = c->cx + (i == 2);
        const uint32_t cy = c->cy + (i == 3);
        if (!is_open(c->p, is_west, cx, cy))
            continue;
        const uint32_t at = gate_at(c->p, is_west, cx, cy, is_west ? c->at.h : c->at.w);
        const struct spot gate = {is_west ? (i == 2 ? c->at.w - 1 : 0) : at,
                                  is_west ? at : (i == 3 ? c->at.h - 1 : 0)};
        corridor(c, gate, nearest(spot, count, gate), is_west);
    }
}

void level_dungeon(struct level_chunk *c)
{
    struct level_rect uncut[LEAFS_MAX]; // each leaf is entered once, so it is never fuller
    struct spot spot[LEAFS_MAX];
    uint32_t uncut_count = 1;
    uint32_t count = 0;
    uncut[0] = (struct level_rect){1, 1, c->at.w - 2, c->at.h - 2};
    while (uncut_count > 0) {
        struct level_rect half[2];
        const struct level_rect r = uncut[--uncut_count];
        if (split(c, r, half)) {
            assert(uncut_count + 2 <= LEAFS_MAX);
            uncut[uncut_count++] = half[1];
            uncut[uncut_count++] = half[0];
            continue;
        }
        spot[count++] = room(c, r);
        if (count > 1)
            corridor(c, spot[count - 2], spot[count - 1], level_below(c, 2) == 0);
    }
    gates(c, spot, count);
}
