// SPDX-License-Identifier: MIT
// Tests of the kernel's secret bytes: all are filled, and they differ.
#include "os/entropy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void fills_all_and_never_twice_the_same(void **state)
{
    (void)state;
    const struct entropy e = entropy_os();
    uint8_t a[600] = {0}; // more than getrandom's atomic 256
    uint8_t b[600] = {0};
    e.fill(e.self, a, sizeof a);
    e.fill(e.self, b, sizeof b);
    assert_memory_not_equal(a, b, sizeof a);
    static const uint8_t zeros[32];
    for (size_t i = 0; i + sizeof zeros <= sizeof a; i += sizeof zeros)
        assert_memory_not_equal(a + i, zeros, sizeof zeros);
    e.fill(e.self, NULL, 0);
    assert_true(entropy_u64(&e) != entropy_u64(&e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(fills_all_and_never_twice_the_same)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
