// SPDX-License-Identifier: MIT
// Tests of lanes: the wait they tell is the one that a helper with so many slots would have.
#include "work/lane.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define ITEMS 40u

static struct lane_item item(double arrive_us, double work_us)
{
    struct lane_item i = {.arrive_us = arrive_us, .work_us = work_us};
    return i;
}

static void put(struct lane *l, struct lane_item *i)
{
    list_init(&i->node);
    lane_put(l, i);
}

static bool is_near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

static void an_idle_helper_begins_at_once(void **state)
{
    (void)state;
    struct lane l;
    lane_init(&l, 2);
    assert_true(is_near(lane_wait_us(&l, 1000), 0));
}

static void slots_work_side_by_side(void **state)
{
    (void)state;
    struct lane l;
    struct lane_item a = item(1000, 500);
    struct lane_item b = item(1000, 900);
    struct lane_item c = item(1100, 300);
    lane_init(&l, 2);
    put(&l, &a);
    assert_true(is_near(lane_wait_us(&l, 1000), 0)); // the other slot
    put(&l, &b);
    assert_true(is_near(lane_wait_us(&l, 1000), 500));
    assert_true(is_near(lane_wait_us(&l, 1400), 100));
    put(&l, &c); // from 1500 to 1800, behind a
    assert_true(is_near(lane_wait_us(&l, 1000), 800));
    assert_int_equal(l.count, 3);
}

static void what_ended_makes_room(void **state)
{
    (void)state;
    struct lane l;
    struct lane_item a = item(1000, 5000);
    struct lane_item b = item(1000, 400);
    lane_init(&l, 1);
    put(&l, &a);
    put(&l, &b);
    lane_del(&l, &a, 2000); // long before it was expected: b began then
    assert_true(is_near(lane_wait_us(&l, 2100), 300));
    lane_del(&l, &a, 2000); // harmless
    lane_del(&l, &b, 2100);
    assert_true(is_near(lane_wait_us(&l, 2000), 0));
    assert_int_equal(l.count, 0);
}

static void one_of_several_ends(void **state)
{
    (void)state;
    struct lane l;
    struct lane_item a = item(0, 1000);
    struct lane_item b = item(0, 5000);
    struct lane_item c = item(0, 1000);
    struct lane_item d = item(0, 1000);
    lane_init(&l, 2);
    put(&l, &a);
    put(&l, &b);
    put(&l, &c);
    put(&l, &d);
    assert_true(is_near(lane_wait_us(&l, 0), 3000));
    lane_del(&l, &a, 1500); // later than expected: c works from 1500 to 2500, d then
    assert_true(is_near(lane_wait_us(&l, 1600), 1900));
    lane_del(&l, &d, 1600); // it had not begun
    assert_true(is_near(lane_wait_us(&l, 1600), 900));
    lane_del(&l, &b, 2000);
    assert_true(is_near(lane_wait_us(&l, 2000), 0));
}

static void what_is_overdue_still_holds_its_slot(void **state)
{
    (void)state;
    struct lane l;
    struct lane_item a = item(0, 1000);
    struct lane_item b = item(0, 1000);
    lane_init(&l, 1);
    put(&l, &a);
    assert_true(lane_wait_us(&l, 50000) > 0);
    put(&l, &b);
    assert_true(lane_wait_us(&l, 50000) > 0);
    lane_del(&l, &a, 50000);
    assert_true(is_near(lane_wait_us(&l, 50000), 1000));
}

// The same, slot by slot and item by item, from the beginning.
static double wait_by_hand(const struct lane_item *items, size_t count, uint32_t slots,
                           double arrive_us)
{
    double free_us[LANE_SLOTS_MAX] = {0};
    for (size_t i = 0; i <= count; i++) {
        uint32_t first = 0;
        for (uint32_t s = 1; s < slots; s++)
            first = free_us[s] < free_us[first] ? s : first;
        if (i == count)
            return fmax(0, free_us[first] - arrive_us);
        free_us[first] = fmax(free_us[first], items[i].arrive_us) + items[i].work_us;
    }
    return 0;
}

static void as_by_hand(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (int round = 0; round < 200; round++) {
        struct lane l;
        struct lane_item items[ITEMS];
        const uint32_t slots = 1 + (uint32_t)rng_below(&r, LANE_SLOTS_MAX);
        const double at_us = 0;
        lane_init(&l, slots);
        for (size_t i = 0; i < ITEMS; i++) {
            items[i] = item(0, 1 + (double)rng_below(&r, 2000)); // all at once: none is overdue
            assert_true(is_near(lane_wait_us(&l, at_us), wait_by_hand(items, i, slots, at_us)));
            put(&l, &items[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_idle_helper_begins_at_once),
        cmocka_unit_test(slots_work_side_by_side),
        cmocka_unit_test(what_ended_makes_room),
        cmocka_unit_test(one_of_several_ends),
        cmocka_unit_test(what_is_overdue_still_holds_its_slot),
        cmocka_unit_test(as_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
