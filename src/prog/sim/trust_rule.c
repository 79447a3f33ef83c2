// SPDX-License-Identifier: MIT
// Three rules whom to ask: by lot, by the mean of all opinions, by the machine that ships.
#include <string.h>

#include "base/num.h"
#include "prog/sim/trust_state.h"

#define NODES_MAX     1024u
#define EDGES_MAX     4096u
#define LIARS_MAX     384u
#define PAPERS_MAX    256u
#define MEAN_ISOLATED 0.1

// ---- A judge with a memory: all peers live in one process, and see the same records

#define VERDICTS (1u << 21)

struct judge {
    uint64_t *verdict; // of records, by a hash; its lowest bit is the verdict
    uint64_t judged;
    uint64_t remembered;
};

static uint64_t mix(uint64_t h, struct bytes b)
{
    for (struct cursor c = {.left = b}; c.left.len > 0;)
        h = rng_mix(h ^ (c.left.len >= 8 ? cursor_u64(&c) : cursor_u8(&c)));
    return h;
}

static bool check(void *self, const struct sign_public *by, struct bytes message,
                  const struct signature *s)
{
    struct judge *j = self;
    const uint64_t whole = mix(mix(mix(message.len, bytes_of(by->b, SIGN_PUBLIC_BYTES)), message),
                               bytes_of(s->b, SIGNATURE_BYTES));
    const uint64_t key = whole | 1;
    uint64_t *slot = &j->verdict[key >> 2 & (VERDICTS - 1)];
    if ((*slot | 1) == key && *slot != 0) {
        j->remembered++;
        return *slot == key;
    }
    j->judged++;
    const bool is_right = sign_check(by, message, s);
    *slot = is_right ? key : key - 1;
    return is_right;
}

// ---- Rule mean

static double clip(double v)
{
    return v < 0 ? 0 : v;
}

// What everybody says, who attacks and lies included.
static double mean_of(const struct sim_world *w, const struct peer *of)
{
    const struct sim_attack *a = w->cfg.attack;
    double sum = w->opinion[of->index].sum;
    double count = w->opinion[of->index].count;
    const bool is_praised = of->is_attacker && a->rings;
    const bool is_blamed = !of->is_attacker && a->slanders;
    if (is_praised || is_blamed) {
        count += w->attackers;
        sum += is_praised ? w->attackers : 0;
    }
    return count > 0 ? sum / count : 0.5;
}

static void mean_count(struct sim_world *w, const struct peer *by, const struct peer *of,
                       bool is_good)
{
    const size_t at = (size_t)by->index * w->peers_max + of->index;
    struct opinions *o = &w->opinion[of->index];
    if (w->all[at] > 0)
        o->sum = clip(o->sum - (double)(w->good[at] / w->all[at]));
    else
        o->count++;
    w->good[at] += is_good ? 1.0f : 0.0f;
    w->all[at] += 1.0f;
    o->sum += (double)(w->good[at] / w->all[at]);
}

// ---- Order

