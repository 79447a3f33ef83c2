// SPDX-License-Identifier: MIT
// Tests of turns: classes, shares, fairness, rates, bounds, order; each promise over many seeds.
#include "link/turns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define MTU 1472u

static struct arena *g_arena; // of the running test

static struct turns_cfg plain_cfg(void)
{
    return (struct turns_cfg){.peers_max = 8,
                              .packets_max = 64,
                              .packet_bytes_max = MTU,
                              .peer_packets_max = 64,
                              .peer_bytes_max = 64 * MTU,
                              .share_permille = {0, 200, 80, 40}};
}

static struct turns *turns_of(const struct turns_cfg *cfg)
{
    struct turns *t;
    g_arena = arena_new(TURNS_ARENA_BYTES(cfg->peers_max, cfg->packets_max));
    assert_non_null(g_arena);
    assert_int_equal(turns_new(&t, g_arena, cfg, 0), RC_OK);
    return t;
}

static uint32_t join(struct turns *t, uint32_t weight)
{
    uint32_t peer;
    assert_int_equal(turns_join(t, weight, &peer, 0), RC_OK);
    return peer;
}

static enum rc put(struct turns *t, uint32_t peer, enum turn_class class, uint32_t bytes,
                   uintptr_t handle)
{
    const struct turn p = {.handle = (void *)handle, .bytes = bytes, .peer = peer, .class = class};
    return turns_put(t, &p, 0);
}

static uintptr_t next(struct turns *t, uint64_t now_us) // 0: none
{
    struct turn p;
    return turns_next(t, now_us, &p) ? (uintptr_t)p.handle : 0;
}

static uintptr_t dropped(struct turns *t)
{
    struct turn p;
    return turns_dropped(t, &p) ? (uintptr_t)p.handle : 0;
}

static void test_settings_are_checked(void **state)
{
    (void)state;
    struct arena *arena = arena_new(1 << 20);
    struct turns *t;
    struct turns_cfg bad[8];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = plain_cfg();
    bad[0].peers_max = 0;
    bad[1].packets_max = TURNS_PACKETS_MAX + 1;
    bad[2].packet_bytes_max = TURNS_PACKET_BYTES_MAX + 1;
    bad[3].peer_bytes_max = MTU - 1;
    bad[4].share_permille[1] = 300; // 420 together
    bad[5].total = (struct bucket_cfg){1000, MTU - 1};
    bad[6].cap[3] = (struct bucket_cfg){BUCKET_RATE_BYTES_S_MAX + 1, MTU};
    bad[7].peer = (struct bucket_cfg){1000, 1};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_int_equal(turns_new(&t, arena, &bad[i], 0), RC_CONFIG);
        assert_null(t);
    }
    arena_free(arena);
}

static void test_memory_may_run_out(void **state)
{
    (void)state;
    const struct turns_cfg cfg = plain_cfg();
    unsigned refused = 0;
    for (size_t bytes = 256;; bytes += 1024) {
        struct arena *arena = arena_new(bytes);
        struct turns *t;
        const enum rc rc = turns_new(&t, arena, &cfg, 0);
        arena_free(arena);
        if (rc == RC_OK)
            break;
        assert_int_equal(rc, RC_NOMEM);
        refused++;
    }
    assert_true(refused > 3);
}

static void test_the_best_class_goes_first(void **state)
{
    (void)state;
    const struct turns_cfg cfg = plain_cfg();
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 1);
    const uint32_t b = join(t, 1);
    assert_int_equal(turns_due_us(t), UINT64_MAX);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 100, 1), RC_OK);
    assert_int_equal(put(t, b, TURN_PREFETCH, 100, 2), RC_OK);
    assert_int_equal(put(t, a, TURN_URGENT, 100, 3), RC_OK);
    assert_int_equal(put(t, b, TURN_CONTROL, 100, 4), RC_OK);
    assert_int_equal(put(t, b, TURN_URGENT, 100, 5), RC_OK);
    assert_int_equal(turns_due_us(t), 0);
    for (uintptr_t want = 4, i = 0; i < 5; i++, want = (uintptr_t[]){4, 3, 5, 2, 1}[i % 5])
        assert_int_equal(next(t, 0), want);
    assert_int_equal(next(t, 0), 0);
    assert_int_equal(turns_due_us(t), UINT64_MAX);
    turns_check(t);
    arena_free(g_arena);
}

