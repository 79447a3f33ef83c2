// SPDX-License-Identifier: MIT
// Tests of the roster: seats come and go, standings and places stay, and who fails rests.
#include "compute/roster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define SEATS_MAX     256u
#define STANDINGS_MAX (ROSTER_STANDINGS * SEATS_MAX)

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
    assert_int_equal(roster_init(&d->roster, d->arena, &d->budget, SEATS_MAX, 1), RC_OK);
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

static struct seat *sit_as(struct desk *d, uint32_t number, struct roster_guest guest)
{
    struct digest node = node_of(number);
    guest.conn = 100 + number;
    guest.standing = roster_standing(&d->roster, &node);
    assert_non_null(guest.standing);
    struct seat *seat = roster_sit(&d->roster, &guest);
    assert_non_null(seat);
    roster_check(&d->roster);
    return seat;
}

static struct seat *sit(struct desk *d, uint32_t number, const struct msg_hello *h, bool is_own)
{
    return sit_as(d, number, (struct roster_guest){.hello = h, .is_own = is_own});
}

static struct seat *sit_at(struct desk *d, uint32_t number, const struct msg_hello *h,
                           uint64_t now_us)
{
    return sit_as(d, number, (struct roster_guest){.hello = h, .now_us = now_us});
}

static void test_seats_come_and_go(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct msg_hello h = hello_of("ann", 1000000, 3);
    struct seat *a = sit(&d, 1, &h, false);
    struct seat *own = sit(&d, 2, &h, true);
    uint32_t trace = skill_of("trace", false);
    assert_int_equal(d.roster.seat_count, 1);
    assert_ptr_equal(d.roster.own, own);
    assert_int_equal(d.roster.slot_count, 3); // own does not count
    assert_int_equal(d.roster.ready_count, 1);
    assert_ptr_equal(roster_seat_of(d.roster.free[trace].next, trace), a);
    struct digest node = node_of(1);
    assert_ptr_equal(roster_by_node(&d.roster, &node), a);
    assert_int_equal(seat_free_slots(a), 3);
    a->standing->results = 7;
    roster_leave(&d.roster, a);
    assert_true(list_is_empty(&d.roster.free[trace]));
    assert_null(roster_by_node(&d.roster, &node));
    assert_int_equal(roster_standing(&d.roster, &node)->results, 7); // outlives the seat
    roster_leave(&d.roster, own);
    assert_null(d.roster.own);
    assert_int_equal(d.roster.seat_count, 0);
    roster_check(&d.roster);
    desk_close(&d);
}

