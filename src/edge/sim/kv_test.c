// SPDX-License-Identifier: MIT
// Tests of the store in memory: against a naive twin, and the faults that it can be told to have.
#include "sim/kv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "host/kv_test.h"

static struct budget budget = {.limit_bytes = (size_t)1 << 24};

static struct sim_kv *kv_of(uint64_t bytes_max)
{
    struct sim_kv *k = NULL;
    assert_int_equal(sim_kv_new(&k, &budget, bytes_max), RC_OK);
    return k;
}

static void test_as_any_host(void **state)
{
    (void)state;
    struct sim_kv *k = kv_of(1000);
    kv_keeps_its_promises(sim_kv_host(k));
    kv_groups_are_one(sim_kv_host(k));
    assert_int_equal(sim_kv_bytes(k), 2 + 4 + 6 + 2 + 4 + 5); // keys and values of what is left
    assert_true(sim_kv_calls(k) > 10);
    sim_kv_free(k);
    k = kv_of(1000);
    sim_kv_as_files(k);
    kv_keeps_its_promises(sim_kv_host(k));
    sim_kv_free(k);
    sim_kv_free(NULL);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_against_twin(void **state)
{
    (void)state;
    struct sim_kv *k = kv_of(100000);
    struct kv kv = sim_kv_host(k);
    struct rng rng = rng_seeded(11);
    int twin[200]; // value + 1; 0: not there
    memset(twin, 0, sizeof twin);
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t key = (uint8_t)rng_below(&rng, 200);
        uint8_t value = (uint8_t)rng_below(&rng, 256);
        if (rng_below(&rng, 2)) {
            enum rc rc = kv.ops->put(kv.self, bytes_of(&key, 1), bytes_of(&value, 1));
            assert_int_equal(rc, RC_OK);
            twin[key] = value + 1;
        } else {
            enum rc rc = kv.ops->del(kv.self, bytes_of(&key, 1));
            assert_int_equal(rc, twin[key] ? RC_OK : RC_ABSENT);
            twin[key] = 0;
        }
        struct bytes got;
        struct bytes content;
        enum rc rc = kv.ops->next(kv.self, bytes_of(&value, 1), &got, &content);
        unsigned want = value + 1u;
        while (want < 200 && !twin[want])
            want++;
        assert_int_equal(rc, want < 200 ? RC_OK : RC_ABSENT);
        if (rc != RC_OK)
            continue;
        assert_int_equal(got.at[0], want);
        assert_int_equal(content.at[0] + 1, twin[want]);
        kv.ops->release(kv.self);
    }
    sim_kv_free(k);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_full_disk(void **state)
{
    (void)state;
    struct sim_kv *k = kv_of(10);
    struct kv kv = sim_kv_host(k);
    assert_int_equal(kv_test_put(kv, "a", "12345"), RC_OK);
    assert_int_equal(kv_test_put(kv, "b", "1234"), RC_FULL);
    assert_int_equal(kv_test_put(kv, "b", "123"), RC_OK); // 10 bytes with the keys
    assert_int_equal(kv_test_put(kv, "a", "123456"), RC_FULL);
    kv_test_has(kv, "a", "12345"); // as it was
    assert_int_equal(kv_test_put(kv, "a", "1234"), RC_OK);
    sim_kv_limit(k, 1);
    assert_int_equal(kv_test_put(kv, "a", "123"), RC_FULL);
    assert_int_equal(kv.ops->del(kv.self, bytes_text("a")), RC_OK);
    sim_kv_limit(k, 100);
    assert_int_equal(kv_test_put(kv, "a", "123"), RC_OK);
    sim_kv_free(k);
    struct budget tight = {.limit_bytes = 500};
    assert_int_equal(sim_kv_new(&k, &tight, 10), RC_NOMEM);
    assert_null(k);
    assert_int_equal(tight.used_bytes, 0);
}

static void test_told_to_fail(void **state)
{
    (void)state;
    struct sim_kv *k = kv_of(1000);
    struct kv kv = sim_kv_host(k);
    sim_kv_fail(k, 2, RC_IO, false);
    assert_int_equal(kv_test_put(kv, "a", "1"), RC_OK);
    assert_int_equal(kv_test_put(kv, "b", "2"), RC_IO);
    kv_test_has(kv, "b", NULL);
    sim_kv_fail(k, 1, RC_IO, true); // done, and the answer lost
    assert_int_equal(kv_test_put(kv, "b", "2"), RC_IO);
    kv_test_has(kv, "b", "2");
    sim_kv_fail(k, 1, RC_IO, true);
    assert_int_equal(kv.ops->del(kv.self, bytes_text("b")), RC_IO);
    kv_test_has(kv, "b", NULL);
    sim_kv_fail(k, 1, RC_FULL, false);
    assert_int_equal(kv_test_put(kv, "c", "3"), RC_FULL);
    struct bytes got;
    sim_kv_fail(k, 1, RC_IO, false);
    assert_int_equal(kv.ops->get(kv.self, bytes_text("a"), &got), RC_IO);
    sim_kv_fail(k, 1, RC_IO, false);
    assert_int_equal(kv.ops->next(kv.self, bytes_text(""), &got, &got), RC_IO);
    kv_test_has(kv, "a", "1");
    sim_kv_free(k);
}

static void test_damage(void **state)
{
    (void)state;
    struct sim_kv *k = kv_of(1000);
    struct kv kv = sim_kv_host(k);
    assert_int_equal(kv_test_put(kv, "key", "ab"), RC_OK);
    assert_int_equal(sim_kv_damage(k, bytes_text("key"), 9), RC_OK);
    kv_test_has(kv, "key", "a`");
    assert_int_equal(sim_kv_damage(k, bytes_text("key"), 16), RC_ABSENT);
    assert_int_equal(sim_kv_damage(k, bytes_text("kex"), 0), RC_ABSENT);
    sim_kv_free(k);
}

static void test_groups(void **state)
{
    (void)state;
    struct sim_kv *k = kv_of(100);
    struct kv kv = sim_kv_host(k);
    assert_int_equal(kv_test_put(kv, "a", "1"), RC_OK);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv_test_put(kv, "a", "2"), RC_OK);
    assert_int_equal(kv_test_put(kv, "b", "3"), RC_OK);
    assert_int_equal(kv.ops->del(kv.self, bytes_text("a")), RC_OK);
    kv_test_has(kv, "a", NULL);
    kv_test_has(kv, "b", "3");
    kv_test_follows(kv, "", "b");
    kv.ops->abort(kv.self);
    kv_test_has(kv, "a", "1");
    kv_test_has(kv, "b", NULL);
    assert_int_equal(sim_kv_bytes(k), 2);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv_test_put(kv, "b", "3"), RC_OK);
    sim_kv_fail(k, 1, RC_IO, false);
    assert_int_equal(kv.ops->commit(kv.self), RC_IO);
    kv_test_has(kv, "b", NULL);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv_test_put(kv, "b", "3"), RC_OK);
    sim_kv_fail(k, 1, RC_IO, true);
    assert_int_equal(kv.ops->commit(kv.self), RC_IO); // and it happened
    kv_test_has(kv, "b", "3");
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv.ops->del(kv.self, bytes_text("b")), RC_OK);
    assert_int_equal(kv.ops->commit(kv.self), RC_OK);
    kv_test_has(kv, "b", NULL);
    assert_int_equal(sim_kv_entries(k), 1);
    sim_kv_free(k);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_crash_of_rows(void **state)
{
    (void)state;
    struct sim_kv *k = kv_of(1000);
    struct sim_kv *other = kv_of(1000);
    struct kv kv = sim_kv_host(k);
    assert_int_equal(kv_test_put(kv, "a", "1"), RC_OK);
    assert_int_equal(kv.ops->begin(kv.self), RC_OK);
    assert_int_equal(kv_test_put(kv, "a", "2"), RC_OK);
    sim_kv_crash(k, 2, true, other);
    assert_int_equal(kv_test_put(kv, "b", "3"), RC_OK);
    assert_int_equal(kv_test_put(kv, "c", "4"), RC_IO);
    assert_int_equal(kv.ops->commit(kv.self), RC_IO); // nobody is there any more
    assert_true(sim_kv_is_dead(k) && sim_kv_is_dead(other));
    assert_int_equal(kv_test_put(sim_kv_host(other), "a", "1"), RC_IO);
    sim_kv_power_loss(k, 1);
    sim_kv_restart(other);
    kv_test_has(kv, "a", "1"); // the group under way is gone
    kv_test_has(kv, "b", NULL);
    kv_test_has(kv, "c", NULL);
    assert_int_equal(kv_test_put(sim_kv_host(other), "a", "1"), RC_OK);
    sim_kv_free(k);
    sim_kv_free(other);
    assert_int_equal(budget.used_bytes, 0);
}

