// SPDX-License-Identifier: MIT
// Tests of what goes first.
#include "store/evict.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/rng.h"

static uint64_t score(uint64_t idle, uint64_t size_bytes, uint32_t copies)
{
    return evict_score(
        &(struct evict_entry){.idle = idle, .size_bytes = size_bytes, .copies = copies});
}

static void test_unused_longest_first(void **state)
{
    (void)state;
    assert_true(score(0, 10, 0) > 0);
    assert_true(score(5, 10, 0) > score(4, 4000, 0));
    assert_true(score(UINT64_MAX, UINT64_MAX, 255) >= score(UINT64_MAX - 1, UINT64_MAX, 255));
    const struct evict_entry pinned = {.idle = UINT64_MAX, .is_pinned = true};
    assert_int_equal(evict_score(&pinned), 0);
}

static void test_rare_stays(void **state)
{
    (void)state;
    assert_true(score(700, 10, 1) < score(100, 10, 0)); // ours alone, unused seven times as long
    assert_true(score(900, 10, 1) > score(100, 10, 0)); // and not for ever
    assert_true(score(100, 10, 100) > score(390, 10, 0));
    uint64_t last = 0;
    for (uint32_t copies = 1; copies <= EVICT_COPIES_MAX; copies++) {
        assert_true(score(100, 10, copies) >= last);
        last = score(100, 10, copies);
    }
}

static void test_large_goes_a_little_sooner(void **state)
{
    (void)state;
    assert_int_equal(score(100, 0, 0), score(100, 4095, 0));
    assert_true(score(100, 1 << 20, 0) > score(150, 4095, 0));
    assert_true(score(100, UINT64_MAX, 0) < score(220, 0, 0)); // at most twice
}

static void test_each_order_is_kept(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(5);
    for (unsigned i = 0; i < 10000; i++) {
        const uint64_t idle = rng_u64(&rng) >> rng_below(&rng, 64);
        const uint64_t size = rng_u64(&rng) >> rng_below(&rng, 64);
        const uint32_t copies = (uint32_t)rng_below(&rng, 256);
        assert_true(score(idle, size, copies) > 0);
        assert_true(score(idle / 2, size, copies) <= score(idle, size, copies));
        assert_true(score(idle, size / 2, copies) <= score(idle, size, copies));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unused_longest_first),
        cmocka_unit_test(test_rare_stays),
        cmocka_unit_test(test_large_goes_a_little_sooner),
        cmocka_unit_test(test_each_order_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