// Who has been free for longest is the first that is looked at.
static void test_work_goes_round(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct msg_hello h = hello_of("x", 1000000, 2);
    struct seat *s[3];
    uint32_t trace = skill_of("trace", false);
    for (uint32_t i = 0; i < 3; i++)
        s[i] = sit(&d, i, &h, false);
    seat_take_slot(s[0]); // one of two: the others are next
    assert_ptr_equal(roster_seat_of(d.roster.free[trace].next, trace), s[1]);
    assert_ptr_equal(roster_seat_of(d.roster.free[trace].prev, trace), s[0]);
    seat_take_slot(s[0]);
    assert_ptr_equal(roster_seat_of(d.roster.free[trace].next, trace), s[1]);
    assert_int_equal(d.roster.ready_count, 2);
    seat_give_slot(s[0]);
    assert_ptr_equal(roster_seat_of(d.roster.free[trace].prev, trace), s[0]);
    assert_int_equal(d.roster.ready_count, 3);
    seat_give_slot(s[0]);
    roster_check(&d.roster);
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

static void test_skills(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct msg_hello both = hello_of("both", UINT64_MAX, 1);
    struct msg_hello none = hello_of("none", 1, 1);
    none.ability.speed_count = 1;
    struct seat *f = sit(&d, 1, &both, false);
    struct seat *n = sit(&d, 3, &none, false);
    assert_true(seat_can(f, skill_of("trace", false)) && seat_can(f, skill_of("trace", true)));
    assert_false(seat_can(n, skill_of("trace", false)));
    assert_false(seat_can(f, skill_of("echo", false)));
    desk_close(&d);
}

// Who comes back has the place that it had, as long as nobody else needs one.
static void test_places_are_kept(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, (size_t)64 << 20);
    struct msg_hello h = hello_of("ann", 1, 1);
    struct seat *a = sit(&d, 1, &h, false);
    struct seat *b = sit(&d, 2, &h, false);
    const uint32_t place = a->standing->place;
    assert_true(a->is_new && b->is_new && b->standing->place != place);
    assert_ptr_equal(roster_by_place(&d.roster, place), a);
    roster_leave(&d.roster, a);
    assert_null(roster_by_place(&d.roster, place));
    a = sit(&d, 1, &h, false);
    assert_true(!a->is_new && a->standing->place == place);
    roster_leave(&d.roster, a);
    for (uint32_t i = 3; i <= SEATS_MAX + 1; i++) // until all are somebody's
        roster_leave(&d.roster, sit(&d, i, &h, false));
    a = sit(&d, 1, &h, false);
    assert_false(a->is_new);
    roster_leave(&d.roster, a);
    struct seat *c = sit(&d, SEATS_MAX + 2, &h, false); // who was away for longest loses it
    assert_true(c->is_new && c->standing->place == 2);
    c->standing->record.is_barred = true;
    roster_changed(&d.roster, c->standing);
    roster_leave(&d.roster, c); // the barred need none
    c = sit(&d, SEATS_MAX + 3, &h, false);
    assert_true(c->is_new);
    assert_ptr_equal(roster_by_place(&d.roster, b->standing->place), b);
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
        struct roster_guest guest = {.conn = count, .hello = &h, .standing = s};
        if (s == NULL || roster_sit(&d.roster, &guest) == NULL)
            break;
        roster_check(&d.roster);
    }
    assert_true(count >= 1 && count <= 4);
    assert_int_equal(d.roster.seat_count, count);
    desk_close(&d); // seats and standings that are left are given back
    struct arena *tiny = arena_new(1000);
    struct roster r;
    assert_int_equal(roster_init(&r, tiny, &d.budget, SEATS_MAX, 1), RC_NOMEM);
    arena_free(tiny);
}

// A newcomer takes the place of who was not here for longest, never of one that is seated or
// barred.
static void test_standings_are_bounded(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, (size_t)64 << 20);
    struct msg_hello h = hello_of("ann", 1, 1);
    struct digest barred = node_of(0);
    struct digest was_here = node_of(2);
    struct standing *b = roster_standing(&d.roster, &barred);
    b->record.is_barred = true;
    roster_changed(&d.roster, b);
    struct seat *seated = sit(&d, 1, &h, false);
    struct seat *left = sit(&d, 2, &h, false);
    for (uint32_t i = 3; i < STANDINGS_MAX; i++) {
        struct digest node = node_of(i);
        assert_non_null(roster_standing(&d.roster, &node));
    }
    left->standing->results = 5;
    seated->standing->results = 6;
    roster_leave(&d.roster, left); // after all others: it is the last one to go
    size_t used = d.budget.used_bytes;
    for (uint32_t i = 0; i < STANDINGS_MAX - 3; i++) {
        struct digest node = node_of(STANDINGS_MAX + i);
        struct standing *s = roster_standing(&d.roster, &node);
        assert_non_null(s);
        roster_changed(&d.roster, s); // what is not yet told goes with it
    }
    assert_int_equal(d.budget.used_bytes, used);
    assert_int_equal(roster_standing(&d.roster, &was_here)->results, 5);
    struct digest one_more = node_of(3 * STANDINGS_MAX);
    assert_non_null(roster_standing(&d.roster, &one_more));
    assert_int_equal(roster_standing(&d.roster, &was_here)->results, 0); // now it is gone
    assert_true(roster_standing(&d.roster, &barred)->record.is_barred);
    assert_int_equal(seated->standing->results, 6);
    while (roster_next_changed(&d.roster) != NULL)
        continue;
    desk_close(&d);
}

static void test_nobody_may_be_forgotten(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, (size_t)64 << 20);
    for (uint32_t i = 0; i < STANDINGS_MAX; i++) {
        struct digest node = node_of(i);
        struct standing *s = roster_standing(&d.roster, &node);
        s->record.is_barred = true;
        roster_changed(&d.roster, s);
    }
    size_t used = d.budget.used_bytes;
    struct digest more = node_of(STANDINGS_MAX);
    struct digest known = node_of(5);
    assert_null(roster_standing(&d.roster, &more));
    assert_non_null(roster_standing(&d.roster, &known));
    assert_int_equal(d.budget.used_bytes, used);
    desk_close(&d);
}

