// SPDX-License-Identifier: MIT
// Is there a way from every open cell of a map to every other?
//
// Runs of open cells in a row are the nodes; runs that touch in the next row are joined (union and
// find). What is connected has one joint less than runs.
#include <assert.h>

#include "base/arena.h"
#include "kernel/level/view.h"

struct walk {
    uint32_t *parent; // of each run so far
    uint32_t runs, parts;
};

struct run {
    uint32_t from, end, node;
};

static uint32_t root_of(struct walk *w, uint32_t i)
{
    while (w->parent[i] != i) {
        w->parent[i] = w->parent[w->parent[i]];
        i = w->parent[i];
    }
    return i;
}

static void join(struct walk *w, uint32_t a, uint32_t b)
{
    const uint32_t ra = root_of(w, a);
    const uint32_t rb = root_of(w, b);
    if (ra == rb)
        return;
    w->parent[ra > rb ? ra : rb] = ra > rb ? rb : ra;
    w->parts--;
}

static uint32_t find_runs(struct walk *w, const uint8_t *row, uint32_t width, struct run *out)
{
    uint32_t count = 0;
    bool was_open = false;
    for (uint32_t x = 0; x < width; x++) {
        const bool is_open = row[x] == LEVEL_FLOOR;
        if (is_open && !was_open) {
            w->parent[w->runs] = w->runs;
            out[count++] = (struct run){x, x, w->runs++};
            w->parts++;
        }
        if (is_open)
            out[count - 1].end = x + 1;
        was_open = is_open;
    }
    return count;
}

static void join_rows(struct walk *w, const struct run *a, uint32_t a_count, const struct run *b,
                      uint32_t b_count)
{
    uint32_t i = 0;
    uint32_t j = 0;
    while (i < a_count && j < b_count) {
        if (a[i].from < b[j].end && b[j].from < a[i].end)
            join(w, a[i].node, b[j].node);
        if (a[i].end < b[j].end)
            i++;
        else
            j++;
    }
}

enum rc level_is_connected(const struct level *l, bool *out)
{
    const size_t most = l->width / 2 + 1; // runs of a row
    const size_t bytes = most * l->height * sizeof(uint32_t) + 2 * most * sizeof(struct run);
    struct arena *arena = arena_new(bytes + (1u << 18)); // and the arena's own
    if (arena == NULL)
        return RC_NOMEM;
    struct walk w = {.parent = arena_take_array(arena, most * l->height, sizeof(uint32_t))};
    struct run *row[2] = {arena_take_array(arena, most, sizeof(struct run)),
                          arena_take_array(arena, most, sizeof(struct run))};
    const bool is_there = w.parent != NULL && row[0] != NULL && row[1] != NULL;
    uint32_t count[2] = {0, 0};
    for (uint32_t y = 0; is_there && y < l->height; y++) {
        const uint32_t now = y % 2;
        count[now] = find_runs(&w, l->rows.at + (size_t)y * (l->width + 1), l->width, row[now]);
        join_rows(&w, row[1 - now], count[1 - now], row[now], count[now]);
    }
    assert(w.parts <= w.runs);
    arena_free(arena);
    *out = w.parts == 1;
    return is_there ? RC_OK : RC_NOMEM;
}
