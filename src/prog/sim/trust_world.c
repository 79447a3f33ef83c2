// SPDX-License-Identifier: MIT
// A population that downloads from one another while part of it attacks; for `shoal sim trust`.
#include "prog/sim/trust_world.h"

#include <stdlib.h>
#include <string.h>

#include "base/num.h"
#include "crypt/hash.h"
#include "prog/sim/trust_state.h"
#include "trust/answer.h"
#include "trust/quorum.h"

#define NEWCOMER_PARTS 50u // one of so many honest peers comes later
#define VICTIM_PARTS   20u // is eclipsed
#define MACHINE_BYTES  ((size_t)3 << 20)
#define DRAWS          64u // for one download's candidates

// ---- Make

static void fill_seeded(void *self, uint8_t *out, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)rng_u64(self);
}

// Honest peers have a /24 each; who attacks from few addresses has a hundredth as many.
static struct net_addr addr_of(const struct sim_world *w, uint32_t index)
{
    const uint32_t blocks = w->cfg.peers / 100 > 0 ? w->cfg.peers / 100 : 1;
    const bool is_crowded = index >= w->honest && w->cfg.attack->is_crowded;
    const uint32_t block = is_crowded ? w->honest + index % blocks : index;
    return net_addr_ip4(0x20000000u + (block << 8) + index / blocks % 250, 6881);
}

static enum rc forge(struct sim_world *w, struct peer *p);

static enum rc peer_add(struct sim_world *w, bool is_attacker)
{
    const struct entropy entropy = {.fill = fill_seeded, .self = &w->rng};
    struct peer *p = &w->peer[w->peers];
    *p = (struct peer){.index = w->peers, .is_attacker = is_attacker, .joined = w->round};
    enum rc rc = id_init(&p->id, &entropy);
    if (rc != RC_OK)
        return rc;
    w->peers++;
    p->addr = addr_of(w, p->index);
    return sim_rule_join(w, p);
}

static enum rc choose_seeds(struct sim_world *w)
{
    const bool has_traitor = w->cfg.attack->turns_seed;
    if (has_traitor)
        w->peer[w->honest].is_traitor = true;
    for (uint32_t i = 0; i < w->honest; i++) {
        struct trust *t = w->peer[i].trust;
        for (uint32_t s = 0; t != NULL && s < SEEDS; s++) {
            const uint32_t seed = has_traitor && s == 0 ? w->honest : s;
            const enum rc rc = seed != i ? trust_choose(t, &w->peer[seed].id.node) : RC_OK;
            if (rc != RC_OK)
                return rc;
        }
    }
    return RC_OK;
}

// The last honest peers come after a quarter of the time; those before them are eclipsed.
static void set_parts(struct sim_world *w)
{
    const uint32_t late = w->honest / NEWCOMER_PARTS + 1;
    const uint32_t victims = w->cfg.attack->eclipses ? w->honest / VICTIM_PARTS + 1 : 0;
    for (uint32_t i = w->honest - late; i < w->honest; i++)
        w->peer[i].joined = w->cfg.rounds / 4;
    for (uint32_t i = w->honest - late - victims; i < w->honest - late; i++)
        w->peer[i].is_victim = true;
}

static enum rc people(struct sim_world *w)
{
    enum rc rc = RC_OK;
    for (uint32_t i = 0; rc == RC_OK && i < w->honest + w->attackers; i++)
        rc = peer_add(w, i >= w->honest);
    for (uint32_t i = w->honest; rc == RC_OK && i < w->peers; i++)
        rc = forge(w, &w->peer[i]);
    if (rc == RC_OK)
        rc = choose_seeds(w);
    if (rc == RC_OK)
        set_parts(w);
    return rc;
}

// ---- What attackers say

static const struct peer *any_of(struct sim_world *w, bool is_attacker)
{
    if (!is_attacker)
        return &w->peer[rng_below(&w->rng, w->honest)];
    return &w->peer[w->peers - 1 - rng_below(&w->rng, num_min(w->attackers, w->peers - w->honest))];
}

