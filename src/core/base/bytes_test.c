// SPDX-License-Identifier: MIT
// Cursors and buffers against each other, at every length; views at their edges; hex.
#include "base/bytes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

static void views_compare_and_part(void **state)
{
    (void)state;
    const struct bytes b = bytes_text("shoal");
    assert_int_equal(b.len, 5);
    assert_true(bytes_is(b, "shoal"));
    assert_false(bytes_is(b, "shoa"));
    assert_false(bytes_is(b, "shoax"));
    assert_true(bytes_equal(bytes_of(NULL, 0), bytes_text("")));
    assert_true(bytes_is(bytes_part(b, 1, 2), "ho"));
    assert_true(bytes_is(bytes_part(b, 3, 100), "al"));
    assert_int_equal(bytes_part(b, 5, 1).len, 0);
    assert_int_equal(bytes_part(b, SIZE_MAX, SIZE_MAX).len, 0);
    assert_true(bytes_is(bytes_part(b, 0, SIZE_MAX), "shoal"));
}

static void order_is_by_byte_then_by_length(void **state)
{
    (void)state;
    static const char *const ascending[] = {"", "a", "a\x01", "ab", "b", "\x7f", "\x80", "\xff"};
    for (size_t i = 0; i < ARRAY_COUNT(ascending); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(ascending); j++) {
            const int order = bytes_compare(bytes_text(ascending[i]), bytes_text(ascending[j]));
            assert_int_equal((order > 0) - (order < 0), (i > j) - (i < j));
        }
    }
    assert_int_equal(bytes_compare(bytes_of(NULL, 0), bytes_text("")), 0);
}

static void text_is_cut_and_ended(void **state)
{
    (void)state;
    char out[4];
    bytes_to_text(bytes_text("shoal"), out, sizeof out);
    assert_string_equal(out, "sho");
    bytes_to_text(bytes_of(NULL, 0), out, sizeof out);
    assert_string_equal(out, "");
    bytes_to_text(bytes_text("abc"), out, 1);
    assert_string_equal(out, "");
}

static void orders_of_bytes_are_as_named(void **state)
{
    (void)state;
    static const uint8_t in[] = {1, 1, 2, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8,
                                 1, 2, 1, 2, 3, 4, 1, 2, 3, 4, 5, 6, 7, 8};
    struct cursor c = {.left = bytes_of(in, sizeof in)};
    assert_int_equal(cursor_u8(&c), 1);
    assert_int_equal(cursor_u16(&c), 0x0102);
    assert_int_equal(cursor_u32(&c), 0x01020304);
    assert_true(cursor_u64(&c) == 0x0102030405060708u);
    assert_int_equal(cursor_u16le(&c), 0x0201);
    assert_int_equal(cursor_u32le(&c), 0x04030201);
    assert_false(cursor_done(&c));
    assert_true(cursor_u64le(&c) == 0x0807060504030201u);
    assert_true(cursor_done(&c));
    assert_int_equal(bytes_u32le(in + sizeof in - 8), 0x04030201);
    assert_true(bytes_u64le(in + sizeof in - 8) == 0x0807060504030201u);
}

static void one_byte_too_far_is_remembered(void **state)
{
    (void)state;
    static const uint8_t in[] = {1, 2, 3};
    struct cursor c = {.left = bytes_of(in, sizeof in)};
    assert_int_equal(cursor_u32(&c), 0);
    assert_int_equal(cursor_u8(&c), 0); // there is a byte, but all after the first fault is void
    assert_int_equal(cursor_take(&c, 0).len, 0);
    assert_true(c.is_bad);
    assert_false(cursor_done(&c));
    struct cursor empty = {.left = bytes_of(NULL, 0)};
    assert_int_equal(cursor_take(&empty, 0).len, 0);
    assert_true(cursor_done(&empty));
    assert_int_equal(cursor_take(&empty, SIZE_MAX).len, 0);
    assert_false(cursor_done(&empty));
}

static void put_all(struct buffer *b, uint64_t v, float f)
{
    buffer_u8(b, (uint8_t)v);
    buffer_u16(b, (uint16_t)v);
    buffer_u32(b, (uint32_t)v);
    buffer_u64(b, v);
    buffer_u16le(b, (uint16_t)v);
    buffer_u32le(b, (uint32_t)v);
    buffer_u64le(b, v);
    buffer_f32le(b, f);
}

