// SPDX-License-Identifier: MIT
// The ring against a naive twin: an array from which the first is moved away.
#include "base/ring.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

#define CAP_MAX 9

static void assert_same(const struct ring *ring, void **twin, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_ptr_equal(ring_peek(ring, i), twin[i]);
    assert_null(ring_peek(ring, count));
    assert_null(ring_peek(ring, SIZE_MAX));
}

static void run(size_t cap, struct rng *r)
{
    static int item[100];
    struct arena *a = arena_new(4096);
    struct ring ring;
    assert_int_equal(ring_init(&ring, a, cap), RC_OK);
    void *twin[CAP_MAX];
    size_t count = 0;
    for (int n = 0; n < 2000; n++) {
        void *one = &item[rng_below(r, 100)];
        if (rng_below(r, 2) == 0) {
            assert_int_equal(ring_push(&ring, one), count < cap ? RC_OK : RC_FULL);
            if (count < cap)
                twin[count++] = one;
        } else {
            assert_ptr_equal(ring_pop(&ring), count > 0 ? twin[0] : NULL);
            count -= count > 0;
            memmove(twin, twin + 1, count * sizeof *twin);
        }
        assert_same(&ring, twin, count);
    }
    arena_free(a);
}

static void behaves_like_its_twin(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (size_t cap = 1; cap <= CAP_MAX; cap++)
        run(cap, &r);
}

static void a_spent_budget_leaves_the_ring_alone(void **state)
{
    (void)state;
    struct arena *a = arena_new(16);
    struct ring ring = {.cap = 77};
    assert_int_equal(ring_init(&ring, a, 3), RC_NOMEM);
    assert_int_equal(ring.cap, 77);
    assert_int_equal(ring_init(&ring, a, 2), RC_OK);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behaves_like_its_twin),
        cmocka_unit_test(a_spent_budget_leaves_the_ring_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