static void test_what_may_not_be_put(void **state)
{
    (void)state;
    const struct turns_cfg cfg = plain_cfg();
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 1);
    assert_int_equal(put(t, a, TURN_URGENT, 0, 1), RC_REFUSED);
    assert_int_equal(put(t, a, TURN_URGENT, MTU + 1, 1), RC_REFUSED);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 10, 1), RC_OK);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 10, 2), RC_OK);
    turns_allow(t, TURN_BACKGROUND, false);
    assert_int_equal(dropped(t) + dropped(t), 3);
    assert_int_equal(dropped(t), 0);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 10, 1), RC_REFUSED);
    turns_allow(t, TURN_BACKGROUND, true);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 10, 1), RC_OK);
    assert_int_equal(turns_stat(t)->class[TURN_BACKGROUND].refused_packets, 1);
    assert_int_equal(turns_stat(t)->class[TURN_BACKGROUND].dropped_packets, 2);
    uint32_t peer = 77;
    for (uint32_t i = 1; i < cfg.peers_max; i++)
        assert_int_equal(turns_join(t, 1, &peer, 0), RC_OK);
    assert_int_equal(turns_join(t, 1, &peer, 0), RC_FULL);
    turns_leave(t, a);
    assert_int_equal(dropped(t), 1);
    assert_int_equal(turns_join(t, 1, &peer, 0), RC_OK);
    assert_int_equal(peer, a);
    turns_check(t);
    arena_free(g_arena);
}

static void test_a_peers_bound_costs_its_background_first(void **state)
{
    (void)state;
    struct turns_cfg cfg = plain_cfg();
    cfg.peer_packets_max = 4;
    cfg.peer_bytes_max = 2000;
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 1);
    const uint32_t b = join(t, 1);
    assert_int_equal(put(t, b, TURN_BACKGROUND, 10, 9), RC_OK);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 500, 1), RC_OK);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 500, 2), RC_OK);
    assert_int_equal(put(t, a, TURN_PREFETCH, 500, 3), RC_OK);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 501, 4), RC_FULL); // bytes
    assert_int_equal(dropped(t), 0);
    assert_int_equal(put(t, a, TURN_URGENT, 601, 5), RC_OK);
    assert_int_equal(dropped(t), 1); // the oldest of the worst
    assert_int_equal(put(t, a, TURN_URGENT, 10, 6), RC_OK);
    assert_int_equal(put(t, a, TURN_URGENT, 10, 7), RC_OK); // packets
    assert_int_equal(dropped(t), 2);
    assert_int_equal(dropped(t), 0);
    assert_int_equal(put(t, a, TURN_URGENT, 1480, 8), RC_REFUSED);
    assert_int_equal(put(t, a, TURN_URGENT, 1472, 8), RC_OK + RC_FULL); // not even without 3
    assert_int_equal(dropped(t), 0);
    assert_int_equal(turns_queued(t, a, TURN_PREFETCH), 1);
    turns_check(t);
    arena_free(g_arena);
}

static void test_the_whole_bound_costs_those_with_most(void **state)
{
    (void)state;
    struct turns_cfg cfg = plain_cfg();
    cfg.packets_max = 6;
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 1);
    const uint32_t b = join(t, 1);
    for (uintptr_t i = 1; i <= 5; i++)
        assert_int_equal(put(t, a, TURN_PREFETCH, 10, i), RC_OK);
    assert_int_equal(put(t, b, TURN_BACKGROUND, 10, 6), RC_OK);
    assert_int_equal(put(t, b, TURN_PREFETCH, 10, 7), RC_OK); // worse goes first
    assert_int_equal(dropped(t), 6);
    assert_int_equal(put(t, b, TURN_BACKGROUND, 10, 8), RC_FULL); // nothing worse
    assert_int_equal(put(t, a, TURN_PREFETCH, 10, 9), RC_FULL);   // it has most
    assert_int_equal(put(t, b, TURN_PREFETCH, 10, 10), RC_OK);    // 5 against 1
    assert_int_equal(dropped(t), 1);
    assert_int_equal(put(t, b, TURN_PREFETCH, 10, 11), RC_OK); // 4 against 2
    assert_int_equal(dropped(t), 2);
    assert_int_equal(put(t, b, TURN_PREFETCH, 10, 12), RC_FULL); // 3 against 3
    assert_int_equal(dropped(t), 0);
    turns_check(t);
    arena_free(g_arena);
}

