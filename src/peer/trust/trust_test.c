// SPDX-License-Identifier: MIT
// The whole machine: what we saw, what we are told, proofs, vouchers, full tables.
#include "trust/trust.h"

#include "trust/stage_test.h"

#define DAY_S UINT64_C(86400)

static int setup(void **state)
{
    *state = stage_make(false);
    return 0;
}

static int teardown(void **state)
{
    stage_end(*state);
    return 0;
}

static void good(struct stage *f, uint32_t who, uint32_t times)
{
    for (uint32_t i = 0; i < times; i++)
        assert_int_equal(outcome(f, who, RECEIPT_GOOD, PEOPLE_NOW_S), RC_OK);
}

static void lie(struct stage *f, uint32_t who, enum rc expected)
{
    assert_int_equal(accuse(f, who), expected);
}

static void configurations(void **state)
{
    struct stage *f = *state;
    struct trust *t = f->t;
    struct trust_cfg cfg = stage_cfg(f);
    cfg.nodes_max = 15;
    assert_int_equal(trust_open(&t, f->arena, &cfg, PEOPLE_NOW_S), RC_CONFIG);
    assert_null(t);
    cfg = stage_cfg(f);
    cfg.own = NULL;
    assert_int_equal(trust_open(&t, f->arena, &cfg, PEOPLE_NOW_S), RC_CONFIG);
    cfg = stage_cfg(f);
    struct arena *small = arena_new(30000);
    assert_int_equal(trust_open(&t, small, &cfg, PEOPLE_NOW_S), RC_NOMEM);
    arena_free(small);
}

static void conduct_makes_standing(void **state)
{
    struct stage *f = *state;
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_STRANGER);
    assert_true(trust_allows(f->t, node(f, 0), TRUST_CHECKED));
    assert_false(trust_allows(f->t, node(f, 0), TRUST_EXECUTED));
    good(f, 0, 1);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_NEWCOMER);
    good(f, 0, 1);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_KNOWN);
    assert_true(trust_allows(f->t, node(f, 0), TRUST_EXECUTED));
    assert_true(trust_score(f->t, node(f, 0)) > trust_score(f->t, node(f, 1)));
    assert_true(trust_gave(f->t, node(f, 0), PEOPLE_NOW_S) > 7.9);
    assert_true(trust_gave(f->t, node(f, 0), PEOPLE_NOW_S + DAY_S) < 4.1);
    assert_int_equal(outcome(f, 0, RECEIPT_WRONG, PEOPLE_NOW_S), RC_OK);
    assert_false(trust_allows(f->t, node(f, 0), TRUST_EXECUTED));
    assert_int_equal(trust_outcome(f->t, &f->me.node,
                                   &(struct trust_outcome){RECEIPT_CHUNK, RECEIPT_GOOD, {{0}}, 1},
                                   &(struct buffer){.len = 0}, PEOPLE_NOW_S),
                     RC_REFUSED);
}

static void isolation_ends(void **state)
{
    struct stage *f = *state;
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(outcome(f, 0, RECEIPT_WRONG, PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_ISOLATED);
    assert_false(trust_allows(f->t, node(f, 0), TRUST_CHECKED));
    assert_int_equal(trust_stat(f->t).isolated, 1);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_LIFE_S - 1), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_ISOLATED);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_LIFE_S + TRUST_PRIOR_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_NEWCOMER);
    assert_true(trust_score(f->t, node(f, 0)) > 0.33);
}

static void a_proof_ends_it(void **state)
{
    struct stage *f = *state;
    good(f, 0, 5);
    lie(f, 0, RC_OK);
    lie(f, 0, RC_OK); // known
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_LIAR);
    assert_true(trust_score(f->t, node(f, 0)) <= 0);
    assert_false(trust_allows(f->t, node(f, 0), TRUST_CHECKED));
    assert_int_equal(trust_stat(f->t).liars, 1);
    // Its word counts no more, and the proof is passed on.
    const struct people_record r = people_receipt(&f->who[0], node(f, 1), 1, 5, 0);
    assert_int_equal(trust_input(f->t, people_bytes(&r), PEOPLE_NOW_S), RC_REFUSED);
    struct bytes shown[4];
    assert_true(trust_show(f->t, 0, shown, 4) >= 1);
    assert_true(fault_check(NULL, node(f, 0), shown[0]));
    // After 60 days it is a newcomer, and the old proof is worth nothing.
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + FAULT_LIFE_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_NEWCOMER);
    lie(f, 0, RC_REFUSED);
}

