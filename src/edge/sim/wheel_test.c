// SPDX-License-Identifier: MIT
// The wheel against a naive twin: the smallest key, and among equals the first to come.
#include "sim/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define NODES 60u

struct thing {
    struct wheel_node node;
    uint64_t key;  // the twin's copy
    uint64_t turn; // when it came, 0: it is on no wheel
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

static uint64_t pop(struct wheel *w, struct thing *all, uint64_t now)
{
    struct thing *want = twin_first(all);
    assert_true(wheel_next(w) == (want != NULL ? want->key : UINT64_MAX));
    assert_ptr_equal(wheel_pop(w), want != NULL ? &want->node : NULL);
    if (want == NULL)
        return now;
    want->turn = 0;
    return want->key;
}

// Few bits: many equals. All of them: every level is used.
static uint64_t later(struct rng *rng, uint64_t now)
{
    const unsigned bits = (unsigned)rng_below(rng, 64);
    const uint64_t gap = rng_u64(rng) >> bits;
    return gap <= UINT64_MAX - 1 - now ? now + gap : UINT64_MAX - 1;
}

static void behaves_like_its_twin(void **state)
{
    (void)state;
    static struct wheel w;
    struct rng rng = rng_seeded(test_seed());
    for (unsigned round = 0; round < 200; round++) {
        struct thing all[NODES] = {{.key = 0}};
        uint64_t now = 0;
        wheel_init(&w);
        for (uint64_t turn = 1; turn < 2000; turn++) {
            struct thing *t = &all[rng_below(&rng, NODES)];
            const uint64_t what = rng_below(&rng, 8);
            if (what < 3) {
                now = pop(&w, all, now);
            } else if (t->turn == 0) {
                t->key = later(&rng, what < 6 ? now : num_max(now, t->key));
                t->turn = turn;
                wheel_put(&w, &t->node, t->key);
            } else if (what == 7) {
                wheel_del(&w, &t->node);
                t->turn = 0;
            }
        }
        while (twin_first(all) != NULL)
            now = pop(&w, all, now);
        assert_null(wheel_pop(&w));
        assert_true(wheel_next(&w) == UINT64_MAX);
    }
}

static void looking_moves_nothing(void **state)
{
    (void)state;
    static struct wheel w;
    struct wheel_node far = {.key = 0};
    struct wheel_node near = {.key = 0};
    wheel_init(&w);
    wheel_put(&w, &far, 1u << 20);
    assert_int_equal(wheel_next(&w), 1u << 20);
    wheel_put(&w, &near, 7); // before what was looked at
    assert_int_equal(wheel_next(&w), 7);
    wheel_del(&w, &near);
    assert_int_equal(wheel_next(&w), 1u << 20);
    assert_ptr_equal(wheel_pop(&w), &far);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_its_twin),
        cmocka_unit_test(looking_moves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
