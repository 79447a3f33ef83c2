// SPDX-License-Identifier: MIT
// Trust: whom to ask, whom to serve, whom to believe.
#include "trust/trust.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/num.h"
#include "trust/trust_state.h"

#define IDLE_S        3600u // between two ticks when nothing waits
#define COUNTER_SHIFT 20u

// ---- Make

static bool is_between(uint64_t v, uint64_t low, uint64_t high)
{
    return v >= low && v <= high;
}

static bool is_good(const struct trust_cfg *c)
{
    return c->own != NULL && c->own->key != NULL && is_between(c->nodes_max, 16, TRUST_NODES_MAX) &&
           is_between(c->edges_max, 16, TRUST_EDGES_MAX) &&
           is_between(c->liars_max, 16, TRUST_LIARS_MAX) &&
           is_between(c->papers_max, 16, TRUST_PAPERS_MAX);
}

// Counters never run twice: from where they were written down, and from the clock, if the disk was
// lost. Nobody makes a million receipts a second. Whoever lost its disk vouches for nobody in that
// period, since it may have done so before.
static void start_counters(struct trust *t)
{
    t->counter = num_max(t->counter_end, num_wrap_shift(t->now_s, COUNTER_SHIFT));
    t->counter = num_max(t->counter, 1);
    t->counter_end = t->counter;
    if (t->cfg.kv.ops == NULL || t->vouch_period > 0)
        return;
    t->vouch_period = t->now_s / VOUCH_PERIOD_S;
    t->vouch_used = VOUCH_SLOTS;
}

enum rc trust_open(struct trust **out, struct arena *arena, const struct trust_cfg *cfg,
                   uint64_t now_s)
{
    *out = NULL;
    if (!is_good(cfg))
        return RC_CONFIG;
    struct trust *t = arena_take(arena, sizeof *t);
    if (t == NULL)
        return RC_NOMEM;
    t->cfg = *cfg;
    t->now_s = now_s;
    t->rng = rng_seeded(cfg->seed);
    if (cfg->judge.check == NULL)
        t->cfg.judge = seal_judge_real();
    if (trust_nodes_init(t, arena) != RC_OK || trust_liars_init(t, arena) != RC_OK ||
        trust_papers_init(&t->own, arena, cfg->papers_max) != RC_OK ||
        trust_papers_init(&t->others, arena, cfg->papers_max) != RC_OK)
        return RC_NOMEM;
    const enum rc rc = trust_load(t);
    if (rc != RC_OK)
        return rc;
    start_counters(t);
    trust_reckon(t);
    t->prior_due_s = now_s + TRUST_PRIOR_S;
    *out = t;
    return RC_OK;
}

enum rc trust_choose(struct trust *t, const struct node_id *node)
{
    struct node *n = trust_node_make(t, node, NODE_CHOSEN);
    if (n == NULL)
        return RC_FULL;
    n->is_chosen = true;
    trust_node_weigh(t, n);
    t->is_stale = true;
    return RC_OK;
}

// ---- What happened

// RC_IO: there is none that was written down.
static enum rc take_counter(struct trust *t, uint64_t *out)
{
    assert(t->counter > 0 && t->counter <= t->counter_end);
    if (t->counter == t->counter_end) {
        t->counter_end += TRUST_RECEIPTS_RESERVED;
        const enum rc rc = trust_keep_counters(t);
        if (rc != RC_OK) {
            t->counter_end = t->counter;
            return rc;
        }
    }
    *out = t->counter++;
    return RC_OK;
}

static double gave_now(const struct node *n, uint64_t now_s)
{
    return n->gave * exp2(-(double)time_since(n->gave_s, now_s) / (double)TRUST_DAY_S);
}

static void count(struct trust *t, struct node *n, const struct trust_outcome *o)
{
    // A result is worth as much as a chunk, however short it is.
    const bool is_chunk = o->service == RECEIPT_CHUNK;
    const uint64_t bytes = is_chunk ? o->bytes : num_max(o->bytes, (uint64_t)SCORE_UNIT_BYTES);
    switch (o->outcome) {
    case RECEIPT_GOOD:
        score_good(&n->score, bytes, t->now_s);
        n->gave = gave_now(n, t->now_s) + (double)bytes / SCORE_UNIT_BYTES;
        n->gave_s = t->now_s;
        break;
    case RECEIPT_LATE:
        score_late(&n->score, t->now_s);
        break;
    case RECEIPT_WRONG:
        score_wrong(&n->score, SCORE_WRONG, t->now_s);
        break;
    }
}

static uint32_t centi_of(double count)
{
    return (uint32_t)lround(fmin(count * 100, RECEIPT_COUNT_MAX));
}

static enum rc write_receipt(struct trust *t, const struct node *n, const struct trust_outcome *o,
                             struct buffer *out)
{
    struct receipt r = {.by = t->cfg.own->key_public,
                        .of = n->id,
                        .time_s = t->now_s,
                        .service = o->service,
                        .outcome = o->outcome,
                        .what = o->what,
                        .bytes = o->bytes,
                        .good_centi = centi_of(n->score.good),
                        .bad_centi = centi_of(n->score.bad)};
    const enum rc rc = take_counter(t, &r.counter);
    return rc == RC_OK ? receipt_encode(out, &r, t->cfg.own->key) : rc;
}