static void no_proof_no_fault(void **state)
{
    struct stage *f = *state;
    const struct people_record right = people_answer(&f->who[0], ANSWER_CHUNK, 1, 1);
    assert_int_equal(trust_accuse(f->t, people_bytes(&right), bytes_of(NULL, 0), PEOPLE_NOW_S),
                     RC_ABSENT);
    assert_int_equal(trust_accuse(f->t, people_bytes(&right), people_bytes(&right), PEOPLE_NOW_S),
                     RC_ABSENT);
    assert_int_equal(trust_input(f->t, bytes_of("nonsense", 8), PEOPLE_NOW_S), RC_MALFORMED);
    assert_int_equal(trust_input(f->t, people_bytes(&right), PEOPLE_NOW_S), RC_MALFORMED);
    assert_int_equal(trust_stat(f->t).refused, 2);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_STRANGER);
}

// Whom the chosen hub praises stands above strangers, and above whom only strangers praise.
static void strangers_have_a_prior(void **state)
{
    struct stage *f = *state;
    assert_true(trust_score(f->t, node(f, 1)) > 0.33); // no seeds: nobody knows anything
    assert_int_equal(trust_choose(f->t, node(f, 0)), RC_OK);
    const struct people_record by_hub = people_receipt(&f->who[0], node(f, 1), 1, 9, 0);
    const struct people_record by_nobody = people_receipt(&f->who[2], node(f, 3), 1, 1000, 0);
    assert_int_equal(trust_input(f->t, people_bytes(&by_hub), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_input(f->t, people_bytes(&by_nobody), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_due_s(f->t), PEOPLE_NOW_S + TRUST_PRIOR_S);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_PRIOR_S), RC_OK);
    assert_true(trust_score(f->t, node(f, 1)) > 0.5);
    assert_true(trust_score(f->t, node(f, 3)) < 0.21);
    assert_true(trust_score(f->t, node(f, 9)) < 0.21);
    // A hub that is proven a liar takes its praise along.
    lie(f, 0, RC_OK);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + 2 * TRUST_PRIOR_S), RC_OK);
    assert_true(trust_score(f->t, node(f, 1)) < 0.34);
    assert_int_equal(trust_stat(f->t).edges, 1);
}

static void receipts_are_not_played_again(void **state)
{
    struct stage *f = *state;
    assert_int_equal(trust_choose(f->t, node(f, 0)), RC_OK);
    const struct people_record then = people_receipt(&f->who[0], node(f, 1), 1, 9, 0);
    const struct people_record now = people_receipt(&f->who[0], node(f, 1), 2, 0, 9);
    assert_int_equal(trust_input(f->t, people_bytes(&now), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_input(f->t, people_bytes(&then), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_PRIOR_S), RC_OK);
    assert_true(trust_score(f->t, node(f, 1)) < 0.21);
    // Nor from the future, nor from long ago.
    assert_int_equal(trust_input(f->t, people_bytes(&then), PEOPLE_NOW_S + TRUST_LIFE_S),
                     RC_REFUSED);
}

static void two_words_with_one_counter(void **state)
{
    struct stage *f = *state;
    const struct people_record one = people_receipt(&f->who[0], node(f, 1), 7, 9, 0);
    const struct people_record two = people_receipt(&f->who[0], node(f, 2), 7, 9, 0);
    assert_int_equal(trust_input(f->t, people_bytes(&one), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_input(f->t, people_bytes(&one), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_STRANGER);
    assert_int_equal(trust_input(f->t, people_bytes(&two), PEOPLE_NOW_S), RC_REFUSED);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_LIAR);
    assert_int_equal(trust_stat(f->t).edges, 0);
}

static void vouchers_bring_in(void **state)
{
    struct stage *f = *state;
    assert_int_equal(trust_choose(f->t, node(f, 0)), RC_OK);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_PRIOR_S), RC_OK);
    const struct people_record by_hub = people_voucher(&f->who[0], node(f, 1), 0);
    const struct people_record by_nobody = people_voucher(&f->who[2], node(f, 3), 0);
    assert_int_equal(trust_input(f->t, people_bytes(&by_hub), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_input(f->t, people_bytes(&by_nobody), PEOPLE_NOW_S), RC_OK);
    assert_true(trust_score(f->t, node(f, 1)) > 0.33);
    assert_true(trust_score(f->t, node(f, 3)) < 0.21);
    const struct node_id by = trust_voucher(f->t, node(f, 1));
    assert_true(node_id_equal(&by, node(f, 0)));
    // The hub's second voucher with the same number ends it, and voids the first.
    const struct people_record again = people_voucher(&f->who[0], node(f, 4), 0);
    assert_int_equal(trust_input(f->t, people_bytes(&again), PEOPLE_NOW_S), RC_REFUSED);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_LIAR);
    assert_int_equal(trust_standing(f->t, node(f, 1)), TRUST_STRANGER);
}

