// SPDX-License-Identifier: MIT
// Tests of glyphs: they stay in their box, and lengths are what rows and columns take.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene/glyph.h"

static const struct scene_material plain = {
    .base = {0.5f, 0.5f, 0.5f}, .ior = 1.0f, .opacity = 1.0f};
static const char all_codes[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ01247aksrmnhtuboe|zdjpy";

static void extent(const char *text, bool is_column, unsigned sides, struct vec *low,
                   struct vec *high)
{
    struct budget budget = {.limit_bytes = 4 << 20};
    struct draft d;
    draft_init(&d, &budget);
    struct frame f = frame_at(vec_of(0.0f, 0.0f, 0.0f));
    const struct glyph_pen pen = {
        .height = 1.0f, .radius = 0.03f, .sides = sides, .material = draft_material(&d, &plain)};
    if (is_column)
        glyph_column(&d, &f, text, &pen);
    else
        glyph_row(&d, &f, text, &pen);
    assert_int_equal(d.rc, RC_OK);
    assert_true(text[0] == ' ' || draft_triangle_count(&d) > 0);
    draft_bounds(&d, low, high);
    draft_free(&d);
}

static void test_each_fits(void **state)
{
    (void)state;
    const float slack = 0.07f; // the stroke's radius, and a strip's corner
    for (size_t i = 0; all_codes[i] != '\0'; i++)
        for (unsigned sides = 0; sides < 6; sides += 5) {
            const char text[2] = {all_codes[i], '\0'};
            struct vec low, high;
            extent(text, false, sides, &low, &high);
            assert_true(low.x > -slack && high.x < GLYPH_WIDTH + slack);
            assert_true(low.y > -slack && high.y < 1.0f + slack);
        }
}

static void test_lengths(void **state)
{
    (void)state;
    struct vec low, high;
    extent("HHHH", false, 0, &low, &high);
    assert_true(high.x <= glyph_row_length(4, 1.0f) + 0.07f);
    assert_true(high.x >= glyph_row_length(4, 1.0f) - 0.07f);
    extent("HHH", true, 0, &low, &high);
    assert_true(high.y <= glyph_column_length(3, 1.0f) + 0.07f);
    assert_true(high.y >= glyph_column_length(3, 1.0f) - 0.07f);
    assert_true(glyph_row_length(0, 1.0f) <= 0.0f);
}

static void test_unknown_is_space(void **state)
{
    (void)state;
    struct vec low, high;
    extent(" ~\x01", false, 4, &low, &high);
    assert_true(high.x <= 0.0f && low.x >= 0.0f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_fits),
        cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_unknown_is_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
