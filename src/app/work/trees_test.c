// SPDX-License-Identifier: MIT
// Tests of trees: what is read is what is asked, and nonsense is refused. That they say what
// XGBoost says is tested where they are fitted (test/fit_trees_test.c).
#include "work/trees.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

#define FEATURES 2u

// Below 1.5: -1; else below 4 in the other feature: 2, else 3. And a tree that is a leaf: 0.25.
static const uint8_t two_trees[] = {
    2,    0,    6, 0, 0, 0, 5, 0,             // two trees of six nodes, roots 0 and 5
    0,    0,    1, 0, 2, 0, 0, 0, 0xc0, 0x3F, // feature 0 < 1.5 ? 1 : 2
    0xff, 0xff, 0, 0, 0, 0, 0, 0, 0x80, 0xbf, // -1
    1,    0,    3, 0, 4, 0, 0, 0, 0x80, 0x40, // feature 1 < 4 ? 3 : 4
    0xff, 0xff, 0, 0, 0, 0, 0, 0, 0,    0x40, // 2
    0xff, 0xff, 0, 0, 0, 0, 0, 0, 0x40, 0x40, // 3
    0xff, 0xff, 0, 0, 0, 0, 0, 0, 0x80, 0x3e, // 0.25
};

#define NODE_AT(i) (8 + 10 * (i))

static struct trees t;

static float asked(float a, float b)
{
    return trees_ask(&t, (const float[FEATURES]){a, b});
}

static void expect(float a, float b, float want)
{
    const float is = asked(a, b);
    assert_memory_equal(&is, &want, sizeof is);
}

static void ways_through_a_tree(void **state)
{
    (void)state;
    assert_int_equal(trees_read(&t, bytes_of(two_trees, sizeof two_trees), FEATURES), RC_OK);
    expect(1, 9, -0.75F);
    expect(1.5F, 3, 2.25F);
    expect(2, 4, 3.25F);
    expect(NAN, NAN, 3.25F);
}

static void none_says_nothing(void **state)
{
    (void)state;
    static const uint8_t none[4];
    assert_int_equal(trees_read(&t, bytes_of(none, sizeof none), FEATURES), RC_OK);
    expect(1, 2, 0);
}

static void expect_refused(size_t at, uint8_t value)
{
    uint8_t bad[sizeof two_trees];
    memcpy(bad, two_trees, sizeof bad);
    bad[at] = value;
    assert_int_equal(trees_read(&t, bytes_of(bad, sizeof bad), FEATURES), RC_MALFORMED);
    expect(1, 2, 0);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < sizeof two_trees; len++)
        assert_int_equal(trees_read(&t, bytes_of(two_trees, len), FEATURES), RC_MALFORMED);
    expect_refused(0, 3);              // more trees than roots
    expect_refused(1, 1);              // more than TREES_MAX
    expect_refused(2, 7);              // more nodes than there are
    expect_refused(3, 9);              // more than TREES_NODES_MAX
    expect_refused(4, 6);              // a root that is no node
    expect_refused(NODE_AT(0), 2);     // a feature that is none
    expect_refused(NODE_AT(0) + 2, 0); // a way that does not end
    expect_refused(NODE_AT(2) + 4, 6); // a child that is no node
    uint8_t bad[sizeof two_trees];
    memcpy(bad, two_trees, sizeof bad);
    bad[NODE_AT(3) + 8] = 0x80; // infinite
    bad[NODE_AT(3) + 9] = 0x7F;
    assert_int_equal(trees_read(&t, bytes_of(bad, sizeof bad), FEATURES), RC_MALFORMED);
}

// As deep as allowed, then a step deeper.
static void ways_are_short(void **state)
{
    (void)state;
    for (uint8_t depth = TREES_DEPTH_MAX; depth <= TREES_DEPTH_MAX + 1; depth++) {
        const uint8_t nodes = (uint8_t)(depth + 2);
        uint8_t chain[256] = {1, 0, nodes};
        for (uint8_t i = 0; i < nodes; i++) {
            uint8_t *n = &chain[6 + 10 * i];
            n[0] = n[1] = i < depth ? 0 : 0xff;
            n[2] = (uint8_t)(i + 1);
            n[4] = (uint8_t)(nodes - 1);
            n[9] = 0x40; // 2
        }
        const struct bytes in = bytes_of(chain, 6 + 10 * (size_t)nodes);
        const bool is_short = depth <= TREES_DEPTH_MAX;
        assert_int_equal(trees_read(&t, in, FEATURES), is_short ? RC_OK : RC_MALFORMED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_through_a_tree),
        cmocka_unit_test(none_says_nothing),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(ways_are_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
