// SPDX-License-Identifier: MIT
// Tests of the generated scenes: they open, repeat, keep their counts, and say what there is.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "crypt/hash.h"
#include "scene/scene.h"
#include "scene/scenes.h"

static struct buffer make(struct budget *budget, const char *name, struct scene *scene)
{
    struct buffer out;
    struct err err = {0};
    if (scenes_make(bytes_text(name), budget, &out, &err) != RC_OK)
        fail_msg("%s: %s", name, err.text);
    if (scene_open(scene, buffer_bytes(&out), &err) != RC_OK)
        fail_msg("%s: %s", name, err.text);
    return out;
}

static void test_all_open(void **state)
{
    (void)state;
    size_t count = 0;
    for (const struct scenes_entry *e; (e = scenes_at(count)) != NULL; count++) {
        struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
        struct scene scene;
        struct buffer out = make(&budget, e->name, &scene);
        assert_true(strlen(e->sentence) > 10);
        budget_give(&budget, out.at);
        assert_int_equal(budget.used_bytes, 0);
    }
    assert_true(count >= 3);
}

static void test_repeats(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    struct scene scene;
    struct buffer one = make(&budget, "neon-street", &scene);
    struct buffer two = make(&budget, "neon-street", &scene);
    assert_true(bytes_equal(buffer_bytes(&one), buffer_bytes(&two)));
    budget_give(&budget, one.at);
    budget_give(&budget, two.at);
}

// Other compilers, their levels and other versions of libm must draw the same bytes. When the
// drawing changes on purpose, put in here what the failure prints.
static void test_same_everywhere(void **state)
{
    (void)state;
    static const char *const known[][2] = {
        {"cornell", "ef70431173cb5f7570e2ddcbe88a70716f90b18f5182ff929a0f0389bf4a7404"},
        {"neon-street", "f84a168246201ae001fe4c7fb716aa1ef12f510220d9663aed133b005b28fbc2"},
        {"neon-street-1m", "aa9600ae011cf26afa6a4d349d0eeb28b03a8e45499ec341728d78124b319ec0"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
        struct scene scene;
        struct buffer out = make(&budget, known[i][0], &scene);
        struct digest digest = hash_bytes(buffer_bytes(&out));
        char hex[DIGEST_HEX_BYTES];
        digest_hex(&digest, hex);
        budget_give(&budget, out.at);
        if (strcmp(hex, known[i][1]) != 0)
            fail_msg("%s has SHA-256 %s", known[i][0], hex);
    }
}

static uint32_t emissive_count(const struct scene *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->triangle_count; i++) {
        struct scene_material m = scene_material_at(s, scene_triangle_at(s, i).material);
        count += m.emission[0] > 0.0f || m.emission[1] > 0.0f || m.emission[2] > 0.0f;
    }
    return count;
}

static void test_street_counts(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    struct scene scene;
    struct buffer out = make(&budget, "neon-street", &scene);
    assert_in_range(scene.triangle_count, 95000, 105000);
    assert_in_range(emissive_count(&scene), 3000, 40000); // rain included
    assert_true(scene.key_count >= 4);
    assert_true(scene_key_at(&scene, scene.key_count - 1).time_s >= 10.0f);
    budget_give(&budget, out.at);
    out = make(&budget, "neon-street-1m", &scene);
    assert_in_range(scene.triangle_count, 950000, 1050000);
    budget_give(&budget, out.at);
}

static void test_unknown_lists(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = SCENES_BUDGET_BYTES};
    struct buffer out = {0};
    struct err err = {0};
    assert_int_equal(scenes_make(bytes_text("kitchen"), &budget, &out, &err), RC_ABSENT);
    assert_string_equal(err.text, "no generated scene is called 'kitchen'; there are cornell, "
                                  "neon-street, neon-street-1m");
    assert_null(out.at);
    assert_int_equal(scenes_make(bytes_text("neon-stree"), &budget, &out, NULL), RC_ABSENT);
}

static void test_no_memory(void **state)
{
    (void)state;
    for (size_t limit = 0; limit < 4000000; limit += 700000) {
        struct budget budget = {.limit_bytes = limit};
        struct buffer out = {0};
        struct err err = {0};
        assert_int_equal(scenes_make(bytes_text("neon-street"), &budget, &out, &err), RC_NOMEM);
        assert_null(out.at);
        assert_int_equal(budget.used_bytes, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_open),        cmocka_unit_test(test_repeats),
        cmocka_unit_test(test_same_everywhere), cmocka_unit_test(test_street_counts),
        cmocka_unit_test(test_unknown_lists),   cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
