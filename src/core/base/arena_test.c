// SPDX-License-Identifier: MIT
// Arenas and budgets give aligned zeros up to their ceiling, and not a byte beyond it.
#include "base/arena.h"

#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define TAKES 300

static bool is_zero(const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] != 0)
            return false;
    return true;
}

// Takes at random until the budget is spent; each piece is marked with its number.
static void takes_are_apart(struct arena *a, struct rng *r, size_t budget)
{
    uint8_t *piece[TAKES];
    size_t len[TAKES];
    size_t count = 0;
    size_t sum = 0;
    for (; count < TAKES; count++) {
        len[count] = 1 + (size_t)rng_below(r, 3000);
        piece[count] = arena_take(a, len[count]);
        if (piece[count] == NULL)
            break;
        assert_int_equal((uintptr_t)piece[count] % alignof(max_align_t), 0);
        assert_true(is_zero(piece[count], len[count]));
        memset(piece[count], (int)(count % 251 + 1), len[count]);
        sum += len[count];
        assert_true(arena_used_bytes(a) >= sum);
        assert_true(arena_used_bytes(a) <= budget);
    }
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < len[i]; j++)
            assert_int_equal(piece[i][j], i % 251 + 1);
}

static void pieces_do_not_overlap(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    static const size_t budget[] = {1, 100, 4096, 65536, 65537, 200000, 1 << 20};
    for (size_t i = 0; i < ARRAY_COUNT(budget); i++) {
        struct arena *a = arena_new(budget[i]);
        assert_non_null(a);
        for (int round = 0; round < 3; round++) {
            takes_are_apart(a, &r, budget[i]);
            arena_reset(a); // and what comes next is zeroed again
            assert_int_equal(arena_used_bytes(a), 0);
        }
        arena_free(a);
    }
}

static void the_budget_is_a_ceiling(void **state)
{
    (void)state;
    struct arena *a = arena_new(1024);
    assert_null(arena_take(a, 1025));
    assert_non_null(arena_take(a, 1024));
    assert_null(arena_take(a, 1));
    arena_reset(a);
    assert_non_null(arena_take(a, 1));
    arena_free(a);
    arena_free(NULL);
}

static void lengths_that_wrap_are_refused(void **state)
{
    (void)state;
    struct arena *a = arena_new(SIZE_MAX);
    assert_non_null(a);
    assert_null(arena_take(a, SIZE_MAX));
    assert_null(arena_take(a, SIZE_MAX - 31));
    assert_null(arena_take_array(a, SIZE_MAX / 2, 3));
    assert_non_null(arena_take_array(a, 10, 8));
    arena_free(a);
}

static void a_large_take_does_not_end_the_shared_block(void **state)
{
    (void)state;
    struct arena *a = arena_new(65536 + 100000);
    assert_non_null(arena_take(a, 16));
    assert_non_null(arena_take(a, 100000));
    assert_non_null(arena_take(a, 16)); // there is no budget for another block
    arena_free(a);
}

static void large_and_small_takes_mix(void **state)
{
    (void)state;
    struct arena *a = arena_new(1 << 20);
    for (int i = 0; i < 4; i++) {
        assert_non_null(arena_take(a, 16));
        assert_non_null(arena_take(a, 150000));
    }
    assert_true(arena_used_bytes(a) >= (size_t)4 * (16 + 150000));
    arena_free(a);
}

static void a_budget_counts_what_is_out(void **state)
{
    (void)state;
    struct budget b = {.limit_bytes = 100};
    void *first = budget_take(&b, 60);
    assert_non_null(first);
    assert_int_equal((uintptr_t)first % alignof(max_align_t), 0);
    assert_null(budget_take(&b, 41));
    void *second = budget_take(&b, 40);
    assert_non_null(second);
    assert_null(budget_take(&b, 1));
    budget_give(&b, first);
    assert_int_equal(b.used_bytes, 40);
    first = budget_take(&b, 60);
    assert_non_null(first);
    budget_give(&b, second);
    budget_give(&b, first);
    budget_give(&b, NULL);
    assert_int_equal(b.used_bytes, 0);
    struct budget all = {.limit_bytes = SIZE_MAX};
    assert_null(budget_take(&all, SIZE_MAX)); // its own bookkeeping would wrap
    assert_int_equal(all.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_do_not_overlap),
        cmocka_unit_test(the_budget_is_a_ceiling),
        cmocka_unit_test(lengths_that_wrap_are_refused),
        cmocka_unit_test(a_large_take_does_not_end_the_shared_block),
        cmocka_unit_test(large_and_small_takes_mix),
        cmocka_unit_test(a_budget_counts_what_is_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