static void test_the_dropped_are_to_be_fetched(void **state)
{
    (void)state;
    struct turns_cfg cfg = plain_cfg();
    cfg.packets_max = 2;
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 1);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 10, 1), RC_OK);
    uintptr_t count = 1;
    for (;;) { // each pushes one out, until there is no place to keep those
        assert_int_equal(put(t, a, TURN_BACKGROUND, 10, ++count), RC_OK);
        turns_allow(t, TURN_BACKGROUND, false);
        turns_allow(t, TURN_BACKGROUND, true);
        if (put(t, a, TURN_BACKGROUND, 10, count + 1) == RC_FULL)
            break;
        count++;
    }
    uintptr_t fetched = 0;
    while (dropped(t) != 0)
        fetched++;
    assert_int_equal(fetched, count);
    assert_int_equal(put(t, a, TURN_BACKGROUND, 10, 1), RC_OK);
    turns_check(t);
    arena_free(g_arena);
}

// One packet in the world of the tests below.
struct item {
    uint64_t seq;  // of its peer and class
    uint64_t sent; // packets that left, when it was put
    uint64_t put_us;
    uint64_t free_us;                  // when the wire is free of its own or a better class
    uint64_t left_bytes[TURN_CLASSES]; // by class, when it was put
    uint32_t peer;
    uint32_t bytes;
    enum turn_class class;
    bool is_waiting;
};

#define ITEMS 4096u
#define PEERS 12u

// A line at which packets arrive, and which sends them, one at a time, at its rate.
struct world {
    struct turns *t;
    struct rng dice;
    struct item item[ITEMS];
    uint64_t now_us;
    uint64_t free_us; // when what is on the wire has left
    uint64_t rate_bytes_s;
    uint64_t left_bytes[TURN_CLASSES]; // by class
    uint64_t sent;                     // packets
    uint64_t wire_bytes;               // what is or was on the wire
    unsigned wire_class;
    uint64_t put_seq[PEERS][TURN_CLASSES];
    uint64_t got_seq[PEERS][TURN_CLASSES];
    uint32_t size_max[TURN_CLASSES];
    uint32_t at;
    uint64_t lonely; // packets that no equal or better one went before
};

static void world_put(struct world *w, uint32_t peer, enum turn_class class)
{
    while (w->item[w->at % ITEMS].is_waiting) // far fewer may wait than there are
        w->at++;
    struct item *it = &w->item[w->at % ITEMS];
    const uint32_t bytes = 1 + (uint32_t)rng_below(&w->dice, w->size_max[class]);
    *it = (struct item){.seq = w->put_seq[peer][class],
                        .put_us = w->now_us,
                        .peer = peer,
                        .bytes = bytes,
                        .class = class,
                        .is_waiting = true};
    for (unsigned c = 0; c < TURN_CLASSES; c++)
        it->left_bytes[c] = w->left_bytes[c];
    it->free_us = w->now_us;
    it->sent = w->sent;
    if (w->now_us < w->free_us && w->wire_class > class) // it waits for this one as well
        it->left_bytes[w->wire_class] -= w->wire_bytes;
    else
        it->free_us = num_max(w->now_us, w->free_us);
    const struct turn p = {.handle = it, .bytes = bytes, .peer = peer, .class = class};
    it->is_waiting = turns_put(w->t, &p, w->now_us) == RC_OK;
    w->put_seq[peer][class] += it->is_waiting;
    w->at += it->is_waiting;
    struct turn gone;
    while (turns_dropped(w->t, &gone))
        ((struct item *)gone.handle)->is_waiting = false;
}

static uint64_t wire_us(const struct world *w, uint32_t bytes)
{
    return num_div_ceil(bytes * (uint64_t)US_PER_S, w->rate_bytes_s);
}

// What was said about a packet that none of its own or a better class went before.
static void check_wait(struct world *w, const struct item *it)
{
    uint64_t better = 0;
    uint64_t worse = 0;
    for (unsigned c = 0; c < TURN_CLASSES; c++)
        *(c <= it->class ? &better : &worse) += w->left_bytes[c] - it->left_bytes[c];
    if (better > 0)
        return;
    w->lonely++;
    assert_true(worse <= MTU);
    // The same as time, with the last microsecond of each packet begun.
    assert_true(w->now_us - it->free_us <= wire_us(w, MTU) + w->sent - it->sent + 1);
}

