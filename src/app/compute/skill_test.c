// SPDX-License-Identifier: MIT
// Tests of skills: two for each kernel, and what a helper's abilities come to.
#include "compute/skill.h"

#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "kernel/kernel.h"
#include "work/predict.h"

static void test_two_for_each_kernel(void **state)
{
    (void)state;
    uint32_t seen = 0;
    for (size_t i = 0; kernel_at(i) != NULL; i++) {
        for (unsigned text = 0; text < 2; text++) {
            uint32_t skill = skill_of(kernel_at(i)->name, text == 1);
            assert_true(skill < SKILLS_MAX);
            assert_int_equal(seen & 1u << skill, 0);
            seen |= 1u << skill;
            assert_ptr_equal(skill_kernel(skill), kernel_at(i));
            assert_int_equal(skill & 1, text);
        }
    }
    assert_int_equal(skill_of("no such", false), SKILL_NONE);
}

static void test_abilities(void **state)
{
    (void)state;
    struct msg_ability a = {.speed_count = 3, .speed = {{"echo", 1}, {"newer", 1}, {"trace", 1}}};
    uint32_t all = skill_mask(&a, false);
    assert_true((all & 1u << skill_of("echo", false)) != 0);
    assert_true((all & 1u << skill_of("echo", true)) != 0);
    assert_true((all & 1u << skill_of("trace", false)) != 0);
    uint32_t text = skill_mask(&a, true);
    assert_int_equal(text & 1u << skill_of("echo", false), 0);
    assert_true((text & 1u << skill_of("echo", true)) != 0);
    assert_int_equal(text & ~all, 0);
    a.speed_count = 0;
    assert_int_equal(skill_mask(&a, false), 0);
}

// What tables of fixed size elsewhere take for granted of any kernel.
static void test_tables_hold_all_kernels(void **state)
{
    (void)state;
    static_assert(SKILLS_MAX <= 32, "a set of skills is a bit mask of 32 bits");
    static_assert(SKILLS_MAX <= PREDICT_TYPES_MAX, "a type for each skill, and one for tiles");
    static_assert(2 * MSG_KERNELS_MAX <= SKILLS_MAX, "a helper may know them all");
    uint32_t count = 0;
    for (const struct kernel *k; (k = kernel_at(count)) != NULL; count++) {
        const uint32_t most = kernel_takes_object(k) + k->given_max + k->shows_result;
        assert_true(k->given_min <= k->given_max);
        assert_true(k->given_max + k->shows_result <= KERNEL_GIVEN_MAX);
        assert_true(most <= TASK_INPUTS_MAX);
        assert_true(strlen(k->name) < TASK_KERNEL_BYTES);
    }
    assert_true(count <= MSG_KERNELS_MAX);
    assert_true(skill_count() + 1 <= PREDICT_TYPES_MAX);
}

static void test_count(void **state)
{
    (void)state;
    assert_non_null(skill_kernel(skill_count() - 1));
    assert_null(skill_kernel(skill_count()));
    assert_int_equal(skill_count() % 2, 0);
    assert_true(skill_count() < SKILLS_MAX); // there is a number left for tiles
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_hold_all_kernels), cmocka_unit_test(test_count),
        cmocka_unit_test(test_two_for_each_kernel), cmocka_unit_test(test_abilities)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
