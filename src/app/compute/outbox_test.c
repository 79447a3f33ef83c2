// SPDX-License-Identifier: MIT
// Tests of the outbox: order, memory given back, and no debt forgotten when memory is out.
#include "compute/outbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/attr.h"

static struct msg cancel_of(uint64_t task)
{
    return (struct msg){.type = MSG_CANCEL, .as.cancel = {task}};
}

static uint64_t task_in(const struct out *out)
{
    struct msg m;
    assert_int_equal(msg_decode(&m, out->bytes), RC_OK);
    assert_int_equal(m.type, MSG_CANCEL);
    return m.as.cancel.task;
}

static void test_in_order_and_given_back(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 1 << 20};
    uint64_t owed[4];
    struct outbox o;
    outbox_init(&o, &budget, owed, ARRAY_COUNT(owed));
    for (uint64_t i = 0; i < 3; i++) {
        struct msg m = cancel_of(i);
        outbox_send(&o, 10 + i, &m);
    }
    outbox_close(&o, 10, "enough");
    struct out out;
    for (uint64_t i = 0; i < 3; i++) {
        assert_true(outbox_next(&o, &out));
        assert_int_equal(out.kind, OUT_SEND);
        assert_int_equal(out.conn, 10 + i);
        assert_int_equal(task_in(&out), i);
    }
    assert_true(outbox_next(&o, &out));
    assert_int_equal(out.kind, OUT_CLOSE);
    assert_true(bytes_is(out.bytes, "enough"));
    assert_false(outbox_next(&o, &out));
    assert_int_equal(budget.used_bytes, 0);
}

static void test_large_message_is_whole(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 4 << 20};
    uint64_t owed[1];
    struct outbox o;
    outbox_init(&o, &budget, owed, 1);
    uint8_t *data = budget_take(&budget, MSG_PART_BYTES_MAX);
    memset(data, 7, MSG_PART_BYTES_MAX);
    struct msg m = {.type = MSG_OBJECT_PART,
                    .as.object_part = {.total = MSG_PART_BYTES_MAX,
                                       .data = bytes_of(data, MSG_PART_BYTES_MAX)}};
    outbox_send(&o, 1, &m);
    memset(data, 8, MSG_PART_BYTES_MAX); // it was copied
    struct out out;
    struct msg got;
    assert_true(outbox_next(&o, &out));
    assert_int_equal(msg_decode(&got, out.bytes), RC_OK);
    assert_int_equal(got.as.object_part.data.len, MSG_PART_BYTES_MAX);
    assert_int_equal(got.as.object_part.data.at[MSG_PART_BYTES_MAX - 1], 7);
    outbox_drop_all(&o);
    budget_give(&budget, data);
    assert_int_equal(budget.used_bytes, 0);
}

static void test_forget_one_connection(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 1 << 20};
    uint64_t owed[4];
    struct outbox o;
    outbox_init(&o, &budget, owed, ARRAY_COUNT(owed));
    for (uint64_t i = 0; i < 6; i++) {
        struct msg m = cancel_of(i);
        outbox_send(&o, i % 2, &m);
    }
    outbox_forget(&o, 1);
    struct out out;
    for (uint64_t i = 0; i < 6; i += 2) {
        assert_true(outbox_next(&o, &out));
        assert_int_equal(task_in(&out), i);
    }
    assert_false(outbox_next(&o, &out));
    assert_int_equal(budget.used_bytes, 0);
}

static void test_every_debt_is_paid_by_closing(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 0};
    uint64_t owed[3];
    struct outbox o;
    outbox_init(&o, &budget, owed, ARRAY_COUNT(owed));
    struct msg m = cancel_of(1);
    for (int twice = 0; twice < 2; twice++)
        for (uint64_t conn = 5; conn < 8; conn++)
            outbox_send(&o, conn, &m);
    outbox_forget(&o, 6);
    outbox_forget(&o, 9); // owed nothing
    bool is_closed[10] = {false};
    struct out out;
    for (int i = 0; i < 2; i++) {
        assert_true(outbox_next(&o, &out));
        assert_int_equal(out.kind, OUT_CLOSE);
        assert_false(is_closed[out.conn]);
        is_closed[out.conn] = true;
    }
    assert_true(is_closed[5] && is_closed[7]);
    assert_false(outbox_next(&o, &out));
    outbox_close(&o, 5, "a reason takes memory too");
    assert_true(outbox_next(&o, &out));
    assert_int_equal(out.kind, OUT_CLOSE);
}

static void test_debts_die_with_their_connection(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 0};
    uint64_t owed[1];
    struct outbox o;
    outbox_init(&o, &budget, owed, 1);
    struct msg m = cancel_of(1);
    outbox_send(&o, 0, &m);
    outbox_drop_all(&o); // the next connection has the same number: 0
    struct out out;
    assert_false(outbox_next(&o, &out));
}

static void test_who_pays(void **state)
{
    (void)state;
    struct budget budget = {.limit_bytes = 1 << 20};
    uint64_t owed[1];
    struct outbox o;
    struct out out;
    struct msg m = cancel_of(1);
    outbox_init(&o, &budget, owed, 1);
    outbox_send(&o, 10, &m);
    outbox_bill(&o, 20);
    outbox_send(&o, 10, &m);
    outbox_bill(&o, 0);
    outbox_text(&o, 11, bytes_text("{}"));
    const uint64_t payer[] = {10, 20, 11};
    for (size_t i = 0; i < ARRAY_COUNT(payer); i++) {
        assert_true(outbox_next(&o, &out));
        assert_int_equal(out.payer, payer[i]);
    }
    outbox_drop_all(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_order_and_given_back),
        cmocka_unit_test(test_large_message_is_whole),
        cmocka_unit_test(test_forget_one_connection),
        cmocka_unit_test(test_every_debt_is_paid_by_closing),
        cmocka_unit_test(test_debts_die_with_their_connection),
        cmocka_unit_test(test_who_pays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
