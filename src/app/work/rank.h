// SPDX-License-Identifier: MIT
// Rank: of many numbered ones, each with a key or none, who is best, how many they are, who is the
// i-th; all without looking at more than a path from root to leaf.
//
//     rank_put(&r, number, key);
//     for (i = 0; i < 48 && rank_count(&r) > 0; i++)
//         rank_put(&r, at[i] = rank_best(&r), 0);  // the 48 best; they are put back afterwards
//
// A tournament over a complete binary tree: a node knows the best key below it, and how many have
// one. A value type; its nodes come from an arena, and only the pages around numbers in use are
// ever touched.
#ifndef WORK_RANK_H
#define WORK_RANK_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attr.h"
#include "base/rc.h"

#define RANK_NONE UINT32_MAX

struct rank_node {
    uint32_t best; // 0: nobody
    uint32_t count;
};

struct rank {               // private to rank.c
    struct rank_node *node; // node[1] is the root, node[size + i] the leaf of number i
    uint32_t size;          // a power of two
};

size_t rank_bytes(uint32_t cap); // that rank_init takes
MUST_USE enum rc rank_init(struct rank *r, struct arena *arena, uint32_t cap); // RC_NOMEM
// number: 0..cap - 1. key > 0; 0: it is none of them any more.
void rank_put(struct rank *r, uint32_t number, uint32_t key);
uint32_t rank_key(const struct rank *r, uint32_t number);
uint32_t rank_count(const struct rank *r);
uint32_t rank_best(const struct rank *r); // of equal ones the lowest number; RANK_NONE
// The one with so many lower numbers before it; index < rank_count.
uint32_t rank_at(const struct rank *r, uint32_t index);

#endif
