// SPDX-License-Identifier: MIT
// Tests of the table of kernels.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/kernel.h"
#include "kernel/trace/trace.h"

static void every_kernel_is_found_by_its_name(void **state)
{
    (void)state;
    size_t i = 0;
    for (; kernel_at(i) != NULL; i++)
        assert_ptr_equal(kernel_find(bytes_text(kernel_at(i)->name)), kernel_at(i));
    assert_true(i >= 1);
    assert_null(kernel_at(i + 1));
    assert_ptr_equal(kernel_find(bytes_text("trace")), &trace_kernel);
}

static void other_names_are_none(void **state)
{
    (void)state;
    assert_null(kernel_find(bytes_text("trac")));
    assert_null(kernel_find(bytes_text("trace ")));
    assert_null(kernel_find(bytes_text("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_is_found_by_its_name),
        cmocka_unit_test(other_names_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
