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
    const struct trace_pixel pixel[] = {{1, 65535}, {300, 2}};
    uint32_t again[3];
    struct trace_pixel pixels[2];
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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_written_is_read),
                                       cmocka_unit_test(too_many_or_half_a_part_is_bad)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
