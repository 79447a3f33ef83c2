// SPDX-License-Identifier: MIT
// Kit: every kernel, opened, and one object loaded: what a worker holds.
#include "kernel/kit.h"

#include <assert.h>

#include "base/arena.h"

#define KIT_BYTES 4096u
#define BASES_MAX 16u

struct kit {
    struct arena *arena;
    const struct kernel_base *base[BASES_MAX]; // each once, in the table's order
    void *state[BASES_MAX];
    uint32_t base_count;
};

static uint32_t base_index(const struct kit *k, const struct kernel_base *base)
{
    uint32_t i = 0;
    while (i < k->base_count && k->base[i] != base)
        i++;
    return i;
}

static enum rc open_base(struct kit *k, const struct kernel_base *base, uint64_t (*ticks)(void))
{
    if (base == NULL || base_index(k, base) < k->base_count)
        return RC_OK;
    if (k->base_count == BASES_MAX)
        return RC_FULL;
    enum rc rc = base->open(&k->state[k->base_count], ticks);
    if (rc == RC_OK)
        k->base[k->base_count++] = base;
    return rc;
}

enum rc kit_open(struct kit **out, uint64_t (*ticks)(void))
{
    *out = NULL;
    struct arena *arena = arena_new(KIT_BYTES);
    struct kit *k = arena == NULL ? NULL : arena_take(arena, sizeof *k);
    if (k == NULL) {
        arena_free(arena);
        return RC_NOMEM;
    }
    k->arena = arena;
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && kernel_at(i) != NULL; i++)
        rc = open_base(k, kernel_at(i)->base, ticks);
    if (rc == RC_OK)
        *out = k;
    else
        kit_close(k);
    return rc;
}

void kit_close(struct kit *k)
{
    if (k == NULL)
        return;
    for (uint32_t i = 0; i < k->base_count; i++)
        k->base[i]->close(k->state[i]);
    arena_free(k->arena);
}

enum rc kit_load(struct kit *k, struct bytes object)
{
    enum rc rc = RC_MALFORMED;
    for (uint32_t i = 0; i < k->base_count; i++) {
        if (k->base[i]->load == NULL)
            continue;
        if (k->base[i]->accepts(object))
            rc = k->base[i]->load(k->state[i], object);
        else // it lets go of what it has, whose bytes are another's now
            (void)k->base[i]->load(k->state[i], bytes_of(NULL, 0));
    }
    return rc;
}

static void *state_of(const struct kit *k, const struct kernel *kernel)
{
    if (kernel->base == NULL)
        return NULL;
    const uint32_t i = base_index(k, kernel->base);
    assert(i < k->base_count); // kit_open opened all
    return k->state[i];
}

enum rc kit_run(struct kit *k, struct bytes name, const struct kernel_in *in, struct buffer *result,
                struct buffer *report)
{
    const struct kernel *kernel = kernel_find(name);
    if (kernel == NULL)
        return RC_UNSUPPORTED;
    if (in->given_count < kernel->given_min ||
        in->given_count > kernel->given_max + kernel->shows_result)
        return RC_MALFORMED;
    return kernel->run(state_of(k, kernel), in, result, report);
}
