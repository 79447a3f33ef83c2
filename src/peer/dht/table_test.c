// SPDX-License-Identifier: MIT
// Tests of the table: places, crowding, who goes, who is nearest (against a plain search).
#include "dht/table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

static struct arena *arena;
static struct rng dice;

static struct table *made(uint32_t places, const struct dht_id *own)
{
    arena_reset(arena);
    struct table *t = arena_take(arena, sizeof *t);
    assert_non_null(t);
    assert_int_equal(table_init(t, arena, places, own), RC_OK);
    return t;
}

// A public address that nobody else's /24 has.
static struct net_addr lone_addr(uint32_t i)
{
    return net_addr_ip4(0x20000000 + i * 0x100 + 5, 6881);
}

static bool answered(struct table *t, const struct dht_id *id, const struct net_addr *addr,
                     bool is_shoal, uint32_t now_s)
{
    const struct table_answer a = {id, addr, is_shoal, 50000};
    const bool is_in = table_answered(t, &a, now_s);
    table_check(t);
    return is_in;
}

static void test_bounds(void **state)
{
    (void)state;
    struct table t;
    const struct dht_id own = dht_id_random(&dice);
    assert_int_equal(table_init(&t, arena, 0, &own), RC_CONFIG);
    assert_int_equal(table_init(&t, arena, TABLE_PLACES_MAX + 1, &own), RC_CONFIG);
    struct arena *small = arena_new(1000);
    assert_int_equal(table_init(&t, small, 512, &own), RC_NOMEM);
    arena_free(small);
}

static void test_bucket_is_bounded(void **state)
{
    (void)state;
    const struct dht_id own = dht_id_random(&dice);
    struct table *t = made(512, &own);
    unsigned in = 0;
    for (uint32_t i = 0; i < 40; i++) {
        const struct dht_id id = dht_id_beside(&own, 0, &dice);
        const struct net_addr addr = net_addr_ip4(0x0a000001 + i, 6881);
        in += answered(t, &id, &addr, false, i);
    }
    assert_int_equal(in, 40); // eight, and the rest passed through the spares
    assert_int_equal(table_count(t), TABLE_MAIN);
    for (uint32_t i = 0; i < 40; i++) {
        const struct dht_id id = dht_id_beside(&own, 0, &dice);
        const struct net_addr addr = net_addr_ip4(0x0a000101 + i, 6881);
        assert_true(table_wants(t, &id, &addr, true) == (i < TABLE_SHOAL));
        (void)answered(t, &id, &addr, true, 50 + i);
    }
    assert_int_equal(table_count(t), TABLE_MAIN + TABLE_SHOAL);
    assert_false(answered(t, &own, &(struct net_addr){{1}, 1}, true, 100));
}

static void test_one_of_a_block(void **state)
{
    (void)state;
    const struct dht_id own = dht_id_random(&dice);
    struct table *t = made(512, &own);
    unsigned in[3] = {0};
    for (uint32_t i = 0; i < 8; i++) { // fitting ids of one /24
        const struct net_addr addr = net_addr_ip4(0x30000000 + i, 6881);
        const struct dht_id id = dht_id_of_addr(&addr, &dice);
        in[0] += answered(t, &id, &addr, true, 1);
    }
    for (uint32_t i = 0; i < 16; i++) { // ids that do not fit, all buckets different
        const struct net_addr addr = net_addr_ip4(0x31000000 + i, 6881);
        const struct dht_id id = dht_id_beside(&own, i, &dice);
        in[1] += answered(t, &id, &addr, true, 1);
        const struct net_addr home = net_addr_ip4(0xc0a80000 + i, 6881); // private: exempt
        in[2] += answered(t, &id, &home, true, 1);
    }
    unsigned buckets = 0; // at most one a bucket, so as many as different buckets
    for (unsigned i = 0; i < TABLE_BUCKETS; i++)
        buckets += t->bucket[i].count[TABLE_KIND_SHOAL] > 0;
    assert_true(in[0] >= 1 && in[0] <= buckets);
    assert_true(in[1] <= 2);
    assert_true(in[2] >= 14);
}

static void test_fitting_ids_come_first(void **state)
{
    (void)state;
    const struct dht_id own = dht_id_random(&dice);
    struct table *t = made(512, &own);
    for (uint32_t i = 0; i < TABLE_MAIN; i++) {
        const struct dht_id id = dht_id_beside(&own, 0, &dice);
        const struct net_addr addr = lone_addr(i);
        assert_true(answered(t, &id, &addr, false, 1));
    }
    unsigned in = 0;
    for (uint32_t i = 0; i < 200 && in < TABLE_MAIN; i++) {
        const struct net_addr addr = lone_addr(1000 + i);
        const struct dht_id id = dht_id_of_addr(&addr, &dice);
        if (dht_id_common_bits(&id, &own) > 0)
            continue;
        assert_true(table_wants(t, &id, &addr, false));
        assert_true(answered(t, &id, &addr, false, 2));
        in++;
    }
    assert_int_equal(table_count(t), TABLE_MAIN);
    size_t at = 0;
    for (const struct contact *c; (c = table_next(t, &at)) != NULL;)
        assert_true(c->is_fit || c->kind == TABLE_KIND_SPARE);
}

