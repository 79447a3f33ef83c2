// SPDX-License-Identifier: MIT
// Tests of policies: what each of them looks at.
#include "work/policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/seed_test.h"

static struct offer offer_of(double answer_us, double meets)
{
    return (struct offer){.slots = 2,
                          .ping_us = 20000,
                          .claim = 0.9,
                          .forecast = {.chance = 0.9},
                          .answer_us = answer_us,
                          .meets = meets};
}

static size_t chosen(const struct policy *p, const struct offer *o, size_t count, uint64_t turn)
{
    static struct rng r = {{1, 2, 3, 4}};
    return p->choose(o, count, &(struct policy_task){.turn = turn, .within_us = 50000}, &r);
}

static void nobody_to_choose_from(void **state)
{
    (void)state;
    for (size_t i = 0; policy_at(i) != NULL; i++)
        assert_true(chosen(policy_at(i), NULL, 0, 3) == POLICY_NONE);
}

static void names(void **state)
{
    (void)state;
    size_t i = 0;
    for (; policy_at(i) != NULL; i++)
        assert_ptr_equal(policy_find(policy_at(i)->name), policy_at(i));
    assert_int_equal(i, 6);
    assert_null(policy_find("best"));
}

static void each_in_turn(void **state)
{
    (void)state;
    const struct offer o[] = {offer_of(1, 1), offer_of(1, 1), offer_of(1, 1)};
    for (uint64_t turn = 0; turn < 9; turn++)
        assert_int_equal(chosen(&policy_round_robin, o, 3, turn), turn % 3);
    uint32_t seen = 0;
    for (uint64_t turn = 0; turn < 100; turn++)
        seen |= 1u << chosen(&policy_random, o, 3, turn);
    assert_int_equal(seen, 7);
}

static void the_least_loaded(void **state)
{
    (void)state;
    struct offer o[] = {offer_of(1, 1), offer_of(900000, 0), offer_of(1, 1)};
    o[0].held = 2;
    o[1].held = 1;
    o[2].held = 2;
    assert_int_equal(chosen(&policy_least_loaded, o, ARRAY_COUNT(o), 0), 1);
    o[2].slots = 8;
    assert_int_equal(chosen(&policy_least_loaded, o, ARRAY_COUNT(o), 0), 2);
}

static void the_seeds_rule(void **state)
{
    (void)state;
    struct offer o[] = {offer_of(1, 1), offer_of(1, 1)};
    o[1].ping_us = 15000;
    assert_int_equal(chosen(&policy_seed_rule, o, ARRAY_COUNT(o), 0), 1);
    o[1].held = 1; // 15 ms
    assert_int_equal(chosen(&policy_seed_rule, o, ARRAY_COUNT(o), 0), 0);
    o[0].wrong = 10; // 25 ms
    assert_int_equal(chosen(&policy_seed_rule, o, ARRAY_COUNT(o), 0), 1);
}

static void in_time_rather_than_early(void **state)
{
    (void)state;
    struct offer o[] = {offer_of(20000, 0.5), offer_of(30000, 0.9), offer_of(29000, 0.9)};
    assert_int_equal(chosen(&policy_ewma, o, ARRAY_COUNT(o), 0), 2);
    assert_int_equal(chosen(&policy_shoal, o, ARRAY_COUNT(o), 0), 2);
    o[2].price = 0.2; // somebody else needs it
    assert_int_equal(chosen(&policy_ewma, o, ARRAY_COUNT(o), 0), 2);
    assert_int_equal(chosen(&policy_shoal, o, ARRAY_COUNT(o), 0), 1);
}

static void the_last_copy_goes_to_the_surest(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct offer o[] = {offer_of(20000, 0.6), offer_of(60000, 0.1)};
    struct policy_task task = {.within_us = 50000};
    o[0].forecast.chance = 0.6;
    o[1].forecast.chance = 0.99;
    assert_int_equal(policy_shoal.choose(o, 2, &task, &r), 0);
    task.is_last = true;
    assert_int_equal(policy_shoal.choose(o, 2, &task, &r), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_to_choose_from),
        cmocka_unit_test(names),
        cmocka_unit_test(each_in_turn),
        cmocka_unit_test(the_least_loaded),
        cmocka_unit_test(the_seeds_rule),
        cmocka_unit_test(in_time_rather_than_early),
        cmocka_unit_test(the_last_copy_goes_to_the_surest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
