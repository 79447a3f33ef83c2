// SPDX-License-Identifier: MIT
// Tests of refining: when trees are due, that they count where they help and only there.
#include "work/refine.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HELPERS 2u

// Who holds two copies or more is slower: by e^0.5.
static const uint8_t held_tree[] = {
    1,    0,    3, 0, 0, 0,                   // one tree of three nodes
    3,    0,    1, 0, 2, 0, 0, 0, 0xc0, 0x3f, // feature 3 < 1.5 ? 1 : 2
    0xff, 0xff, 0, 0, 0, 0, 0, 0, 0,    0,    // 0
    0xff, 0xff, 0, 0, 0, 0, 0, 0, 0,    0x3f, // 0.5
};

struct world {
    struct arena *arena;
    struct refine *r;
};

static void open(struct world *w)
{
    w->arena = arena_new(refine_bytes(HELPERS) + 65536);
    assert_non_null(w->arena);
    w->r = refine_new(w->arena, HELPERS);
    assert_non_null(w->r);
}

static struct refine_scene scene_of(uint32_t held)
{
    return (struct refine_scene){.class = 1, .held = held, .slots = 4, .size = 1};
}

static struct refine_row row_of(const struct world *w, uint32_t helper, uint32_t held)
{
    const struct refine_scene scene = scene_of(held);
    struct refine_row row;
    refine_look(w->r, helper, &scene, &row);
    return row;
}

static double factor(const struct world *w, uint32_t helper, uint32_t held)
{
    const struct refine_scene scene = scene_of(held);
    return refine_factor(w->r, helper, &scene);
}

static void tell(struct world *w, uint32_t helper, uint32_t held, double real_to_plain, int times)
{
    const struct refine_row row = row_of(w, helper, held);
    for (int i = 0; i < times; i++)
        refine_tell(w->r, &row, real_to_plain);
}

static void take(struct world *w)
{
    assert_int_equal(refine_take(w->r, bytes_of(held_tree, sizeof held_tree)), RC_OK);
}

static void they_are_due_after_some_answers(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    tell(&w, 0, 0, 1.5, 299);
    assert_false(refine_is_due(w.r));
    tell(&w, 0, 3, 2, 1);
    assert_true(refine_is_due(w.r));
    const struct refine_rows rows = refine_rows(w.r);
    assert_int_equal(rows.count, 300);
    assert_true(fabs((double)rows.real[0] - log(1.5)) < 1e-6);
    assert_true(fabs((double)rows.real[299] - log(2)) < 1e-6);
    assert_true(rows.at[299 * REFINE_FEATURES + 3] > 2.9F);
    take(&w);
    assert_false(refine_is_due(w.r));
    tell(&w, 0, 0, 1, 1000);
    assert_true(refine_is_due(w.r));
    tell(&w, 0, 0, 1, 4000);
    assert_int_equal(refine_rows(w.r).count, REFINE_ROWS);
    arena_free(w.arena);
}

static void they_count_once_they_have_proved_it(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    take(&w);
    assert_true(fabs(factor(&w, 0, 3) - 1) < 1e-9);
    tell(&w, 0, 3, exp(0.5), 30);
    assert_true(fabs(factor(&w, 0, 3) - exp(0.5)) < 1e-6);
    assert_true(fabs(factor(&w, 0, 0) - 1) < 1e-9);
    assert_true(fabs(factor(&w, 1, 3) - 1) < 1e-9); // not of the other one
    assert_true(refine_share_used(w.r) > 0.2);
    arena_free(w.arena);
}

// The world changes: they count no more, and others are due before their time.
static void they_stop_where_they_do_harm(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    tell(&w, 0, 3, 1, 1);
    take(&w);
    tell(&w, 0, 3, exp(0.5), 30);
    assert_true(factor(&w, 0, 3) > 1.6);
    tell(&w, 0, 3, exp(-0.2), 40);
    assert_true(fabs(factor(&w, 0, 3) - 1) < 1e-9);
    assert_false(refine_is_due(w.r));
    tell(&w, 0, 3, exp(-0.2), 140);
    assert_true(refine_is_due(w.r));
    arena_free(w.arena);
}

static void nonsense_says_nothing(void **state)
{
    (void)state;
    struct world w;
    open(&w);
    take(&w);
    tell(&w, 0, 3, exp(0.5), 30);
    assert_int_equal(refine_take(w.r, bytes_of(held_tree, 7)), RC_MALFORMED);
    tell(&w, 0, 3, exp(0.5), 30);
    assert_true(fabs(factor(&w, 0, 3) - 1) < 1e-9);
    tell(&w, 0, 3, 0, 1); // no such time, but no NaN either
    tell(&w, 0, 3, HUGE_VAL, 1);
    refine_forget(w.r, 0);
    refine_hour(w.r, 23.5);
    assert_true(row_of(&w, 0, 0).at[6] > 23.4F);
    arena_free(w.arena);
    struct arena *tiny = arena_new(1);
    assert_null(refine_new(tiny, 100000));
    arena_free(tiny);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_are_due_after_some_answers),
        cmocka_unit_test(they_count_once_they_have_proved_it),
        cmocka_unit_test(they_stop_where_they_do_harm),
        cmocka_unit_test(nonsense_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
