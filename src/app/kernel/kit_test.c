// SPDX-License-Identifier: MIT
// Tests of the kit.
#include "kernel/kit.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "kernel/trace/trace.h"
#include "scene/scenes.h"

static void every_kernel_asks_for_no_more_than_a_task_may_have(void **state)
{
    (void)state;
    for (size_t i = 0; kernel_at(i) != NULL; i++) {
        const struct kernel *k = kernel_at(i);
        assert_true(k->given_min <= k->given_max);
        assert_true(k->given_max + k->shows_result <= KERNEL_GIVEN_MAX);
        assert_true(k->base == NULL || (k->base->load == NULL) == (k->base->accepts == NULL));
        assert_true((k->verify != NULL) == (k->part == NULL && k->judge == NULL));
        assert_true(k->verify == NULL || !k->shows_result);
    }
}

static void wrong_names_and_numbers_of_inputs_are_refused(void **state)
{
    (void)state;
    struct kit *kit;
    uint8_t room[16];
    struct buffer out = buffer_of(room, sizeof room);
    const struct bytes given[] = {bytes_text("a"), bytes_text("b")};
    struct kernel_in in = {.params = bytes_text("{}"), .given = given};
    assert_int_equal(kit_open(&kit, NULL), RC_OK);
    assert_int_equal(kit_run(kit, bytes_text("echo"), &in, &out, &out), RC_OK);
    assert_int_equal(out.len, 2);
    in.given_count = 2;
    assert_int_equal(kit_run(kit, bytes_text("echo"), &in, &out, &out), RC_MALFORMED);
    assert_int_equal(kit_run(kit, bytes_text("ech"), &in, &out, &out), RC_UNSUPPORTED);
    kit_close(kit);
}

static void an_object_that_is_none_leaves_nothing_loaded(void **state)
{
    (void)state;
    struct kit *kit;
    struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    struct buffer scene = {0};
    struct err err;
    assert_int_equal(scenes_make(bytes_text("cornell"), &budget, &scene, &err), RC_OK);
    uint8_t at[512];
    uint8_t room[4096];
    const struct trace_params p = {.width = 4,
                                   .height = 4,
                                   .w = 4,
                                   .h = 4,
                                   .sample_count = 1,
                                   .depth_max = 2,
                                   .cell = 4,
                                   .camera = {{0, 1, 3}, {0, 1, 0}, {0, 1, 0}, 40}};
    struct buffer params = buffer_of(at, sizeof at);
    struct buffer result = buffer_of(room, 2048);
    struct buffer report = buffer_of(room + 2048, 2048);
    assert_int_equal(trace_params_encode(&p, &params), RC_OK);
    const struct kernel_in in = {.params = buffer_bytes(&params)};
    assert_int_equal(kit_open(&kit, NULL), RC_OK);
    assert_int_equal(kit_run(kit, bytes_text("trace"), &in, &result, &report), RC_ABSENT);
    assert_int_equal(kit_load(kit, buffer_bytes(&scene)), RC_OK);
    assert_int_equal(kit_run(kit, bytes_text("trace"), &in, &result, &report), RC_OK);
    assert_int_equal(kit_load(kit, bytes_text("nothing that anybody knows")), RC_MALFORMED);
    result.len = report.len = 0;
    assert_int_equal(kit_run(kit, bytes_text("trace"), &in, &result, &report), RC_ABSENT);
    kit_close(kit);
    kit_close(NULL);
    budget_give(&budget, scene.at);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kernel_asks_for_no_more_than_a_task_may_have),
        cmocka_unit_test(wrong_names_and_numbers_of_inputs_are_refused),
        cmocka_unit_test(an_object_that_is_none_leaves_nothing_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