// Half of them praise other attackers, half blame honest peers, as far as the attack does so.
static enum rc forge(struct sim_world *w, struct peer *p)
{
    const struct sim_attack *a = w->cfg.attack;
    const bool rings = a->rings || a->slanders;
    for (uint32_t i = 0; i < FORGED && w->cfg.rule == SIM_RULE_SHOAL; i++) {
        const bool is_praise = a->rings && (!a->slanders || i % 2 == 0);
        if (!rings && !p->is_traitor)
            return RC_OK;
        const struct peer *of = any_of(w, is_praise || p->is_traitor);
        if (of == p)
            continue;
        struct receipt r = {.by = p->id.key_public,
                            .of = of->id.node,
                            .counter = 1 + i,
                            .time_s = now_of(w),
                            .service = RECEIPT_CHUNK,
                            .outcome = of->is_attacker ? RECEIPT_GOOD : RECEIPT_WRONG,
                            .good_centi = of->is_attacker ? 100000 : 0,
                            .bad_centi = of->is_attacker ? 0 : 100000};
        struct buffer b = buffer_of(p->forged[i], RECEIPT_BYTES_MAX);
        const enum rc rc = receipt_encode(&b, &r, p->id.key);
        if (rc != RC_OK)
            return rc;
        p->forged_len[i] = (uint8_t)b.len;
    }
    return RC_OK;
}

static enum rc wash(struct sim_world *w)
{
    const uint32_t washes = w->cfg.attack->washes;
    if (washes == 0 || w->round == 0 || w->round % washes != 0)
        return RC_OK;
    const uint32_t end = w->peers;
    enum rc rc = RC_OK;
    for (uint32_t i = w->honest; rc == RC_OK && i < end; i++) {
        if (w->peer[i].is_gone)
            continue;
        w->peer[i].is_gone = true;
        rc = peer_add(w, true);
    }
    for (uint32_t i = end; rc == RC_OK && i < w->peers; i++)
        rc = forge(w, &w->peer[i]);
    return rc;
}

static enum rc turn_seed(struct sim_world *w)
{
    if (!w->cfg.attack->turns_seed || w->round != w->cfg.rounds / 2)
        return RC_OK;
    return forge(w, &w->peer[w->honest]);
}

static bool is_bad_now(const struct sim_world *w, const struct peer *p)
{
    const uint32_t phase = w->cfg.attack->on_off;
    if (!p->is_attacker || (p->is_traitor && !is_late_half(w)))
        return false;
    return phase == 0 || w->round / phase % 2 == 1;
}

// ---- What is wanted

static bool is_here(const struct sim_world *w, const struct peer *p)
{
    return !p->is_gone && p->joined <= w->round;
}

static bool is_eclipsed(const struct sim_world *w, const struct peer *p)
{
    return p->is_victim && w->round < p->joined + ECLIPSE_ROUNDS;
}

// Others, at most two of a /24, as whoever counts identities does.
static size_t find_candidates(struct sim_world *w, const struct peer *by, uint32_t *out)
{
    struct net_addr addr[CANDIDATES];
    bool is_counted[CANDIDATES];
    size_t count = 0;
    for (uint32_t i = 0; i < DRAWS && count < CANDIDATES; i++) {
        const struct peer *p = &w->peer[rng_below(&w->rng, w->peers)];
        const bool is_fit = p != by && is_here(w, p) && (!is_eclipsed(w, by) || p->is_attacker);
        bool is_twice = false;
        for (size_t k = 0; k < count; k++)
            is_twice = is_twice || out[k] == p->index;
        if (!is_fit || is_twice)
            continue;
        addr[count] = p->addr;
        out[count] = p->index;
        count += quorum_count(addr, count + 1, is_counted) == count + 1;
    }
    return count;
}

static void add_wants(struct sim_world *w, struct peer *p)
{
    uint32_t candidate[CANDIDATES];
    const uint32_t wants = p->is_attacker ? w->cfg.attack->asks : TRUST_WANTS;
    for (uint32_t i = 0; i < wants && w->wants < w->wants_max; i++) {
        const size_t count = find_candidates(w, p, candidate);
        struct want *want = &w->want[w->wants++];
        *want = (struct want){.by = p->index, .object = rng_u64(&w->rng)};
        want->count = sim_rule_rank(w, p, candidate, count, want->order);
    }
}

