// SPDX-License-Identifier: MIT
// Timer wheel: what comes next, of up to a million, in constant time.
#include "sim/wheel.h"

#include <assert.h>
#include <stddef.h>

#include "base/attr.h"

#define BITS  8u // of a level
#define WORDS (WHEEL_SLOTS / 64)

void wheel_init(struct wheel *w)
{
    *w = (struct wheel){.base = 0};
    for (unsigned level = 0; level < WHEEL_LEVELS; level++)
        for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++)
            list_init(&w->slot[level][slot]);
}

static unsigned level_of(const struct wheel *w, uint64_t key)
{
    const uint64_t differs = key ^ w->base;
    return differs == 0 ? 0 : (63 - (unsigned)__builtin_clzll(differs)) / BITS;
}

static unsigned slot_of(uint64_t key, unsigned level)
{
    return (unsigned)(key >> level * BITS) & (WHEEL_SLOTS - 1);
}

static void place(struct wheel *w, struct wheel_node *n)
{
    const unsigned level = level_of(w, n->key);
    const unsigned slot = slot_of(n->key, level);
    list_push_back(&w->slot[level][slot], &n->list);
    w->used[level][slot / 64] |= UINT64_C(1) << slot % 64;
}

void wheel_put(struct wheel *w, struct wheel_node *n, uint64_t key)
{
    assert(key >= w->base);
    n->key = key;
    place(w, n);
    if (w->has_next && key < w->next)
        w->next = key;
}

static void mark_empty(struct wheel *w, unsigned level, unsigned slot)
{
    w->used[level][slot / 64] &= ~(UINT64_C(1) << slot % 64);
}

void wheel_del(struct wheel *w, struct wheel_node *n)
{
    const unsigned level = level_of(w, n->key);
    const unsigned slot = slot_of(n->key, level);
    list_del(&n->list);
    if (list_is_empty(&w->slot[level][slot]))
        mark_empty(w, level, slot);
    if (n->key == w->next)
        w->has_next = false;
}

// The first slot with nodes: every other node comes after all of them. False: all are empty.
static bool find_first(const struct wheel *w, unsigned *level, unsigned *slot)
{
    for (unsigned i = 0; i < WHEEL_LEVELS; i++)
        for (unsigned k = 0; k < WORDS; k++)
            if (w->used[i][k] != 0) {
                *level = i;
                *slot = k * 64 + (unsigned)__builtin_ctzll(w->used[i][k]);
                return true;
            }
    return false;
}

// Looks without moving anything: base must not pass the time at which others may still be put.
uint64_t wheel_next(struct wheel *w)
{
    unsigned level = 0;
    unsigned slot = 0;
    if (w->has_next)
        return w->next;
    if (!find_first(w, &level, &slot))
        return UINT64_MAX;
    w->next = UINT64_MAX;
    LIST_FOR (at, &w->slot[level][slot]) {
        const struct wheel_node *n = CONTAINER_OF(at, struct wheel_node, list);
        w->next = n->key < w->next ? n->key : w->next;
        if (level == 0)
            break; // they are all equal
    }
    w->has_next = true;
    return w->next;
}

// The first slot's nodes, each to the slot where it stands from `base` on; all lower ones are
// empty.
static void move_down(struct wheel *w, unsigned level, unsigned slot, uint64_t base)
{
    struct list *from = &w->slot[level][slot];
    w->base = base;
    mark_empty(w, level, slot);
    LIST_FOR_SAFE (at, from) {
        list_del(at);
        place(w, CONTAINER_OF(at, struct wheel_node, list));
    }
}

struct wheel_node *wheel_pop(struct wheel *w)
{
    unsigned level = 0;
    unsigned slot = 0;
    if (!find_first(w, &level, &slot))
        return NULL;
    if (level > 0) {
        move_down(w, level, slot, wheel_next(w));
        if (!find_first(w, &level, &slot))
            return NULL; // never: what was moved is somewhere
    }
    struct wheel_node *n = CONTAINER_OF(w->slot[level][slot].next, struct wheel_node, list);
    w->base = n->key;
    list_del(&n->list);
    w->has_next = !list_is_empty(&w->slot[level][slot]);
    w->next = n->key;
    if (!w->has_next)
        mark_empty(w, level, slot);
    return n;
}
