// SPDX-License-Identifier: MIT
// Who gets a slot: givers, the lucky, newcomers, and what is left for the isolated.
#include "trust/slots.h"

#include "trust/people_test.h"

#define MANY 3000u

static void givers_have_four_of_five(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    for (uint32_t i = 0; i < 100; i++) {
        struct slots_want w[20] = {{.gave = 0}};
        for (size_t k = 0; k < 8; k++)
            w[k].gave = 1 + (double)k;
        assert_int_equal(slots_choose(w, 20, 10, &rng), 10);
        for (size_t k = 0; k < 8; k++)
            assert_true(w[k].has_slot);
    }
}

static void who_gave_most_comes_first(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    struct slots_want w[10] = {{.gave = 0}};
    for (size_t k = 0; k < 10; k++)
        w[k].gave = 1 + (double)(k * 7 % 10);
    assert_int_equal(slots_choose(w, 10, 5, &rng), 5);
    size_t best = 0;
    for (size_t k = 0; k < 10; k++)
        best += w[k].has_slot && w[k].gave > 6; // the four greatest: 7, 8, 9, 10
    assert_in_range(best, 4, 5);
}

// One slot of five by lot, half of these among the few newcomers.
static void newcomers_have_a_tenth(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    uint32_t new_slots = 0;
    uint32_t slots = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        struct slots_want w[100] = {{.gave = 0}};
        for (size_t k = 0; k < 80; k++)
            w[k].gave = 1;
        w[99].is_new = true;
        slots += (uint32_t)slots_choose(w, 100, 5, &rng);
        new_slots += w[99].has_slot;
    }
    assert_int_equal(slots, MANY * 5);
    assert_in_range(new_slots, slots * 9 / 100, slots * 12 / 100);
}

static void the_isolated_have_what_is_free(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    struct slots_want w[4] = {{.gave = 9, .is_isolated = true},
                              {.is_isolated = true, .served_bytes = SLOTS_FREE_BYTES},
                              {.gave = 0},
                              {.gave = 0}};
    assert_int_equal(slots_choose(w, 4, 2, &rng), 2);
    assert_true(w[2].has_slot && w[3].has_slot);
    assert_int_equal(slots_choose(w, 4, 4, &rng), 3);
    assert_true(w[0].has_slot && !w[1].has_slot);
}

static void nothing_to_give(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(1);
    struct slots_want w[2] = {{.gave = 1, .has_slot = true}, {.gave = 0}};
    assert_int_equal(slots_choose(w, 2, 0, &rng), 0);
    assert_false(w[0].has_slot);
    assert_int_equal(slots_choose(w, 0, 5, &rng), 0);
    assert_int_equal(slots_choose(w, 2, 1, &rng), 1);
    assert_int_equal(slots_choose(w, 2, SIZE_MAX, &rng), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(givers_have_four_of_five),
        cmocka_unit_test(who_gave_most_comes_first),
        cmocka_unit_test(newcomers_have_a_tenth),
        cmocka_unit_test(the_isolated_have_what_is_free),
        cmocka_unit_test(nothing_to_give),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