static void test_changes_are_told_once(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct standing *s[3];
    for (uint32_t i = 0; i < 3; i++) {
        struct digest node = node_of(i);
        s[i] = roster_standing(&d.roster, &node);
    }
    assert_null(roster_next_changed(&d.roster));
    roster_changed(&d.roster, s[2]);
    roster_changed(&d.roster, s[0]);
    roster_changed(&d.roster, s[2]);
    assert_ptr_equal(roster_next_changed(&d.roster), s[2]);
    roster_changed(&d.roster, s[2]); // again, after it was told
    assert_ptr_equal(roster_next_changed(&d.roster), s[0]);
    assert_ptr_equal(roster_next_changed(&d.roster), s[2]);
    assert_null(roster_next_changed(&d.roster));
    desk_close(&d);
}

static void test_rest(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    struct msg_hello h = hello_of("ann", 1, 2);
    struct seat *s = sit(&d, 1, &h, false);
    struct seat *own = sit(&d, 2, &h, true);
    assert_true(roster_due_us(&d.roster) == UINT64_MAX);
    uint64_t now_us = 1000;
    uint64_t long_us = ROSTER_REST_US;
    for (uint32_t i = 0; i < ROSTER_MISSES_FREE; i++)
        seat_missed(s, now_us);
    assert_int_equal(d.roster.ready_count, 1);
    for (int i = 0; i < 30; i++) {
        seat_missed(s, now_us);
        roster_check(&d.roster);
        assert_true(roster_due_us(&d.roster) == now_us + long_us);
        assert_int_equal(d.roster.ready_count, 0);
        assert_null(roster_wake(&d.roster, now_us + long_us - 1));
        assert_int_equal(d.roster.ready_count, 0);
        assert_ptr_equal(roster_wake(&d.roster, now_us += long_us), s);
        assert_null(roster_wake(&d.roster, now_us));
        roster_check(&d.roster);
        assert_int_equal(d.roster.ready_count, 1);
        long_us = num_min(2 * long_us, ROSTER_REST_US_MAX); // each time twice as long, to a bound
    }
    for (int i = 0; i < 10; i++)
        seat_missed(own, now_us); // nobody else could do its work
    assert_true(roster_due_us(&d.roster) == UINT64_MAX);
    roster_check(&d.roster);
    desk_close(&d);
}

// ---- Any order, against plain tables

#define NODES 12u

struct twin {
    struct seat *seat[NODES];
    uint32_t slots[NODES], busy[NODES];
    bool has_trace[NODES];
    uint32_t misses[NODES];
    uint64_t rest_us[NODES], now_us;
    uint32_t since[NODES]; // when it became free, or was given something; 0: never
    uint32_t turn;
};

static bool twin_rests(const struct twin *w, uint32_t i)
{
    return w->rest_us[i] > w->now_us;
}

static bool twin_is_free(const struct twin *w, uint32_t i)
{
    return w->seat[i] != NULL && w->busy[i] < w->slots[i] && !twin_rests(w, i);
}

static void check_against(const struct desk *d, const struct twin *w)
{
    uint32_t trace = skill_of("trace", false);
    uint32_t free_count = 0;
    uint32_t ready = 0;
    roster_check(&d->roster);
    for (uint32_t i = 0; i < NODES; i++) {
        ready += twin_is_free(w, i);
        free_count += twin_is_free(w, i) && w->has_trace[i];
    }
    assert_int_equal(d->roster.ready_count, ready);
    uint32_t last = 0;
    LIST_FOR (it, &d->roster.free[trace]) {
        uint32_t i = (uint32_t)(roster_seat_of(it, trace)->conn - 100);
        assert_true(twin_is_free(w, i) && w->has_trace[i] && w->since[i] > last);
        last = w->since[i];
        free_count--;
    }
    assert_int_equal(free_count, 0);
}

static void twin_sit(struct desk *d, struct rng *r, struct twin *w, uint32_t i)
{
    struct msg_hello h = hello_of("x", 1000, 1 + (uint32_t)rng_below(r, 3));
    w->has_trace[i] = rng_below(r, 3) > 0;
    if (!w->has_trace[i])
        h.ability.speed_count = 1;
    w->slots[i] = h.ability.slots;
    w->busy[i] = 0;
    w->seat[i] = sit_at(d, i, &h, w->now_us);
    w->since[i] = ++w->turn;
}