static void assert_all(struct cursor *c, uint64_t v, float f)
{
    assert_int_equal(cursor_u8(c), (uint8_t)v);
    assert_int_equal(cursor_u16(c), (uint16_t)v);
    assert_int_equal(cursor_u32(c), (uint32_t)v);
    assert_true(cursor_u64(c) == v);
    assert_int_equal(cursor_u16le(c), (uint16_t)v);
    assert_int_equal(cursor_u32le(c), (uint32_t)v);
    assert_true(cursor_u64le(c) == v);
    const float back = cursor_f32le(c);
    assert_memory_equal(&back, &f, sizeof f); // NaN too
}

static void what_is_written_reads_back(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    for (int i = 0; i < 1000; i++) {
        const uint64_t v = rng_u64(&r) >> rng_below(&r, 64);
        const uint32_t bits = (uint32_t)rng_u64(&r);
        float f;
        memcpy(&f, &bits, sizeof f);
        uint8_t at[33];
        struct buffer b = buffer_of(at, sizeof at);
        put_all(&b, v, f);
        assert_false(b.is_full);
        assert_int_equal(b.len, sizeof at);
        struct cursor c = {.left = buffer_bytes(&b)};
        assert_all(&c, v, f);
        assert_true(cursor_done(&c));
    }
}

static void a_full_buffer_drops_whole_writes(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 33; cap++) {
        uint8_t *at = malloc(cap > 0 ? cap : 1); // exact, so that sanitizers see an overrun
        struct buffer b = buffer_of(at, cap);
        put_all(&b, UINT64_MAX, 1.0f);
        assert_true(b.is_full);
        assert_true(b.len <= cap);
        const size_t len = b.len;
        buffer_u8(&b, 1); // dropped, though there may be a byte left
        assert_int_equal(b.len, len);
        free(at);
    }
}

static void hex_goes_both_ways(void **state)
{
    (void)state;
    static const uint8_t in[] = {0x00, 0x1f, 0xa0, 0xff};
    char text[2 * sizeof in + 1];
    hex_encode(bytes_of(in, sizeof in), text);
    assert_string_equal(text, "001fa0ff");
    uint8_t out[4];
    assert_true(hex_decode(bytes_text("001FA0fF"), out, sizeof out));
    assert_memory_equal(out, in, sizeof in);
    assert_false(hex_decode(bytes_text("001fa0f"), out, sizeof out));
    assert_false(hex_decode(bytes_text("001fa0ff0"), out, sizeof out));
    assert_false(hex_decode(bytes_text("001fa0fg"), out, sizeof out));
    assert_false(hex_decode(bytes_text("001fa0 f"), out, sizeof out));
    assert_true(hex_decode(bytes_text(""), NULL, 0));
}

static void a_text_is_taken_apart_at_a_byte(void **state)
{
    (void)state;
    struct bytes b = bytes_text("one\n\ntwo");
    assert_true(bytes_is(bytes_take_until(&b, '\n'), "one"));
    assert_int_equal(bytes_take_until(&b, '\n').len, 0);
    assert_int_equal(b.len, 3);
    assert_true(bytes_is(bytes_take_until(&b, '\n'), "two"));
    assert_int_equal(b.len, 0);
    assert_int_equal(bytes_take_until(&b, '\n').len, 0);
    b = bytes_text("end\n");
    assert_true(bytes_is(bytes_take_until(&b, '\n'), "end"));
    assert_int_equal(b.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_is_taken_apart_at_a_byte),
        cmocka_unit_test(views_compare_and_part),
        cmocka_unit_test(order_is_by_byte_then_by_length),
        cmocka_unit_test(text_is_cut_and_ended),
        cmocka_unit_test(orders_of_bytes_are_as_named),
        cmocka_unit_test(one_byte_too_far_is_remembered),
        cmocka_unit_test(what_is_written_reads_back),
        cmocka_unit_test(a_full_buffer_drops_whole_writes),
        cmocka_unit_test(hex_goes_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
