// SPDX-License-Identifier: MIT
// Vouchers on the wire, and for how long they count.
#include "trust/vouch.h"

#include "trust/people_test.h"

static void round_trips(void **state)
{
    struct people *p = *state;
    for (uint32_t slot = 0; slot < VOUCH_SLOTS; slot++) {
        struct voucher out;
        const struct people_record r = people_voucher(&p->a, &p->b.node, slot);
        assert_int_equal(voucher_decode(&out, people_bytes(&r), &p->judge), RC_OK);
        assert_memory_equal(out.by.b, p->a.key_public.b, SIGN_PUBLIC_BYTES);
        assert_true(out.slot == slot && node_id_equal(&out.of, &p->b.node));
        assert_int_equal(out.period, PEOPLE_NOW_S / VOUCH_PERIOD_S);
        assert_true(r.len <= VOUCH_BYTES_MAX);
    }
}

static void refuses(void **state)
{
    struct people *p = *state;
    struct voucher out = {.period = 77};
    const struct people_record more = people_voucher(&p->a, &p->b.node, VOUCH_SLOTS);
    const struct people_record self = people_voucher(&p->a, &p->a.node, 0);
    const struct people_record other = people_receipt(&p->a, &p->b.node, 1, 9, 0);
    assert_int_equal(voucher_decode(&out, people_bytes(&more), &p->judge), RC_MALFORMED);
    assert_int_equal(voucher_decode(&out, people_bytes(&self), &p->judge), RC_REFUSED);
    assert_int_equal(voucher_decode(&out, people_bytes(&other), &p->judge), RC_MALFORMED);
    assert_int_equal(out.period, 77); // untouched
}

static void largest_fits(void **state)
{
    struct people *p = *state;
    uint8_t room[VOUCH_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    struct voucher out;
    const struct voucher v = {
        .by = p->a.key_public, .of = p->b.node, .period = UINT64_MAX, .slot = VOUCH_SLOTS - 1};
    assert_int_equal(voucher_encode(&b, &v, p->a.key), RC_OK);
    assert_int_equal(voucher_decode(&out, buffer_bytes(&b), &p->judge), RC_OK);
    struct buffer small = buffer_of(room, b.len - 1);
    assert_int_equal(voucher_encode(&small, &v, p->a.key), RC_FULL);
}

static void they_age(void **state)
{
    (void)state;
    const struct voucher v = {.period = 100};
    assert_false(voucher_counts(&v, 98 * VOUCH_PERIOD_S));
    assert_true(voucher_counts(&v, 100 * VOUCH_PERIOD_S - 3600)); // clocks differ
    assert_true(voucher_counts(&v, 100 * VOUCH_PERIOD_S));
    assert_true(voucher_counts(&v, 103 * VOUCH_PERIOD_S - 1));
    assert_false(voucher_counts(&v, 103 * VOUCH_PERIOD_S));
    const struct voucher never = {.period = UINT64_MAX};
    assert_false(voucher_counts(&never, 100 * VOUCH_PERIOD_S));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trips, people_begin, people_end),
        cmocka_unit_test_setup_teardown(refuses, people_begin, people_end),
        cmocka_unit_test_setup_teardown(largest_fits, people_begin, people_end),
        cmocka_unit_test(they_age),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