// Sends one packet, if any may leave, and lets the time pass that it takes.
static bool world_send(struct world *w)
{
    struct turn p;
    if (w->now_us < w->free_us || !turns_next(w->t, w->now_us, &p))
        return false;
    struct item *it = p.handle;
    assert_true(it->is_waiting && it->bytes == p.bytes && it->class == p.class);
    assert_int_equal(it->peer, p.peer);
    assert_int_equal(w->now_us - it->put_us, p.wait_us);
    check_wait(w, it);
    assert_true(it->seq >= w->got_seq[p.peer][p.class]); // order kept, but for those dropped
    w->got_seq[p.peer][p.class] = it->seq + 1;
    w->sent++;
    it->is_waiting = false;
    w->left_bytes[p.class] += p.bytes;
    w->wire_class = p.class;
    w->wire_bytes = p.bytes;
    w->free_us = w->now_us + wire_us(w, p.bytes);
    return true;
}

static struct world *world_of(struct rng *dice, const struct turns_cfg *cfg)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->t = turns_of(cfg);
    w->dice = rng_seeded(rng_u64(dice));
    w->rate_bytes_s = 1000 + rng_below(&w->dice, 10000000);
    for (unsigned c = 0; c < TURN_CLASSES; c++)
        w->size_max[c] = 1 + (uint32_t)rng_below(&w->dice, MTU);
    for (uint32_t i = 0; i < PEERS; i++)
        assert_int_equal(join(w->t, 1 + (uint32_t)rng_below(&w->dice, TURNS_WEIGHT_MAX)), i);
    return w;
}

static void world_end(struct world *w)
{
    turns_check(w->t);
    arena_free(g_arena);
    free(w);
}

static struct turns_cfg world_cfg(void)
{
    struct turns_cfg cfg = plain_cfg();
    cfg.peers_max = PEERS;
    cfg.packets_max = 256;
    cfg.peer_packets_max = 64;
    return cfg;
}

// Random loads on a simulated line that is never left idle. Every packet: in order, once, with its
// wait; and one before which none of its own or a better class went waits for one packet's time of
// worse ones at most, what is on the wire when it comes included.
static void test_urgent_waits_for_one_packet_at_most(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    uint64_t lonely = 0;
    for (int round = 0; round < 1000; round++) {
        const struct turns_cfg cfg = world_cfg();
        struct world *w = world_of(&dice, &cfg);
        uint64_t load[TURN_CLASSES]; // one packet in so many steps
        for (unsigned c = 0; c < TURN_CLASSES; c++)
            load[c] = 1 + rng_below(&w->dice, UINT64_C(1) << rng_below(&w->dice, 6));
        const uint64_t step_us = 1 + MTU * (uint64_t)US_PER_S / w->rate_bytes_s;
        for (int step = 0; step < 400; step++) {
            const uint64_t then_us = w->now_us + rng_below(&w->dice, step_us);
            while (w->free_us <= then_us && turns_stat(w->t)->queued_packets > 0) {
                w->now_us = num_max(w->now_us, w->free_us);
                assert_true(world_send(w));
            }
            w->now_us = then_us;
            for (unsigned c = 0; c < TURN_CLASSES; c++)
                if (rng_below(&w->dice, load[c]) == 0)
                    world_put(w, (uint32_t)rng_below(&w->dice, PEERS), (enum turn_class)c);
        }
        lonely += w->lonely;
        world_end(w);
    }
    assert_true(lonely > 50000); // there were such packets
}