static void test_dead_ones_are_replaced(void **state)
{
    (void)state;
    const struct dht_id own = dht_id_random(&dice);
    struct table *t = made(512, &own);
    struct dht_id id[TABLE_MAIN + 1];
    struct net_addr addr[TABLE_MAIN + 1];
    for (uint32_t i = 0; i <= TABLE_MAIN; i++) {
        id[i] = dht_id_beside(&own, 0, &dice);
        addr[i] = net_addr_ip4(0x0a000001 + i, 6881);
        assert_true(answered(t, &id[i], &addr[i], false, 1));
    }
    assert_int_equal(table_find(t, &id[TABLE_MAIN])->kind, TABLE_KIND_SPARE);
    const struct contact *near[TABLE_MAIN];
    assert_int_equal(table_nearest(t, &own, false, near, TABLE_MAIN), TABLE_MAIN);
    table_failed(t, &id[3], &addr[3], true); // once: not handed out, and kept
    assert_int_equal(table_nearest(t, &own, false, near, TABLE_MAIN), TABLE_MAIN - 1);
    table_failed(t, &id[3], &addr[4], true); // somebody else's silence
    assert_non_null(table_find(t, &id[3]));
    table_failed(t, &id[4], &addr[4], false);
    table_failed(t, &id[4], &addr[4], false); // our own network is down: it stays
    assert_non_null(table_find(t, &id[4]));
    table_failed(t, &id[3], &addr[3], true);
    assert_null(table_find(t, &id[3]));
    assert_int_equal(table_find(t, &id[TABLE_MAIN])->kind, TABLE_KIND_MAIN);
    assert_true(answered(t, &id[4], &addr[4], false, 9)); // it is back
    assert_int_equal(table_nearest(t, &own, false, near, TABLE_MAIN), TABLE_MAIN);
    table_check(t);
}

static void test_impostors(void **state)
{
    (void)state;
    const struct dht_id own = dht_id_random(&dice);
    struct table *t = made(512, &own);
    const struct dht_id id = dht_id_beside(&own, 2, &dice);
    const struct net_addr a = lone_addr(1);
    const struct net_addr b = lone_addr(2);
    assert_true(answered(t, &id, &a, false, 1));
    assert_false(answered(t, &id, &b, false, 2)); // a is well
    assert_true(net_addr_equal(&table_find(t, &id)->addr, &a));
    table_heard(t, &id, &b, 50);
    assert_int_equal(table_find(t, &id)->seen_s, 1);
    table_failed(t, &id, &a, true);
    assert_true(answered(t, &id, &b, false, 3)); // it moved
    assert_true(net_addr_equal(&table_find(t, &id)->addr, &b));
    const struct dht_id other = dht_id_beside(&own, 4, &dice);
    assert_true(answered(t, &other, &b, true, 4)); // it has another id
    assert_null(table_find(t, &id));
    assert_true(table_find(t, &other)->is_shoal);
    assert_int_equal(table_count(t), 1);
}

static void test_pool_runs_out(void **state)
{
    (void)state;
    const struct dht_id own = dht_id_random(&dice);
    struct table *t = made(24, &own);
    for (uint32_t i = 0; i < 20; i++) {
        const struct dht_id id = dht_id_beside(&own, 0, &dice);
        const struct net_addr addr = net_addr_ip4(0x0a000001 + i, 6881);
        (void)answered(t, &id, &addr, true, i);
    }
    for (uint32_t i = 0; i < 20; i++) {
        const struct dht_id id = dht_id_beside(&own, 1 + i % 4, &dice);
        const struct net_addr addr = net_addr_ip4(0x0a000101 + i, 6881);
        (void)answered(t, &id, &addr, true, i);
    }
    assert_int_equal(table_count(t), 24);
    for (unsigned i = 0; i < 5; i++) // the full one gave its places to the others
        assert_true(t->bucket[i].count[TABLE_KIND_SHOAL] >= 4);
}

static const struct dht_id *order_by;

static int by_distance(const void *a, const void *b)
{
    const struct contact *const *x = a;
    const struct contact *const *y = b;
    return dht_id_closer(order_by, &(*x)->id, &(*y)->id);
}