// Over many seeds, an unsynced file is seen gone, whole, zeroed in part, mixed, and cut short.
static void test_power_loss_of_files(void **state)
{
    (void)state;
    static uint8_t old_value[2000];
    static uint8_t new_value[2000];
    memset(old_value, 'o', sizeof old_value);
    memset(new_value, 'n', sizeof new_value);
    unsigned seen_old = 0;
    unsigned seen_new = 0;
    unsigned seen_short = 0;
    unsigned seen_mixed = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct sim_kv *k = kv_of(100000);
        struct bytes got;
        sim_kv_as_files(k);
        struct kv kv = sim_kv_host(k);
        assert_int_equal(kv.ops->begin(kv.self), RC_OK);
        assert_int_equal(kv.ops->put(kv.self, bytes_text("a"), bytes_of(old_value, 2000)), RC_OK);
        assert_int_equal(kv_test_put(kv, "safe", "s"), RC_OK);
        assert_int_equal(kv.ops->commit(kv.self), RC_OK);
        assert_int_equal(kv.ops->put(kv.self, bytes_text("a"), bytes_of(new_value, 2000)), RC_OK);
        assert_int_equal(kv_test_put(kv, "b", "new"), RC_OK);
        assert_int_equal(kv.ops->del(kv.self, bytes_text("safe")), RC_OK);
        assert_int_equal(kv_test_put(kv, "safe", "s"), RC_OK);
        sim_kv_restart(k); // the end of a process: all is there
        kv_test_has(kv, "b", "new");
        sim_kv_power_loss(k, seed);
        assert_int_equal(kv.ops->get(kv.self, bytes_text("a"), &got), RC_OK); // old or new, in part
        if (got.len < 2000)
            seen_short++;
        else if (memcmp(got.at, old_value, 2000) == 0)
            seen_old++;
        else if (memcmp(got.at, new_value, 2000) == 0)
            seen_new++;
        else
            seen_mixed++;
        for (size_t i = 0; i < got.len; i++)
            assert_true(got.at[i] == 'o' || got.at[i] == 'n' || got.at[i] == 0);
        kv.ops->release(kv.self);
        sim_kv_free(k);
    }
    assert_true(seen_old > 10 && seen_new > 10 && seen_short > 10 && seen_mixed > 5);
    assert_int_equal(budget.used_bytes, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_any_host),   cmocka_unit_test(test_against_twin),
        cmocka_unit_test(test_full_disk),     cmocka_unit_test(test_told_to_fail),
        cmocka_unit_test(test_damage),        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_crash_of_rows), cmocka_unit_test(test_power_loss_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
