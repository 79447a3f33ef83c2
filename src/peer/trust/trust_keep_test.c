// SPDX-License-Identifier: MIT
// What survives a restart, a kill at any write, a full disk and a damaged one.
#include "trust/stage_test.h"

static int setup(void **state)
{
    *state = stage_make(true);
    return 0;
}

static int teardown(void **state)
{
    stage_end(*state);
    return 0;
}

static enum rc vouch(struct stage *f, uint64_t now_s)
{
    uint8_t room[VOUCH_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct seal_judge judge = seal_judge_real();
    struct voucher v;
    const enum rc rc = trust_vouch(f->t, &f->who[7].node, &b, now_s);
    if (rc == RC_OK) {
        assert_int_equal(voucher_decode(&v, buffer_bytes(&b), &judge), RC_OK);
        assert_int_equal(f->slots & 1u << v.slot, 0); // nor a voucher's number
        f->slots |= 1u << v.slot;
    }
    return rc;
}

static void all_comes_back(void **state)
{
    struct stage *f = *state;
    for (uint32_t i = 0; i < 20; i++)
        assert_int_equal(outcome(f, 0, RECEIPT_GOOD, PEOPLE_NOW_S), RC_OK);
    for (uint32_t i = 0; i < 6; i++)
        assert_int_equal(outcome(f, 1, RECEIPT_WRONG, PEOPLE_NOW_S), RC_OK);
    assert_int_equal(accuse(f, 2), RC_OK);
    const struct people_record said = people_receipt(&f->who[0], &f->who[3].node, 5, 9, 0);
    const struct people_record vouched = people_voucher(&f->who[0], &f->who[4].node, 1);
    const struct people_record held = people_receipt(&f->who[0], &f->me.node, 6, 9, 0);
    assert_int_equal(trust_input(f->t, people_bytes(&said), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_input(f->t, people_bytes(&vouched), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_input(f->t, people_bytes(&held), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_PRIOR_S), RC_OK);
    double score[PEOPLE];
    enum trust_standing standing[PEOPLE];
    for (uint32_t i = 0; i < PEOPLE; i++) {
        score[i] = trust_score(f->t, &f->who[i].node);
        standing[i] = trust_standing(f->t, &f->who[i].node);
    }
    struct bytes record[16];
    const size_t shown = trust_show(f->t, 0, record, 16);
    assert_true(standing[1] == TRUST_ISOLATED && standing[2] == TRUST_LIAR && score[3] > 0.5);
    assert_int_equal(stage_restart(f), RC_OK);
    trust_check(f->t);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        assert_int_equal(trust_standing(f->t, &f->who[i].node), standing[i]);
        assert_true(trust_score(f->t, &f->who[i].node) > score[i] - 1e-5);
        assert_true(trust_score(f->t, &f->who[i].node) < score[i] + 1e-5);
    }
    assert_int_equal(trust_show(f->t, 0, record, 16), shown);
    assert_int_equal(trust_stat(f->t).damaged, 0);
    assert_int_equal(outcome(f, 0, RECEIPT_GOOD, PEOPLE_NOW_S), RC_OK);
}

// What was answered with RC_OK is there after a kill; whatever else is there makes sense.
static void life_until(struct stage *f, uint64_t nth, enum rc how, bool is_done)
{
    sim_kv_fail(f->kv, nth, how, is_done);
    double good = 0;
    bool is_liar = false;
    for (uint32_t i = 0; i < 4; i++) {
        const uint64_t calls = sim_kv_calls(f->kv);
        if (outcome(f, 0, RECEIPT_GOOD, PEOPLE_NOW_S) == RC_OK)
            good = trust_score(f->t, &f->who[0].node);
        is_liar = accuse(f, 1) == RC_OK || is_liar;
        (void)vouch(f, PEOPLE_NOW_S + VOUCH_PERIOD_S);
        (void)trust_tick(f->t, PEOPLE_NOW_S + VOUCH_PERIOD_S + i * TRUST_PRIOR_S);
        assert_true(sim_kv_calls(f->kv) >= calls);
    }
    if (stage_restart(f) != RC_OK) // killed; what was to fail may do so only now
        assert_int_equal(stage_restart(f), RC_OK);
    trust_check(f->t);
    assert_true(trust_score(f->t, &f->who[0].node) > good - 1e-5);
    assert_true(!is_liar || trust_standing(f->t, &f->who[1].node) == TRUST_LIAR);
    assert_int_equal(trust_stat(f->t).damaged, 0);
    (void)outcome(f, 0, RECEIPT_GOOD, PEOPLE_NOW_S);
    (void)vouch(f, PEOPLE_NOW_S + VOUCH_PERIOD_S);
}

static void killed_at_any_write(void **state)
{
    struct stage *f = *state;
    for (uint64_t nth = 1; nth < 40; nth++)
        for (uint32_t is_done = 0; is_done < 2; is_done++) {
            assert_int_equal(teardown(state), 0);
            assert_int_equal(setup(state), 0);
            life_until(f, nth, nth % 2 == 0 ? RC_IO : RC_FULL, is_done == 1);
        }
}

static void an_unreadable_disk(void **state)
{
    struct stage *f = *state;
    assert_int_equal(outcome(f, 0, RECEIPT_GOOD, PEOPLE_NOW_S), RC_OK);
    sim_kv_fail(f->kv, 1, RC_IO, false);
    assert_int_equal(stage_restart(f), RC_IO);
    assert_null(f->t);
    assert_int_equal(stage_restart(f), RC_OK);
    assert_int_equal(trust_standing(f->t, &f->who[0].node), TRUST_NEWCOMER);
}

// One bit of any record: it is dropped, the others stand, and nothing is believed that is not so.
static void a_damaged_disk(void **state)
{
    struct stage *f = *state;
    uint8_t key[34] = "tn";
    for (uint64_t bit = 0; bit < 400; bit += 7) {
        for (uint32_t i = 0; i < 3; i++)
            assert_int_equal(outcome(f, 0, RECEIPT_GOOD, PEOPLE_NOW_S), RC_OK);
        assert_int_equal(outcome(f, 1, RECEIPT_GOOD, PEOPLE_NOW_S), RC_OK);
        memcpy(key + 2, f->who[0].node.b, NODE_ID_BYTES);
        assert_int_equal(sim_kv_damage(f->kv, bytes_of(key, sizeof key), bit), RC_OK);
        assert_int_equal(stage_restart(f), RC_OK);
        assert_int_equal(trust_stat(f->t).damaged, 1);
        assert_int_equal(trust_standing(f->t, &f->who[0].node), TRUST_STRANGER);
        assert_int_not_equal(trust_standing(f->t, &f->who[1].node), TRUST_STRANGER);
    }
    assert_int_equal(sim_kv_damage(f->kv, bytes_text("tc"), 100), RC_OK);
    assert_int_equal(stage_restart(f), RC_OK);
    assert_int_equal(trust_stat(f->t).damaged, 1);
    assert_int_equal(vouch(f, PEOPLE_NOW_S), RC_FULL); // who forgot what it gave gives none
}

static void a_full_disk(void **state)
{
    struct stage *f = *state;
    assert_int_equal(outcome(f, 0, RECEIPT_GOOD, PEOPLE_NOW_S), RC_OK);
    sim_kv_limit(f->kv, sim_kv_bytes(f->kv));
    assert_int_equal(outcome(f, 1, RECEIPT_GOOD, PEOPLE_NOW_S), RC_IO);
    assert_int_equal(accuse(f, 2), RC_IO);
    assert_int_equal(trust_standing(f->t, &f->who[2].node), TRUST_LIAR); // it counts all the same
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_PRIOR_S), RC_IO);
    sim_kv_limit(f->kv, 1 << 20);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + 2 * TRUST_PRIOR_S), RC_OK);
    assert_int_equal(stage_restart(f), RC_OK);
    assert_int_equal(trust_standing(f->t, &f->who[2].node), TRUST_LIAR);
    assert_int_equal(trust_standing(f->t, &f->who[1].node), TRUST_NEWCOMER);
}

