// SPDX-License-Identifier: MIT
// Tests of kernel `echo`.
#include "kernel/echo.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

static void test_gives_back_what_it_gets(void **state)
{
    (void)state;
    struct rng r = rng_seeded(test_seed());
    uint8_t params[300];
    uint8_t room[300];
    for (size_t len = 0; len <= sizeof params; len++) {
        for (size_t i = 0; i < len; i++)
            params[i] = (uint8_t)rng_u64(&r);
        struct buffer result = buffer_of(room, len);
        struct buffer report = buffer_of(NULL, 0);
        struct bytes in = bytes_of(params, len);
        const struct kernel_in input = {.params = in};
        size_t min;
        size_t max;
        assert_int_equal(echo_kernel.result_bounds(in, &min, &max), RC_OK);
        assert_int_equal(min, len);
        assert_int_equal(max, len);
        assert_int_equal(echo_kernel.run(NULL, &input, &result, &report), RC_OK);
        assert_true(echo_kernel.verify(in, buffer_bytes(&result)));
        if (len == 0)
            continue;
        struct buffer small = buffer_of(room, len - 1);
        assert_int_equal(echo_kernel.run(NULL, &input, &small, &report), RC_FULL);
        memcpy(room, params, len);
        room[rng_below(&r, len)] ^= 1; // a forged result
        assert_false(echo_kernel.verify(in, bytes_of(room, len)));
        assert_false(echo_kernel.verify(in, bytes_of(params, len - 1)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gives_back_what_it_gets)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