static void collect(struct sim_world *w)
{
    w->wants = 0;
    for (uint32_t i = 0; i < w->peers; i++) {
        struct peer *p = &w->peer[i];
        p->free = SLOTS;
        p->got = 0;
        if (!is_here(w, p))
            continue;
        add_wants(w, p);
        w->peer_rounds += !p->is_attacker;
    }
    for (size_t i = w->wants; i > 1; i--) { // who comes first is chance
        const size_t j = (size_t)rng_below(&w->rng, i);
        const struct want kept = w->want[i - 1];
        w->want[i - 1] = w->want[j];
        w->want[j] = kept;
    }
}

// ---- One download

static bool fits(uint64_t object, uint64_t bytes)
{
    const struct digest name = hash_bytes(bytes_of(&object, sizeof object));
    const struct digest came = hash_bytes(bytes_of(&bytes, sizeof bytes));
    return digest_equal(&name, &came);
}

// Its signed word that it gave `bytes` for `object`.
static enum rc sign_answer(const struct sim_world *w, const struct peer *of,
                           const struct want *want, uint64_t bytes, struct buffer *out)
{
    const struct answer a = {.by = of->id.key_public,
                             .kind = ANSWER_CHUNK,
                             .asked = hash_bytes(bytes_of(&want->object, sizeof want->object)),
                             .given = hash_bytes(bytes_of(&bytes, sizeof bytes)),
                             .time_s = now_of(w)};
    return answer_encode(out, &a, of->id.key);
}

static void note_good(struct sim_world *w, struct peer *by, struct peer *of)
{
    const uint32_t now = 1 + w->round;
    by->got++;
    if (by->first_service == 0)
        by->first_service = now;
    if (by->full_service == 0 && by->got == TRUST_WANTS)
        by->full_service = now;
    if (of->first_lent == 0)
        of->first_lent = now;
    w->had += is_late_half(w);
}

static enum rc serve(struct sim_world *w, struct want *want, struct peer *of)
{
    struct peer *by = &w->peer[want->by];
    uint8_t room[ANSWER_BYTES_MAX];
    struct buffer answer = buffer_of(room, sizeof room);
    const bool is_late = of->is_attacker ? w->cfg.attack->gives_nothing && is_bad_now(w, of)
                                         : rng_unit(&w->rng) < FAILURES;
    const bool is_wrong = !is_late && is_bad_now(w, of);
    const uint64_t bytes = want->object ^ (is_wrong ? 1 : 0);
    const bool is_taken = !is_late && fits(want->object, bytes);
    enum rc rc = RC_OK;
    want->is_done = true;
    of->free--;
    of->lent += is_late_half(w) && !of->is_attacker;
    if (by->is_attacker) {
        w->leeched += is_late_half(w) && !of->is_attacker;
    } else if (is_late_half(w) && (!w->cfg.attack->eclipses || by->is_victim)) {
        w->tried++;
        w->wrong += is_wrong;
    }
    w->figures.accepted += is_taken && is_wrong;
    if (is_taken && !by->is_attacker)
        note_good(w, by, of);
    if (is_wrong && w->cfg.attack->signs && w->cfg.rule == SIM_RULE_SHOAL && !by->is_attacker)
        rc = sign_answer(w, of, want, bytes, &answer);
    const enum receipt_outcome outcome = is_late    ? RECEIPT_LATE
                                         : is_taken ? RECEIPT_GOOD
                                                    : RECEIPT_WRONG;
    return rc == RC_OK ? sim_rule_outcome(w, by, of, outcome, buffer_bytes(&answer)) : rc;
}

// All that ask one peer at this turn; it has as many slots as are free.
static enum rc serve_some(struct sim_world *w, struct peer *of, struct want **want, size_t count)
{
    struct slots_want slot[SLOTS_MAX];
    uint32_t by[SLOTS_MAX];
    count = num_min(count, SLOTS_MAX);
    for (size_t i = 0; i < count; i++)
        by[i] = want[i]->by;
    if (of->is_attacker)
        for (size_t i = 0; i < count; i++)
            slot[i] = (struct slots_want){.has_slot = i < of->free};
    else
        (void)sim_rule_slots(w, of, by, count, slot);
    enum rc rc = RC_OK;
    for (size_t i = 0; rc == RC_OK && i < count; i++)
        if (slot[i].has_slot)
            rc = serve(w, want[i], of);
    return rc;
}

