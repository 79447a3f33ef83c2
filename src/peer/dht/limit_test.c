// SPDX-License-Identifier: MIT
// Tests of the limit: burst, rate, sources that do not disturb one another.
#include "dht/limit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct arena *arena;

static struct limit made(uint32_t sources)
{
    struct limit l;
    arena_reset(arena);
    assert_int_equal(limit_init(&l, arena, sources, 20, 7), RC_OK);
    return l;
}

static unsigned taken(struct limit *l, const struct net_addr *from, unsigned tries, uint32_t now_ms)
{
    unsigned count = 0;
    for (unsigned i = 0; i < tries; i++)
        count += limit_take(l, from, now_ms);
    return count;
}

static void test_bounds(void **state)
{
    (void)state;
    struct limit l;
    assert_int_equal(limit_init(&l, arena, 3, 20, 7), RC_CONFIG);
    assert_int_equal(limit_init(&l, arena, 0, 20, 7), RC_CONFIG);
    assert_int_equal(limit_init(&l, arena, 4, 0, 7), RC_CONFIG);
    assert_int_equal(limit_init(&l, arena, LIMIT_SOURCES_MAX * 2, 20, 7), RC_CONFIG);
    struct arena *none = arena_new(1);
    assert_int_equal(limit_init(&l, none, 4096, 20, 7), RC_NOMEM);
    arena_free(none);
}

static void test_burst_and_rate(void **state)
{
    (void)state;
    struct limit l = made(64);
    const struct net_addr a = net_addr_ip4(0x01020304, 5);
    assert_int_equal(taken(&l, &a, 500, 1000), 100);
    assert_int_equal(taken(&l, &a, 500, 1049), 0);
    assert_int_equal(taken(&l, &a, 500, 1100), 2);
    assert_int_equal(taken(&l, &a, 500, 2100), 20);
    assert_int_equal(taken(&l, &a, 500, 60000), 100);
    // The clock of milliseconds wraps.
    l = made(64);
    assert_int_equal(taken(&l, &a, 500, UINT32_MAX - 10), 100);
    assert_int_equal(taken(&l, &a, 500, 39), 1);
}

static void test_port_does_not_help(void **state)
{
    (void)state;
    struct limit l = made(64);
    const struct net_addr a = net_addr_ip4(0x01020304, 5);
    const struct net_addr b = net_addr_ip4(0x01020304, 6);
    assert_int_equal(taken(&l, &a, 500, 0), 100);
    assert_int_equal(taken(&l, &b, 500, 0), 0);
    struct net_addr six = {.ip = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4}, .port = 5};
    assert_int_equal(taken(&l, &six, 500, 0), 100);
    six.ip[15] = 9; // the same household
    assert_int_equal(taken(&l, &six, 500, 0), 0);
    six.ip[7] = 5; // its neighbour
    assert_int_equal(taken(&l, &six, 500, 0), 100);
}

static void test_flood_leaves_others_alone(void **state)
{
    (void)state;
    struct limit l = made(2048);
    for (uint32_t i = 0; i < 50; i++) { // fifty flooders
        const struct net_addr a = net_addr_ip4(0x10000000 + i * 7919, 5);
        (void)taken(&l, &a, 500, 0);
    }
    unsigned heard = 0;
    for (uint32_t i = 0; i < 1000; i++) {
        const struct net_addr a = net_addr_ip4(0x20000000 + i * 104729, 5);
        heard += taken(&l, &a, 1, 0);
    }
    assert_true(heard >= 995); // one in 1700 shares both counters with some of them
}

int main(void)
{
    arena = arena_new((size_t)1 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_burst_and_rate),
        cmocka_unit_test(test_port_does_not_help),
        cmocka_unit_test(test_flood_leaves_others_alone),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