// All classes always have something waiting, or any of them: each gets its share of the bytes, but
// for a few packets, at every moment.
static void test_no_class_starves(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 1000; round++) {
        struct turns_cfg cfg = world_cfg();
        cfg.packets_max = 1024;
        cfg.peer_packets_max = 200;
        uint32_t left = TURNS_SHARES_MAX;
        for (unsigned c = 1; c < TURN_CLASSES; c++) {
            cfg.share_permille[c] = (uint32_t)rng_below(&dice, left + 1);
            left -= cfg.share_permille[c];
        }
        struct world *w = world_of(&dice, &cfg);
        const unsigned present = 1 + (unsigned)rng_below(&dice, 15); // a set of classes
        for (int step = 0; step < 400; step++) {
            for (unsigned c = 0; c < TURN_CLASSES; c++)
                while (present >> c & 1 && turns_stat(w->t)->class[c].queued_packets < 20)
                    world_put(w, (uint32_t)rng_below(&w->dice, PEERS), (enum turn_class)c);
            w->now_us = w->free_us;
            assert_true(world_send(w));
            uint64_t sum = 0;
            for (unsigned c = 0; c < TURN_CLASSES; c++)
                sum += w->left_bytes[c];
            for (unsigned c = 0; c < TURN_CLASSES; c++)
                if (present >> c & 1)
                    assert_true(w->left_bytes[c] + 4 * MTU >= sum * cfg.share_permille[c] / 1000);
        }
        world_end(w);
    }
}

// Peers that always have something waiting: for their weights, none is ahead of another by more
// than one packet, at any moment.
static void test_peers_are_within_one_packet(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 1000; round++) {
        struct turns_cfg cfg = world_cfg();
        cfg.packets_max = 1024;
        struct world *w = world_of(&dice, &cfg);
        const enum turn_class class = (enum turn_class)rng_below(&dice, TURN_CLASSES);
        uint32_t weight[PEERS];
        double sent[PEERS] = {0}; // bytes over weight
        for (uint32_t i = 0; i < PEERS; i++) {
            weight[i] = round % 2 ? 1 : 1 + (uint32_t)rng_below(&dice, TURNS_WEIGHT_MAX);
            turns_weigh(w->t, i, weight[i]);
        }
        for (int step = 0; step < 400; step++) {
            for (uint32_t i = 0; i < PEERS; i++)
                while (turns_queued(w->t, i, class) < 2)
                    world_put(w, i, class);
            struct turn p;
            assert_true(turns_next(w->t, w->now_us, &p));
            ((struct item *)p.handle)->is_waiting = false;
            for (uint32_t i = 0; i < PEERS; i++) // the one that goes is not ahead; then one packet
                assert_true(sent[p.peer] <= sent[i] + 1.0 / 128);
            sent[p.peer] += (double)p.bytes / weight[p.peer];
        }
        world_end(w);
    }
}

// Who comes late gets its part from now on, and nothing for the time when it was silent.
static void test_silence_earns_nothing(void **state)
{
    (void)state;
    struct turns_cfg cfg = plain_cfg();
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 2);
    const uint32_t b = join(t, 2);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(put(t, a, TURN_URGENT, 100, 1), RC_OK);
        assert_int_equal(put(t, a, TURN_URGENT, 100, 1), RC_OK);
        assert_int_equal(next(t, 0), 1);
        assert_int_equal(next(t, 0), 1);
        assert_int_equal(put(t, a, TURN_URGENT, 100, 1), RC_OK); // so that the class stays busy
        if (i > 0)
            assert_int_equal(next(t, 0), 1);
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(put(t, b, TURN_URGENT, 100, 2), RC_OK);
    for (int i = 0; i < 20; i++)
        assert_int_equal(put(t, a, TURN_URGENT, 100, 1), RC_OK);
    int in_a_row = 0;
    for (int i = 0; i < 30; i++) {
        in_a_row = next(t, 0) == 2 ? in_a_row + 1 : 0;
        assert_true(in_a_row <= 2);
    }
    arena_free(g_arena);
}

// Who puts its next packet only when the last one has left gets its part and no more.
static void test_one_at_a_time_wins_nothing(void **state)
{
    (void)state;
    struct turns_cfg cfg = plain_cfg();
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 1);
    const uint32_t b = join(t, 3);
    for (int i = 0; i < 2; i++)
        assert_int_equal(put(t, a, TURN_URGENT, 300, 1), RC_OK);
    assert_int_equal(put(t, b, TURN_URGENT, 300, 2), RC_OK);
    int sent[3] = {0};
    for (int i = 0; i < 4000; i++) {
        const uintptr_t got = next(t, 0);
        sent[got]++;
        assert_int_equal(put(t, got == 1 ? a : b, TURN_URGENT, 300, got), RC_OK);
    }
    assert_in_range(sent[2], 2998, 3002);
    assert_int_equal(sent[0], 0);
    arena_free(g_arena);
}