struct asked { // one want at one peer, sorted by peer and then as the wants came
    uint32_t of;
    struct want *want;
};

static int by_peer(const void *a, const void *b)
{
    const struct asked *x = a;
    const struct asked *y = b;
    if (x->of != y->of)
        return x->of < y->of ? -1 : 1;
    return x->want < y->want ? -1 : x->want > y->want;
}

static enum rc serve_turn(struct sim_world *w, struct asked *asked, size_t turn)
{
    struct want *group[SLOTS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < w->wants; i++)
        if (!w->want[i].is_done && turn < w->want[i].count)
            asked[count++] = (struct asked){.of = w->want[i].order[turn], .want = &w->want[i]};
    qsort(asked, count, sizeof *asked, by_peer);
    enum rc rc = RC_OK;
    for (size_t from = 0, to = 0; rc == RC_OK && from < count; from = to) {
        size_t size = 0;
        for (to = from; to < count && asked[to].of == asked[from].of; to++)
            if (size < SLOTS_MAX)
                group[size++] = asked[to].want;
        struct peer *of = &w->peer[asked[from].of];
        if (of->free > 0)
            rc = serve_some(w, of, group, size);
    }
    return rc;
}

// ---- A round

static bool is_isolated_by_most(const struct sim_world *w, const struct peer *of)
{
    uint32_t isolates = 0;
    uint32_t here = 0;
    for (uint32_t i = 0; i < w->honest; i++) {
        if (!is_here(w, &w->peer[i]))
            continue;
        here++;
        isolates += sim_rule_isolates(w, &w->peer[i], of);
    }
    return 2 * isolates > here;
}

static void look(struct sim_world *w)
{
    uint32_t isolated = 0;
    uint32_t here = 0;
    if (w->figures.rounds_until > 0 || w->cfg.rule == SIM_RULE_NONE)
        return;
    for (uint32_t i = w->honest; i < w->peers; i++) {
        if (w->peer[i].is_gone)
            continue;
        here++;
        isolated += is_isolated_by_most(w, &w->peer[i]);
    }
    if (10 * isolated >= 9 * here)
        w->figures.rounds_until = w->round + 1;
}

static enum rc play_round(struct sim_world *w, struct asked *asked)
{
    enum rc rc = wash(w);
    if (rc == RC_OK)
        rc = turn_seed(w);
    if (rc != RC_OK)
        return rc;
    collect(w);
    for (size_t i = 0; i < w->wants; i++)
        w->wanted += is_late_half(w) && !w->peer[w->want[i].by].is_attacker;
    for (size_t turn = 0; rc == RC_OK && turn < CANDIDATES / 2; turn++)
        rc = serve_turn(w, asked, turn);
    if (rc == RC_OK)
        rc = sim_rule_round_end(w);
    look(w);
    return rc;
}

// ---- Figures

static double isolated_honest(const struct sim_world *w)
{
    uint64_t isolated = 0;
    uint64_t pairs = 0;
    for (uint32_t i = 0; i < w->honest; i++)
        for (uint32_t j = 0; j < w->honest; j++) {
            if (i == j)
                continue;
            pairs++;
            isolated += sim_rule_isolates(w, &w->peer[i], &w->peer[j]);
        }
    return (double)isolated / (double)pairs;
}

