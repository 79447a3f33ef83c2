// SPDX-License-Identifier: MIT
// Puzzles: the first solution, found at once or by slices; none that serves two keys.
#include "trust/puzzle.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BITS 12u // some 4000 hashes

static const struct node_id a = {{1}};

static void the_first_solution_is_found(void **state)
{
    (void)state;
    uint64_t nonce = 0;
    assert_true(puzzle_solve(&a, &nonce, BITS, 1000000));
    assert_true(puzzle_is_solved(&a, nonce, BITS) && puzzle_is_solved(&a, nonce, BITS - 1));
    assert_false(puzzle_is_solved(&a, nonce, PUZZLE_BITS_MAX));
    for (uint64_t i = 0; i < nonce; i++)
        assert_false(puzzle_is_solved(&a, i, BITS));
}

static void slices_find_the_same(void **state)
{
    (void)state;
    uint64_t whole = 0;
    uint64_t sliced = 0;
    assert_true(puzzle_solve(&a, &whole, BITS, 1000000));
    while (!puzzle_solve(&a, &sliced, BITS, 100))
        ;
    assert_int_equal(sliced, whole);
    assert_false(puzzle_solve(&a, &sliced, BITS, 0)); // tries nothing, and stays
    assert_int_equal(sliced, whole);
}

static void one_solution_serves_one_key(void **state)
{
    (void)state;
    const struct node_id b = {{2}};
    uint64_t nonce = 0;
    uint64_t others = 0;
    assert_true(puzzle_solve(&a, &nonce, BITS, 1000000));
    assert_true(puzzle_solve(&b, &others, BITS, 1000000));
    assert_int_not_equal(nonce, others);
    assert_false(puzzle_is_solved(&b, nonce, BITS) && puzzle_is_solved(&a, others, BITS));
}

static void the_ends(void **state)
{
    (void)state;
    uint64_t nonce = UINT64_MAX;
    assert_true(puzzle_is_solved(&a, 77, 0)); // no bits: any
    assert_false(puzzle_solve(&a, &nonce, PUZZLE_BITS_MAX, 2));
    assert_int_equal(nonce, 1); // goes round
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_solution_is_found),
        cmocka_unit_test(slices_find_the_same),
        cmocka_unit_test(one_solution_serves_one_key),
        cmocka_unit_test(the_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