// How a rate is tried: who takes what may leave whenever it is told to come back, with a clock that
// trembles, goes back, and sleeps.
struct trial {
    struct world *w;
    uint64_t slept_us;
    uint64_t asked;
};

static void trial_wait(struct trial *t)
{
    struct world *w = t->w;
    const uint64_t due_us = turns_due_us(w->t);
    assert_true(due_us > w->now_us && due_us != UINT64_MAX);
    if (rng_below(&w->dice, 50) == 0) {
        struct turn p;
        const uint64_t back_us = num_min(due_us, 1 + rng_below(&w->dice, 1000000));
        assert_false(turns_next(w->t, due_us - back_us, &p)); // too early, or even backwards
    }
    w->now_us = due_us + rng_below(&w->dice, 200);
    if (rng_below(&w->dice, 2000) == 0) {
        w->now_us += 3600 * (uint64_t)US_PER_S;
        t->slept_us += 3600 * (uint64_t)US_PER_S;
    }
}

// The rate of all, of each class and of each peer, alone and together, in the long run: never
// above what was set, and within one percent below.
static void test_the_long_run_rates(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 60; round++) {
        struct turns_cfg cfg = world_cfg();
        const uint64_t rate = UINT64_C(2000) << rng_below(&dice, 16);
        const struct bucket_cfg bucket = {rate, MTU + rng_below(&dice, rate / 10 + 1)};
        uint64_t lines = 1;
        if (round % 3 == 0) {
            cfg.total = bucket;
        } else if (round % 3 == 1) {
            lines = TURN_CLASSES;
            for (unsigned c = 0; c < TURN_CLASSES; c++)
                cfg.cap[c] = bucket;
        } else {
            lines = PEERS;
            cfg.peer = bucket;
        }
        struct world *w = world_of(&dice, &cfg);
        struct trial trial = {.w = w};
        uint64_t sent = 0;
        uint64_t wakes = 0;
        uint64_t packets = 0;
        for (uint32_t i = 0; i < 2 * PEERS * TURN_CLASSES; i++)
            world_put(w, i % PEERS, (enum turn_class)(i / PEERS % TURN_CLASSES));
        while (sent < 2000 * MTU * (lines == 1 ? 1 : 4)) {
            struct turn p;
            if (turns_next(w->t, w->now_us, &p)) {
                ((struct item *)p.handle)->is_waiting = false;
                sent += p.bytes;
                packets++;
                world_put(w, p.peer, p.class); // each always has two waiting
            } else {
                trial_wait(&trial);
                wakes++;
            }
        }
        const double s = (double)(w->now_us - trial.slept_us) / (double)US_PER_S;
        const double naps = (double)(trial.slept_us / US_PER_S / 3600 + 1);
        const double late_s = round % 3 == 0 ? TURNS_LATE_US / 1e6 : 0;
        const double full = (double)bucket.burst_bytes + (double)rate * late_s; // after a nap
        const double most = (double)lines * ((double)rate * s + full * naps);
        const double lost = (double)lines * ((double)bucket.burst_bytes + MTU) * naps;
        // 200 us of lateness may fill the bucket where it holds no more than a packet.
        const double late =
            bucket.burst_bytes < MTU + rate / 5000 ? (double)rate * 2e-4 * (double)wakes : 0;
        assert_true((double)sent <= most + 1);
        assert_true((double)sent + lost + late * (double)lines >=
                    0.99 * (double)lines * (double)rate * s);
        assert_true(wakes <= 8 * packets + 100); // nobody is woken for nothing again and again
        world_end(w);
    }
}

