// SPDX-License-Identifier: MIT
// Memory with a ceiling: a bump arena, and single blocks counted against a budget.
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "base/num.h"

#define ARENA_BLOCK_BYTES 65536u

struct block { // followed by its bytes
    alignas(max_align_t) struct block *next;
    size_t size;
    size_t used;
};

struct arena {
    struct block *first; // kept by a reset
    struct block *last;  // the one in use
    size_t budget_bytes; // left for further blocks
    size_t used_bytes;
};

static struct block *block_new(struct arena *a, size_t len)
{
    size_t size = len > ARENA_BLOCK_BYTES ? len : ARENA_BLOCK_BYTES;
    if (size > a->budget_bytes)
        size = a->budget_bytes;
    size_t whole;
    if (size < len || !num_add(size, sizeof(struct block), &whole))
        return NULL;
    struct block *b = malloc(whole);
    if (b == NULL)
        return NULL;
    *b = (struct block){.size = size};
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
    a->last = a->first;
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
    if (a->last->size - a->last->used < rounded) {
        struct block *b = block_new(a, rounded);
        if (b == NULL)
            return NULL;
        a->last->next = b;
        a->last = b;
    }
    uint8_t *at = (uint8_t *)(a->last + 1) + a->last->used;
    a->last->used += rounded;
    a->used_bytes += rounded;
    assert(a->last->used <= a->last->size);
    memset(at, 0, rounded);
    return at;
}

void *arena_take_array(struct arena *a, size_t count, size_t each_bytes)
{
    size_t len;
    return num_mul(count, each_bytes, &len) ? arena_take(a, len) : NULL;
}

void arena_reset(struct arena *a)
{
    for (const struct block *b = a->first->next; b != NULL; b = b->next)
        a->budget_bytes += b->size;
    blocks_free(a->first->next);
    a->first->next = NULL;
    a->first->used = 0;
    a->last = a->first;
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
