// SPDX-License-Identifier: MIT
// Tests of ranks: against a plain list that is looked through.
#include "work/rank.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define MANY 300u

struct twin {
    uint32_t key[MANY];
    uint32_t cap;
};

static void same(const struct rank *r, const struct twin *t)
{
    uint32_t best = RANK_NONE;
    uint32_t count = 0;
    for (uint32_t i = 0; i < t->cap; i++) {
        assert_int_equal(rank_key(r, i), t->key[i]);
        if (t->key[i] == 0)
            continue;
        if (best == RANK_NONE || t->key[i] > t->key[best])
            best = i;
        assert_int_equal(rank_at(r, count), i);
        count++;
    }
    assert_int_equal(rank_count(r), count);
    assert_int_equal(rank_best(r), best);
}

static void as_one_looked_through(uint32_t cap, uint64_t seed)
{
    struct arena *arena = arena_new(rank_bytes(cap) + 4096);
    struct rng rng = rng_seeded(seed);
    struct twin t = {.cap = cap};
    struct rank r;
    assert_non_null(arena);
    assert_int_equal(rank_init(&r, arena, cap), RC_OK);
    same(&r, &t);
    for (int i = 0; i < 2000; i++) {
        const uint32_t number = (uint32_t)rng_below(&rng, cap);
        const bool is_gone = rng_below(&rng, 3) == 0;
        t.key[number] = is_gone ? 0 : (uint32_t)(1 + rng_below(&rng, 50)); // some are equal
        rank_put(&r, number, t.key[number]);
        same(&r, &t);
    }
    arena_free(arena);
}

static void any_keys_in_any_order(void **state)
{
    (void)state;
    const uint64_t seed = test_seed();
    const uint32_t caps[] = {1, 2, 3, 64, 65, MANY};
    for (size_t i = 0; i < sizeof caps / sizeof *caps; i++)
        as_one_looked_through(caps[i], seed + i);
}

static void the_best_leave_in_order(void **state)
{
    (void)state;
    struct arena *arena = arena_new(rank_bytes(MANY) + 4096);
    struct rank r;
    assert_int_equal(rank_init(&r, arena, MANY), RC_OK);
    for (uint32_t i = 0; i < MANY; i++)
        rank_put(&r, i, 1 + i * 7 % MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        const uint32_t best = rank_best(&r);
        assert_int_equal(1 + best * 7 % MANY, MANY - i);
        rank_put(&r, best, 0);
    }
    assert_int_equal(rank_best(&r), RANK_NONE);
    arena_free(arena);
}

static void no_memory(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1024);
    struct rank r;
    assert_int_equal(rank_init(&r, arena, 1u << 20), RC_NOMEM);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_keys_in_any_order),
        cmocka_unit_test(the_best_leave_in_order),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
