// SPDX-License-Identifier: MIT
// Tests of order: every number leaves once and in order, and late by rule, against a naive twin.
//
// usage: order_test [SEED]. The seed is printed.
#include "work/order.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/num.h"
#include "base/rng.h"

static uint64_t seed = 11; // set by main alone
static struct budget budget = {.limit_bytes = (size_t)1 << 20};

static struct order *order_of(uint64_t first, uint32_t window_max, uint64_t late_us)
{
    struct order *o = NULL;
    const struct order_cfg cfg = {first, window_max, late_us};
    assert_int_equal(order_new(&o, &budget, &cfg), RC_OK);
    return o;
}

static void assert_leaves(struct order *o, uint64_t now_us, uint64_t seq, enum order_kind kind)
{
    struct order_out out;
    assert_true(order_next(o, now_us, &out));
    assert_true(out.seq == seq);
    assert_int_equal(out.kind, kind);
}

static void assert_still(struct order *o, uint64_t now_us)
{
    struct order_out out;
    assert_false(order_next(o, now_us, &out));
    assert_true(order_due_us(o) > now_us);
}

static void test_in_order_passes_through(void **state)
{
    (void)state;
    struct order *o = order_of(5, 4, 0);
    for (uint64_t seq = 5; seq < 100; seq++) {
        assert_still(o, seq);
        assert_int_equal(order_put(o, seq, seq), RC_OK);
        assert_true(order_due_us(o) == 0);
        assert_leaves(o, seq, seq, ORDER_READY);
    }
    order_free(o);
}

static void test_blocked_until_the_next_one_comes(void **state)
{
    (void)state;
    struct order *o = order_of(0, 4, 0);
    for (uint64_t seq = 3; seq > 0; seq--)
        assert_int_equal(order_put(o, seq, 10 - seq), RC_OK);
    assert_true(order_due_us(o) == UINT64_MAX); // for ever
    assert_still(o, UINT64_MAX - 1);
    assert_int_equal(order_put(o, 4, 0), RC_FULL);
    assert_int_equal(order_state_of(o, 4), ORDER_AHEAD);
    assert_int_equal(order_put(o, 0, 0), RC_OK); // at a time before: counts as the last one seen
    for (uint64_t seq = 0; seq < 4; seq++)
        assert_leaves(o, UINT64_MAX - 1, seq, ORDER_READY);
    assert_int_equal(order_put(o, 4, 0), RC_OK);
    order_free(o);
}

static void test_late_is_skipped_then_dropped(void **state)
{
    (void)state;
    struct order *o = order_of(1, 8, 100);
    assert_still(o, 1000000); // nobody is blocked: no hurry
    assert_int_equal(order_put(o, 4, 1000000), RC_OK);
    assert_int_equal(order_put(o, 3, 1000050), RC_OK);
    assert_true(order_due_us(o) == 1000100);
    assert_still(o, 1000099);
    assert_leaves(o, 1000100, 1, ORDER_GAP);
    assert_leaves(o, 1000100, 2, ORDER_GAP); // 4 has waited as long for it
    assert_leaves(o, 1000100, 3, ORDER_READY);
    assert_leaves(o, 1000100, 4, ORDER_READY);
    assert_still(o, 1000100);
    assert_int_equal(order_put(o, 1, 1000101), RC_REFUSED);
    assert_int_equal(order_state_of(o, 1), ORDER_SKIPPED);
    assert_int_equal(order_put(o, 3, 1000102), RC_REFUSED);
    assert_int_equal(order_state_of(o, 3), ORDER_LEFT);
    order_free(o);
}

static void test_what_is_old_is_forgotten(void **state)
{
    (void)state;
    struct order *o = order_of(ORDER_FIRST_MAX, 2, 0);
    assert_int_equal(order_put(o, ORDER_FIRST_MAX - 1, 0), RC_REFUSED); // before the first
    for (uint64_t i = 0; i < 10; i++) {
        assert_int_equal(order_put(o, ORDER_FIRST_MAX + i, 0), RC_OK);
        assert_leaves(o, 0, ORDER_FIRST_MAX + i, ORDER_READY);
    }
    assert_int_equal(order_state_of(o, ORDER_FIRST_MAX + 8), ORDER_LEFT);
    assert_int_equal(order_state_of(o, ORDER_FIRST_MAX + 7), ORDER_OLD);
    assert_int_equal(order_put(o, ORDER_FIRST_MAX + 7, 0), RC_REFUSED);
    assert_int_equal(order_put(o, 0, 0), RC_REFUSED);
    assert_int_equal(order_put(o, UINT64_MAX, 0), RC_FULL);
    order_free(o);
}

#define TWIN_COUNT 400u

struct twin { // all numbers, and the rules read out one by one
    uint64_t first;
    uint32_t window_max;
    uint64_t late_us;
    uint32_t next; // index: number minus first
    enum order_state state[TWIN_COUNT];
    uint64_t ready_us[TWIN_COUNT];
    uint32_t gaps;
};

static enum order_state twin_state(const struct twin *t, uint32_t i)
{
    if (i >= t->next + t->window_max)
        return ORDER_AHEAD;
    return i + t->window_max < t->next ? ORDER_OLD : t->state[i];
}

static enum rc twin_put(struct twin *t, uint32_t i, uint64_t now_us)
{
    const enum order_state s = twin_state(t, i);
    if (s != ORDER_MISSING)
        return s == ORDER_AHEAD ? RC_FULL : RC_REFUSED;
    t->state[i] = ORDER_BLOCKED;
    t->ready_us[i] = now_us;
    return RC_OK;
}

