// SPDX-License-Identifier: MIT
// Tests of a task's digest: the form that the header states, and that everything asked is in it.
#include "work/task.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct task_spec sample(void)
{
    struct task_spec t = {.kernel = "trace", .input_count = 1, .params = bytes_text("abc")};
    memset(t.input[0].b, 0x11, DIGEST_BYTES);
    return t;
}

static void assert_digest(const struct task_spec *t, const char *hex)
{
    struct digest want;
    struct digest got = task_digest(t);
    assert_true(digest_from_hex(&want, hex));
    assert_true(digest_equal(&got, &want));
}

// Made by another program: SHA-256 of 83 65 "trace" 81 5820 11.. 5820 SHA-256("abc").
static void test_form_is_pinned(void **state)
{
    (void)state;
    struct task_spec t = sample();
    struct task_spec empty = {.input_count = 0};
    assert_digest(&t, "c99936e41aae4c9cbc06034b1487fda0314070ca1ef312b9d77e28cc8f15bfc0");
    assert_digest(&empty, "b29596c1cbddbbefabf1e8d987402b4b932a8a9b2db2b6b914a6847795c5666f");
}

static void test_everything_asked_counts(void **state)
{
    (void)state;
    struct task_spec t[6];
    for (size_t i = 0; i < 6; i++)
        t[i] = sample();
    memcpy(t[1].kernel, "tracf", 6);
    t[2].input[0].b[31] ^= 1;
    t[3].input_count = 0;
    t[4].params = bytes_text("abd");
    t[5].input_count = TASK_INPUTS_MAX; // three more, of zeros; the longest form has room
    memset(t[5].kernel, 'k', TASK_KERNEL_BYTES - 1);
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < i; k++) {
            struct digest a = task_digest(&t[i]);
            struct digest b = task_digest(&t[k]);
            assert_false(digest_equal(&a, &b));
        }
}

static void test_what_was_not_asked_does_not(void **state)
{
    (void)state;
    struct task_spec a = sample();
    struct task_spec b = sample();
    const char copy[] = "abc";
    b.params = bytes_of(copy, 3);              // other memory
    memset(b.input[2].b, 7, DIGEST_BYTES);     // past input_count
    memcpy(b.kernel, "trace\0rest of it", 16); // past the name's end
    struct digest x = task_digest(&a);
    struct digest y = task_digest(&b);
    assert_true(digest_equal(&x, &y));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_form_is_pinned),
        cmocka_unit_test(test_everything_asked_counts),
        cmocka_unit_test(test_what_was_not_asked_does_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
