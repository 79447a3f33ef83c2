// SPDX-License-Identifier: MIT
// Tests of float maps: header, order of rows, scale.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "image/pfm.h"
#include "kernel/trace/trace.h"

static void test_bytes(void **state)
{
    (void)state;
    uint64_t sum[2 * 3 * TRACE_LAYERS * 3] = {0}; // 2 wide, 3 high
    sum[0] = (uint64_t)8 * TRACE_UNIT;            // top left, layer 0, red
    sum[TRACE_LAYERS * 3 + 3 + 2] = TRACE_UNIT;   // second pixel, layer 1, blue
    const struct image_sums image = {sum, 2, 3, 2};
    uint8_t room[256];
    assert_true(pfm_bytes_max(&image) <= sizeof room);
    struct buffer b = buffer_of(room, sizeof room);
    assert_int_equal(pfm_encode(&image, 0, &b), RC_OK);
    static const char head[] = "PF\n2 3\n-1.0\n";
    assert_int_equal(b.len, strlen(head) + 72);
    assert_memory_equal(room, head, strlen(head));
    struct cursor c = {.left = bytes_part(buffer_bytes(&b), strlen(head) + 48, 4)};
    assert_true(fabsf(cursor_f32le(&c) - 4.0f) < 1e-6f); // 8 over 2 samples, in the last row
    b = buffer_of(room, sizeof room);
    assert_int_equal(pfm_encode(&image, 1, &b), RC_OK);
    c.left = bytes_part(buffer_bytes(&b), strlen(head) + 68, 4);
    assert_true(fabsf(cursor_f32le(&c) - 0.5f) < 1e-6f);
}

static void test_no_room(void **state)
{
    (void)state;
    uint64_t sum[TRACE_LAYERS * 3] = {0};
    const struct image_sums image = {sum, 1, 1, 1};
    uint8_t room[20];
    struct buffer b = buffer_of(room, sizeof room);
    assert_int_equal(pfm_encode(&image, 0, &b), RC_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),
        cmocka_unit_test(test_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