static void twin_leave(struct desk *d, struct rng *r, struct twin *w, uint32_t i)
{
    while (w->busy[i] > 0) {
        seat_give_slot(w->seat[i]);
        w->busy[i]--;
    }
    struct standing *s = w->seat[i]->standing;
    if (rng_below(r, 20) == 0) {
        s->record.is_barred = true;
        roster_changed(&d->roster, s);
    }
    roster_leave(&d->roster, w->seat[i]);
    w->seat[i] = NULL;
    assert_true(list_is_empty(&s->idle) == s->record.is_barred);
}

// Who has rested longest of those whose rest ended after then; NODES: nobody.
static uint32_t next_awake(const struct twin *w, uint64_t then_us)
{
    uint32_t next = NODES;
    for (uint32_t i = 0; i < NODES; i++)
        if (w->rest_us[i] > then_us && !twin_rests(w, i) &&
            (next == NODES || w->rest_us[i] < w->rest_us[next]))
            next = i;
    return next;
}

static void twin_wait(struct desk *d, struct twin *w, uint64_t until_us)
{
    uint64_t then_us = w->now_us;
    w->now_us = until_us;
    while (roster_wake(&d->roster, until_us) != NULL)
        continue;
    for (uint32_t i; (i = next_awake(w, then_us)) < NODES; then_us = w->rest_us[i])
        w->since[i] = ++w->turn;
}

static void twin_miss(struct desk *d, struct twin *w, uint32_t i)
{
    twin_wait(d, w, w->now_us + 1); // no two rests end at once
    seat_missed(w->seat[i], w->now_us);
    if (++w->misses[i] <= ROSTER_MISSES_FREE)
        return;
    uint64_t long_us = ROSTER_REST_US;
    for (uint32_t k = ROSTER_MISSES_FREE + 1; k < w->misses[i]; k++)
        long_us = num_min(2 * long_us, ROSTER_REST_US_MAX);
    w->rest_us[i] = w->now_us + long_us;
}

static void wait_some(struct desk *d, struct rng *r, struct twin *w)
{
    uint64_t due_us = roster_due_us(&d->roster);
    bool is_exact = rng_below(r, 2) == 0 && due_us != UINT64_MAX;
    twin_wait(d, w, is_exact ? due_us : w->now_us + rng_below(r, 200000));
}

static void one_step(struct desk *d, struct rng *r, struct twin *w)
{
    uint32_t i = (uint32_t)rng_below(r, NODES);
    uint64_t what = rng_below(r, 9);
    if (rng_below(r, 10) == 0) {
        wait_some(d, r, w);
    } else if (w->seat[i] == NULL) {
        twin_sit(d, r, w, i);
    } else if (what == 0) {
        twin_leave(d, r, w, i);
    } else if (what == 8 && rng_below(r, 4) == 0) {
        twin_miss(d, w, i);
    } else if (what == 7) { // a right result
        w->seat[i]->standing->misses = w->misses[i] = 0;
    } else if (what < 5 && w->busy[i] < w->slots[i]) {
        seat_take_slot(w->seat[i]);
        w->busy[i]++;
        if (twin_is_free(w, i)) // behind the others now
            w->since[i] = ++w->turn;
    } else if (w->busy[i] > 0) {
        if (w->busy[i] == w->slots[i])
            w->since[i] = ++w->turn;
        seat_give_slot(w->seat[i]);
        w->busy[i]--;
    }
}

static void test_any_order(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct desk d;
    desk_open(&d, 1 << 20);
    struct twin w = {.turn = 0};
    for (int i = 0; i < 20000; i++) {
        one_step(&d, &r, &w);
        check_against(&d, &w);
    }
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seats_come_and_go),
        cmocka_unit_test(test_work_goes_round),
        cmocka_unit_test(test_names_for_people),
        cmocka_unit_test(test_skills),
        cmocka_unit_test(test_places_are_kept),
        cmocka_unit_test(test_budget_runs_out),
        cmocka_unit_test(test_standings_are_bounded),
        cmocka_unit_test(test_nobody_may_be_forgotten),
        cmocka_unit_test(test_changes_are_told_once),
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