// The disk is bounded with the tables, and other keys are left alone.
static void bounded(void **state)
{
    struct stage *f = *state;
    const struct kv kv = sim_kv_host(f->kv);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("s"), bytes_text("before")), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("u"), bytes_text("after")), RC_OK);
    assert_int_equal(kv.ops->put(kv.self, bytes_text("tx"), bytes_text("junk")), RC_OK);
    uint64_t most = 0;
    for (uint64_t i = 0; i < 200; i++) {
        struct id one = people_id(100 + i);
        uint8_t room[RECEIPT_BYTES_MAX];
        struct buffer b = buffer_of(room, sizeof room);
        const struct trust_outcome o = {.service = RECEIPT_TASK, .outcome = RECEIPT_GOOD};
        assert_int_equal(trust_outcome(f->t, &one.node, &o, &b, PEOPLE_NOW_S + i), RC_OK);
        const struct people_record r = people_receipt(&one, &f->who[0].node, 1, 9, 0);
        (void)trust_input(f->t, people_bytes(&r), PEOPLE_NOW_S + i);
        (void)trust_tick(f->t, PEOPLE_NOW_S + i * TRUST_PRIOR_S);
        id_end(&one);
        most = i == 100 ? sim_kv_bytes(f->kv) : most;
    }
    assert_true(sim_kv_bytes(f->kv) < most + most / 5);
    assert_int_equal(stage_restart(f), RC_OK);
    assert_int_equal(trust_stat(f->t).damaged, 1); // tx
    assert_int_equal(trust_stat(f->t).nodes, 32);
    struct bytes value;
    assert_int_equal(kv.ops->get(kv.self, bytes_text("s"), &value), RC_OK);
    kv.ops->release(kv.self);
    assert_int_equal(kv.ops->get(kv.self, bytes_text("u"), &value), RC_OK);
    kv.ops->release(kv.self);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(all_comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(killed_at_any_write, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unreadable_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(a_damaged_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk, setup, teardown),
        cmocka_unit_test_setup_teardown(bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