static void shuffle(struct rng *rng, uint32_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = (size_t)rng_below(rng, i);
        const uint32_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

static void rank_mean(struct sim_world *w, uint32_t *order, size_t count)
{
    double key[CANDIDATES];
    for (size_t i = 0; i < count; i++) { // insertion, the best first
        const uint32_t one = order[i];
        const double mean = mean_of(w, &w->peer[one]);
        size_t at = i;
        for (; at > 0 && key[at - 1] < mean; at--) {
            key[at] = key[at - 1];
            order[at] = order[at - 1];
        }
        key[at] = mean;
        order[at] = one;
    }
    if (rng_below(&w->rng, TRUST_EXPLORE_PARTS) == 0)
        shuffle(&w->rng, order, count);
}

size_t sim_rule_rank(struct sim_world *w, struct peer *by, const uint32_t *candidate, size_t count,
                     uint32_t *order)
{
    struct node_id id[CANDIDATES];
    uint32_t place[CANDIDATES];
    if (w->cfg.rule != SIM_RULE_SHOAL || by->trust == NULL) {
        memcpy(order, candidate, count * sizeof *order);
        shuffle(&w->rng, order, count);
        if (w->cfg.rule == SIM_RULE_MEAN && !by->is_attacker)
            rank_mean(w, order, count);
        return count;
    }
    for (size_t i = 0; i < count; i++)
        id[i] = w->peer[candidate[i]].id.node;
    const size_t allowed = trust_rank(by->trust, id, count, TRUST_CHECKED, place);
    for (size_t i = 0; i < allowed; i++)
        order[i] = candidate[place[i]];
    return allowed;
}

// ---- Rule shoal

// One tells the other what it does not know yet.
static void tell(struct sim_world *w, struct peer *from, struct peer *to)
{
    struct bytes record[SHOWN_MAX];
    size_t count = 0;
    if (from->is_attacker) {
        for (; count < FORGED && from->forged_len[count] > 0; count++)
            record[count] = bytes_of(from->forged[count], from->forged_len[count]);
    } else {
        uint32_t *since = &w->since[(size_t)to->index * w->honest + from->index];
        count = trust_show(from->trust, *since, record, SHOWN_MAX);
        *since = (uint32_t)trust_seq(from->trust);
    }
    for (size_t i = 0; i < count; i++) {
        w->record_bytes += record[i].len;
        (void)trust_input(to->trust, record[i], now_of(w)); // what it says of it is its business
    }
}

static enum rc shoal_outcome(struct sim_world *w, struct peer *by, struct peer *of,
                             enum receipt_outcome outcome, struct bytes answer)
{
    uint8_t room[RECEIPT_BYTES_MAX];
    struct buffer receipt = buffer_of(room, sizeof room);
    const struct trust_outcome o = {.service = RECEIPT_CHUNK,
                                    .outcome = outcome,
                                    .bytes = outcome == RECEIPT_GOOD ? OBJECT_BYTES : 0};
    const enum rc rc = trust_outcome(by->trust, &of->id.node, &o, &receipt, now_of(w));
    if (rc != RC_OK && rc != RC_FULL)
        return rc;
    if (answer.len > 0)
        (void)trust_accuse(by->trust, answer, bytes_of(NULL, 0), now_of(w));
    w->record_bytes += receipt.len + answer.len;
    tell(w, of, by);
    if (of->trust != NULL) {
        (void)trust_input(of->trust, buffer_bytes(&receipt), now_of(w));
        trust_served(of->trust, &by->id.node, o.bytes, now_of(w));
        tell(w, by, of);
    }
    return RC_OK;
}

enum rc sim_rule_outcome(struct sim_world *w, struct peer *by, struct peer *of,
                         enum receipt_outcome outcome, struct bytes answer)
{
    if (by->is_attacker)
        return RC_OK; // and says nothing good of anybody
    if (w->cfg.rule == SIM_RULE_SHOAL)
        return shoal_outcome(w, by, of, outcome, answer);
    if (w->cfg.rule == SIM_RULE_MEAN)
        mean_count(w, by, of, outcome == RECEIPT_GOOD);
    return RC_OK;
}

size_t sim_rule_slots(struct sim_world *w, struct peer *of, const uint32_t *by, size_t count,
                      struct slots_want *want)
{
    for (size_t i = 0; i < count; i++) {
        want[i] = (struct slots_want){.gave = 0};
        if (of->trust == NULL)
            continue;
        const struct node_id *id = &w->peer[by[i]].id.node;
        want[i].gave = trust_gave(of->trust, id, now_of(w));
        want[i].served_bytes = trust_served_bytes(of->trust, id, now_of(w));
        want[i].is_isolated = !trust_allows(of->trust, id, TRUST_CHECKED);
        want[i].is_new = trust_standing(of->trust, id) <= TRUST_NEWCOMER;
    }
    return slots_choose(want, count, of->free, &w->rng);
}

enum rc sim_rule_round_end(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->honest; i++) {
        struct peer *p = &w->peer[i];
        if (p->trust == NULL || p->joined > w->round)
            continue;
        const enum rc rc = trust_tick(p->trust, now_of(w));
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

bool sim_rule_isolates(const struct sim_world *w, const struct peer *by, const struct peer *of)
{
    switch (w->cfg.rule) {
    case SIM_RULE_NONE:
        return false;
    case SIM_RULE_MEAN:
        return mean_of(w, of) < MEAN_ISOLATED;
    case SIM_RULE_SHOAL:
        return !trust_allows(by->trust, &of->id.node, TRUST_CHECKED);
    }
    return false;
}

// ---- Make

static enum rc init_shoal(struct sim_world *w)
{
    w->since = arena_take_array(w->arena, (size_t)w->honest * w->honest, sizeof *w->since);
    w->judge = arena_take(w->arena, sizeof *w->judge);
    if (w->judge != NULL)
        w->judge->verdict = arena_take_array(w->arena, VERDICTS, sizeof *w->judge->verdict);
    return w->since != NULL && w->judge != NULL && w->judge->verdict != NULL ? RC_OK : RC_NOMEM;
}

static enum rc init_mean(struct sim_world *w)
{
    const size_t count = (size_t)w->honest * w->peers_max;
    w->good = arena_take_array(w->arena, count, sizeof *w->good);
    w->all = arena_take_array(w->arena, count, sizeof *w->all);
    w->opinion = arena_take_array(w->arena, w->peers_max, sizeof *w->opinion);
    return w->good != NULL && w->all != NULL && w->opinion != NULL ? RC_OK : RC_NOMEM;
}

enum rc sim_rule_init(struct sim_world *w)
{
    switch (w->cfg.rule) {
    case SIM_RULE_NONE:
        return RC_OK;
    case SIM_RULE_MEAN:
        return init_mean(w);
    case SIM_RULE_SHOAL:
        return init_shoal(w);
    }
    return RC_OK;
}

enum rc sim_rule_join(struct sim_world *w, struct peer *p)
{
    if (w->cfg.rule != SIM_RULE_SHOAL || p->is_attacker)
        return RC_OK;
    const struct trust_cfg cfg = {.own = &p->id,
                                  .judge = {.check = check, .self = w->judge},
                                  .nodes_max = NODES_MAX,
                                  .edges_max = EDGES_MAX,
                                  .liars_max = LIARS_MAX,
                                  .papers_max = PAPERS_MAX,
                                  .seed = rng_u64(&w->rng)};
    return trust_open(&p->trust, w->arena, &cfg, now_of(w));
}

void sim_rule_count_judge(const struct sim_world *w, struct sim_trust_figures *out)
{
    if (w->judge == NULL)
        return;
    out->judged = w->judge->judged;
    out->remembered = w->judge->remembered;
}
