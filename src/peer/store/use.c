// SPDX-License-Identifier: MIT
// Use: a table of ticks.
#include "store/use.h"

#include <assert.h>
#include <stdbool.h>

#include "base/num.h"
#include "base/rng.h"

#define BITS_MIN 10u
#define BITS_MAX 26u

struct use {
    uint32_t *cell;   // 0: never
    bool *is_changed; // a chunk
    unsigned bits;    // of a cell's number
    uint32_t clock;   // of the last touch
    uint64_t unwritten;
    uint64_t seed;
};

struct use *use_new(struct arena *arena, uint32_t objects, uint64_t seed)
{
    static_assert(USE_CELLS_MAX >> BITS_MAX == 1, "as many as bits can tell");
    struct use *u = arena_take(arena, sizeof *u);
    unsigned bits = BITS_MIN;
    while (bits < BITS_MAX && UINT64_C(1) << bits < UINT64_C(2) * objects)
        bits++;
    if (u == NULL)
        return NULL;
    *u = (struct use){.bits = bits, .seed = seed};
    u->cell = arena_take_array(arena, (size_t)1 << bits, sizeof *u->cell);
    u->is_changed = arena_take_array(arena, use_chunks(u), sizeof *u->is_changed);
    return u->cell == NULL || u->is_changed == NULL ? NULL : u;
}

// By the hash's highest bits: in a table of half the size, a cell and its neighbour are one.
static uint32_t cell_of(const struct use *u, const struct digest *name)
{
    return (uint32_t)(rng_mix(digest_u64(name) ^ u->seed) >> (64 - u->bits));
}

// Once in four thousand million touches: what is older than half of that is all the same age.
static void age_all(struct use *u)
{
    const uint32_t half = UINT32_MAX / 2;
    assert(u->clock > half);
    for (uint32_t i = 0; i < use_cells(u); i++)
        u->cell[i] = u->cell[i] > half ? u->cell[i] - half : 0;
    u->clock -= half;
    use_untake(u);
}

void use_touch(struct use *u, const struct digest *name)
{
    const uint32_t cell = cell_of(u, name);
    if (u->clock == UINT32_MAX)
        age_all(u);
    assert(cell < use_cells(u) && u->cell[cell] <= u->clock);
    u->cell[cell] = ++u->clock;
    u->is_changed[cell / USE_CHUNK_CELLS] = true;
    u->unwritten++;
}

uint64_t use_idle(const struct use *u, const struct digest *name)
{
    return u->clock - u->cell[cell_of(u, name)];
}

uint32_t use_cells(const struct use *u)
{
    return UINT32_C(1) << u->bits;
}

uint32_t use_chunks(const struct use *u)
{
    return (uint32_t)num_div_ceil(use_cells(u), USE_CHUNK_CELLS);
}

uint32_t use_clock(const struct use *u)
{
    return u->clock;
}

uint64_t use_unwritten(const struct use *u)
{
    return u->unwritten;
}

uint32_t use_take(struct use *u, uint32_t from, uint8_t out[static USE_CHUNK_BYTES])
{
    assert(from <= use_chunks(u));
    uint32_t chunk = from;
    while (chunk < use_chunks(u) && !u->is_changed[chunk])
        chunk++;
    if (chunk >= use_chunks(u)) {
        u->unwritten = 0;
        return use_chunks(u);
    }
    u->is_changed[chunk] = false;
    struct buffer b = buffer_of(out, USE_CHUNK_BYTES);
    const uint32_t first = chunk * USE_CHUNK_CELLS;
    for (uint32_t i = first; i < first + USE_CHUNK_CELLS; i++)
        buffer_u32le(&b, i < use_cells(u) ? u->cell[i] : 0);
    assert(!b.is_full && b.len == USE_CHUNK_BYTES);
    return chunk;
}

void use_untake(struct use *u)
{
    for (uint32_t i = 0; i < use_chunks(u); i++)
        u->is_changed[i] = true;
    u->unwritten = num_max(u->unwritten, 1);
}

void use_resume(struct use *u, uint32_t clock)
{
    assert(u->unwritten == 0); // before the first touch
    u->clock = clock;
}

// Cell i of a table of `cells` says `tick`: into all of our cells that it stands for.
static void load_cell(struct use *u, uint32_t cells, uint32_t i, uint32_t tick)
{
    const uint64_t first = (uint64_t)i * use_cells(u) / cells;
    const uint64_t end = num_max(first + 1, ((uint64_t)i + 1) * use_cells(u) / cells);
    for (uint64_t at = first; at < end && at < use_cells(u); at++)
        u->cell[at] = (uint32_t)num_max(u->cell[at], num_min(tick, u->clock));
}

void use_load(struct use *u, uint32_t cells, uint32_t chunk, struct bytes bytes)
{
    const uint64_t first = (uint64_t)chunk * USE_CHUNK_CELLS;
    struct cursor c = {.left = bytes};
    if (cells == 0 || cells > USE_CELLS_MAX || bytes.len != USE_CHUNK_BYTES)
        return;
    for (uint64_t i = first; i < first + USE_CHUNK_CELLS && i < cells; i++)
        load_cell(u, cells, (uint32_t)i, cursor_u32le(&c));
}
