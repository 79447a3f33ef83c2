// SPDX-License-Identifier: MIT
// A world of virtual time: the events on a wheel.
#include "sim/world.h"

#include <assert.h>

#include "base/attr.h"
#include "base/list.h"
#include "base/num.h"
#include "sim/wheel.h"

#define BLOCK_EVENTS 1024u
#define BLOCKS_MAX   (WORLD_EVENTS_MAX / BLOCK_EVENTS)
#define ARENA_BYTES  ((size_t)64 << 20) // the wheel and all blocks: 57 MiB at most

struct event {
    struct wheel_node node; // key: when; in world.unused while it waits for nothing
    void (*fn)(void *self, uint64_t tag);
    void *self;
    uint64_t tag;
    uint32_t index; // its place among all blocks
    uint32_t life;  // how often it was used before: an old answer of world_at fits no new event
};

struct world {
    struct arena *arena;
    struct budget budget;
    uint64_t seed;
    uint64_t now_us;
    uint64_t hash;
    uint32_t instant_count; // events run since time moved on
    struct wheel wheel;
    struct list unused;
    struct event *block[BLOCKS_MAX];
    uint32_t block_count;
};

struct world *world_new(uint64_t seed)
{
    struct arena *arena = arena_new(ARENA_BYTES);
    struct world *w = arena != NULL ? arena_take(arena, sizeof *w) : NULL;
    if (w == NULL) {
        arena_free(arena);
        return NULL;
    }
    w->arena = arena;
    w->budget.limit_bytes = WORLD_BYTES_MAX;
    w->seed = seed;
    w->now_us = WORLD_START_US;
    wheel_init(&w->wheel);
    list_init(&w->unused);
    return w;
}

void world_free(struct world *w)
{
    if (w == NULL)
        return;
    assert(w->budget.used_bytes == 0); // all that hung on it was freed
    arena_free(w->arena);
}

uint64_t world_now_us(const struct world *w)
{
    return w->now_us;
}

static void add_block(struct world *w)
{
    assert(w->block_count < BLOCKS_MAX);
    struct event *block = arena_take_array(w->arena, BLOCK_EVENTS, sizeof *block);
    assert(block != NULL);
    for (uint32_t i = 0; i < BLOCK_EVENTS; i++) {
        block[i].index = w->block_count * BLOCK_EVENTS + i;
        list_push_back(&w->unused, &block[i].node.list);
    }
    w->block[w->block_count++] = block;
}

uint64_t world_at(struct world *w, uint64_t when_us, void (*fn)(void *self, uint64_t tag),
                  void *self, uint64_t tag)
{
    assert(fn != NULL);
    if (list_is_empty(&w->unused))
        add_block(w);
    struct event *e = CONTAINER_OF(w->unused.next, struct event, node.list);
    list_del(&e->node.list);
    e->fn = fn;
    e->self = self;
    e->tag = tag;
    e->life++;
    wheel_put(&w->wheel, &e->node, num_max(when_us, w->now_us));
    return (uint64_t)e->life << 32 | e->index;
}

static void retire(struct world *w, struct event *e)
{
    e->fn = NULL;
    list_push_front(&w->unused, &e->node.list);
}

bool world_cancel(struct world *w, uint64_t event)
{
    uint32_t index = (uint32_t)event;
    if (index / BLOCK_EVENTS >= w->block_count)
        return false;
    struct event *e = &w->block[index / BLOCK_EVENTS][index % BLOCK_EVENTS];
    if (e->life != event >> 32 || e->fn == NULL)
        return false;
    wheel_del(&w->wheel, &e->node);
    retire(w, e);
    return true;
}

bool world_step(struct world *w)
{
    struct wheel_node *first = wheel_pop(&w->wheel);
    if (first == NULL)
        return false;
    struct event e = *CONTAINER_OF(first, struct event, node);
    assert(e.node.key >= w->now_us);
    w->instant_count = e.node.key > w->now_us ? 0 : w->instant_count + 1;
    assert(w->instant_count < WORLD_INSTANT_MAX);
    w->now_us = e.node.key;
    retire(w, CONTAINER_OF(first, struct event, node)); // may be used again by fn
    world_note(w, w->now_us);
    world_note(w, e.tag);
    e.fn(e.self, e.tag);
    return true;
}

uint64_t world_next_us(struct world *w)
{
    return wheel_next(&w->wheel);
}

uint64_t world_run_until(struct world *w, uint64_t until_us)
{
    uint64_t count = 0;
    while (wheel_next(&w->wheel) <= until_us && world_step(w))
        count++;
    if (until_us > w->now_us) {
        w->now_us = until_us;
        w->instant_count = 0;
    }
    return count;
}

struct rng world_rng(const struct world *w, const char *purpose)
{
    uint64_t seed = rng_mix(w->seed);
    for (const char *c = purpose; *c != '\0'; c++)
        seed = rng_mix(seed ^ (uint8_t)*c);
    return rng_seeded(seed);
}

struct budget *world_budget(struct world *w)
{
    return &w->budget;
}

void world_note(struct world *w, uint64_t what)
{
    w->hash = rng_mix(w->hash ^ what) + 0x9e3779b97f4a7c15u; // splitmix64's step: order matters
}

uint64_t world_hash(const struct world *w)
{
    return w->hash;
}
