// SPDX-License-Identifier: MIT
// Tests of the base: what is loaded when, its clock, and instruction sets.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "kernel/trace/stage_test.h"
#include "kernel/world/base.h"
#include "kernel/world/world.h"

static struct stage stage;

static struct bytes room(void)
{
    stage_init(&stage, 1, 1);
    stage_box(&stage, (const float[3]){0, 0, 0}, 1.0f, stage_material(&stage, stage_grey(0.5f)));
    return stage_object(&stage);
}

static void what_is_loaded_is_the_last_good_object(void **state)
{
    (void)state;
    void *base;
    const struct bytes object = room();
    assert_true(world_base.accepts(object));
    assert_false(world_base.accepts(bytes_text("shoalsc2")));
    assert_int_equal(world_base.open(&base, NULL), RC_OK);
    assert_null(world_base_loaded(base));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(world_base.load(base, object), RC_OK);
        assert_int_equal(world_base_loaded(base)->surface_count, 12);
    }
    assert_int_equal(world_base.load(base, bytes_part(object, 0, object.len - 1)), RC_MALFORMED);
    assert_null(world_base_loaded(base));
    assert_int_equal(world_base.load(base, object), RC_OK);
    assert_int_equal(world_base.load(base, bytes_of(NULL, 0)), RC_MALFORMED);
    assert_null(world_base_loaded(base));
    world_base.close(base);
    world_base.close(NULL);
}

static uint64_t seven(void)
{
    return 7;
}

static void the_clock_is_the_one_given_or_stands_at_0(void **state)
{
    (void)state;
    void *base;
    assert_int_equal(world_base.open(&base, seven), RC_OK);
    assert_int_equal(world_base_ticks(base), 7);
    world_base.close(base);
    assert_int_equal(world_base.open(&base, NULL), RC_OK);
    assert_int_equal(world_base_ticks(base), 0);
    world_base.close(base);
}

static void unknown_instruction_sets_are_refused(void **state)
{
    (void)state;
    void *base = &stage;
    assert_int_equal(world_base_open_isa(&base, NULL, "avx1024"), RC_UNSUPPORTED);
    assert_null(base);
    base = &stage;
    assert_int_equal(world_base_open_isa(&base, NULL, ""), RC_UNSUPPORTED);
    assert_null(base);
    assert_int_equal(world_base_open_isa(&base, NULL, "sse2"), RC_OK); // every x86-64 has it
    assert_int_equal(world_base.load(base, room()), RC_OK);
    world_base.close(base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_loaded_is_the_last_good_object),
        cmocka_unit_test(the_clock_is_the_one_given_or_stands_at_0),
        cmocka_unit_test(unknown_instruction_sets_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
