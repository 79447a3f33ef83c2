// SPDX-License-Identifier: MIT
// The heap against a naive twin: the smallest key, and among equals the first to come.
#include "base/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define NODES 50

struct thing {
    struct heap_node node;
    uint64_t key;  // the twin's copy
    uint64_t turn; // when it came, 0: it is in no heap
};

static struct thing *twin_first(struct thing *t)
{
    struct thing *first = NULL;
    for (size_t i = 0; i < NODES; i++)
        if (t[i].turn != 0 && (first == NULL || t[i].key < first->key ||
                               (t[i].key == first->key && t[i].turn < first->turn)))
            first = &t[i];
    return first;
}

static size_t twin_count(const struct thing *t)
{
    size_t count = 0;
    for (size_t i = 0; i < NODES; i++)
        count += t[i].turn != 0;
    return count;
}

static void put(struct heap *h, struct thing *all, struct thing *one, uint64_t turn)
{
    const bool has_room = twin_count(all) < h->cap;
    assert_int_equal(heap_put(h, &one->node, one->key), has_room ? RC_OK : RC_FULL);
    one->turn = has_room ? turn : 0;
}

static void pop(struct heap *h, struct thing *all)
{
    struct thing *want = twin_first(all);
    assert_ptr_equal(heap_first(h), want == NULL ? NULL : &want->node);
    assert_ptr_equal(heap_pop(h), want == NULL ? NULL : &want->node);
    if (want != NULL)
        want->turn = 0;
}

static void behaves_like_its_twin(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    struct arena *a = arena_new(1 << 16);
    struct thing all[NODES] = {{.turn = 0}};
    struct heap h;
    assert_int_equal(heap_init(&h, a, NODES - 10), RC_OK);
    for (uint64_t turn = 1; turn < 50000; turn++) {
        struct thing *one = &all[rng_below(&r, NODES)];
        const uint64_t dice = rng_below(&r, 4);
        const uint64_t key = rng_below(&r, 20); // many equals
        if (dice == 0) {
            pop(&h, all);
        } else if (dice == 1) {
            heap_del(&h, &one->node); // harmless if it is in none
            one->turn = 0;
        } else if (one->turn == 0) {
            one->key = key;
            put(&h, all, one, turn);
        } else {
            one->key = key;
            one->turn = turn; // a moved one queues behind its equals
            heap_move(&h, &one->node, key);
        }
        assert_int_equal(h.count, twin_count(all));
    }
    while (heap_first(&h) != NULL)
        pop(&h, all);
    assert_int_equal(twin_count(all), 0);
    arena_free(a);
}

static void extremes_of_keys_are_keys(void **state)
{
    (void)state;
    struct arena *a = arena_new(4096);
    struct heap h;
    assert_int_equal(heap_init(&h, a, 3), RC_OK);
    struct heap_node never = {.key = 0};
    struct heap_node now = {.key = 0};
    assert_int_equal(heap_put(&h, &never, UINT64_MAX), RC_OK);
    assert_int_equal(heap_put(&h, &now, 0), RC_OK);
    assert_ptr_equal(heap_pop(&h), &now);
    assert_ptr_equal(heap_pop(&h), &never);
    assert_null(heap_pop(&h));
    arena_free(a);
}

static void a_spent_budget_is_said(void **state)
{
    (void)state;
    struct arena *a = arena_new(64);
    struct heap h;
    assert_int_equal(heap_init(&h, a, 9), RC_NOMEM);
    assert_int_equal(heap_init(&h, a, 8), RC_OK);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_its_twin),
        cmocka_unit_test(extremes_of_keys_are_keys),
        cmocka_unit_test(a_spent_budget_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
