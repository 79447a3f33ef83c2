// SPDX-License-Identifier: MIT
// Tests of the lookup: order, paths, lateness, liars, crowding, and a walk through a made world.
#include "dht/lookup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

static struct rng dice;
static struct candidate place[LOOKUP_PLACES_MAX];

static struct lookup made(const struct dht_id *target, unsigned paths, unsigned alpha,
                          unsigned nearest)
{
    const struct lookup_cfg cfg = {
        .target = *target, .paths = paths, .alpha = alpha, .nearest = nearest};
    struct lookup l;
    lookup_init(&l, place, LOOKUP_PLACES_MAX, &cfg);
    return l;
}

static struct krpc_node home(const struct dht_id *target, unsigned bits, uint32_t i)
{
    return (struct krpc_node){dht_id_beside(target, bits, &dice),
                              net_addr_ip4(0x0a000001 + i, 6881)};
}

static void answers(struct lookup *l, struct candidate *c)
{
    const struct dht_id id = c->id;
    assert_ptr_equal(lookup_answered(l, &id, bytes_text("tok")), c);
}

static void test_in_order_and_at_most_alpha(void **state)
{
    (void)state;
    const struct dht_id target = dht_id_random(&dice);
    struct lookup l = made(&target, 1, 3, 8);
    for (uint32_t i = 0; i < 20; i++) {
        const struct krpc_node n = home(&target, i, i);
        assert_true(lookup_add(&l, &n, NULL));
        assert_false(lookup_add(&l, &n, NULL));
    }
    lookup_check(&l);
    struct candidate *asked[3];
    for (unsigned i = 0; i < 3; i++) {
        asked[i] = lookup_pick(&l);
        assert_ptr_equal(asked[i], lookup_at(&l, i));
    }
    assert_null(lookup_pick(&l));
    answers(&l, asked[1]);
    assert_int_equal(asked[1]->token_len, 3);
    assert_non_null(lookup_pick(&l));
    assert_null(lookup_pick(&l));
    assert_false(lookup_is_done(&l));
}

static void test_done_when_the_nearest_answered(void **state)
{
    (void)state;
    const struct dht_id target = dht_id_random(&dice);
    struct lookup l = made(&target, 1, 4, 4);
    for (uint32_t i = 0; i < 10; i++) {
        const struct krpc_node n = home(&target, i, i);
        assert_true(lookup_add(&l, &n, NULL));
    }
    unsigned asked = 0;
    for (struct candidate *c; (c = lookup_pick(&l)) != NULL; asked++) {
        const struct dht_id id = c->id;
        if (asked == 1)
            lookup_failed(&l, &id);
        else if (asked == 2)
            lookup_late(&l, &id); // does not hold anybody up
        else
            answers(&l, c);
    }
    assert_true(lookup_is_done(&l));
    assert_int_equal(asked, 6);
    const struct dht_id late = lookup_at(&l, 2)->id;
    assert_non_null(lookup_answered(&l, &late, bytes_text("x"))); // and still counts
    assert_null(lookup_answered(&l, &target, bytes_text("x")));   // never asked
    const struct dht_id failed = lookup_at(&l, 1)->id;
    assert_null(lookup_answered(&l, &failed, bytes_text("x")));
    assert_int_equal(lookup_witnesses(&l), 2);
    assert_true(lookup_reach(&l, 4) < lookup_reach(&l, 5));
    assert_true(lookup_reach(&l, 6) == UINT64_MAX);
}

static void test_region_is_asked_whole(void **state)
{
    (void)state;
    const struct dht_id target = dht_id_random(&dice);
    const struct lookup_cfg cfg = {
        .target = target, .paths = 1, .alpha = 4, .nearest = 2, .region = UINT64_MAX >> 10};
    struct lookup l;
    lookup_init(&l, place, LOOKUP_PLACES_MAX, &cfg);
    for (uint32_t i = 0; i < 30; i++) {
        const struct krpc_node n = home(&target, i < 15 ? 9 : 10 + i % 3, i);
        assert_true(lookup_add(&l, &n, NULL));
    }
    unsigned asked = 0;
    for (struct candidate *c; (c = lookup_pick(&l)) != NULL; asked++)
        answers(&l, c);
    assert_int_equal(asked, 15);
    assert_true(lookup_is_done(&l));
}

