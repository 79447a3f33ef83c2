// SPDX-License-Identifier: MIT
// Map from keys of one fixed size to pointers: open addressing, seeded hash, bound set at birth.
#include "base/map.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "base/rng.h"

#define COUNT_MAX (1u << 24)

struct map {
    size_t key_bytes;
    size_t count;
    size_t count_max;
    size_t mask; // slots - 1, a power of two at least 4/3 of count_max
    uint64_t seed;
    void **value; // NULL: empty slot
    uint8_t *key;
};

struct map *map_new(struct arena *arena, size_t key_bytes, size_t count_max, uint64_t seed)
{
    assert(key_bytes >= 1 && key_bytes <= MAP_KEY_BYTES_MAX);
    assert(count_max >= 1 && count_max <= COUNT_MAX);
    struct map *m = arena_take(arena, sizeof *m);
    size_t slots = 4;
    while (slots < count_max + count_max / 3 + 1)
        slots *= 2;
    if (m == NULL)
        return NULL;
    *m = (struct map){
        .key_bytes = key_bytes, .count_max = count_max, .mask = slots - 1, .seed = seed};
    assert(count_max <= m->mask); // a slot stays empty, so that every search ends
    m->value = arena_take_array(arena, slots, sizeof *m->value);
    m->key = arena_take_array(arena, slots, key_bytes);
    return m->value == NULL || m->key == NULL ? NULL : m;
}

static uint8_t *key_at(const struct map *m, size_t slot)
{
    assert(slot <= m->mask);
    return m->key + slot * m->key_bytes;
}

static size_t home_of(const struct map *m, const void *key)
{
    const uint8_t *at = key;
    uint64_t h = m->seed;
    for (size_t i = 0; i < m->key_bytes; i += 8) {
        uint64_t word = 0;
        size_t len = m->key_bytes - i < 8 ? m->key_bytes - i : 8;
        memcpy(&word, at + i, len);
        h = num_wrap_add(rng_mix(h ^ word), m->seed);
    }
    return (size_t)rng_mix(h) & m->mask;
}

// The key's slot, or the empty one where it would go.
static size_t find(const struct map *m, const void *key)
{
    size_t slot = home_of(m, key);
    while (m->value[slot] != NULL && memcmp(key_at(m, slot), key, m->key_bytes) != 0)
        slot = (slot + 1) & m->mask;
    return slot;
}

enum rc map_put(struct map *m, const void *key, void *value)
{
    assert(value != NULL);
    size_t slot = find(m, key);
    if (m->value[slot] == NULL) {
        if (m->count == m->count_max)
            return RC_FULL;
        m->count++;
        assert(m->count <= m->count_max);
        memcpy(key_at(m, slot), key, m->key_bytes);
    }
    m->value[slot] = value;
    return RC_OK;
}

void *map_get(const struct map *m, const void *key)
{
    return m->value[find(m, key)];
}

// Moves later members of the run back over the hole, so that no tombstones are needed (Knuth,
// The Art of Computer Programming, volume 3, section 6.4, algorithm R).
static void close_hole(struct map *m, size_t hole)
{
    for (size_t slot = (hole + 1) & m->mask; m->value[slot] != NULL; slot = (slot + 1) & m->mask) {
        size_t home = home_of(m, key_at(m, slot));
        size_t turn = slot + m->mask + 1; // so that differences do not wrap
        if (((turn - home) & m->mask) < ((turn - hole) & m->mask))
            continue; // it would come to lie before its home
        m->value[hole] = m->value[slot];
        memcpy(key_at(m, hole), key_at(m, slot), m->key_bytes);
        hole = slot;
    }
    m->value[hole] = NULL;
}

void *map_del(struct map *m, const void *key)
{
    size_t slot = find(m, key);
    void *value = m->value[slot];
    if (value == NULL)
        return NULL;
    assert(m->count > 0);
    m->count--;
    close_hole(m, slot);
    assert(m->count < m->count_max);
    return value;
}

size_t map_count(const struct map *m)
{
    return m->count;
}

void *map_next(const struct map *m, size_t *at)
{
    while (*at <= m->mask) {
        void *value = m->value[(*at)++];
        if (value != NULL)
            return value;
    }
    return NULL;
}
