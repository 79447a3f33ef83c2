// SPDX-License-Identifier: MIT
// Any sequence of calls and times: the tables keep their bounds, and a proven liar has no score.
//
// Input: calls, each u8 call, u8 who, u8 whom, u8 argument; call 15 takes `argument` bytes more as
// a record.
#include <stdlib.h>

#include "base/num.h"
#include "crypt/id.h"
#include "trust/answer.h"
#include "trust/trust.h"
#include "trust/vouch.h"

#define PEOPLE    48u
#define STEPS_MAX 160u
#define START_S   UINT64_C(1767225600)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct fuzz {
    struct trust *t;
    struct id me;
    struct sign_public key[PEOPLE];
    struct node_id node[PEOPLE];
    uint64_t now_s;
};

static void expect(bool is_true)
{
    if (!is_true)
        abort();
}

static void fill(void *self, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = *(const uint8_t *)self;
}

struct call {
    uint8_t what;
    uint32_t who;
    uint32_t whom;
    uint8_t how;
};

static void tell_receipt(struct fuzz *f, const struct call *c)
{
    uint8_t room[RECEIPT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct receipt r = {.by = f->key[c->who],
                              .of = c->how % 16 == 0 ? f->me.node : f->node[c->whom],
                              .counter = 1u + c->how / 4u,
                              .time_s = f->now_s,
                              .service = RECEIPT_CHUNK,
                              .outcome = RECEIPT_GOOD,
                              .good_centi = c->how * 10u,
                              .bad_centi = c->how % 7 * 100u};
    expect(receipt_encode(&b, &r, f->me.key) == RC_OK);
    (void)trust_input(f->t, buffer_bytes(&b), f->now_s);
}

static void tell_voucher(struct fuzz *f, const struct call *c)
{
    uint8_t room[VOUCH_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct voucher v = {.by = f->key[c->who],
                              .of = f->node[c->whom],
                              .period = f->now_s / VOUCH_PERIOD_S,
                              .slot = c->how % VOUCH_SLOTS};
    expect(voucher_encode(&b, &v, f->me.key) == RC_OK);
    (void)trust_input(f->t, buffer_bytes(&b), f->now_s);
}

static void accuse(struct fuzz *f, const struct call *c)
{
    uint8_t room[ANSWER_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct answer a = {
        .by = f->key[c->who], .kind = ANSWER_CHUNK, .given = {{c->how % 2}}, .time_s = f->now_s};
    expect(answer_encode(&b, &a, f->me.key) == RC_OK);
    const enum rc rc = trust_accuse(f->t, buffer_bytes(&b), bytes_of(NULL, 0), f->now_s);
    expect(c->how % 2 == 1 || rc == RC_ABSENT);
    expect(rc != RC_OK || trust_standing(f->t, &f->node[c->who]) == TRUST_LIAR);
}

static void do_service(struct fuzz *f, const struct call *c)
{
    uint8_t room[RECEIPT_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    const struct trust_outcome o = {.service = RECEIPT_CHUNK,
                                    .outcome = (enum receipt_outcome)(1 + c->how % 3),
                                    .bytes = UINT64_C(1) << c->how % 64};
    const enum rc rc = trust_outcome(f->t, &f->node[c->who], &o, &b, f->now_s);
    expect((rc == RC_OK) == (b.len > 0));
}

static void rank(struct fuzz *f, const struct call *c)
{
    uint32_t order[PEOPLE];
    const enum trust_use use = c->how % 2 == 0 ? TRUST_CHECKED : TRUST_EXECUTED;
    const size_t count = trust_rank(f->t, f->node, PEOPLE, use, order);
    uint64_t seen = 0;
    for (size_t i = 0; i < count; i++) {
        expect(order[i] < PEOPLE && (seen >> order[i] & 1) == 0);
        expect(trust_allows(f->t, &f->node[order[i]], use));
        seen |= UINT64_C(1) << order[i];
    }
}

static void show(struct fuzz *f, const struct call *c)
{
    struct bytes record[16];
    const uint64_t seq = trust_seq(f->t);
    const size_t count = trust_show(f->t, seq - c->how % (seq + 1), record, 16);
    for (size_t i = 0; i < count; i++)
        expect(record[i].len > 0 && record[i].len <= TRUST_RECORD_BYTES_MAX);
    expect(trust_show(f->t, seq, record, 16) == 0);
}

static void step(struct fuzz *f, const struct call *c, struct cursor *in)
{
    uint8_t room[VOUCH_BYTES_MAX];
    struct buffer b = buffer_of(room, sizeof room);
    switch (c->what % 12) {
    case 0:
    case 1:
        do_service(f, c);
        break;
    case 2:
    case 3:
        tell_receipt(f, c);
        break;
    case 4:
        tell_voucher(f, c);
        break;
    case 5:
        accuse(f, c);
        break;
    case 6:
        f->now_s += (uint64_t)c->how << c->how % 20;
        expect(trust_tick(f->t, f->now_s) == RC_OK);
        break;
    case 7:
        rank(f, c);
        break;
    case 8:
        show(f, c);
        break;
    case 9:
        trust_served(f->t, &f->node[c->who], (uint64_t)c->how << 30, f->now_s);
        break;
    case 10:
        if (c->how % 8 == 0)
            expect(trust_choose(f->t, &f->node[c->who]) != RC_NOMEM);
        else
            expect((trust_vouch(f->t, &f->node[c->who], &b, f->now_s) == RC_OK) == (b.len > 0));
        break;
    default:
        (void)trust_input(f->t, cursor_take(in, num_min(c->how, in->left.len)), f->now_s);
        break;
    }
    const double score = trust_score(f->t, &f->node[c->who]);
    const bool is_liar = trust_standing(f->t, &f->node[c->who]) == TRUST_LIAR;
    expect(score >= 0 && score <= 1 && (!is_liar || score <= 0));
    trust_check(f->t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor in = {.left = bytes_of(data, size)};
    struct fuzz f = {.now_s = START_S};
    uint8_t seed = 200;
    const struct entropy entropy = {.fill = fill, .self = &seed};
    expect(id_init(&f.me, &entropy) == RC_OK);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        f.key[i].b[0] = (uint8_t)(i + 1);
        f.node[i] = node_id_of(&f.key[i]);
    }
    const struct trust_cfg cfg = {.own = &f.me,
                                  .judge = seal_judge_none(),
                                  .nodes_max = 32,
                                  .edges_max = 40,
                                  .liars_max = 16,
                                  .papers_max = 16,
                                  .seed = 1};
    struct arena *arena = arena_new(TRUST_ARENA_BYTES(32, 40, 16, 16));
    expect(arena != NULL && trust_open(&f.t, arena, &cfg, f.now_s) == RC_OK);
    for (unsigned i = 0; i < STEPS_MAX && in.left.len > 0; i++) {
        struct call c = {.what = cursor_u8(&in)};
        c.who = cursor_u8(&in) % PEOPLE;
        c.whom = cursor_u8(&in) % PEOPLE;
        c.how = cursor_u8(&in);
        step(&f, &c, &in);
    }
    arena_free(arena);
    id_end(&f.me);
    return 0;
}