enum rc trust_outcome(struct trust *t, const struct node_id *of, const struct trust_outcome *o,
                      struct buffer *receipt, uint64_t now_s)
{
    assert(receipt->len == 0);
    assert(o->service >= 1 && o->service <= RECEIPT_SERVICE_MAX);
    assert(o->outcome >= 1 && o->outcome <= RECEIPT_OUTCOME_MAX);
    trust_pass_time(t, now_s);
    if (trust_is_own(t, of))
        return RC_REFUSED;
    struct node *n = trust_node_make(t, of, NODE_SEEN);
    if (n == NULL)
        return RC_FULL;
    const bool was_seed = trust_node_is_seed(n);
    count(t, n, o);
    trust_node_isolate_if_bad(t, n);
    trust_node_weigh(t, n);
    n->is_dirty = true;
    t->is_stale = t->is_stale || was_seed != trust_node_is_seed(n);
    enum rc rc = write_receipt(t, n, o, receipt);
    if (rc == RC_OK)
        trust_paper_put(&t->own, &n->given, buffer_bytes(receipt), ++t->seq);
    const enum rc kept = trust_keep_node(t, n);
    rc = rc == RC_OK ? kept : rc;
    if (rc != RC_OK)
        receipt->len = 0;
    return rc;
}

void trust_served(struct trust *t, const struct node_id *to, uint64_t bytes, uint64_t now_s)
{
    trust_pass_time(t, now_s);
    struct node *n = trust_node_make(t, to, NODE_TOLD);
    if (n == NULL)
        return;
    n->served_bytes = trust_served_bytes(t, to, t->now_s) + num_min(bytes, UINT64_MAX / 2);
    n->served_day = t->now_s / TRUST_DAY_S;
}

// ---- Our own vouchers

// The next slot, written down; RC_FULL, RC_IO.
static enum rc take_slot(struct trust *t)
{
    const uint64_t period = t->now_s / VOUCH_PERIOD_S;
    const uint64_t period_before = t->vouch_period;
    const uint32_t used_before = t->vouch_used;
    if (period > t->vouch_period) {
        t->vouch_period = period;
        t->vouch_used = 0;
    }
    if (t->vouch_used >= VOUCH_SLOTS)
        return RC_FULL;
    t->vouch_used++;
    const enum rc rc = trust_keep_counters(t);
    if (rc == RC_OK)
        return RC_OK;
    t->vouch_period = period_before; // whether it was written or not: nothing was signed
    t->vouch_used = used_before;
    return rc;
}

enum rc trust_vouch(struct trust *t, const struct node_id *of, struct buffer *out, uint64_t now_s)
{
    trust_pass_time(t, now_s);
    if (trust_is_own(t, of) || trust_liar_find(t, of) != NULL)
        return RC_REFUSED;
    enum rc rc = take_slot(t);
    if (rc != RC_OK)
        return rc;
    const struct voucher v = {.by = t->cfg.own->key_public,
                              .of = *of,
                              .period = t->vouch_period,
                              .slot = t->vouch_used - 1};
    rc = voucher_encode(out, &v, t->cfg.own->key);
    return rc;
}

// ---- What to do

static enum trust_standing standing_of(const struct node *n)
{
    if (n == NULL)
        return TRUST_STRANGER;
    if (n->was_isolated)
        return TRUST_ISOLATED;
    if (trust_node_is_seed(n) || n->score.good >= TRUST_KNOWN_COUNT)
        return TRUST_KNOWN;
    return n->is_vouched || n->score.seen_s > 0 ? TRUST_NEWCOMER : TRUST_STRANGER;
}

enum trust_standing trust_standing(const struct trust *t, const struct node_id *node)
{
    return trust_liar_find(t, node) != NULL ? TRUST_LIAR : standing_of(trust_node_find(t, node));
}

static double score_of(const struct trust *t, const struct node *n)
{
    if (n != NULL)
        return trust_node_score(t, n);
    return t->turns > 0 ? SCORE_STRANGER : SCORE_NEWCOMER;
}

double trust_score(const struct trust *t, const struct node_id *node)
{
    return trust_liar_find(t, node) != NULL ? 0 : score_of(t, trust_node_find(t, node));
}

static bool allows(enum trust_standing standing, double score, enum trust_use use)
{
    if (standing >= TRUST_ISOLATED)
        return false;
    return use == TRUST_CHECKED || (standing == TRUST_KNOWN && score >= SCORE_NEWCOMER);
}

bool trust_allows(const struct trust *t, const struct node_id *node, enum trust_use use)
{
    return allows(trust_standing(t, node), trust_score(t, node), use);
}