static void check_nearest(const struct table *t, const struct dht_id *target, bool is_shoal)
{
    const struct contact *all[1024];
    const struct contact *near[20];
    size_t count = 0;
    size_t at = 0;
    for (const struct contact *c; (c = table_next(t, &at)) != NULL;)
        if (c->kind != TABLE_KIND_SPARE && c->fails == 0 && (!is_shoal || c->is_shoal))
            all[count++] = c;
    order_by = target;
    qsort(all, count, sizeof all[0], by_distance);
    const size_t max = 1 + rng_below(&dice, 20);
    const size_t got = table_nearest(t, target, is_shoal, near, max);
    assert_int_equal(got, count < max ? count : max);
    assert_memory_equal(near, all, got * sizeof near[0]);
}

static void test_nearest_as_a_plain_search_says(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 30; round++) {
        const struct dht_id own = dht_id_random(&dice);
        struct table *t = made(600, &own);
        const unsigned deep = (unsigned)rng_below(&dice, 60);
        for (uint32_t i = 0; i < 500; i++) {
            const unsigned bits = (unsigned)rng_below(&dice, deep + 1);
            const struct dht_id id = dht_id_beside(&own, bits, &dice);
            const struct net_addr addr = net_addr_ip4(0x0a000001 + i, 6881);
            const bool is_shoal = rng_below(&dice, 3) == 0;
            const struct table_answer a = {&id, &addr, is_shoal, 1000};
            (void)table_answered(t, &a, i);
            if (rng_below(&dice, 9) == 0)
                table_failed(t, &id, &addr, true);
        }
        table_check(t);
        for (unsigned i = 0; i < 50; i++) {
            const unsigned bits = (unsigned)rng_below(&dice, deep + 1);
            const struct dht_id target = dht_id_beside(&own, bits, &dice);
            check_nearest(t, &target, i % 2 == 0);
        }
        check_nearest(t, &own, false);
        const struct dht_id moved = dht_id_random(&dice);
        table_move(t, &moved);
        table_check(t);
        check_nearest(t, &own, false);
    }
}

static void test_stalest(void **state)
{
    (void)state;
    const struct dht_id own = dht_id_random(&dice);
    struct table *t = made(64, &own);
    struct dht_id id[5];
    struct net_addr addr[5];
    for (uint32_t i = 0; i < 5; i++) {
        id[i] = dht_id_beside(&own, i, &dice);
        addr[i] = lone_addr(i);
        assert_true(answered(t, &id[i], &addr[i], false, 10 * i));
    }
    assert_null(table_stalest(t, 900, 5, 899));
    assert_ptr_equal(table_stalest(t, 900, 5, 915), table_find(t, &id[0]));
    table_heard(t, &id[0], &addr[0], 500); // a contact that talks to us needs no ping
    assert_ptr_equal(table_stalest(t, 900, 5, 915), table_find(t, &id[1]));
    table_asked(t, table_find(t, &id[1]), 915);
    assert_null(table_stalest(t, 900, 5, 916));
    table_failed(t, &id[4], &addr[4], true); // whoever failed is looked at first
    assert_ptr_equal(table_stalest(t, 900, 5, 916), table_find(t, &id[4]));
}

static void test_network_size(void **state)
{
    (void)state;
    // Of 20,000 nodes somewhere, a table knows the nearest ones.
    double sum = 0;
    for (unsigned round = 0; round < 20; round++) {
        const struct dht_id own = dht_id_random(&dice);
        struct table *t = made(2048, &own);
        for (uint32_t i = 0; i < 20000; i++) {
            const struct dht_id id = dht_id_random(&dice);
            const struct net_addr addr = net_addr_ip4(0x0a000001 + i, 6881);
            const struct table_answer a = {&id, &addr, true, 1000};
            if (dht_id_common_bits(&id, &own) >= 6) // the others would not change it
                (void)table_answered(t, &a, 1);
        }
        sum += table_network_size(t, true);
    }
    assert_true(sum / 20 > 14000 && sum / 20 < 30000);
}

int main(void)
{
    dice = rng_seeded(test_seed());
    arena = arena_new((size_t)1 << 20);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_bucket_is_bounded),
        cmocka_unit_test(test_one_of_a_block),
        cmocka_unit_test(test_fitting_ids_come_first),
        cmocka_unit_test(test_dead_ones_are_replaced),
        cmocka_unit_test(test_impostors),
        cmocka_unit_test(test_pool_runs_out),
        cmocka_unit_test(test_nearest_as_a_plain_search_says),
        cmocka_unit_test(test_stalest),
        cmocka_unit_test(test_network_size),
    };
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(arena);
    return failed;
}