// Who vouches loses with the vouched; a new voucher brings an isolated one back.
static void vouchers_cost(void **state)
{
    struct stage *f = *state;
    good(f, 0, 5);
    good(f, 5, 5);
    const double before = trust_score(f->t, node(f, 0));
    const struct people_record v = people_voucher(&f->who[0], node(f, 1), 0);
    assert_int_equal(trust_input(f->t, people_bytes(&v), PEOPLE_NOW_S), RC_OK);
    lie(f, 1, RC_OK);
    assert_true(trust_score(f->t, node(f, 0)) < before - 0.1);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(outcome(f, 2, RECEIPT_WRONG, PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 2)), TRUST_ISOLATED);
    const struct people_record back = people_voucher(&f->who[5], node(f, 2), 0);
    assert_int_equal(trust_input(f->t, people_bytes(&back), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 2)), TRUST_NEWCOMER);
    // Once.
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(outcome(f, 2, RECEIPT_WRONG, PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_input(f->t, people_bytes(&back), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 2)), TRUST_ISOLATED);
}

// Whom it vouched for, one after another, are proven liars: in the end it is not used either.
static void vouching_for_liars_isolates(void **state)
{
    struct stage *f = *state;
    good(f, 0, 2);
    for (uint32_t i = 0; i < VOUCH_SLOTS; i++) {
        const struct people_record v = people_voucher(&f->who[0], node(f, 1 + i), i);
        assert_int_equal(trust_input(f->t, people_bytes(&v), PEOPLE_NOW_S), RC_OK);
    }
    assert_int_equal(outcome(f, 0, RECEIPT_WRONG, PEOPLE_NOW_S), RC_OK);
    assert_int_not_equal(trust_standing(f->t, node(f, 0)), TRUST_ISOLATED);
    for (uint32_t i = 0; i < VOUCH_SLOTS; i++)
        lie(f, 1 + i, RC_OK);
    assert_true(trust_score(f->t, node(f, 0)) < SCORE_ISOLATED);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_ISOLATED);
    assert_false(trust_allows(f->t, node(f, 0), TRUST_CHECKED));
}

static void our_own_vouchers(void **state)
{
    struct stage *f = *state;
    for (uint32_t i = 0; i <= VOUCH_SLOTS; i++) {
        uint8_t room[VOUCH_BYTES_MAX];
        struct buffer b = buffer_of(room, sizeof room);
        struct voucher v;
        const struct seal_judge judge = seal_judge_real();
        const enum rc rc = trust_vouch(f->t, node(f, i), &b, PEOPLE_NOW_S);
        assert_int_equal(rc, i < VOUCH_SLOTS ? RC_OK : RC_FULL);
        if (rc == RC_OK) {
            assert_int_equal(voucher_decode(&v, buffer_bytes(&b), &judge), RC_OK);
            assert_int_equal(v.slot, i);
        }
    }
}

// Many strangers, and many who only say something, displace nobody whom we know.
static void tables_are_bounded(void **state)
{
    struct stage *f = *state;
    good(f, 0, 5);
    assert_int_equal(trust_choose(f->t, node(f, 1)), RC_OK);
    for (uint32_t i = 2; i < PEOPLE; i++)
        assert_int_equal(outcome(f, i, RECEIPT_LATE, PEOPLE_NOW_S + i), RC_OK);
    for (uint32_t i = 2; i + 1 < PEOPLE; i++) {
        const struct people_record r = people_receipt(&f->who[i], node(f, i + 1), 1, 9, 0);
        (void)trust_input(f->t, people_bytes(&r), PEOPLE_NOW_S);
    }
    trust_check(f->t);
    assert_true(trust_stat(f->t).nodes <= 32 && trust_stat(f->t).forgotten > 0);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_KNOWN);
    assert_int_equal(trust_standing(f->t, node(f, 1)), TRUST_KNOWN);
}

