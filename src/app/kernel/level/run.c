// SPDX-License-Identifier: MIT
// What a worker does of kernel `level`: chunk by chunk into a map, or single chunks for a part.
#include "kernel/level/level.h"

#include <assert.h>
#include <string.h>

#include "base/arena.h"
#include "kernel/level/city.h"
#include "kernel/level/dungeon.h"

#define ARENA_BYTES (sizeof(struct level_chunk) + (1u << 17))

static void make_chunk(struct level_chunk *c, const struct level_params *p, uint32_t index)
{
    level_chunk_begin(c, p, index);
    if (p->kind == LEVEL_CITY)
        level_city(c);
    else
        level_dungeon(c);
    assert(c->place_count >= 1);
    assert(c->place_count <= level_places_most((size_t)c->at.w * c->at.h, 1));
}

static void put_places(struct buffer *out, const struct level_chunk *c)
{
    for (uint32_t i = 0; i < c->place_count; i++) {
        buffer_u16le(out, c->place[i].what);
        buffer_u16le(out, c->place[i].x);
        buffer_u16le(out, c->place[i].y);
        buffer_u16le(out, c->place[i].w);
        buffer_u16le(out, c->place[i].h);
    }
}

static void paste(uint8_t *rows, size_t row_bytes, const struct level_chunk *c)
{
    assert(c->at.x + c->at.w < row_bytes);
    for (uint32_t y = 0; y < c->at.h; y++)
        memcpy(rows + (size_t)(c->at.y + y) * row_bytes + c->at.x, c->cell + (size_t)y * c->at.w,
               c->at.w);
}

static enum rc run_task(struct level_chunk *c, const struct level_params *p, struct buffer *result)
{
    char head[LEVEL_HEAD_BYTES_MAX];
    const uint32_t chunks = p->chunks_x * p->chunks_y;
    const size_t row_bytes = (size_t)p->chunks_x * p->side + 1;
    const uint32_t height = p->chunks_y * p->side;
    buffer_put(result, bytes_of(head, level_head(p, head)));
    uint8_t *rows = buffer_room(result, row_bytes * height);
    uint8_t *ends_at = buffer_room(result, p->has_places ? (size_t)chunks * 4 : 0);
    if (rows == NULL || result->is_full)
        return RC_FULL;
    for (uint32_t y = 0; y < height; y++)
        rows[y * row_bytes + row_bytes - 1] = '\n';
    struct buffer ends = buffer_of(ends_at, (size_t)chunks * 4);
    uint32_t places = 0;
    for (uint32_t i = 0; i < chunks; i++) {
        make_chunk(c, p, i);
        paste(rows, row_bytes, c);
        if (!p->has_places)
            continue;
        places += c->place_count;
        buffer_u32le(&ends, places);
        put_places(result, c);
    }
    return result->is_full ? RC_FULL : RC_OK;
}

// For each chunk its cells, row by row; u32le: how many places; these.
static enum rc run_part(struct level_chunk *c, const struct level_params *p, struct buffer *result)
{
    for (uint32_t i = 0; i < p->part_count; i++) {
        make_chunk(c, p, p->part[i]);
        buffer_put(result, bytes_of(c->cell, (size_t)c->at.w * c->at.h));
        buffer_u32le(result, c->place_count);
        put_places(result, c);
    }
    return result->is_full ? RC_FULL : RC_OK;
}

enum rc level_run(void *state, const struct kernel_in *in, struct buffer *result,
                  struct buffer *report)
{
    (void)state;
    (void)report;
    struct level_params p;
    enum rc rc = level_params_decode(&p, in->params);
    if (rc != RC_OK)
        return rc;
    struct arena *arena = arena_new(ARENA_BYTES);
    struct level_chunk *c = arena == NULL ? NULL : arena_take(arena, sizeof *c);
    if (c == NULL)
        rc = RC_NOMEM;
    else
        rc = p.part_count > 0 ? run_part(c, &p, result) : run_task(c, &p, result);
    arena_free(arena);
    return rc;
}
