// SPDX-License-Identifier: MIT
// Tests of the Cornell-like room: what is in it, and that its lamp hangs inside.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene/cornell.h"
#include "scene/scene.h"

static void test_room(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 64 << 20};
    struct draft d;
    draft_init(&d, &budget);
    cornell_draw(&d);
    struct vec low, high;
    draft_bounds(&d, &low, &high);
    assert_true(low.y >= -0.01f && high.y <= 2.0f && low.x >= -1.0f && high.x <= 1.0f);
    struct buffer out;
    struct scene s;
    assert_int_equal(draft_encode(&d, &out), RC_OK);
    assert_int_equal(scene_open(&s, buffer_bytes(&out), NULL), RC_OK);
    unsigned lamps = 0;
    unsigned metals = 0;
    unsigned glasses = 0;
    for (uint32_t i = 0; i < s.material_count; i++) {
        struct scene_material m = scene_material_at(&s, i);
        lamps += m.emission[0] > 1.0f;
        metals += m.metallic > 0.5f;
        glasses += m.transmission > 0.5f;
    }
    assert_int_equal(lamps, 1);
    assert_int_equal(metals, 1);
    assert_int_equal(glasses, 1);
    assert_true(scene_camera(&s, 0.0f).eye[2] > high.z);
    budget_give(&budget, out.at);
    draft_free(&d);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