// Fresh keys that prove one another liars do not make us forget one who had standing.
static void liars_are_not_washed_out(void **state)
{
    struct stage *f = *state;
    good(f, 0, 5);
    lie(f, 0, RC_OK);
    for (uint32_t i = 1; i < PEOPLE; i++)
        lie(f, i, RC_OK);
    assert_int_equal(trust_stat(f->t).liars, 16);
    assert_int_equal(trust_stat(f->t).forgotten_liars, PEOPLE - 16);
    assert_int_equal(trust_standing(f->t, node(f, 0)), TRUST_LIAR);
    assert_int_equal(trust_standing(f->t, node(f, PEOPLE - 1)), TRUST_LIAR);
}

static void ranks(void **state)
{
    struct stage *f = *state;
    struct node_id id[4];
    uint32_t order[4];
    good(f, 0, 9);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(outcome(f, 1, RECEIPT_WRONG, PEOPLE_NOW_S), RC_OK);
    lie(f, 2, RC_OK);
    for (uint32_t i = 0; i < 4; i++)
        id[i] = *node(f, 3 - i);
    uint32_t first = 0;
    for (uint32_t i = 0; i < 4000; i++) { // the stranger is far below, but sometimes it is tried
        const size_t count = trust_rank(f->t, id, 4, TRUST_CHECKED, order);
        assert_int_equal(order[count - 1], 3);
        assert_true(count == 1 || (count == 2 && order[0] == 0));
        first += count == 1;
    }
    assert_in_range(first, 3890, 3985); // a choice of 20 is by lot, of which it has a third
    for (uint32_t i = 0; i < 200; i++) {
        assert_int_equal(trust_rank(f->t, id, 4, TRUST_EXECUTED, order), 1);
        assert_int_equal(order[0], 3);
    }
}

static void shows_what_is_new(void **state)
{
    struct stage *f = *state;
    struct bytes record[8];
    assert_int_equal(trust_show(f->t, 0, record, 8), 0);
    good(f, 0, 2);
    good(f, 1, 1);
    assert_int_equal(trust_show(f->t, 0, record, 8), 2); // the newest receipt of each
    assert_int_equal(trust_show(f->t, 0, record, 1), 1);
    const uint64_t seq = trust_seq(f->t);
    assert_int_equal(trust_show(f->t, seq, record, 8), 0);
    const struct people_record about_us = people_receipt(&f->who[0], &f->me.node, 1, 3, 0);
    const struct people_record by_nobody = people_receipt(&f->who[7], &f->me.node, 1, 3, 0);
    assert_int_equal(trust_input(f->t, people_bytes(&about_us), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_input(f->t, people_bytes(&by_nobody), PEOPLE_NOW_S), RC_ABSENT);
    assert_int_equal(trust_show(f->t, seq, record, 8), 1);
    assert_true(bytes_equal(record[0], people_bytes(&about_us)));
    struct receipt r;
    const struct seal_judge judge = seal_judge_real();
    assert_int_equal(trust_show(f->t, 0, record, 8), 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(receipt_decode(&r, record[i], &judge), RC_OK);
}

static void says(struct stage *f, uint32_t who, uint32_t whom, uint64_t counter)
{
    const struct people_record r = people_receipt(&f->who[who], node(f, whom), counter, 9, 0);
    const enum rc rc = trust_input(f->t, people_bytes(&r), PEOPLE_NOW_S);
    assert_true(rc == RC_OK || rc == RC_FULL);
}

// Strangers who talk much do not make us forget what those we trust say.
static void trusted_words_stay(void **state)
{
    struct stage *f = *state;
    assert_int_equal(trust_choose(f->t, node(f, 0)), RC_OK);
    for (uint32_t i = 1; i <= 5; i++)
        says(f, 0, i, i);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_PRIOR_S), RC_OK);
    const double score = trust_score(f->t, node(f, 1));
    assert_true(score > 0.5);
    uint64_t counter = 0;
    for (uint32_t who = 6; who < 26; who++)
        for (uint32_t whom = 6; whom < 26; whom++)
            if (who != whom)
                says(f, who, whom, ++counter);
    trust_check(f->t);
    assert_int_equal(trust_stat(f->t).edges, 64);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + 2 * TRUST_PRIOR_S), RC_OK);
    for (uint32_t i = 1; i <= 5; i++)
        assert_true(trust_score(f->t, node(f, i)) > 0.5);
    assert_true(trust_score(f->t, node(f, 7)) < 0.21);
}

