// SPDX-License-Identifier: MIT
// Proofs: what proves, what does not, and that nobody can be slandered by one.
#include "trust/fault.h"

#include "trust/people_test.h"

// What fault_decode says of such a proof.
static enum rc judge(const struct people *p, enum fault_kind kind,
                     const struct people_record *first, const struct people_record *second,
                     struct fault *out)
{
    uint8_t room[FAULT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct bytes two = second != NULL ? people_bytes(second) : bytes_of(NULL, 0);
    assert_int_equal(fault_encode(&b, kind, people_bytes(first), two), RC_OK);
    const enum rc rc = fault_decode(out, buffer_bytes(&b), &p->judge);
    assert_int_equal(fault_check(NULL, &p->a.node, buffer_bytes(&b)),
                     rc == RC_OK && node_id_equal(&out->of, &p->a.node));
    return rc;
}

static void a_wrong_chunk(void **state)
{
    struct people *p = *state;
    struct fault f;
    const struct people_record wrong = people_answer(&p->a, ANSWER_CHUNK, 1, 2);
    const struct people_record right = people_answer(&p->a, ANSWER_CHUNK, 1, 1);
    const struct people_record result = people_answer(&p->a, ANSWER_RESULT, 1, 2);
    assert_int_equal(judge(p, FAULT_CHUNK, &wrong, NULL, &f), RC_OK);
    assert_true(node_id_equal(&f.of, &p->a.node) && f.kind == FAULT_CHUNK);
    assert_int_equal(f.time_s, PEOPLE_NOW_S);
    assert_int_equal(judge(p, FAULT_CHUNK, &right, NULL, &f), RC_REFUSED);
    assert_int_equal(judge(p, FAULT_CHUNK, &result, NULL, &f), RC_REFUSED);
    assert_int_equal(judge(p, FAULT_CHUNK, &wrong, &right, &f), RC_REFUSED);
}

static void two_results(void **state)
{
    struct people *p = *state;
    struct fault f;
    const struct people_record one = people_answer(&p->a, ANSWER_RESULT, 1, 2);
    const struct people_record two = people_answer(&p->a, ANSWER_RESULT, 1, 3);
    const struct people_record elsewhere = people_answer(&p->a, ANSWER_RESULT, 9, 3);
    const struct people_record other = people_answer(&p->b, ANSWER_RESULT, 1, 3);
    const struct people_record head = people_answer(&p->a, ANSWER_MANIFEST, 1, 3);
    assert_int_equal(judge(p, FAULT_RESULTS, &one, &two, &f), RC_OK);
    assert_int_equal(judge(p, FAULT_RESULTS, &one, &one, &f), RC_REFUSED);
    assert_int_equal(judge(p, FAULT_RESULTS, &one, &elsewhere, &f), RC_REFUSED);
    assert_int_equal(judge(p, FAULT_RESULTS, &one, &other, &f), RC_REFUSED);
    assert_int_equal(judge(p, FAULT_RESULTS, &one, &head, &f), RC_REFUSED);
    assert_int_equal(judge(p, FAULT_RECEIPTS, &one, &two, &f), RC_MALFORMED);
}

static void two_receipts(void **state)
{
    struct people *p = *state;
    struct fault f;
    const struct people_record one = people_receipt(&p->a, &p->b.node, 7, 5, 0);
    const struct people_record two = people_receipt(&p->a, &p->b.node, 7, 0, 5);
    const struct people_record later = people_receipt(&p->a, &p->b.node, 8, 0, 5);
    assert_int_equal(judge(p, FAULT_RECEIPTS, &one, &two, &f), RC_OK);
    assert_int_equal(judge(p, FAULT_RECEIPTS, &one, &one, &f), RC_REFUSED);
    assert_int_equal(judge(p, FAULT_RECEIPTS, &one, &later, &f), RC_REFUSED);
}

static void two_vouchers(void **state)
{
    struct people *p = *state;
    struct fault f;
    struct id c = people_id(3);
    const struct people_record one = people_voucher(&p->a, &p->b.node, 2);
    const struct people_record two = people_voucher(&p->a, &c.node, 2);
    const struct people_record next = people_voucher(&p->a, &c.node, 3);
    assert_int_equal(judge(p, FAULT_VOUCHERS, &one, &two, &f), RC_OK);
    assert_int_equal(judge(p, FAULT_VOUCHERS, &one, &next, &f), RC_REFUSED);
    id_end(&c);
}

// Whatever is changed in a proof: never a proof against somebody else.
static void nobody_else(void **state)
{
    struct people *p = *state;
    uint8_t room[FAULT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct people_record one = people_receipt(&p->a, &p->b.node, 7, 5, 0);
    const struct people_record two = people_receipt(&p->a, &p->b.node, 7, 0, 5);
    assert_int_equal(fault_between(&b, people_bytes(&one), people_bytes(&two), &p->judge), RC_OK);
    for (size_t at = 0; at < b.len; at++) {
        struct fault f;
        room[at] ^= 0x55;
        assert_int_not_equal(fault_decode(&f, buffer_bytes(&b), &p->judge), RC_OK);
        room[at] ^= 0x55;
    }
    assert_true(fault_check(&p->judge, &p->a.node, buffer_bytes(&b)));
    assert_false(fault_check(&p->judge, &p->b.node, buffer_bytes(&b)));
}

static void finds_contradictions(void **state)
{
    struct people *p = *state;
    uint8_t room[FAULT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct people_record one = people_answer(&p->a, ANSWER_RESULT, 1, 2);
    const struct people_record two = people_answer(&p->a, ANSWER_RESULT, 1, 3);
    const struct people_record v = people_voucher(&p->a, &p->b.node, 2);
    assert_int_equal(fault_between(&b, people_bytes(&one), people_bytes(&one), &p->judge),
                     RC_ABSENT);
    assert_int_equal(fault_between(&b, people_bytes(&one), people_bytes(&v), &p->judge), RC_ABSENT);
    assert_int_equal(fault_between(&b, bytes_of("", 0), people_bytes(&v), &p->judge), RC_ABSENT);
    assert_int_equal(b.len, 0);
    assert_int_equal(fault_between(&b, people_bytes(&one), people_bytes(&two), &p->judge), RC_OK);
    struct buffer small = buffer_of(room, 100);
    assert_int_equal(fault_between(&small, people_bytes(&one), people_bytes(&two), &p->judge),
                     RC_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_wrong_chunk, people_begin, people_end),
        cmocka_unit_test_setup_teardown(two_results, people_begin, people_end),
        cmocka_unit_test_setup_teardown(two_receipts, people_begin, people_end),
        cmocka_unit_test_setup_teardown(two_vouchers, people_begin, people_end),
        cmocka_unit_test_setup_teardown(nobody_else, people_begin, people_end),
        cmocka_unit_test_setup_teardown(finds_contradictions, people_begin, people_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
