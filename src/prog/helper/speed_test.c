// SPDX-License-Identifier: MIT
// Tests of how fast a machine is: the benchmark runs, and every kernel has a speed.
#include "prog/helper/speed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "kernel/kernel.h"
#include "kernel/kit.h"
#include "os/clock.h"

static void the_benchmark_measures_something(void **state)
{
    (void)state;
    static uint8_t result_room[4 << 20];
    uint8_t params_room[SPEED_PARAMS_BYTES], report_room[KERNEL_REPORT_BYTES_MAX];
    struct budget budget = {.limit_bytes = SPEED_BUDGET_BYTES};
    struct buffer scene = {0};
    struct buffer params = buffer_of(params_room, sizeof params_room);
    struct buffer result = buffer_of(result_room, sizeof result_room);
    struct buffer report = buffer_of(report_room, sizeof report_room);
    struct kit *kit = NULL;
    struct err err;
    assert_int_equal(speed_scene(&budget, &scene, &err), RC_OK);
    assert_int_equal(speed_params(buffer_bytes(&scene), &params), RC_OK);
    assert_int_equal(kit_open(&kit, clock_ticks), RC_OK);
    assert_int_equal(kit_load(kit, buffer_bytes(&scene)), RC_OK);
    const struct kernel_in in = {.params = buffer_bytes(&params)};
    assert_int_equal(kit_run(kit, bytes_text("trace"), &in, &result, &report), RC_OK);
    const uint64_t fast = speed_units_s(buffer_bytes(&report), 100000);
    const uint64_t slow = speed_units_s(buffer_bytes(&report), 1000000);
    assert_true(slow > 1);
    assert_in_range(fast, 10 * (slow - 2), 10 * (slow + 1));
    kit_close(kit);
    budget_give(&budget, scene.at);
    assert_int_equal(budget.used_bytes, 0);
}

static void nothing_measured_is_no_speed(void **state)
{
    (void)state;
    assert_int_equal(speed_units_s(bytes_of(NULL, 0), 1000), 0);
    assert_int_equal(speed_units_s(bytes_text("no report"), 1000), 0);
}

static void no_scene_no_params(void **state)
{
    (void)state;
    uint8_t room[SPEED_PARAMS_BYTES];
    struct buffer params = buffer_of(room, sizeof room);
    struct budget none = {.limit_bytes = 0};
    struct buffer scene = {0};
    struct err err;
    assert_int_equal(speed_params(bytes_text("no scene"), &params), RC_MALFORMED);
    assert_int_equal(speed_scene(&none, &scene, &err), RC_NOMEM);
}

static void every_kernel_has_a_speed(void **state)
{
    (void)state;
    struct msg_speed speed[MSG_KERNELS_MAX];
    const uint32_t count = speed_of_all(speed, 50000000);
    assert_true(count > 2);
    for (uint32_t i = 0; i < count; i++) {
        assert_non_null(kernel_find(bytes_text(speed[i].kernel)));
        assert_true(speed[i].units_s > 0);
        if (strcmp(speed[i].kernel, "trace") == 0)
            assert_int_equal(speed[i].units_s, 50000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_benchmark_measures_something),
        cmocka_unit_test(nothing_measured_is_no_speed),
        cmocka_unit_test(no_scene_no_params),
        cmocka_unit_test(every_kernel_has_a_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