static void words_and_vouchers_age(void **state)
{
    struct stage *f = *state;
    good(f, 0, 5);
    says(f, 0, 1, 1);
    const struct people_record v = people_voucher(&f->who[0], node(f, 2), 0);
    assert_int_equal(trust_input(f->t, people_bytes(&v), PEOPLE_NOW_S), RC_OK);
    assert_int_equal(trust_stat(f->t).edges, 1);
    assert_int_equal(trust_standing(f->t, node(f, 2)), TRUST_NEWCOMER);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_PRIOR_S), RC_OK);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_LIFE_S - 1), RC_OK);
    assert_int_equal(trust_stat(f->t).edges, 1);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_LIFE_S + TRUST_PRIOR_S), RC_OK);
    assert_int_equal(trust_stat(f->t).edges, 0);
    const uint64_t later_s = PEOPLE_NOW_S + VOUCH_LIFE * VOUCH_PERIOD_S;
    assert_int_equal(trust_tick(f->t, later_s + TRUST_PRIOR_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 2)), TRUST_STRANGER);
    const struct node_id by = trust_voucher(f->t, node(f, 2));
    const struct node_id nobody = {{0}};
    assert_true(node_id_equal(&by, &nobody));
    assert_int_equal(trust_input(f->t, people_bytes(&v), later_s), RC_REFUSED);
}

// Ourselves are no choice; and of very many candidates the first are looked at.
static void ranks_within_bounds(void **state)
{
    struct stage *f = *state;
    static struct node_id id[TRUST_RANK_MAX + 50];
    static uint32_t order[TRUST_RANK_MAX + 50];
    assert_int_equal(trust_rank(f->t, &f->me.node, 1, TRUST_CHECKED, order), 0);
    assert_int_equal(trust_rank(f->t, id, 0, TRUST_CHECKED, order), 0);
    for (uint32_t i = 0; i < TRUST_RANK_MAX + 50; i++)
        id[i].b[0] = (uint8_t)(1 + i % 255);
    const size_t count = trust_rank(f->t, id, TRUST_RANK_MAX + 50, TRUST_CHECKED, order);
    assert_int_equal(count, TRUST_RANK_MAX); // strangers are all alike
    for (size_t i = 0; i < count; i++)
        assert_true(order[i] < TRUST_RANK_MAX);
    assert_int_equal(trust_rank(f->t, id, 10, TRUST_EXECUTED, order), 0);
}

// A clock that goes back is taken as standing still; all goes on when it has caught up.
static void a_clock_backwards_is_harmless(void **state)
{
    struct stage *f = *state;
    good(f, 0, 5);
    const double score = trust_score(f->t, node(f, 0));
    const uint64_t due_s = trust_due_s(f->t);
    assert_int_equal(outcome(f, 0, RECEIPT_GOOD, 0), RC_OK);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S - DAY_S), RC_OK);
    assert_true(trust_due_s(f->t) <= due_s);
    assert_true(trust_score(f->t, node(f, 0)) > score);
    trust_served(f->t, node(f, 0), 100, PEOPLE_NOW_S - DAY_S);
    assert_int_equal(trust_served_bytes(f->t, node(f, 0), 0), 100);
    lie(f, 1, RC_OK);
    assert_int_equal(trust_tick(f->t, PEOPLE_NOW_S + TRUST_PRIOR_S), RC_OK);
    assert_int_equal(trust_standing(f->t, node(f, 1)), TRUST_LIAR);
}

// Chosen ones stay, so of them there are as many as there is room for.
static void chosen_ones_can_be_too_many(void **state)
{
    struct stage *f = *state;
    for (uint32_t i = 0; i < 32; i++)
        assert_int_equal(trust_choose(f->t, node(f, i)), RC_OK);
    assert_int_equal(trust_choose(f->t, node(f, 0)), RC_OK); // again
    assert_int_equal(trust_choose(f->t, node(f, 32)), RC_FULL);
    assert_int_equal(outcome(f, 33, RECEIPT_GOOD, PEOPLE_NOW_S), RC_FULL);
    trust_served(f->t, node(f, 33), 7, PEOPLE_NOW_S); // not remembered, and no harm
    assert_int_equal(trust_served_bytes(f->t, node(f, 33), PEOPLE_NOW_S), 0);
    assert_int_equal(trust_standing(f->t, node(f, 33)), TRUST_STRANGER);
}