static uint64_t twin_due_us(const struct twin *t)
{
    const uint32_t n = t->next;
    if (t->state[n] != ORDER_MISSING)
        return 0;
    uint64_t due_us = UINT64_MAX;
    for (uint32_t i = n + 1; i < TWIN_COUNT && i < n + t->window_max; i++)
        if (t->state[i] == ORDER_BLOCKED && t->late_us > 0)
            due_us = num_min(due_us, t->ready_us[i] + t->late_us);
    return due_us;
}

static bool twin_next(struct twin *t, uint64_t now_us, struct order_out *out)
{
    if (t->next == TWIN_COUNT || twin_due_us(t) > now_us)
        return false;
    const uint32_t i = t->next++;
    const bool is_ready = t->state[i] == ORDER_BLOCKED;
    *out = (struct order_out){t->first + i, is_ready ? ORDER_READY : ORDER_GAP,
                              is_ready ? now_us - t->ready_us[i] : 0};
    t->state[i] = is_ready ? ORDER_LEFT : ORDER_SKIPPED;
    t->gaps += !is_ready;
    return true;
}

static void assert_same(const struct order *o, const struct twin *t)
{
    for (uint32_t i = 0; i < TWIN_COUNT; i++)
        assert_int_equal(order_state_of(o, t->first + i), twin_state(t, i));
    if (t->next < TWIN_COUNT)
        assert_true(order_due_us(o) == twin_due_us(t));
}

static void drain_both(struct order *o, struct twin *t, uint64_t now_us)
{
    struct order_out a;
    struct order_out b;
    while (twin_next(t, now_us, &b)) {
        assert_true(order_next(o, now_us, &a));
        assert_true(a.seq == b.seq && a.kind == b.kind && a.wait_us == b.wait_us);
        assert_true(t->late_us == 0 || a.wait_us <= t->late_us); // it was called when due
    }
    assert_true(t->next == TWIN_COUNT || !order_next(o, now_us, &a));
}

// Time passes; what is due on the way is done when it is due.
static void pass(struct order *o, struct twin *t, uint64_t *now_us, uint64_t for_us)
{
    const uint64_t until_us = *now_us + for_us;
    while (t->next < TWIN_COUNT && order_due_us(o) <= until_us) {
        *now_us = num_max(*now_us, order_due_us(o));
        drain_both(o, t, *now_us);
    }
    *now_us = until_us;
    drain_both(o, t, *now_us);
}

static void one_call(struct order *o, struct twin *t, struct rng *rng, uint64_t now_us)
{
    // Mostly about the window, now and then behind or beyond it.
    const uint64_t low = t->next > t->window_max + 2 ? t->next - t->window_max - 2 : 0;
    const uint32_t i = (uint32_t)(low + rng_below(rng, 3 * (uint64_t)t->window_max + 4));
    if (i >= TWIN_COUNT)
        return;
    assert_int_equal(order_put(o, t->first + i, now_us), twin_put(t, i, now_us));
}

static void test_against_twin(void **state)
{
    (void)state;
    static struct twin t;
    struct rng rng = rng_seeded(seed);
    for (unsigned round = 0; round < 60; round++) {
        t = (struct twin){.first = rng_below(&rng, 2) ? 0 : rng_below(&rng, ORDER_FIRST_MAX),
                          .window_max = 1 + (uint32_t)rng_below(&rng, round % 2 ? 4 : 40),
                          .late_us = rng_below(&rng, 4) ? 1 + rng_below(&rng, 200) : 0};
        struct order *o = order_of(t.first, t.window_max, t.late_us);
        uint64_t now_us = 0;
        for (unsigned n = 0; n < 20000 && t.next < TWIN_COUNT; n++) {
            one_call(o, &t, &rng, now_us);
            if (rng_below(&rng, 2))
                pass(o, &t, &now_us, rng_below(&rng, 40));
            if (n % 16 == 0)
                assert_same(o, &t);
        }
        assert_true(t.next == TWIN_COUNT); // each has left once: the twin counts no other way
        assert_true(t.late_us > 0 || t.gaps == 0);
        order_free(o);
    }
    assert_int_equal(budget.used_bytes, 0);
}

static void test_bounds_of_new(void **state)
{
    (void)state;
    struct order *o = NULL;
    const struct order_cfg bad[] = {
        {ORDER_FIRST_MAX + 1, 1, 0}, {0, 0, 0}, {0, ORDER_WINDOW_MAX + 1, 0}};
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        assert_int_equal(order_new(&o, &budget, &bad[i]), RC_CONFIG);
    const struct order_cfg good = {0, 16, 0};
    for (size_t limit = 0; limit < 16 * 64; limit += 8) {
        struct budget tight = {.limit_bytes = limit};
        assert_int_equal(order_new(&o, &tight, &good), RC_NOMEM);
        assert_null(o);
        assert_int_equal(tight.used_bytes, 0);
    }
    order_free(NULL);
}

int main(int argc, char **argv)
{
    if (argc > 1)
        seed = strtoull(argv[1], NULL, 0);
    printf("seed %" PRIu64 "\n", seed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_passes_through),
        cmocka_unit_test(test_blocked_until_the_next_one_comes),
        cmocka_unit_test(test_late_is_skipped_then_dropped),
        cmocka_unit_test(test_what_is_old_is_forgotten),
        cmocka_unit_test(test_against_twin),
        cmocka_unit_test(test_bounds_of_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
