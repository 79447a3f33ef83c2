// SPDX-License-Identifier: MIT
// Tests of the allowance: its bound over any day, across kills and clocks; its images.
#include "link/allowance.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/num.h"
#include "base/rng.h"
#include "base/seed_test.h"

#define MB     1000000u
#define HOUR_S 3600u
#define DAY_US (UINT64_C(86400) * US_PER_S)

static void save(struct allowance *a, uint8_t *image, uint64_t wall_s, uint64_t now_us)
{
    if (allowance_wants_save(a, now_us))
        allowance_save(a, image, wall_s, now_us);
}

static void test_settings_are_checked(void **state)
{
    (void)state;
    struct allowance a = {.lease_bytes = 7};
    assert_int_equal(allowance_init(&a, ALLOWANCE_DAY_BYTES_MIN - 1, 0), RC_CONFIG);
    assert_int_equal(allowance_init(&a, ALLOWANCE_DAY_BYTES_MAX + 1, 0), RC_CONFIG);
    assert_int_equal(a.lease_bytes, 7);
    for (uint64_t day = ALLOWANCE_DAY_BYTES_MIN; day <= ALLOWANCE_DAY_BYTES_MAX; day *= 2)
        assert_int_equal(allowance_init(&a, day, 0), RC_OK);
}

static void test_a_lease_is_saved_before_it_is_spent(void **state)
{
    (void)state;
    struct allowance a;
    uint8_t image[ALLOWANCE_IMAGE_BYTES];
    assert_int_equal(allowance_init(&a, 6400000, 0), RC_OK); // leases of 100,000
    assert_int_equal(allowance_take(&a, 100001, 0), RC_REFUSED);
    assert_int_equal(allowance_wait_us(&a, 100001, 0), UINT64_MAX);
    assert_int_equal(allowance_take(&a, 1, 0), RC_AGAIN);
    assert_true(allowance_wants_save(&a, 0));
    allowance_save(&a, image, 1000, 0);
    assert_false(allowance_wants_save(&a, 0));
    assert_int_equal(allowance_take(&a, 60000, 0), RC_OK);
    assert_int_equal(allowance_take(&a, 60000, 0), RC_AGAIN);
    assert_true(allowance_wants_save(&a, 0));
    // Killed here: the lease is gone, nothing is there twice.
    assert_int_equal(allowance_load(&a, 6400000, bytes_of(image, sizeof image), 1000, 50), RC_OK);
    allowance_save(&a, image, 1000, 50);
    uint64_t taken = 0;
    for (int i = 0; i < 1000; i++) {
        taken += allowance_take(&a, 10000, 50) == RC_OK ? 10000 : 0;
        save(&a, image, 1000, 50);
    }
    assert_int_equal(taken, 3100000);
    assert_true(allowance_wait_us(&a, 10000, 50) > 200 * US_PER_S); // 37 bytes a second
    // An hour away by the wall clock is 133,333 bytes, and a clock gone back is nothing.
    for (int back = 0; back < 2; back++) {
        uint8_t copy[ALLOWANCE_IMAGE_BYTES];
        memcpy(copy, image, sizeof copy);
        const uint64_t wall_s = back ? 10 : 1000 + HOUR_S;
        const struct bytes old = bytes_of(image, sizeof image);
        assert_int_equal(allowance_load(&a, 6400000, old, wall_s, 9), RC_OK);
        allowance_save(&a, copy, wall_s, 9);
        assert_int_equal(allowance_take(&a, 99999, 9), back ? RC_AGAIN : RC_OK);
    }
}

static void test_what_is_no_image(void **state)
{
    (void)state;
    struct allowance a;
    uint8_t image[ALLOWANCE_IMAGE_BYTES];
    assert_int_equal(allowance_init(&a, MB, 0), RC_OK);
    allowance_save(&a, image, 1000, 0);
    assert_int_equal(allowance_load(&a, 1, bytes_of(image, sizeof image), 1000, 0), RC_CONFIG);
    for (size_t len = 0; len < sizeof image; len++)
        assert_int_equal(allowance_load(&a, MB, bytes_of(image, len), 1000, 0), RC_MALFORMED);
    for (size_t bit = 0; bit < sizeof image * 8; bit++) {
        image[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const struct bytes bad = bytes_of(image, sizeof image);
        assert_int_equal(allowance_load(&a, MB, bad, 1000, 0), RC_MALFORMED);
        assert_int_equal(allowance_take(&a, 1, 0), RC_AGAIN); // empty, not full
        image[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(allowance_load(&a, MB, bytes_of(image, sizeof image), 1000, 0), RC_OK);
    assert_true(allowance_wait_us(&a, 1000, 0) == 0);
}

// Days of greed, with kills at any moment: what was taken in any 24 hours, ending whenever, is at
// most a day's; and over the whole time it is nearly what is refilled.
static void test_never_more_than_a_day_in_any_day(void **state)
{
    (void)state;
    struct rng dice = rng_seeded(test_seed());
    for (int round = 0; round < 200; round++) {
        const uint64_t day = ALLOWANCE_DAY_BYTES_MIN << rng_below(&dice, 20);
        uint8_t image[ALLOWANCE_IMAGE_BYTES];
        struct allowance a;
        assert_int_equal(allowance_init(&a, day, 0), RC_OK);
        allowance_save(&a, image, 0, 0);
        uint64_t at_us[4000];
        uint64_t sum[4000]; // of all taken up to then
        unsigned count = 0;
        unsigned first = 0;
        uint64_t total = 0;
        uint64_t now_us = 0;
        const bool is_killed = round % 2;
        while (now_us < 5 * DAY_US && count < 4000) {
            now_us += rng_below(&dice, 600 * (uint64_t)US_PER_S);
            if (is_killed && rng_below(&dice, 50) == 0) // and started with another clock at once
                assert_int_equal(allowance_load(&a, day, bytes_of(image, sizeof image),
                                                now_us / US_PER_S, now_us),
                                 RC_OK);
            for (uint64_t bytes = day / 64; bytes > 100;) {
                save(&a, image, now_us / US_PER_S, now_us);
                if (allowance_take(&a, bytes, now_us) == RC_OK)
                    total += bytes;
                else
                    bytes /= 2;
            }
            at_us[count] = now_us;
            sum[count] = total;
            while (at_us[first] + DAY_US < now_us)
                first++;
            assert_true(total - (first > 0 ? sum[first - 1] : 0) <= day);
            count++;
        }
        const double want = (double)day / 2 * (1 + (double)now_us / (double)DAY_US);
        assert_true((double)total <= want);
        assert_true(is_killed || (double)total > 0.99 * want - 2000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_settings_are_checked),
        cmocka_unit_test(test_a_lease_is_saved_before_it_is_spent),
        cmocka_unit_test(test_what_is_no_image),
        cmocka_unit_test(test_never_more_than_a_day_in_any_day),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
