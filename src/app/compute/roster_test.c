// SPDX-License-Identifier: MIT
// Tests of the roster: seats come and go, standings stay, speeds are learned within bounds.
#include "compute/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"

struct desk {
    struct arena *arena;
    struct budget budget;
    struct roster roster;
};

static void desk_open(struct desk *d, size_t limit_bytes)
{
    *d = (struct desk){.budget = {.limit_bytes = limit_bytes}};
    d->arena = arena_new((size_t)16 << 20);
    assert_non_null(d->arena);
    assert_int_equal(roster_init(&d->roster, d->arena, &d->budget, 1), RC_OK);
}

static void desk_close(struct desk *d)
{
    roster_reset(&d->roster);
    assert_int_equal(d->budget.used_bytes, 0);
    arena_free(d->arena);
}

static struct digest node_of(uint32_t number)
{
    struct digest d = {{0}};
    memcpy(d.b, &number, sizeof number);
    return d;
}

static struct msg_hello hello_of(const char *name, uint64_t units_s, uint32_t slots)
{
    struct msg_hello h = {.ability = {.slots = slots, .speed_count = 2}};
    bytes_to_text(bytes_text(name), h.name, sizeof h.name);
    h.ability.speed[0] = (struct msg_speed){"other", 5};
    h.ability.speed[1] = (struct msg_speed){"trace", units_s};
    return h;
}

static struct seat *sit(struct desk *d, uint32_t number, const struct msg_hello *h, bool is_own)
{
    struct digest node = node_of(number);
    struct standing *s = roster_standing(&d->roster, &node);
    assert_non_null(s);
    struct seat *seat = roster_sit(&d->roster, 100 + number, h, s, is_own);
    assert_non_null(seat);
    return seat;
}

static void test_seats_come_and_go(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct msg_hello h = hello_of("ann", 1000000, 3);
    struct seat *a = sit(&d, 1, &h, false);
    struct seat *own = sit(&d, 2, &h, true);
    assert_int_equal(d.roster.seat_count, 1);
    assert_ptr_equal(d.roster.own, own);
    assert_int_equal(roster_slots(&d.roster), 3); // own does not count
    struct digest node = node_of(1);
    assert_ptr_equal(roster_by_node(&d.roster, &node), a);
    assert_int_equal(seat_free_slots(a), 3);
    a->busy = 4; // as if slots had shrunk
    assert_int_equal(seat_free_slots(a), 0);
    a->standing->results = 7;
    roster_leave(&d.roster, a);
    assert_null(roster_by_node(&d.roster, &node));
    assert_int_equal(roster_standing(&d.roster, &node)->results, 7); // outlives the seat
    roster_leave(&d.roster, own);
    assert_null(d.roster.own);
    assert_int_equal(d.roster.seat_count, 0);
    desk_close(&d);
}

static void test_names_for_people(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct msg_hello h = hello_of("", 1, 1);
    assert_string_equal(sit(&d, 1, &h, false)->name, "helper-010000");
    h = hello_of("a\x1b[31m\xc3\xa4", 1, 1);
    assert_string_equal(sit(&d, 2, &h, false)->name, "a?[31m??"); // safe on a terminal
    desk_close(&d);
}

static void test_speed_is_learned(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct msg_hello h = hello_of("ann", 500000, 1);
    struct seat *s = sit(&d, 1, &h, false);
    assert_true(s->us_per_unit > 1.999 && s->us_per_unit < 2.001);
    for (int i = 0; i < 50; i++)
        seat_learn(s, 1000, 8000);
    assert_true(s->us_per_unit > 7.99 && s->us_per_unit < 8.01);
    double before = s->us_per_unit;
    seat_learn(s, 0, 8000);
    seat_learn(s, -1, 8000);
    seat_learn(s, 1000, 0);
    assert_true(s->us_per_unit >= before && s->us_per_unit <= before); // says nothing
    desk_close(&d);
}

static void test_boasts_are_bounded(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct msg_hello fast = hello_of("fast", UINT64_MAX, 1);
    struct msg_hello slow = hello_of("slow", 1, 1);
    struct msg_hello none = hello_of("none", 1, 1);
    none.ability.speed_count = 1;
    struct seat *f = sit(&d, 1, &fast, false);
    struct seat *s = sit(&d, 2, &slow, false);
    struct seat *n = sit(&d, 3, &none, false);
    assert_true(f->us_per_unit > 0 && f->us_per_unit < 1e-5);
    assert_true(s->us_per_unit <= 1000);
    assert_true(seat_can(f, "trace") && seat_can(f, "other"));
    assert_false(seat_can(n, "trace"));
    assert_false(seat_can(f, "trac"));
    for (int i = 0; i < 2000; i++)
        seat_learn(f, 1e18, 1);
    assert_true(f->us_per_unit > 0);
    desk_close(&d);
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 4 * sizeof(struct seat));
    struct msg_hello h = hello_of("ann", 1, 1);
    uint32_t count = 0;
    for (; count < 100; count++) {
        struct digest node = node_of(count);
        struct standing *s = roster_standing(&d.roster, &node);
        if (s == NULL || roster_sit(&d.roster, count, &h, s, false) == NULL)
            break;
    }
    assert_true(count >= 1 && count <= 4);
    assert_int_equal(d.roster.seat_count, count);
    desk_close(&d); // seats and standings that are left are given back
    struct arena *tiny = arena_new(1000);
    struct roster r;
    assert_int_equal(roster_init(&r, tiny, &d.budget, 1), RC_NOMEM);
    arena_free(tiny);
}

static void test_standings_are_bounded(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, (size_t)64 << 20);
    for (uint32_t i = 0; i < ROSTER_STANDINGS_MAX; i++) {
        struct digest node = node_of(i);
        assert_non_null(roster_standing(&d.roster, &node));
    }
    size_t used = d.budget.used_bytes;
    struct digest more = node_of(ROSTER_STANDINGS_MAX);
    struct digest known = node_of(5);
    assert_null(roster_standing(&d.roster, &more));
    assert_non_null(roster_standing(&d.roster, &known));
    assert_int_equal(d.budget.used_bytes, used);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seats_come_and_go), cmocka_unit_test(test_names_for_people),
        cmocka_unit_test(test_speed_is_learned),  cmocka_unit_test(test_boasts_are_bounded),
        cmocka_unit_test(test_budget_runs_out),   cmocka_unit_test(test_standings_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