// Whole receipts make room for newer ones; the accounts that they gave stay.
static void papers_are_bounded(void **state)
{
    struct stage *f = *state;
    struct bytes record[64];
    assert_int_equal(trust_choose(f->t, node(f, 0)), RC_OK);
    for (uint32_t i = 0; i < 40; i++) {
        const struct people_record r =
            people_receipt(&f->who[i % 4], node(f, 4 + i % 20), 1 + i, 9, 0);
        assert_int_equal(trust_input(f->t, people_bytes(&r), PEOPLE_NOW_S), RC_OK);
    }
    trust_check(f->t);
    assert_int_equal(trust_stat(f->t).edges, 20);
    for (uint32_t i = 0; i < 25; i++)
        assert_int_equal(outcome(f, i, RECEIPT_GOOD, PEOPLE_NOW_S), RC_OK);
    for (uint32_t i = 0; i < 25; i++) {
        const struct people_record r = people_receipt(&f->who[i], &f->me.node, 100, 9, 0);
        assert_int_equal(trust_input(f->t, people_bytes(&r), PEOPLE_NOW_S), RC_OK);
    }
    assert_int_equal(trust_show(f->t, 0, record, 64), 32); // as many as there are papers
    trust_check(f->t);
}

// Whatever memory there is: it opens, or says that it cannot.
static void memory_may_run_out(void **state)
{
    struct stage *f = *state;
    const struct trust_cfg cfg = stage_cfg(f);
    bool has_opened = false;
    for (size_t budget = 1024; !has_opened; budget += 4096) {
        struct arena *arena = arena_new(budget);
        struct trust *t = f->t;
        const enum rc rc = arena != NULL ? trust_open(&t, arena, &cfg, PEOPLE_NOW_S) : RC_NOMEM;
        has_opened = rc == RC_OK;
        assert_true(has_opened || (rc == RC_NOMEM && (arena == NULL || t == NULL)));
        assert_true(budget < TRUST_ARENA_BYTES(32, 64, 16, 32));
        arena_free(arena);
    }
}

static void the_free_allowance(void **state)
{
    struct stage *f = *state;
    trust_served(f->t, node(f, 0), 1000, PEOPLE_NOW_S);
    trust_served(f->t, node(f, 0), 500, PEOPLE_NOW_S);
    assert_int_equal(trust_served_bytes(f->t, node(f, 0), PEOPLE_NOW_S), 1500);
    assert_int_equal(trust_served_bytes(f->t, node(f, 0), PEOPLE_NOW_S + DAY_S), 0);
    trust_served(f->t, node(f, 0), 7, PEOPLE_NOW_S + DAY_S);
    assert_int_equal(trust_served_bytes(f->t, node(f, 0), PEOPLE_NOW_S + DAY_S), 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(configurations, setup, teardown),
        cmocka_unit_test_setup_teardown(conduct_makes_standing, setup, teardown),
        cmocka_unit_test_setup_teardown(isolation_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(a_proof_ends_it, setup, teardown),
        cmocka_unit_test_setup_teardown(no_proof_no_fault, setup, teardown),
        cmocka_unit_test_setup_teardown(strangers_have_a_prior, setup, teardown),
        cmocka_unit_test_setup_teardown(receipts_are_not_played_again, setup, teardown),
        cmocka_unit_test_setup_teardown(two_words_with_one_counter, setup, teardown),
        cmocka_unit_test_setup_teardown(vouchers_bring_in, setup, teardown),
        cmocka_unit_test_setup_teardown(vouchers_cost, setup, teardown),
        cmocka_unit_test_setup_teardown(our_own_vouchers, setup, teardown),
        cmocka_unit_test_setup_teardown(tables_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(liars_are_not_washed_out, setup, teardown),
        cmocka_unit_test_setup_teardown(ranks, setup, teardown),
        cmocka_unit_test_setup_teardown(shows_what_is_new, setup, teardown),
        cmocka_unit_test_setup_teardown(vouching_for_liars_isolates, setup, teardown),
        cmocka_unit_test_setup_teardown(the_free_allowance, setup, teardown),
        cmocka_unit_test_setup_teardown(trusted_words_stay, setup, teardown),
        cmocka_unit_test_setup_teardown(words_and_vouchers_age, setup, teardown),
        cmocka_unit_test_setup_teardown(ranks_within_bounds, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clock_backwards_is_harmless, setup, teardown),
        cmocka_unit_test_setup_teardown(chosen_ones_can_be_too_many, setup, teardown),
        cmocka_unit_test_setup_teardown(papers_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(memory_may_run_out, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
