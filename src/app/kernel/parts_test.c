// SPDX-License-Identifier: MIT
// Tests of lists of parts.
#include "kernel/parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static uint8_t room[PARTS_MAX * 4 + 16];

static void what_is_written_is_read(void **state)
{
    (void)state;
    const uint32_t part[] = {0, 70000, UINT32_MAX};
    const struct pixel pixel[] = {{1, 65535}, {300, 2}};
    uint32_t again[3];
    struct pixel pixels[2];
    uint32_t count = 0;
    struct buffer b = buffer_of(room, sizeof room);
    parts_put(&b, part, 3);
    parts_put_pixels(&b, pixel, 2);
    parts_put(&b, part, 0);
    struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
    parts_get(&r, again, &count, 3);
    assert_int_equal(count, 3);
    assert_memory_equal(again, part, sizeof part);
    parts_get_pixels(&r, pixels, &count, 2);
    assert_int_equal(count, 2);
    assert_memory_equal(pixels, pixel, sizeof pixel);
    parts_get(&r, again, &count, 3);
    assert_int_equal(count, 0);
    assert_true(cbor_done(&r));
}

static void too_many_or_half_a_part_is_bad(void **state)
{
    (void)state;
    const uint32_t part[] = {1, 2, 3};
    uint32_t again[3];
    uint32_t count = 9;
    struct buffer b = buffer_of(room, sizeof room);
    parts_put(&b, part, 3);
    struct cbor_reader r = cbor_reader_of(buffer_bytes(&b));
    parts_get(&r, again, &count, 2);
    assert_true(r.is_bad && count == 0);
    b.len = 0;
    cbor_put_bytes(&b, bytes_text("seven b"));
    r = cbor_reader_of(buffer_bytes(&b));
    parts_get(&r, again, &count, 3);
    assert_true(r.is_bad && count == 0);
}

static void what_is_drawn_ascends_in_even_stretches(void **state)
{
    (void)state;
    struct rng r = rng_seeded(1);
    uint32_t part[100];
    for (uint32_t all = 1; all <= 100; all++) {
        const uint32_t count = 1 + (uint32_t)rng_below(&r, all);
        parts_draw(&r, all, part, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_in_range(part[i], all * i / count, (all * (i + 1) - 1) / count);
            assert_true(i == 0 || part[i] >= part[i - 1]);
        }
    }
}

// Lists of every size of a head, behind the same item and behind another one.
static void a_part_differs_in_its_list_alone(void **state)
{
    (void)state;
    static const uint32_t part[PARTS_MAX] = {7};
    static uint8_t task_room[PARTS_MAX * 4 + 16];
    static const uint32_t counts[] = {0, 1, 5, 6, 63, 64, 65, PARTS_MAX};
    for (size_t i = 0; i < ARRAY_COUNT(counts); i++) {
        for (size_t k = 0; k < ARRAY_COUNT(counts); k++) {
            for (uint64_t item = 0; item < 2; item++) {
                struct buffer a = buffer_of(task_room, sizeof task_room);
                struct buffer b = buffer_of(room, sizeof room);
                cbor_put_u64(&a, 0);
                parts_put(&a, part, counts[i]);
                cbor_put_u64(&b, item);
                parts_put(&b, part, counts[k]);
                assert_int_equal(
                    parts_belong(buffer_bytes(&a), counts[i], buffer_bytes(&b), counts[k]),
                    counts[k] > 0 && item == 0);
            }
        }
    }
}

static void choices_are_different_and_even(void **state)
{
    (void)state;
    uint32_t chosen[PARTS_MAX];
    struct rng r = rng_seeded(6);
    for (uint32_t all = 1; all <= 40; all++) {
        uint32_t hits[40] = {0};
        const uint32_t count = (all + 1) / 2;
        for (int turn = 0; turn < 1000; turn++) {
            parts_choose(&r, all, chosen, count);
            for (uint32_t i = 0; i < count; i++) {
                assert_in_range(chosen[i], 0, all - 1);
                hits[chosen[i]]++;
                for (uint32_t k = 0; k < i; k++)
                    assert_int_not_equal(chosen[i], chosen[k]);
            }
        }
        for (uint32_t i = 0; i < all; i++) // deviation 16 at most
            assert_in_range(hits[i], 1000 * count / all - 80, 1000 * count / all + 80);
    }
    parts_choose(&r, 0, chosen, 0);
    parts_choose(&r, PARTS_MAX, chosen, PARTS_MAX); // all of them
    uint64_t sum = 0;
    for (uint32_t i = 0; i < PARTS_MAX; i++)
        sum += chosen[i];
    assert_int_equal(sum, (uint64_t)PARTS_MAX * (PARTS_MAX - 1) / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(choices_are_different_and_even),
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(too_many_or_half_a_part_is_bad),
        cmocka_unit_test(what_is_drawn_ascends_in_even_stretches),
        cmocka_unit_test(a_part_differs_in_its_list_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
