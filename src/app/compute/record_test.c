// SPDX-License-Identifier: MIT
// Tests of records: taken in order and once, dropped while they wait, and owners are told.
#include "compute/record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/rng.h"
#include "base/seed_test.h"

struct desk {
    struct budget budget;
    struct records records;
};

static void desk_open(struct desk *d, size_t limit_bytes)
{
    *d = (struct desk){.budget = {.limit_bytes = limit_bytes}};
    records_init(&d->records, &d->budget);
}

static void desk_close(struct desk *d)
{
    records_reset(&d->records);
    assert_int_equal(d->records.count, 0);
    assert_int_equal(d->budget.used_bytes, 0);
}

static void put(struct desk *d, uint64_t job, struct record_item **owner)
{
    struct record r = {.kind = RECORD_JOB, .job = job, .bytes = bytes_text("what came in")};
    records_put(&d->records, &r, owner);
}

static void test_taken_in_order(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d, 1 << 20);
    char text[] = "a message that does not stay";
    struct record r = {
        .kind = RECORD_TASK, .index = 9, .kernel = "trace", .bytes = bytes_text(text)};
    records_put(&d.records, &r, NULL);
    memset(text, '?', sizeof text - 1);
    r = (struct record){.kind = RECORD_END, .state = RECORD_FAILED};
    records_put(&d.records, &r, NULL);
    assert_int_equal(d.records.count, 2);
    assert_true(records_next(&d.records, &r));
    assert_int_equal(r.kind, RECORD_TASK);
    assert_int_equal(r.index, 9);
    assert_string_equal(r.kernel, "trace");
    assert_true(bytes_is(r.bytes, "a message that does not stay")); // it was copied
    assert_true(records_next(&d.records, &r));
    assert_int_equal(r.kind, RECORD_END);
    assert_int_equal(r.state, RECORD_FAILED);
    assert_int_equal(r.bytes.len, 0);
    assert_false(records_next(&d.records, &r));
    assert_int_equal(d.budget.used_bytes, 0); // what was borrowed is given back
    assert_false(records_next(&d.records, &r));
    desk_close(&d);
}

static void test_dropped_before_taken(void **state)
{
    (void)state;
    struct desk d;
    struct record r;
    struct record_item *item[3] = {NULL};
    desk_open(&d, 1 << 20);
    for (uint64_t i = 0; i < 3; i++)
        put(&d, i, &item[i]);
    records_drop(&d.records, item[1]);
    assert_null(item[1]); // so that nobody drops it twice
    records_drop(&d.records, NULL);
    assert_int_equal(d.records.count, 2);
    assert_true(records_next(&d.records, &r));
    assert_int_equal(r.job, 0);
    assert_null(item[0]);
    assert_non_null(item[2]); // still waits
    assert_true(records_next(&d.records, &r));
    assert_int_equal(r.job, 2);
    assert_null(item[2]);
    assert_false(records_next(&d.records, &r));
    desk_close(&d);
}

static void test_reset_tells_owners(void **state)
{
    (void)state;
    struct desk d;
    struct record r;
    struct record_item *item[2] = {NULL};
    desk_open(&d, 1 << 20);
    put(&d, 1, &item[0]);
    put(&d, 2, &item[1]);
    assert_true(records_next(&d.records, &r)); // and one is borrowed
    records_reset(&d.records);
    assert_null(item[1]);
    desk_close(&d);
}

static void test_budget_runs_out(void **state)
{
    (void)state;
    struct desk d;
    struct record r;
    struct record_item *item = NULL;
    desk_open(&d, 4096);
    uint64_t kept = 0;
    for (uint64_t i = 0; i < 100; i++) {
        item = NULL;
        put(&d, i, &item);
        kept += item != NULL;
    }
    assert_true(kept > 0 && kept < 100);
    assert_int_equal(d.records.lost, 100 - kept);
    assert_int_equal(d.records.count, kept);
    for (uint64_t i = 0; i < kept; i++) {
        assert_true(records_next(&d.records, &r));
        assert_int_equal(r.job, i); // what was there stays
    }
    put(&d, 200, &item); // there is room again
    assert_true(records_next(&d.records, &r));
    assert_int_equal(r.job, 200);
    desk_close(&d);
}

#define OWNERS 16u

// Against a plain list of numbers.
static void test_any_order(void **state)
{
    (void)state;
    struct rng rng = rng_seeded(test_seed());
    struct desk d;
    struct record r;
    struct record_item *item[OWNERS] = {NULL};
    uint64_t number[OWNERS] = {0}; // of what waits for this owner; 0: nothing
    uint64_t last = 0;
    uint64_t taken = 0;
    desk_open(&d, 1 << 20);
    for (int step = 0; step < 20000; step++) {
        uint64_t what = rng_below(&rng, 3);
        size_t i = (size_t)rng_below(&rng, OWNERS);
        if (what == 0 && number[i] == 0) {
            put(&d, number[i] = ++last, &item[i]);
        } else if (what == 1) {
            records_drop(&d.records, item[i]);
            number[i] = 0;
        } else if (what == 2 && rng_below(&rng, 4) == 0 && records_next(&d.records, &r)) {
            assert_true(r.job > taken); // in order
            taken = r.job;
            for (size_t k = 0; k < OWNERS; k++) {
                assert_true(number[k] == 0 || number[k] >= r.job); // none was passed over
                number[k] = number[k] == r.job ? 0 : number[k];
            }
        }
        size_t waiting = 0;
        for (size_t k = 0; k < OWNERS; k++) {
            waiting += number[k] != 0;
            assert_true((item[k] != NULL) == (number[k] != 0));
        }
        assert_int_equal(d.records.count, waiting);
    }
    assert_true(taken > 100);
    desk_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_in_order),     cmocka_unit_test(test_dropped_before_taken),
        cmocka_unit_test(test_reset_tells_owners), cmocka_unit_test(test_budget_runs_out),
        cmocka_unit_test(test_any_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