double trust_gave(const struct trust *t, const struct node_id *node, uint64_t now_s)
{
    const struct node *n = trust_node_find(t, node);
    return n != NULL ? gave_now(n, now_s) : 0;
}

uint64_t trust_served_bytes(const struct trust *t, const struct node_id *node, uint64_t now_s)
{
    const struct node *n = trust_node_find(t, node);
    return n != NULL && n->served_day == num_max(now_s, t->now_s) / TRUST_DAY_S ? n->served_bytes
                                                                                : 0;
}

struct node_id trust_voucher(const struct trust *t, const struct node_id *node)
{
    const struct node *n = trust_node_find(t, node);
    return n != NULL ? n->voucher_id : (struct node_id){{0}};
}

// ---- What to tell others

size_t trust_show(const struct trust *t, uint64_t since, struct bytes *record, size_t max)
{
    const size_t half = (max + 1) / 2; // or a flood of proofs would drown all else
    size_t shown = 0;
    for (struct list *at = t->liar_age.prev; at != &t->liar_age && shown < half; at = at->prev) {
        const struct liar *l = CONTAINER_OF(at, struct liar, age);
        if (l->seq <= since)
            break;
        record[shown++] = bytes_of(l->proof, l->len);
    }
    for (struct list *at = t->own.used.prev; at != &t->own.used && shown < max; at = at->prev) {
        const struct paper *paper = CONTAINER_OF(at, struct paper, node);
        if (paper->seq <= since)
            break;
        record[shown++] = trust_paper_bytes(paper);
    }
    return shown;
}

uint64_t trust_seq(const struct trust *t)
{
    return t->seq;
}

// ---- Time

static void forgive(struct trust *t)
{
    trust_liar_forgive(t);
    for (uint32_t i = 0; i < t->cfg.nodes_max; i++) {
        struct node *n = &t->node[i];
        if (n->worth.index == 0)
            continue;
        if (n->was_isolated && time_since(n->isolated_s, t->now_s) >= TRUST_LIFE_S)
            trust_node_forgive(t, n);
        if (n->is_vouched && !voucher_counts(&n->voucher, t->now_s)) {
            trust_node_unvouch(t, n);
            n->is_dirty = true;
        }
    }
}

static enum rc write_all(struct trust *t)
{
    enum rc rc = RC_OK;
    LIST_FOR (at, &t->liar_age) {
        struct liar *l = CONTAINER_OF(at, struct liar, age);
        if (l->is_dirty && trust_keep_liar(t, l) != RC_OK)
            rc = RC_IO;
    }
    for (uint32_t i = 0; i < t->cfg.nodes_max; i++) {
        struct node *n = &t->node[i];
        if (n->worth.index == 0)
            continue;
        if (n->is_dirty && trust_keep_node(t, n) != RC_OK)
            rc = RC_IO;
        if (n->is_row_dirty && trust_keep_row(t, n) != RC_OK)
            rc = RC_IO;
    }
    return rc;
}

enum rc trust_tick(struct trust *t, uint64_t now_s)
{
    trust_pass_time(t, now_s);
    if (t->now_s < t->prior_due_s)
        return RC_OK;
    t->prior_due_s = t->now_s + TRUST_PRIOR_S;
    forgive(t);
    if (trust_reckon_is_due(t))
        trust_reckon(t);
    return write_all(t);
}

uint64_t trust_due_s(const struct trust *t)
{
    return t->is_stale ? t->prior_due_s : t->prior_due_s + IDLE_S;
}

struct trust_stat trust_stat(const struct trust *t)
{
    struct trust_stat s = t->stat;
    s.nodes = (uint32_t)map_count(t->nodes);
    for (uint32_t i = 0; i < t->cfg.nodes_max; i++)
        s.isolated += t->node[i].worth.index > 0 && t->node[i].was_isolated;
    return s;
}

static void check_edges(const struct node *n)
{
    uint32_t row = 0;
    LIST_FOR (at, &n->out) {
        const struct edge *e = CONTAINER_OF(at, struct edge, out);
        assert(e->from == n && e->to != n && e->to->worth.index > 0);
        assert(e->paper == NULL || *e->paper->owner == e->paper);
        row++;
    }
    assert(row == n->row && row <= TRUST_ROW_MAX);
}

void trust_check(const struct trust *t)
{
    uint32_t nodes = 0;
    uint32_t edges = 0;
    for (uint32_t i = 0; i < t->cfg.nodes_max; i++) {
        const struct node *n = &t->node[i];
        if (n->worth.index == 0)
            continue;
        nodes++;
        edges += n->row;
        assert(trust_node_find(t, &n->id) == n && n->index == i);
        assert(n->score.good >= 0 && n->score.bad >= 0 && n->share >= 0 && n->share <= 1);
        assert(n->given == NULL || n->given->owner == &t->node[i].given);
        assert(n->vouched == NULL || n->is_vouched);
        check_edges(n);
    }
    assert(nodes == map_count(t->nodes) && edges == t->stat.edges);
    assert(t->stat.liars == map_count(t->liars) && t->counter <= t->counter_end);
}
