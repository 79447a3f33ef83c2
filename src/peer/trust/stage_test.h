// SPDX-License-Identifier: MIT
// A machine of trust among people who serve, lie and vouch; for its tests.
#ifndef TRUST_STAGE_TEST_H
#define TRUST_STAGE_TEST_H

#include "sim/kv.h"
#include "trust/people_test.h"
#include "trust/trust.h"

#define PEOPLE      40u
#define STAGE_NODES 32u
#define CHUNK       ((uint64_t)SCORE_UNIT_BYTES)

struct stage {
    struct budget budget;
    struct sim_kv *kv; // NULL: nothing is kept
    struct arena *arena;
    struct trust *t;
    struct id me;
    struct id who[PEOPLE];
    uint64_t counter; // the greatest that a receipt of ours had
    uint32_t slots;   // vouchers given, a bit each
};

static inline struct trust_cfg stage_cfg(const struct stage *s)
{
    return (struct trust_cfg){.own = &s->me,
                              .kv = s->kv != NULL ? sim_kv_host(s->kv) : (struct kv){0},
                              .nodes_max = STAGE_NODES,
                              .edges_max = 64,
                              .liars_max = 16,
                              .papers_max = 32,
                              .seed = 1};
}

// As after the end of a process: what was in memory is gone.
static inline enum rc stage_restart(struct stage *s)
{
    const struct trust_cfg cfg = stage_cfg(s);
    arena_free(s->arena);
    s->arena = arena_new(TRUST_ARENA_BYTES(STAGE_NODES, 64, 16, 32));
    assert_non_null(s->arena);
    return trust_open(&s->t, s->arena, &cfg, PEOPLE_NOW_S);
}

static inline struct stage *stage_make(bool is_kept)
{
    static struct stage s; // one test at a time
    s = (struct stage){.budget = {.limit_bytes = 1 << 22}};
    if (is_kept)
        assert_int_equal(sim_kv_new(&s.kv, &s.budget, 1 << 20), RC_OK);
    s.me = people_id(1000);
    for (uint32_t i = 0; i < PEOPLE; i++)
        s.who[i] = people_id(i + 1);
    assert_int_equal(stage_restart(&s), RC_OK);
    return &s;
}

static inline void stage_end(struct stage *s)
{
    if (s->t != NULL)
        trust_check(s->t);
    arena_free(s->arena);
    sim_kv_free(s->kv);
    id_end(&s->me);
    for (uint32_t i = 0; i < PEOPLE; i++)
        id_end(&s->who[i]);
    assert_int_equal(s->budget.used_bytes, 0);
}

static inline const struct node_id *node(const struct stage *s, uint32_t who)
{
    return &s->who[who].node;
}

// One of them did this for us: four chunks, if it is good. No counter of ours is used twice.
static inline enum rc outcome(struct stage *s, uint32_t who, enum receipt_outcome what,
                              uint64_t now_s)
{
    uint8_t room[RECEIPT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct seal_judge judge = seal_judge_real();
    const struct trust_outcome o = {
        .service = RECEIPT_CHUNK, .outcome = what, .bytes = what == RECEIPT_GOOD ? 4 * CHUNK : 0};
    const enum rc rc = trust_outcome(s->t, node(s, who), &o, &b, now_s);
    struct receipt r;
    assert_true(rc == RC_OK ? b.len > 0 : b.len == 0);
    if (rc == RC_OK) {
        assert_int_equal(receipt_decode(&r, buffer_bytes(&b), &judge), RC_OK);
        assert_true(r.counter > s->counter);
        s->counter = r.counter;
    }
    return rc;
}

// It is accused of a chunk that is not what was asked for, by its own word.
static inline enum rc accuse(struct stage *s, uint32_t who)
{
    const struct people_record wrong = people_answer(&s->who[who], ANSWER_CHUNK, 1, 2);
    return trust_accuse(s->t, people_bytes(&wrong), bytes_of(NULL, 0), PEOPLE_NOW_S);
}

#endif
