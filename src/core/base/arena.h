// SPDX-License-Identifier: MIT
// Memory with a ceiling: a bump arena, and single blocks counted against a budget.
//
// An arena is for things that die together: per message, per machine. A budget is for things
// whose ends cannot be foreseen (a frame's tiles, an object in transfer). Both refuse instead of
// growing past their ceiling, and tests run with ceilings that run out. arena.c alone names
// malloc, tests and benches aside.
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"

struct arena;

// NULL if even the first block cannot be had. Grows by blocks up to budget_bytes.
struct arena *arena_new(size_t budget_bytes);
void arena_free(struct arena *a); // NULL is fine; all that was taken from it dies
// Zeroed, aligned for any type; NULL: the budget is spent.
void *arena_take(struct arena *a, size_t len_bytes);
// Zeroed array; NULL also if count * each overflows.
void *arena_take_array(struct arena *a, size_t count, size_t each_bytes);
// Everything taken so far dies; the first block is kept.
void arena_reset(struct arena *a);
size_t arena_used_bytes(const struct arena *a);

struct budget { // a value type; outlives what is taken from it
    size_t limit_bytes;
    size_t used_bytes;
};

// Uninitialised, aligned for any type; NULL: the budget is spent, or the system's memory is.
void *budget_take(struct budget *b, size_t len_bytes);
void budget_give(struct budget *b, void *block); // NULL is fine

#endif
