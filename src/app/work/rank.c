// SPDX-License-Identifier: MIT
// Rank: of many numbered ones, each with a key or none, who is best, how many they are, who is the
// i-th.
#include "work/rank.h"

#include <assert.h>

static uint32_t size_for(uint32_t cap)
{
    uint32_t size = 1;
    assert(cap <= UINT32_MAX / 4);
    while (size < cap)
        size *= 2;
    return size;
}

size_t rank_bytes(uint32_t cap)
{
    return 2 * (size_t)size_for(cap) * sizeof(struct rank_node);
}

enum rc rank_init(struct rank *r, struct arena *arena, uint32_t cap)
{
    const uint32_t size = size_for(cap);
    *r = (struct rank){.node = arena_take_array(arena, 2 * (size_t)size, sizeof *r->node),
                       .size = size};
    return r->node != NULL ? RC_OK : RC_NOMEM;
}

void rank_put(struct rank *r, uint32_t number, uint32_t key)
{
    struct rank_node *node = r->node;
    uint32_t i = r->size + number;
    struct rank_node is = {.best = key, .count = key > 0};
    assert(number < r->size);
    while (node[i].best != is.best || node[i].count != is.count) {
        node[i] = is;
        i /= 2;
        if (i == 0)
            return;
        const struct rank_node *left = &node[2 * (size_t)i];
        const struct rank_node *right = left + 1;
        is.best = left->best >= right->best ? left->best : right->best;
        is.count = left->count + right->count;
    }
}

uint32_t rank_key(const struct rank *r, uint32_t number)
{
    assert(number < r->size);
    return r->node[r->size + number].best;
}

uint32_t rank_count(const struct rank *r)
{
    return r->node[1].count;
}

uint32_t rank_best(const struct rank *r)
{
    uint32_t i = 1;
    if (r->node[1].count == 0)
        return RANK_NONE;
    while (i < r->size)
        i = 2 * i + (r->node[2 * (size_t)i].best < r->node[i].best);
    return i - r->size;
}

uint32_t rank_at(const struct rank *r, uint32_t index)
{
    uint32_t i = 1;
    assert(index < r->node[1].count);
    while (i < r->size) {
        const uint32_t left = r->node[2 * (size_t)i].count;
        i *= 2;
        if (index >= left) {
            index -= left;
            i++;
        }
    }
    return i - r->size;
}