static void test_one_owner_has_two_places(void **state)
{
    (void)state;
    const struct dht_id target = dht_id_random(&dice);
    struct lookup l = made(&target, 1, 4, 8);
    unsigned in = 0;
    for (uint32_t i = 0; i < 20; i++) {
        struct krpc_node n = {.addr = net_addr_ip4(0x30000000 + i, 6881)};
        n.id = dht_id_of_addr(&n.addr, &dice);
        in += lookup_add(&l, &n, NULL);
        n.id = dht_id_of_addr(&n.addr, &dice); // another of its eight ids
        in += lookup_add(&l, &n, NULL);
    }
    assert_int_equal(in, 2);
}

static void test_ids_that_do_not_fit_come_last(void **state)
{
    (void)state;
    const struct dht_id target = dht_id_random(&dice);
    struct lookup l = made(&target, 1, 4, 8);
    for (uint32_t i = 0; i < 10; i++) { // a sybil's choice of ids, right beside the target
        const struct krpc_node n = {dht_id_beside(&target, 100 + i, &dice),
                                    net_addr_ip4(0x40000000 + i * 0x1000, 6881)};
        assert_true(lookup_add(&l, &n, NULL));
    }
    struct candidate *c = lookup_pick(&l); // nobody else is there
    assert_non_null(c);
    assert_false(c->is_fit);
    assert_null(lookup_pick(&l));
    const struct dht_id teller = c->id;
    answers(&l, c);
    for (uint32_t i = 0; i < 8; i++) {
        struct krpc_node n = {.addr = net_addr_ip4(0x50000000 + i * 0x1000, 6881)};
        n.id = dht_id_of_addr(&n.addr, &dice);
        assert_true(lookup_add(&l, &n, &teller));
    }
    for (unsigned i = 0; i < 8; i++) {
        c = lookup_pick(&l);
        assert_non_null(c);
        assert_true(c->is_fit && c->hop == 2);
        answers(&l, c);
    }
    assert_null(lookup_pick(&l));
    assert_true(lookup_is_done(&l));
}

// The way there: few at a time, the fastest of those known from the start before nearer ones.
static void test_far_ones_are_few_and_fast(void **state)
{
    (void)state;
    const struct dht_id target = dht_id_random(&dice);
    struct lookup l = made(&target, 1, 10, 8);
    l.cfg.near = UINT64_MAX >> 8;
    l.cfg.alpha_far = 2;
    static const uint32_t rtt_ms[] = {300, 40, 0, 90, 5000};
    for (uint32_t i = 0; i < 5; i++) {
        const struct krpc_node n = home(&target, 5 - i, i); // the first one is nearest
        assert_true(lookup_seed(&l, &n, rtt_ms[i]));
        assert_false(lookup_seed(&l, &n, rtt_ms[i]));
    }
    struct candidate *first = lookup_pick(&l);
    struct candidate *second = lookup_pick(&l);
    assert_ptr_equal(first, lookup_at(&l, 1));  // 40 ms
    assert_ptr_equal(second, lookup_at(&l, 3)); // 90 ms
    assert_null(lookup_pick(&l));
    assert_false(lookup_is_done(&l));
    // Near ones are asked besides, as many as alpha.
    for (uint32_t i = 0; i < 9; i++) {
        const struct krpc_node n = home(&target, 8 + i, 10 + i);
        assert_true(lookup_add(&l, &n, &first->id));
    }
    for (unsigned i = 0; i < 8; i++)
        assert_ptr_equal(lookup_pick(&l), lookup_at(&l, i));
    assert_null(lookup_pick(&l));
    lookup_check(&l);
}

// Whose round trip is not known comes after all that is known; alone, it is asked all the same.
static void test_unknown_round_trips_come_last(void **state)
{
    (void)state;
    const struct dht_id target = dht_id_random(&dice);
    struct lookup l = made(&target, 1, 10, 8);
    l.cfg.near = 1;
    l.cfg.alpha_far = 10;
    const struct krpc_node unknown = home(&target, 9, 1);
    const struct krpc_node slow = home(&target, 2, 2);
    assert_true(lookup_seed(&l, &unknown, 0));
    assert_true(lookup_seed(&l, &slow, 1900));
    assert_ptr_equal(lookup_pick(&l), lookup_at(&l, 1));
    assert_ptr_equal(lookup_pick(&l), lookup_at(&l, 0));
    assert_null(lookup_pick(&l));
}

