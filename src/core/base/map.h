// SPDX-License-Identifier: MIT
// Map from keys of one fixed size to pointers: open addressing, seeded hash, bound set at birth.
//
// Keys are copied in; values are the caller's. Memory is taken once, at map_new, from the
// caller's arena. Not for iteration while it changes.
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rc.h"

struct map;

#define MAP_KEY_BYTES_MAX 64

// key_bytes 1..MAP_KEY_BYTES_MAX, count_max 1..2^24. seed makes the hash unguessable.
// NULL: the arena's budget is spent. Lives and dies with the arena.
struct map *map_new(struct arena *arena, size_t key_bytes, size_t count_max, uint64_t seed);
// Puts or replaces. RC_FULL: count_max keys are in already. value must not be NULL.
MUST_USE enum rc map_put(struct map *m, const void *key, void *value);
void *map_get(const struct map *m, const void *key); // NULL: not there
void *map_del(struct map *m, const void *key);       // what was there, or NULL
size_t map_count(const struct map *m);
// Walks all values in no useful order: *at starts at 0; NULL at the end.
void *map_next(const struct map *m, size_t *at);

#endif