static void test_one_peers_limit_holds_nobody_up(void **state)
{
    (void)state;
    struct turns_cfg cfg = plain_cfg();
    cfg.peer = (struct bucket_cfg){1000000, MTU}; // a byte a microsecond
    cfg.cap[TURN_PREFETCH] = (struct bucket_cfg){100000, MTU};
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 1);
    const uint32_t b = join(t, 1);
    assert_int_equal(put(t, a, TURN_URGENT, MTU, 1), RC_OK);
    assert_int_equal(put(t, a, TURN_URGENT, 1000, 2), RC_OK);
    assert_int_equal(put(t, b, TURN_BACKGROUND, 1000, 3), RC_OK);
    assert_int_equal(next(t, 0), 1);
    assert_int_equal(next(t, 0), 3);
    assert_int_equal(next(t, 0), 0);
    assert_int_equal(turns_due_us(t), 1000);
    assert_int_equal(next(t, 999), 0);
    assert_int_equal(next(t, 1000), 2);
    assert_int_equal(put(t, b, TURN_PREFETCH, 900, 4), RC_OK);
    assert_int_equal(put(t, b, TURN_PREFETCH, 900, 5), RC_OK);
    assert_int_equal(next(t, 5000), 4);
    assert_int_equal(next(t, 5000), 0);
    assert_int_equal(turns_due_us(t), 5000 + 328); // its peer's bytes
    assert_int_equal(next(t, 5000 + 328), 0);
    assert_int_equal(turns_due_us(t), 5000 + 3280); // its class's
    assert_int_equal(next(t, 5000 + 3280), 5);
    turns_charge(t, 1, 0); // no total: nothing happens
    const struct bucket_cfg total = {1000000, MTU};
    assert_int_equal(turns_limit(t, &(struct bucket_cfg){1, 1}, 0), RC_CONFIG);
    assert_int_equal(turns_limit(t, &total, 0), RC_OK);
    turns_charge(t, 10000, 0);
    assert_int_equal(put(t, b, TURN_CONTROL, 1, 6), RC_OK);
    assert_int_equal(next(t, 0), 0);
    assert_int_equal(turns_due_us(t), 8280 + 10000 - MTU + 1);
    assert_int_equal(turns_limit(t, &(struct bucket_cfg){0, 0}, 0), RC_OK);
    assert_int_equal(turns_due_us(t), 0);
    assert_int_equal(next(t, 0), 6);
    turns_check(t);
    arena_free(g_arena);
}

// Who is called late sends what was due meanwhile, but for what is older than TURNS_LATE_US; and
// silence is no lateness.
static void test_lateness_loses_nothing(void **state)
{
    (void)state;
    struct turns_cfg cfg = plain_cfg();
    cfg.total = (struct bucket_cfg){1000000, MTU}; // a byte a microsecond
    struct turns *t = turns_of(&cfg);
    const uint32_t a = join(t, 1);
    for (uintptr_t i = 1; i <= 64; i++)
        assert_int_equal(put(t, a, TURN_URGENT, 1000, i), RC_OK);
    assert_int_equal(next(t, 0), 1);
    assert_int_equal(next(t, 0), 0);
    assert_int_equal(turns_due_us(t), 528);
    for (uintptr_t i = 2; i <= 11; i++) // due at 528, 1528, .. 9528
        assert_int_equal(next(t, 10000), i);
    assert_int_equal(next(t, 10000), 0);
    assert_int_equal(turns_due_us(t), 10528);
    for (uintptr_t i = 12; i <= 62; i++) // an hour: what was in it, and 50 ms
        assert_int_equal(next(t, 3600000000), i <= 62 ? i : 0);
    assert_int_equal(next(t, 3600000000), 0);
    while (turns_due_us(t) != UINT64_MAX)
        (void)next(t, turns_due_us(t));
    for (uintptr_t i = 1; i <= 3; i++)
        assert_int_equal(put(t, a, TURN_URGENT, 1000, i), RC_OK);
    assert_int_equal(next(t, 7200000000), 1); // after silence no more than the bucket
    assert_int_equal(next(t, 7200000000), 0);
    arena_free(g_arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_checked),
        cmocka_unit_test(test_memory_may_run_out),
        cmocka_unit_test(test_the_best_class_goes_first),
        cmocka_unit_test(test_what_may_not_be_put),
        cmocka_unit_test(test_a_peers_bound_costs_its_background_first),
        cmocka_unit_test(test_the_whole_bound_costs_those_with_most),
        cmocka_unit_test(test_the_dropped_are_to_be_fetched),
        cmocka_unit_test(test_urgent_waits_for_one_packet_at_most),
        cmocka_unit_test(test_no_class_starves),
        cmocka_unit_test(test_peers_are_within_one_packet),
        cmocka_unit_test(test_silence_earns_nothing),
        cmocka_unit_test(test_one_at_a_time_wins_nothing),
        cmocka_unit_test(test_the_long_run_rates),
        cmocka_unit_test(test_lateness_loses_nothing),
        cmocka_unit_test(test_one_peers_limit_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
