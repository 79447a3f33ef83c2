// SPDX-License-Identifier: MIT
// Receipts on the wire: what they say, and what is none.
#include "trust/receipt.h"

#include "crypt/seal.h"
#include "trust/form.h"
#include "trust/people_test.h"

static void round_trips(void **state)
{
    struct people *p = *state;
    const struct receipt in = people_receipt_of(&p->a, &p->b.node, 9, 12, 3);
    const struct people_record r = people_receipt(&p->a, &p->b.node, 9, 12, 3);
    struct receipt out;
    assert_int_equal(receipt_decode(&out, people_bytes(&r), &p->judge), RC_OK);
    assert_memory_equal(out.by.b, in.by.b, SIGN_PUBLIC_BYTES);
    assert_true(node_id_equal(&out.of, &in.of) && digest_equal(&out.what, &in.what));
    assert_true(out.counter == 9 && out.time_s == PEOPLE_NOW_S && out.bytes == 1000);
    assert_true(out.service == RECEIPT_CHUNK && out.outcome == RECEIPT_GOOD);
    assert_true(out.good_centi == 1200 && out.bad_centi == 300);
    assert_true(r.len <= RECEIPT_BYTES_MAX);
}

// The largest numbers fit into what the header promises.
static void largest_fits(void **state)
{
    struct people *p = *state;
    uint8_t room[RECEIPT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    struct receipt r = people_receipt_of(&p->a, &p->b.node, UINT64_MAX, 1, 0);
    r.bytes = UINT64_MAX;
    r.time_s = UINT64_MAX;
    r.good_centi = r.bad_centi = RECEIPT_COUNT_MAX;
    assert_int_equal(receipt_encode(&b, &r, p->a.key), RC_OK);
    struct receipt out;
    assert_int_equal(receipt_decode(&out, buffer_bytes(&b), &p->judge), RC_OK);
    struct buffer small = buffer_of(room, 40);
    assert_int_equal(receipt_encode(&small, &r, p->a.key), RC_FULL);
}

// Whatever bit is flipped, it is no receipt any more.
static void no_bit_may_change(void **state)
{
    struct people *p = *state;
    struct people_record r = people_receipt(&p->a, &p->b.node, 9, 12, 3);
    for (size_t bit = 0; bit < 8 * r.len; bit++) {
        struct receipt out;
        r.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
        const enum rc rc = receipt_decode(&out, people_bytes(&r), &p->judge);
        assert_true(rc == RC_MALFORMED || rc == RC_REFUSED);
        r.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t len = 0; len < r.len; len++) {
        struct receipt out;
        assert_int_not_equal(receipt_decode(&out, bytes_of(r.b, len), &p->judge), RC_OK);
    }
}

static void refuses(void **state)
{
    struct people *p = *state;
    struct receipt out;
    const struct people_record self = people_receipt(&p->a, &p->a.node, 1, 9, 0);
    assert_int_equal(receipt_decode(&out, people_bytes(&self), &p->judge), RC_REFUSED);
    const struct people_record zero = people_receipt(&p->a, &p->b.node, 0, 9, 0);
    assert_int_equal(receipt_decode(&out, people_bytes(&zero), &p->judge), RC_REFUSED);
    const struct people_record other = people_answer(&p->a, ANSWER_CHUNK, 1, 1);
    assert_int_equal(receipt_decode(&out, people_bytes(&other), &p->judge), RC_MALFORMED);
    // B's signature under what A said.
    struct people_record mixed = {.len = 0};
    struct buffer b = buffer_of(mixed.b, sizeof mixed.b);
    const struct receipt r = people_receipt_of(&p->a, &p->b.node, 3, 1, 0);
    assert_int_equal(receipt_encode(&b, &r, p->b.key), RC_OK);
    assert_int_equal(receipt_decode(&out, buffer_bytes(&b), &p->judge), RC_REFUSED);
    assert_int_equal(seal_form_of(people_bytes(&self)), FORM_RECEIPT);
    assert_int_equal(seal_form_of(bytes_of("x", 1)), 0);
    assert_int_equal(seal_form_of(bytes_of(NULL, 0)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trips, people_begin, people_end),
        cmocka_unit_test_setup_teardown(largest_fits, people_begin, people_end),
        cmocka_unit_test_setup_teardown(no_bit_may_change, people_begin, people_end),
        cmocka_unit_test_setup_teardown(refuses, people_begin, people_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
