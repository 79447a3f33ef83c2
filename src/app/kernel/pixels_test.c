// SPDX-License-Identifier: MIT
// Tests of the pixels that a task is about: their order, what is out of range, drawing some.
#include "kernel/pixels.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct pixel list[] = {{100, 50}, {163, 113}, {120, 70}};

static struct pixels tile(uint32_t w, uint32_t h)
{
    return (struct pixels){.width = 200, .height = 200, .x = 100, .y = 50, .w = w, .h = h};
}

static struct pixels single(void)
{
    struct pixels p = tile(64, 64);
    p.count = 3;
    p.list = list;
    return p;
}

static void places_and_indices_are_each_others_inverse(void **state)
{
    (void)state;
    const struct pixels both[] = {tile(7, 9), single()};
    assert_int_equal(pixels_count(&both[0]), 63);
    assert_int_equal(pixels_count(&both[1]), 3);
    for (size_t k = 0; k < 2; k++) {
        assert_true(pixels_are_good(&both[k]));
        for (uint32_t i = 0; i < pixels_count(&both[k]); i++) {
            uint32_t found = UINT32_MAX;
            assert_true(pixels_find(&both[k], pixels_at(&both[k], i), &found));
            assert_int_equal(found, i);
        }
    }
    assert_int_equal(pixels_at(&both[0], 8).x, 101); // the second row's second
    assert_int_equal(pixels_at(&both[0], 8).y, 51);
}

static void what_is_not_asked_for_is_not_found(void **state)
{
    (void)state;
    const struct pixels whole = tile(7, 9);
    const struct pixels some = single();
    uint32_t index;
    const struct pixel outside[] = {{99, 50}, {107, 50}, {100, 49}, {100, 59}, {0, 0}};
    for (size_t i = 0; i < ARRAY_COUNT(outside); i++)
        assert_false(pixels_find(&whole, outside[i], &index));
    assert_false(pixels_find(&some, (struct pixel){101, 50}, &index)); // in the tile only
}

static void each_field_out_of_range_is_bad(void **state)
{
    (void)state;
    static const struct pixel outside = {164, 50};
    struct pixels bad[12];
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        bad[i] = tile(64, 64);
    bad[0].width = 0;
    bad[1].height = PIXELS_SIDE_MAX + 1;
    bad[2].x = 200;
    bad[3].y = UINT32_MAX;
    bad[4].w = 101;
    bad[5].w = 0;
    bad[6].h = 151;
    bad[7].h = UINT32_MAX; // y + h wraps
    bad[8].count = PARTS_MAX + 1;
    bad[9].count = 1;
    bad[9].list = &outside;
    bad[10] = (struct pixels){.width = 4096, .height = 1025, .w = 4096, .h = 1025};
    bad[11].height = 0;
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++)
        if (pixels_are_good(&bad[i]))
            fail_msg("case %zu is good", i);
    bad[10].height = bad[10].h = 1024;
    assert_true(pixels_are_good(&bad[10]));
}

static void some_are_drawn_evenly_and_all_where_there_are_few(void **state)
{
    (void)state;
    static struct pixel drawn[PARTS_MAX];
    const struct pixels p = tile(64, 64);
    uint32_t hits[4] = {0}; // by quarter of the tile
    for (uint64_t nonce = 0; nonce < 200; nonce++) {
        assert_int_equal(pixels_choose(&p, 128, nonce, drawn), 128);
        for (uint32_t i = 0; i < 128; i++) {
            uint32_t index;
            assert_true(pixels_find(&p, drawn[i], &index));
            hits[(drawn[i].x - 100) / 32 + (drawn[i].y - 50) / 32 * 2]++;
            for (uint32_t j = 0; j < i; j++)
                assert_false(drawn[i].x == drawn[j].x && drawn[i].y == drawn[j].y);
        }
    }
    for (size_t i = 0; i < 4; i++) // 6,400 wanted, deviation 69
        assert_in_range(hits[i], 6100, 6700);
    const struct pixels small = tile(7, 9);
    assert_int_equal(pixels_choose(&small, 128, 1, drawn), 63);
}

static void a_list_is_drawn_from_in_place(void **state)
{
    (void)state;
    struct pixel own[PARTS_MAX] = {{100, 50}, {163, 113}, {120, 70}};
    struct pixels p = single();
    p.list = own;
    assert_int_equal(pixels_choose(&p, 2, 7, own), 2);
    const struct pixels before = single();
    uint32_t first;
    uint32_t second;
    assert_true(pixels_find(&before, own[0], &first));
    assert_true(pixels_find(&before, own[1], &second));
    assert_int_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_and_indices_are_each_others_inverse),
        cmocka_unit_test(what_is_not_asked_for_is_not_found),
        cmocka_unit_test(each_field_out_of_range_is_bad),
        cmocka_unit_test(some_are_drawn_evenly_and_all_where_there_are_few),
        cmocka_unit_test(a_list_is_drawn_from_in_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
