// SPDX-License-Identifier: MIT
// Tests of PNG files: what goes in comes out, and broken ones are refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/rng.h"
#include "image/png.h"

#define WIDTH  37u
#define HEIGHT 21u

static struct buffer encoded(struct budget *budget, uint8_t rgb[WIDTH * HEIGHT * 3])
{
    struct rng r = rng_seeded(3);
    for (size_t i = 0; i < (size_t)WIDTH * HEIGHT * 3; i++)
        rgb[i] = (uint8_t)rng_below(&r, 256);
    struct buffer png;
    assert_int_equal(png_encode(rgb, WIDTH, HEIGHT, budget, &png), RC_OK);
    return png;
}

static void test_round_trip(void **state)
{
    (void)state;
    uint8_t rgb[WIDTH * HEIGHT * 3];
    struct budget budget = {.limit_bytes = 1 << 22};
    struct buffer png = encoded(&budget, rgb);
    struct buffer back;
    uint32_t width, height;
    assert_int_equal(png_decode(buffer_bytes(&png), &budget, &back, &width, &height), RC_OK);
    assert_int_equal(width, WIDTH);
    assert_int_equal(height, HEIGHT);
    assert_int_equal(back.len, sizeof rgb);
    assert_memory_equal(back.at, rgb, sizeof rgb);
    budget_give(&budget, back.at);
    budget_give(&budget, png.at);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_cut_is_malformed(void **state)
{
    (void)state;
    uint8_t rgb[WIDTH * HEIGHT * 3];
    struct budget budget = {.limit_bytes = 1 << 22};
    struct buffer png = encoded(&budget, rgb);
    size_t used = budget.used_bytes;
    for (size_t len = 0; len + 16 < png.len; len += 7) { // the last 16: IDAT's end, IEND
        struct buffer back = {0};
        uint32_t width, height;
        assert_int_equal(png_decode(bytes_of(png.at, len), &budget, &back, &width, &height),
                         RC_MALFORMED);
        assert_null(back.at);
        assert_int_equal(budget.used_bytes, used);
    }
    budget_give(&budget, png.at);
}

static void test_refusals(void **state)
{
    (void)state;
    uint8_t rgb[3] = {0};
    struct buffer png = {0};
    struct budget budget = {.limit_bytes = 1 << 20};
    assert_int_equal(png_encode(rgb, 0, 1, &budget, &png), RC_REFUSED);
    assert_int_equal(png_encode(rgb, 1, PNG_SIDE_MAX + 1, &budget, &png), RC_REFUSED);
    budget.limit_bytes = 100;
    assert_int_equal(png_encode(rgb, 1, 1, &budget, &png), RC_NOMEM);
    assert_null(png.at);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_cut_is_malformed),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
