// SPDX-License-Identifier: MIT
// What each host's kv keeps of host/kv's promises. For tests alone.
#ifndef HOST_KV_TEST_H
#define HOST_KV_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "host/kv.h"

static inline enum rc kv_test_put(struct kv kv, const char *key, const char *value)
{
    return kv.ops->put(kv.self, bytes_text(key), bytes_text(value));
}

static inline enum rc kv_test_del(struct kv kv, const char *key)
{
    return kv.ops->del(kv.self, bytes_text(key));
}

// value NULL: nothing is there.
static inline void kv_test_has(struct kv kv, const char *key, const char *value)
{
    struct bytes got;
    const enum rc rc = kv.ops->get(kv.self, bytes_text(key), &got);
    assert_int_equal(rc, value != NULL ? RC_OK : RC_ABSENT);
    if (value == NULL)
        return;
    assert_true(bytes_is(got, value));
    kv.ops->release(kv.self);
}

// The key after `after`, which is `key` (NULL: none).
static inline void kv_test_follows(struct kv kv, const char *after, const char *key)
{
    struct bytes got;
    struct bytes value;
    const enum rc rc = kv.ops->next(kv.self, bytes_text(after), &got, &value);
    assert_int_equal(rc, key != NULL ? RC_OK : RC_ABSENT);
    if (key == NULL)
        return;
    assert_true(bytes_is(got, key));
    kv.ops->release(kv.self);
}

// Of any host; an empty kv. Leaves "a", which holds "a", and others.
static inline void kv_keeps_its_promises(struct kv kv)
{
    static const char *const order[] = {"a", "aa", "aaa", "ab", "b", "ba"};
    kv_test_has(kv, "a", NULL);
    kv_test_follows(kv, "", NULL);
    for (size_t i = 0; i < ARRAY_COUNT(order); i++)
        assert_int_equal(kv_test_put(kv, order[(i * 5 + 2) % ARRAY_COUNT(order)], "old"), RC_OK);
    for (size_t i = 0; i < ARRAY_COUNT(order); i++)
        assert_int_equal(kv_test_put(kv, order[i], order[i]), RC_OK); // replaces
    for (size_t i = 0; i < ARRAY_COUNT(order); i++) {
        kv_test_has(kv, order[i], order[i]);
        kv_test_follows(kv, i > 0 ? order[i - 1] : "", order[i]);
    }
    kv_test_follows(kv, "ba", NULL);
    kv_test_follows(kv, "aab", "ab"); // "aab" itself is not there
    struct bytes one;
    struct bytes two;
    assert_int_equal(kv.ops->get(kv.self, bytes_text("a"), &one), RC_OK); // two at once
    assert_int_equal(kv.ops->get(kv.self, bytes_text("b"), &two), RC_OK);
    kv.ops->release(kv.self);
    assert_true(bytes_is(one, "a") && bytes_is(two, "b")); // until the last release
    kv.ops->release(kv.self);
    assert_int_equal(kv_test_put(kv, "empty", ""), RC_OK);
    kv_test_has(kv, "empty", "");
    assert_int_equal(kv_test_del(kv, "ab"), RC_OK);
    assert_int_equal(kv_test_del(kv, "ab"), RC_ABSENT);
    kv_test_has(kv, "ab", NULL);
    kv_test_follows(kv, "aaa", "b");
}

// Of hosts that keep rows: a group is all or nothing. "a" holds "a"; and so it does afterwards.
static inline void kv_groups_are_one(struct kv kv)
{
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv_test_put(kv, "a", "other"), RC_OK);
    assert_int_equal(kv_test_put(kv, "a1", "new"), RC_OK);
    kv_test_has(kv, "a", "other"); // seen at once
    kv_test_follows(kv, "a", "a1");
    kv.ops->abort(kv.self);
    kv_test_has(kv, "a", "a");
    kv_test_has(kv, "a1", NULL);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv_test_put(kv, "a1", "new"), RC_OK);
    assert_int_equal(kv_test_del(kv, "a"), RC_OK);
    kv_test_has(kv, "a", NULL);
    assert_int_equal(kv.ops->commit(kv.self), RC_OK);
    kv_test_has(kv, "a", NULL);
    kv_test_has(kv, "a1", "new");
    assert_int_equal(kv_test_put(kv, "a", "a"), RC_OK); // and one by one again
    assert_int_equal(kv_test_del(kv, "a1"), RC_OK);
}

#endif