static int by_lent(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a;
    const uint32_t y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

// 0: all the same; 1: one has all.
static double gini_of(struct sim_world *w, uint32_t *lent)
{
    double sum = 0;
    double ranked = 0;
    for (uint32_t i = 0; i < w->honest; i++)
        lent[i] = w->peer[i].lent;
    qsort(lent, w->honest, sizeof *lent, by_lent);
    for (uint32_t i = 0; i < w->honest; i++) {
        sum += lent[i];
        ranked += (double)(i + 1) * lent[i];
    }
    const double n = w->honest;
    return sum > 0 ? 2 * ranked / (n * sum) - (n + 1) / n : 0;
}

// Of newcomers, in rounds after they came; who never had it counts as the whole time.
static void figure_newcomers(const struct sim_world *w, struct sim_trust_figures *f)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->honest; i++) {
        const struct peer *p = &w->peer[i];
        if (p->joined == 0)
            continue;
        const uint32_t end = w->cfg.rounds + 1;
        count++;
        f->first_service += (p->first_service > 0 ? p->first_service : end) - p->joined;
        f->full_service += (p->full_service > 0 ? p->full_service : end) - p->joined;
        f->first_lent += (p->first_lent > 0 ? p->first_lent : end) - p->joined;
    }
    f->first_service /= count;
    f->full_service /= count;
    f->first_lent /= count;
}

static double part_of(uint64_t part, uint64_t whole)
{
    return whole > 0 ? (double)part / (double)whole : 0;
}

static void figure(struct sim_world *w, struct asked *scratch)
{
    struct sim_trust_figures *f = &w->figures;
    uint64_t lent = 0;
    for (uint32_t i = 0; i < w->honest; i++)
        lent += w->peer[i].lent;
    const uint64_t slots = (uint64_t)w->honest * SLOTS * (w->cfg.rounds - w->cfg.rounds / 2);
    f->tried = part_of(w->wrong, w->tried);
    f->isolated = isolated_honest(w);
    f->served = part_of(w->had, w->wanted);
    f->used = part_of(lent - w->leeched, slots);
    f->leeched = part_of(w->leeched, slots);
    f->bytes_hour = part_of(w->record_bytes, w->peer_rounds);
    f->gini = gini_of(w, (uint32_t *)(void *)scratch);
    figure_newcomers(w, f);
    sim_rule_count_judge(w, f);
}

static size_t arena_bytes(const struct sim_world *w)
{
    const size_t machines = w->cfg.rule == SIM_RULE_SHOAL ? w->honest : 0;
    const size_t opinions = w->cfg.rule == SIM_RULE_MEAN ? (size_t)w->honest * w->peers_max * 8 : 0;
    return ((size_t)32 << 20) + machines * MACHINE_BYTES + opinions +
           (size_t)w->honest * w->honest * 4 + (size_t)w->peers_max * 8192;
}

static enum rc world_fill(struct sim_world *w, struct asked **asked)
{
    w->peer = arena_take_array(w->arena, w->peers_max, sizeof *w->peer);
    w->want = arena_take_array(w->arena, w->wants_max, sizeof *w->want);
    *asked = arena_take_array(w->arena, w->wants_max, sizeof **asked);
    if (w->peer == NULL || w->want == NULL || *asked == NULL)
        return RC_NOMEM;
    const enum rc rc = sim_rule_init(w);
    return rc == RC_OK ? people(w) : rc;
}

enum rc sim_trust_run(struct sim_trust_figures *out, const struct sim_trust_cfg *cfg)
{
    struct sim_world w = {.cfg = *cfg, .rng = rng_seeded(cfg->seed)};
    const struct sim_attack *a = cfg->attack;
    struct asked *asked = NULL;
    w.attackers = (uint32_t)(a->part * cfg->peers + 0.5);
    w.honest = cfg->peers - w.attackers;
    w.attackers = a->is_triple ? 3 * w.honest : w.attackers;
    const uint32_t lives = a->washes > 0 ? 1 + cfg->rounds / a->washes : 1;
    w.peers_max = w.honest + w.attackers * lives;
    w.wants_max = (size_t)w.honest * TRUST_WANTS + (size_t)w.attackers * a->asks;
    w.arena = arena_new(arena_bytes(&w));
    if (w.arena == NULL)
        return RC_NOMEM;
    enum rc rc = world_fill(&w, &asked);
    for (w.round = 0; rc == RC_OK && w.round < cfg->rounds; w.round++)
        rc = play_round(&w, asked);
    if (rc == RC_OK) {
        w.round--;
        figure(&w, asked);
        *out = w.figures;
    }
    for (uint32_t i = 0; w.peer != NULL && i < w.peers; i++)
        id_end(&w.peer[i].id);
    arena_free(w.arena);
    return rc;
}
