// SPDX-License-Identifier: MIT
// Tests of what parts of `route` and `crowd` redo: how it is drawn, its bytes, the verdict.
#include "kernel/route/redo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

static uint8_t room[ROUTE_REDO_MAX * 2 + 16];

static void each_is_drawn_as_often(void **state)
{
    (void)state;
    uint32_t often[20] = {0};
    for (uint64_t nonce = 0; nonce < 10000; nonce++) {
        uint32_t list[5];
        route_redo_choose(list, 5, 20, nonce);
        assert_true(route_redo_is_good(list, 5, 20));
        for (size_t i = 0; i < 5; i++)
            often[list[i]]++;
    }
    for (size_t i = 0; i < 20; i++)
        assert_in_range(often[i], 2500 - 260, 2500 + 260); // six standard deviations
}

static void few_agents_are_all_redone(void **state)
{
    (void)state;
    assert_int_equal(route_redo_count(1), 1);
    assert_int_equal(route_redo_count(3), 3);
    assert_int_equal(route_redo_count(80), 4);
    assert_int_equal(route_redo_count(81), 5);
    assert_int_equal(route_redo_count(4096), 205);
}

static void lists_go_there_and_back(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    static uint32_t list[ROUTE_REDO_MAX];
    static uint32_t back[ROUTE_REDO_MAX];
    for (int round = 0; round < 50; round++) {
        const uint32_t count = (uint32_t)rng_below(&r, ROUTE_REDO_MAX + 1);
        route_redo_choose(list, count, ROUTE_REDO_MAX, rng_u64(&r));
        struct buffer b = buffer_of(room, sizeof room);
        route_redo_put(&b, list, count);
        assert_false(b.is_full);
        uint32_t got = 0;
        struct cbor_reader in = cbor_reader_of(buffer_bytes(&b));
        route_redo_get(&in, back, &got, ROUTE_REDO_MAX);
        assert_true(cbor_done(&in) && got == count);
        assert_memory_equal(back, list, count * sizeof *list);
        if (count == 0)
            continue;
        in = cbor_reader_of(buffer_bytes(&b));
        route_redo_get(&in, back, &got, count - 1);
        assert_true(in.is_bad && got == 0);
    }
    struct buffer b = buffer_of(room, sizeof room);
    cbor_put_bytes(&b, bytes_text("odd"));
    uint32_t got = 7;
    struct cbor_reader in = cbor_reader_of(buffer_bytes(&b));
    route_redo_get(&in, back, &got, ROUTE_REDO_MAX);
    assert_true(in.is_bad && got == 0);
}

static void what_does_not_ascend_is_no_list(void **state)
{
    (void)state;
    assert_true(route_redo_is_good((const uint32_t[]){0, 4, 9}, 3, 10));
    assert_false(route_redo_is_good((const uint32_t[]){0, 4, 9}, 3, 9));
    assert_false(route_redo_is_good((const uint32_t[]){0, 4, 4}, 3, 10));
    assert_false(route_redo_is_good((const uint32_t[]){4, 0, 9}, 3, 10));
    assert_false(route_redo_is_good((const uint32_t[]){0, 1, 2}, 3, 2));
    assert_true(route_redo_is_good(NULL, 0, 0));
}

static void a_verdict_is_on_what_had_to_be_looked_at(void **state)
{
    (void)state;
    struct kernel_verdict v;
    struct buffer b = buffer_of(room, sizeof room);
    assert_int_equal(route_part_put(&b, 50, 0), RC_OK);
    assert_int_equal(b.len, ROUTE_PART_BYTES);
    assert_int_equal(route_part_judge(buffer_bytes(&b), 50, &v), RC_OK);
    assert_true(v.is_right && v.parts == 50 && v.mismatches == 0);
    assert_int_equal(route_part_judge(buffer_bytes(&b), 51, &v), RC_MALFORMED);
    assert_false(v.is_right);
    assert_int_equal(route_part_judge(bytes_of(room, 7), 50, &v), RC_MALFORMED);
    assert_int_equal(route_part_judge(bytes_of(room, 9), 50, &v), RC_MALFORMED);
    b.len = 0;
    assert_int_equal(route_part_put(&b, 50, 1), RC_OK);
    assert_int_equal(route_part_judge(buffer_bytes(&b), 50, &v), RC_OK);
    assert_true(!v.is_right && v.mismatches == 1);
    room[4] = 51; // more wrong than there are
    assert_int_equal(route_part_judge(buffer_bytes(&b), 50, &v), RC_MALFORMED);
    b = buffer_of(room, 7);
    assert_int_equal(route_part_put(&b, 50, 1), RC_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_is_drawn_as_often),
        cmocka_unit_test(few_agents_are_all_redone),
        cmocka_unit_test(lists_go_there_and_back),
        cmocka_unit_test(what_does_not_ascend_is_no_list),
        cmocka_unit_test(a_verdict_is_on_what_had_to_be_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