static void test_a_liar_misleads_one_path(void **state)
{
    (void)state;
    const struct dht_id target = dht_id_random(&dice);
    struct lookup l = made(&target, 2, 4, 4);
    for (uint32_t i = 0; i < 8; i++) {
        const struct krpc_node n = home(&target, i, i);
        assert_true(lookup_add(&l, &n, NULL));
    }
    // Whoever is on path 0 knows nobody but liars, nearer than all honest ones.
    uint32_t next = 100;
    unsigned honest = 0;
    unsigned bits = 8;
    for (struct candidate *c; (c = lookup_pick(&l)) != NULL;) {
        const struct dht_id id = c->id;
        const unsigned path = c->path;
        honest += path == 1;
        answers(&l, c);
        for (unsigned i = 0; i < 4 && next < 140; i++) {
            const struct krpc_node n = home(&target, path == 0 ? 60 + i : bits + i, next++);
            (void)lookup_add(&l, &n, &id);
        }
        bits = bits < 30 ? bits + 1 : bits;
    }
    assert_true(lookup_is_done(&l));
    assert_true(honest >= 4); // the other path went on to its own end
    lookup_check(&l);
}

// ---- A world of nodes that all know their neighbours and some others

#define WORLD   2000u
#define KNOWN   128u
#define BUCKETS 24u

static struct krpc_node world[WORLD];
static uint16_t known[WORLD][KNOWN];
static uint32_t known_count[WORLD];

static const struct dht_id *order_by;

static int by_distance(const void *a, const void *b)
{
    const uint16_t *x = a;
    const uint16_t *y = b;
    return dht_id_closer(order_by, &world[*x].id, &world[*y].id);
}

static void make_world(void) // eight contacts in each bucket, as far as there are that many
{
    for (uint32_t i = 0; i < WORLD; i++)
        world[i] = (struct krpc_node){dht_id_random(&dice), net_addr_ip4(0x0a000001 + i, 1)};
    for (uint32_t i = 0; i < WORLD; i++) {
        unsigned in[BUCKETS] = {0};
        const uint32_t from = (uint32_t)rng_below(&dice, WORLD);
        for (uint32_t j = 0; j < WORLD; j++) {
            const uint32_t other = (from + j) % WORLD;
            const unsigned bits = dht_id_common_bits(&world[i].id, &world[other].id);
            const unsigned bucket = bits < BUCKETS ? bits : BUCKETS - 1;
            if (other != i && in[bucket]++ < 8 && known_count[i] < KNOWN)
                known[i][known_count[i]++] = (uint16_t)other;
        }
    }
}

static uint32_t index_of(const struct net_addr *a)
{
    return ((uint32_t)a->ip[14] << 8 | a->ip[15]) - 1;
}

static void tell(struct lookup *l, uint32_t who)
{
    uint16_t mine[KNOWN];
    memcpy(mine, known[who], sizeof mine);
    order_by = &l->cfg.target;
    qsort(mine, known_count[who], sizeof mine[0], by_distance);
    for (unsigned i = 0; i < 8; i++)
        (void)lookup_add(l, &world[mine[i]], &world[who].id);
}

static void test_walk_finds_the_nearest(void **state)
{
    (void)state;
    make_world();
    unsigned queries = 0;
    unsigned found = 0;
    for (unsigned round = 0; round < 100; round++) {
        const struct dht_id target = dht_id_random(&dice);
        const uint32_t self = (uint32_t)rng_below(&dice, WORLD);
        struct lookup l = made(&target, 1 + round % 3, 4, 8);
        for (unsigned i = 0; i < 16; i++)
            (void)lookup_add(&l, &world[known[self][i]], NULL);
        for (struct candidate *c; (c = lookup_pick(&l)) != NULL; queries++) {
            const uint32_t who = index_of(&c->addr);
            const struct dht_id id = c->id;
            if (rng_below(&dice, 10) == 0) {
                lookup_failed(&l, &id);
                continue;
            }
            answers(&l, c);
            tell(&l, who);
        }
        lookup_check(&l);
        assert_true(lookup_is_done(&l));
        uint32_t best = 0; // of all
        for (uint32_t i = 1; i < WORLD; i++)
            if (dht_id_closer(&target, &world[i].id, &world[best].id) < 0)
                best = i;
        found += dht_id_equal(&lookup_at(&l, 0)->id, &world[best].id);
    }
    print_message("%u of 100 found, %.1f queries a lookup\n", found, queries / 100.0);
    assert_true(found >= 98 && queries < 2500);
}

int main(void)
{
    dice = rng_seeded(test_seed());
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_and_at_most_alpha),
        cmocka_unit_test(test_done_when_the_nearest_answered),
        cmocka_unit_test(test_region_is_asked_whole),
        cmocka_unit_test(test_one_owner_has_two_places),
        cmocka_unit_test(test_ids_that_do_not_fit_come_last),
        cmocka_unit_test(test_far_ones_are_few_and_fast),
        cmocka_unit_test(test_unknown_round_trips_come_last),
        cmocka_unit_test(test_a_liar_misleads_one_path),
        cmocka_unit_test(test_walk_finds_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
