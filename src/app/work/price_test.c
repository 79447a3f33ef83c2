// SPDX-License-Identifier: MIT
// Tests of prices: what is scarce is dear, to others, for as long as it is held.
#include "work/price.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"

#define HELPERS 3u
#define TYPES   2u

enum { TIGHT, ANYWHERE };

struct world {
    struct arena *arena;
    struct price *price;
    uint64_t now_us;
};

static struct world open(void)
{
    struct world w = {.arena = arena_new(price_bytes(HELPERS) + (1u << 16)), .now_us = 5000};
    assert_non_null(w.arena);
    w.price = price_new(w.arena, HELPERS, TYPES);
    assert_non_null(w.price);
    return w;
}

// Helper 0 alone is near enough for the tight ones.
static void think(struct world *w)
{
    const double tight[HELPERS] = {0.9, 0.1, PRICE_USELESS};
    const double anywhere[HELPERS] = {0.8, 0.8, 0.7};
    price_think(w->price, TIGHT, tight, HELPERS);
    price_think(w->price, ANYWHERE, anywhere, HELPERS);
}

static void what_is_scarce_is_dear(void **state)
{
    (void)state;
    struct world w = open();
    for (int i = 0; i < 1000; i++) {
        w.now_us += 5000;
        price_came(w.price, i % 2 == 0 ? TIGHT : ANYWHERE, w.now_us);
    }
    think(&w);
    const double dear = price_of(w.price, 0, ANYWHERE, 10000);
    assert_true(dear > 4 * price_of(w.price, 1, ANYWHERE, 10000));
    assert_true(price_of(w.price, 1, ANYWHERE, 10000) >= 0);
    // One comes every 10 ms, and would lose 0.8: so much for 10 ms, twice for 20.
    assert_true(fabs(dear - 0.8) < 0.1);
    assert_true(fabs(price_of(w.price, 0, ANYWHERE, 20000) - 2 * dear) < 0.01);
    arena_free(w.arena);
}

// Slots that are held for no time at all are in the way of those that come at the same time.
static void what_comes_together_competes(void **state)
{
    (void)state;
    struct world w = open();
    for (int i = 0; i < 500; i++) {
        w.now_us += 33000;
        price_came(w.price, ANYWHERE, w.now_us);
        price_came(w.price, TIGHT, w.now_us);
    }
    think(&w);
    assert_true(fabs(price_of(w.price, 0, ANYWHERE, 0) - 0.8) < 0.05);
    assert_true(price_of(w.price, 0, TIGHT, 0) < 0.05); // it comes last
    arena_free(w.arena);
}

static void who_is_seldom_reached_is_cheap(void **state)
{
    (void)state;
    struct world w = open();
    for (int i = 0; i < 1000; i++) {
        w.now_us += 5000;
        price_came(w.price, TIGHT, w.now_us);
        price_saw(w.price, 0, TIGHT, false);
    }
    think(&w);
    const double idle = price_of(w.price, 1, ANYWHERE, 10000);
    for (int i = 0; i < 1000; i++)
        price_saw(w.price, 0, TIGHT, true); // the better one is always busy
    think(&w);
    assert_true(price_of(w.price, 1, ANYWHERE, 10000) > 10 * fmax(idle, 0.01));
    arena_free(w.arena);
}

// Of many helpers, none of them ever busy, only the best one is in anybody's way.
static void the_best_of_many(void **state)
{
    (void)state;
    enum { MANY = 5000 };
    static double worth[MANY];
    struct arena *arena = arena_new(price_bytes(MANY) + 65536);
    struct price *p = price_new(arena, MANY, TYPES);
    for (uint32_t i = 0; i < MANY; i++)
        worth[i] = (double)(i * 2654435761u % MANY) / MANY;
    for (uint64_t i = 1; i < 500; i++)
        price_came(p, TIGHT, i * 5000);
    price_think(p, TIGHT, worth, MANY);
    uint32_t dear = 0;
    for (uint32_t i = 0; i < MANY; i++) {
        const double price = price_of(p, i, ANYWHERE, 1e7);
        assert_true(price >= 0);
        dear += price > 0;
        assert_true(price <= 0 || worth[i] > 0.99);
    }
    assert_int_equal(dear, 1);
    arena_free(arena);
}

static void nobody_here(void **state)
{
    (void)state;
    struct world w = open();
    const double worth[HELPERS] = {PRICE_USELESS, PRICE_USELESS, PRICE_USELESS};
    price_came(w.price, TIGHT, w.now_us);
    price_came(w.price, TIGHT, 0); // a clock that runs backwards
    price_think(w.price, TIGHT, worth, HELPERS);
    for (uint32_t i = 0; i < HELPERS; i++)
        assert_true(price_of(w.price, i, ANYWHERE, 1e6) <= 0);
    arena_free(w.arena);
    struct arena *small = arena_new(64);
    assert_null(price_new(small, HELPERS, TYPES));
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_scarce_is_dear),
        cmocka_unit_test(what_comes_together_competes),
        cmocka_unit_test(who_is_seldom_reached_is_cheap),
        cmocka_unit_test(the_best_of_many),
        cmocka_unit_test(nobody_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
