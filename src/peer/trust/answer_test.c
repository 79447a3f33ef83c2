// SPDX-License-Identifier: MIT
// Answers on the wire: what they say, and what is none.
#include "trust/answer.h"

#include "trust/people_test.h"

static void round_trips(void **state)
{
    struct people *p = *state;
    for (unsigned kind = ANSWER_CHUNK; kind <= ANSWER_KIND_MAX; kind++) {
        struct answer out;
        const struct people_record r = people_answer(&p->a, (enum answer_kind)kind, 4, 5);
        assert_int_equal(answer_decode(&out, people_bytes(&r), &p->judge), RC_OK);
        assert_int_equal(out.kind, kind);
        assert_true(out.asked.b[0] == 4 && out.given.b[0] == 5 && out.request.b[0] == 7);
        assert_memory_equal(out.by.b, p->a.key_public.b, SIGN_PUBLIC_BYTES);
        assert_true(out.time_s == PEOPLE_NOW_S && r.len <= ANSWER_BYTES_MAX);
    }
}

static void there_is_no_such_kind(void **state)
{
    struct people *p = *state;
    struct answer out = {.time_s = 77};
    const struct people_record none = people_answer(&p->a, (enum answer_kind)0, 4, 5);
    const struct people_record more =
        people_answer(&p->a, (enum answer_kind)(ANSWER_KIND_MAX + 1), 4, 5);
    assert_int_equal(answer_decode(&out, people_bytes(&none), &p->judge), RC_REFUSED);
    assert_int_equal(answer_decode(&out, people_bytes(&more), &p->judge), RC_MALFORMED);
    assert_int_equal(out.time_s, 77); // untouched
}

static void another_form_is_none(void **state)
{
    struct people *p = *state;
    struct answer out;
    const struct people_record receipt = people_receipt(&p->a, &p->b.node, 1, 9, 0);
    assert_int_equal(answer_decode(&out, people_bytes(&receipt), &p->judge), RC_MALFORMED);
    assert_int_equal(answer_decode(&out, bytes_of(NULL, 0), &p->judge), RC_MALFORMED);
}

// The largest numbers fit into what the header promises, and no less does.
static void largest_fits(void **state)
{
    struct people *p = *state;
    uint8_t room[ANSWER_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    struct answer out;
    const struct answer a = {.by = p->a.key_public, .kind = ANSWER_KIND_MAX, .time_s = UINT64_MAX};
    assert_int_equal(answer_encode(&b, &a, p->a.key), RC_OK);
    assert_int_equal(answer_decode(&out, buffer_bytes(&b), &p->judge), RC_OK);
    assert_true(out.time_s == UINT64_MAX);
    struct buffer small = buffer_of(room, b.len - 1);
    assert_int_equal(answer_encode(&small, &a, p->a.key), RC_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(round_trips, people_begin, people_end),
        cmocka_unit_test_setup_teardown(there_is_no_such_kind, people_begin, people_end),
        cmocka_unit_test_setup_teardown(another_form_is_none, people_begin, people_end),
        cmocka_unit_test_setup_teardown(largest_fits, people_begin, people_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
