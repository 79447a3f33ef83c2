// SPDX-License-Identifier: MIT
// Tests of virtual time: order, cancelling, repeatability.
#include "sim/world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sim/entropy.h"

struct diary {
    struct world *world;
    uint64_t tag[64];
    uint64_t when_us[64];
    size_t count;
};

static void write_down(void *self, uint64_t tag)
{
    struct diary *d = self;
    assert_true(d->count < 64);
    d->when_us[d->count] = world_now_us(d->world);
    d->tag[d->count++] = tag;
}

static void test_order(void **state)
{
    (void)state;
    struct diary d = {.world = world_new(1)};
    struct world *w = d.world;
    uint64_t t = world_now_us(w);
    assert_int_equal(t, WORLD_START_US);
    assert_false(world_step(w));
    assert_int_equal(world_next_us(w), UINT64_MAX);
    (void)world_at(w, t + 30, write_down, &d, 3);
    (void)world_at(w, t + 10, write_down, &d, 1);
    (void)world_at(w, t + 30, write_down, &d, 4); // the same instant: as asked for
    (void)world_at(w, t + 20, write_down, &d, 2);
    (void)world_at(w, t + 30, write_down, &d, 5);
    (void)world_at(w, 0, write_down, &d, 0); // past: now
    assert_int_equal(world_next_us(w), t);
    assert_int_equal(world_run_until(w, t + 20), 3); // inclusive
    assert_int_equal(world_now_us(w), t + 20);
    assert_int_equal(world_run_until(w, t + 29), 0);
    assert_int_equal(world_now_us(w), t + 29);
    assert_int_equal(world_run_until(w, t + 1000), 3);
    assert_int_equal(world_now_us(w), t + 1000);
    assert_int_equal(world_run_until(w, t), 0); // time does not go back
    assert_int_equal(world_now_us(w), t + 1000);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(d.tag[i], i);
        assert_int_equal(d.when_us[i], t + (i > 3 ? 30 : i * 10));
    }
    world_free(w);
    world_free(NULL);
}

static void test_cancel(void **state)
{
    (void)state;
    struct diary d = {.world = world_new(1)};
    struct world *w = d.world;
    uint64_t a = world_at(w, WORLD_START_US + 1, write_down, &d, 1);
    uint64_t b = world_at(w, WORLD_START_US + 2, write_down, &d, 2);
    assert_true(a != 0 && b != 0 && a != b);
    assert_true(world_cancel(w, a));
    assert_false(world_cancel(w, a));
    assert_false(world_cancel(w, 0));
    assert_false(world_cancel(w, UINT64_MAX));
    uint64_t c = world_at(w, WORLD_START_US + 3, write_down, &d, 3); // uses a's place again
    assert_false(world_cancel(w, a));
    assert_int_equal(world_run_until(w, WORLD_START_US + 10), 2);
    assert_int_equal(d.tag[0], 2);
    assert_int_equal(d.tag[1], 3);
    assert_false(world_cancel(w, b));
    assert_false(world_cancel(w, c));
    world_free(w);
}

struct walker { // plans its own next steps, as machines do
    struct world *world;
    struct rng rng;
    uint64_t steps;
};

static void walk(void *self, uint64_t tag)
{
    struct walker *x = self;
    if (x->steps == 0)
        return;
    x->steps--;
    uint64_t wait_us = rng_below(&x->rng, 4);
    uint64_t event = world_at(x->world, world_now_us(x->world) + wait_us, walk, x, tag + 1);
    if (rng_below(&x->rng, 3) == 0 && world_cancel(x->world, event))
        (void)world_at(x->world, world_now_us(x->world) + 1, walk, x, tag + 2);
}

static uint64_t hash_of_walks(uint64_t seed)
{
    struct world *w = world_new(seed);
    struct walker walker[20];
    for (uint64_t i = 0; i < 20; i++) {
        walker[i] = (struct walker){w, world_rng(w, i % 2 ? "odd" : "even"), 500};
        walker[i].rng.s[0] += i;
        (void)world_at(w, WORLD_START_US + i, walk, &walker[i], i * 1000);
    }
    assert_true(world_run_until(w, UINT64_MAX) == 20 * 501);
    uint64_t hash = world_hash(w);
    world_free(w);
    return hash;
}

static void test_same_seed_same_trace(void **state)
{
    (void)state;
    assert_true(hash_of_walks(1) == hash_of_walks(1));
    assert_true(hash_of_walks(1) != hash_of_walks(2));
}

static void count_up(void *self, uint64_t tag)
{
    (void)tag;
    (*(uint64_t *)self)++;
}

static void test_many_events(void **state)
{
    (void)state;
    struct world *w = world_new(9);
    uint64_t ran = 0;
    struct rng rng = world_rng(w, "many");
    for (uint32_t i = 0; i < WORLD_EVENTS_MAX; i++) // the bound itself still fits
        (void)world_at(w, WORLD_START_US + rng_below(&rng, 1000000), count_up, &ran, i);
    assert_int_equal(world_run_until(w, WORLD_START_US + 1000000), WORLD_EVENTS_MAX);
    assert_int_equal(ran, WORLD_EVENTS_MAX);
    world_free(w);
}

static void test_streams_are_apart(void **state)
{
    (void)state;
    struct world *w = world_new(4);
    struct rng a = world_rng(w, "a");
    struct rng same = world_rng(w, "a");
    struct rng b = world_rng(w, "b");
    uint64_t first = rng_u64(&a);
    assert_true(first == rng_u64(&same));
    assert_true(first != rng_u64(&b));
    struct sim_entropy x = sim_entropy_of(w, "a");
    struct sim_entropy y = sim_entropy_of(w, "a");
    struct sim_entropy z = sim_entropy_of(w, "b");
    uint8_t bytes[3][33];
    struct sim_entropy *of[3] = {&x, &y, &z};
    for (size_t i = 0; i < 3; i++) {
        struct entropy e = sim_entropy_host(of[i]);
        e.fill(e.self, bytes[i], sizeof bytes[i]);
    }
    assert_memory_equal(bytes[0], bytes[1], 33);
    assert_memory_not_equal(bytes[0], bytes[2], 33);
    assert_memory_not_equal(bytes[0], &first, 8);
    struct entropy e = sim_entropy_host(&x);
    assert_true(entropy_u64(&e) != entropy_u64(&e));
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_same_seed_same_trace),
        cmocka_unit_test(test_many_events),
        cmocka_unit_test(test_streams_are_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
