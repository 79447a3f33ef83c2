// SPDX-License-Identifier: MIT
// Memory with a ceiling: a bump arena, and single blocks counted against a budget.
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

// Small takes share blocks. A take of a quarter block or more that does not fit the block in use
// gets one of its own, so that a large table does not end the block that small things are in,
// and at most a quarter of a block is lost at its end.
#define ARENA_BLOCK_BYTES 65536u
#define ARENA_LARGE_BYTES (ARENA_BLOCK_BYTES / 4)

struct block { // followed by its bytes
    alignas(max_align_t) struct block *next;
    size_t size;
    size_t used;
    bool is_used_again; // after a reset: what is taken is not zero yet
};

struct arena {
    struct block *first;  // kept by a reset
    struct block *shared; // the one that small takes come from; the rest are behind the first
    size_t budget_bytes;  // left for further blocks
    size_t used_bytes;
};

static struct block *block_new(struct arena *a, size_t len)
{
    size_t size = len >= ARENA_LARGE_BYTES ? len : ARENA_BLOCK_BYTES;
    if (size > a->budget_bytes)
        size = a->budget_bytes;
    size_t whole;
    if (size < len || !num_add(size, sizeof(struct block), &whole))
        return NULL;
    struct block *b = calloc(1, whole); // a large table's pages are there when they are used
    if (b == NULL)
        return NULL;
    *b = (struct block){.size = size};
    assert(size <= a->budget_bytes);
    a->budget_bytes -= size;
    return b;
}

struct arena *arena_new(size_t budget_bytes)
{
    struct arena *a = malloc(sizeof *a);
    if (a == NULL)
        return NULL;
    *a = (struct arena){.budget_bytes = budget_bytes};
    a->first = block_new(a, 1);
    a->shared = a->first;
    if (a->first == NULL) {
        free(a);
        return NULL;
    }
    return a;
}

static void blocks_free(struct block *b)
{
    while (b != NULL) {
        struct block *next = b->next;
        free(b);
        b = next;
    }
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    blocks_free(a->first);
    free(a);
}

void *arena_take(struct arena *a, size_t len_bytes)
{
    size_t rounded;
    if (!num_add(len_bytes, alignof(max_align_t) - 1, &rounded))
        return NULL;
    rounded -= rounded % alignof(max_align_t);
    struct block *b = a->shared;
    if (b->size - b->used < rounded) {
        b = block_new(a, rounded);
        if (b == NULL)
            return NULL;
        b->next = a->first->next;
        a->first->next = b;
        if (rounded < ARENA_LARGE_BYTES)
            a->shared = b;
    }
    uint8_t *at = (uint8_t *)(b + 1) + b->used;
    b->used += rounded;
    a->used_bytes += rounded;
    assert(b->used <= b->size);
    assert((uintptr_t)at % alignof(max_align_t) == 0);
    if (b->is_used_again)
        memset(at, 0, rounded);
    return at;
}

void *arena_take_array(struct arena *a, size_t count, size_t each_bytes)
{
    assert(each_bytes > 0);
    size_t len;
    return num_mul(count, each_bytes, &len) ? arena_take(a, len) : NULL;
}

void arena_reset(struct arena *a)
{
    assert(a->first->next == NULL || a->used_bytes > 0);
    for (const struct block *b = a->first->next; b != NULL; b = b->next)
        a->budget_bytes += b->size;
    blocks_free(a->first->next);
    a->first->next = NULL;
    a->first->used = 0;
    a->first->is_used_again = true;
    a->shared = a->first;
    a->used_bytes = 0;
}

size_t arena_used_bytes(const struct arena *a)
{
    return a->used_bytes;
}

struct counted { // in front of each block of a budget
    alignas(max_align_t) size_t len;
};

void *budget_take(struct budget *b, size_t len_bytes)
{
    assert(b->used_bytes <= b->limit_bytes);
    if (len_bytes > b->limit_bytes - b->used_bytes || len_bytes > SIZE_MAX - sizeof(struct counted))
        return NULL;
    struct counted *c = malloc(sizeof *c + len_bytes);
    if (c == NULL)
        return NULL;
    c->len = len_bytes;
    b->used_bytes += len_bytes;
    assert(b->used_bytes <= b->limit_bytes);
    return c + 1;
}

void budget_give(struct budget *b, void *block)
{
    if (block == NULL)
        return;
    struct counted *c = (struct counted *)block - 1;
    assert(c->len <= b->used_bytes);
    b->used_bytes -= c->len;
    free(c);
}
