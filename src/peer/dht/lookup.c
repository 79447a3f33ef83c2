// SPDX-License-Identifier: MIT
// Lookup: candidates in order of distance, each on one path.
#include "dht/lookup.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"

#define SAME_BLOCK_MAX 2u // candidates of one owner, most likely
#define RTT_STEP_MS    8u // of candidate.rtt, so that it fits a byte
#define RTT_UNKNOWN    UINT8_MAX

void lookup_init(struct lookup *l, struct candidate *place, size_t places,
                 const struct lookup_cfg *cfg)
{
    assert(places >= 1 && places <= LOOKUP_PLACES_MAX);
    assert(cfg->paths >= 1 && cfg->paths <= LOOKUP_PATHS_MAX);
    assert(cfg->alpha >= 1 && cfg->nearest >= 1);
    assert(cfg->near == 0 || cfg->alpha_far >= 1);
    l->cfg = *cfg;
    l->place = place;
    l->places = (uint8_t)places;
    l->count = 0;
    l->dealt = 0;
}

static uint64_t first_bits(const struct dht_id *id)
{
    uint64_t v;
    memcpy(&v, id->b, sizeof v);
    return __builtin_bswap64(v);
}

uint64_t lookup_distance(const struct lookup *l, const struct dht_id *id)
{
    return first_bits(id) ^ first_bits(&l->cfg.target);
}

static struct candidate *find(struct lookup *l, const struct dht_id *id)
{
    for (unsigned i = 0; i < l->count; i++)
        if (dht_id_equal(&l->place[l->order[i]].id, id))
            return &l->place[l->order[i]];
    return NULL;
}

static bool is_welcome(const struct lookup *l, const struct krpc_node *node)
{
    const bool is_private = net_addr_is_private(&node->addr);
    const uint64_t block = net_addr_block(&node->addr);
    unsigned same = 0;
    for (unsigned i = 0; i < l->count; i++) {
        const struct candidate *c = &l->place[l->order[i]];
        if (dht_id_equal(&c->id, &node->id) || net_addr_equal(&c->addr, &node->addr))
            return false;
        if (!is_private && c->state != CANDIDATE_FAILED && net_addr_block(&c->addr) == block)
            same++;
    }
    return same < SAME_BLOCK_MAX;
}

// A place for a candidate of this rank; the farthest gives its own. Not who is being asked: its
// answer would find nobody.
static bool take_place(struct lookup *l, unsigned rank, uint8_t *place)
{
    if (l->count < l->places) {
        *place = l->count;
        return true;
    }
    *place = l->order[l->places - 1];
    return rank < l->places;
}

// Becomes a candidate; NULL: it does not.
static struct candidate *add(struct lookup *l, const struct krpc_node *node,
                             const struct candidate *teller)
{
    if (!is_welcome(l, node))
        return NULL;
    unsigned rank = l->count;
    while (rank > 0 &&
           dht_id_closer(&l->cfg.target, &node->id, &l->place[l->order[rank - 1]].id) < 0)
        rank--;
    unsigned hop = 1;
    unsigned path = l->dealt % l->cfg.paths;
    if (teller != NULL) {
        hop = (unsigned)teller->hop + (teller->hop < UINT8_MAX ? 1u : 0u);
        path = teller->path;
    }
    uint8_t place;
    if (!take_place(l, rank, &place))
        return NULL;
    if (teller == NULL)
        l->dealt++;
    const unsigned last = l->count < l->places ? (unsigned)l->count : l->places - 1u;
    memmove(&l->order[rank + 1], &l->order[rank], last - rank);
    l->order[rank] = place;
    l->count = (uint8_t)(last + 1);
    l->place[place] = (struct candidate){.id = node->id,
                                         .addr = node->addr,
                                         .state = CANDIDATE_NEW,
                                         .path = (uint8_t)path,
                                         .hop = (uint8_t)hop,
                                         .rtt = RTT_UNKNOWN,
                                         .is_fit = dht_id_fits(&node->id, &node->addr)};
    return &l->place[place];
}

bool lookup_add(struct lookup *l, const struct krpc_node *node, const struct dht_id *from)
{
    return add(l, node, from != NULL ? find(l, from) : NULL) != NULL;
}

bool lookup_seed(struct lookup *l, const struct krpc_node *node, uint32_t rtt_ms)
{
    struct candidate *c = add(l, node, NULL);
    if (c != NULL && rtt_ms > 0)
        c->rtt = (uint8_t)num_min(rtt_ms / RTT_STEP_MS, RTT_UNKNOWN);
    return c != NULL;
}

// ---- Whom to ask

struct survey {                       // what each path is at
    unsigned goals[LOOKUP_PATHS_MAX]; // candidates seen so far that count toward `nearest`
    unsigned flying[LOOKUP_PATHS_MAX];
    unsigned flying_all;
    unsigned flying_far;
    const struct candidate *next[LOOKUP_PATHS_MAX];  // nearest that is to be asked
    const struct candidate *swift[LOOKUP_PATHS_MAX]; // fastest of the far ones known from the start
    const struct candidate *last_resort;             // one whose id does not fit
    bool is_busy;                                    // somebody who counts has not answered yet
    unsigned answered;
};

static bool is_far(const struct lookup *l, const struct candidate *c)
{
    return l->cfg.near > 0 && lookup_distance(l, &c->id) > l->cfg.near;
}

static void survey_new(const struct lookup *l, struct survey *s, const struct candidate *c,
                       bool is_goal)
{
    const struct candidate **swift = &s->swift[c->path];
    if (!c->is_fit) {
        s->last_resort = s->last_resort != NULL ? s->last_resort : c;
        return;
    }
    if (is_goal && s->next[c->path] == NULL)
        s->next[c->path] = c;
    if (c->hop == 1 && is_far(l, c) && (*swift == NULL || c->rtt < (*swift)->rtt))
        *swift = c;
}

static void survey_one(const struct lookup *l, struct survey *s, const struct candidate *c)
{
    const bool is_goal = s->goals[c->path] < l->cfg.nearest ||
                         (l->cfg.region > 0 && lookup_distance(l, &c->id) <= l->cfg.region);
    switch ((enum candidate_state)c->state) {
    case CANDIDATE_NEW:
        survey_new(l, s, c, is_goal);
        break;
    case CANDIDATE_ASKED:
        s->flying[c->path]++;
        s->flying_all++;
        s->flying_far += is_far(l, c);
        s->is_busy |= is_goal;
        break;
    case CANDIDATE_ANSWERED:
        s->answered += c->is_fit;
        break;
    case CANDIDATE_LATE:
    case CANDIDATE_FAILED:
        return; // no goal: the next nearest takes its place
    }
    s->goals[c->path] += c->is_fit;
}

static struct survey survey_of(const struct lookup *l)
{
    struct survey s = {0};
    for (unsigned i = 0; i < l->count; i++)
        survey_one(l, &s, &l->place[l->order[i]]);
    return s;
}

// The path with the fewest queries under way, among those that have somebody to ask.
static const struct candidate *next_of(const struct lookup *l, const struct survey *s)
{
    assert(l->cfg.paths >= 1);
    const unsigned each = (l->cfg.alpha + l->cfg.paths - 1) / l->cfg.paths;
    const struct candidate *best = NULL;
    for (unsigned p = 0; p < l->cfg.paths; p++) {
        const struct candidate *c = s->next[p];
        if (c == NULL || s->flying[p] >= each)
            continue;
        const bool is_way = is_far(l, c);
        if (is_way && s->flying_far >= l->cfg.alpha_far)
            continue;
        if (is_way && c->hop == 1)
            c = s->swift[p];
        assert(c != NULL && c->path == p);
        if (best == NULL || s->flying[p] < s->flying[best->path])
            best = c;
    }
    if (best == NULL && s->flying_all == 0 && s->answered < l->cfg.nearest)
        return s->last_resort;
    return best;
}

struct candidate *lookup_pick(struct lookup *l)
{
    const struct survey s = survey_of(l);
    if (s.flying_all >= l->cfg.alpha)
        return NULL;
    const struct candidate *next = next_of(l, &s);
    if (next == NULL)
        return NULL;
    struct candidate *c = &l->place[next - l->place];
    c->state = CANDIDATE_ASKED;
    return c;
}

void lookup_unpick(struct candidate *c)
{
    assert(c->state == CANDIDATE_ASKED);
    c->state = CANDIDATE_NEW;
}

bool lookup_is_done(const struct lookup *l)
{
    const struct survey s = survey_of(l);
    if (s.is_busy)
        return false;
    for (unsigned p = 0; p < l->cfg.paths; p++)
        if (s.next[p] != NULL)
            return false;
    return s.flying_all > 0 ? s.answered >= l->cfg.nearest : next_of(l, &s) == NULL;
}

void lookup_narrow(struct lookup *l, unsigned nearest)
{
    assert(nearest >= 1);
    if (nearest < l->cfg.nearest)
        l->cfg.nearest = nearest;
    l->cfg.region = 0;
}

// ---- What came of it

void lookup_met(struct lookup *l, const struct krpc_node *node)
{
    (void)lookup_add(l, node, NULL); // known already, perhaps
    struct candidate *c = find(l, &node->id);
    if (c != NULL && c->state == CANDIDATE_NEW && net_addr_equal(&c->addr, &node->addr))
        c->state = CANDIDATE_ASKED;
}

struct candidate *lookup_answered(struct lookup *l, const struct dht_id *id, struct bytes token)
{
    struct candidate *c = find(l, id);
    if (c == NULL || c->state == CANDIDATE_NEW || c->state == CANDIDATE_FAILED)
        return NULL;
    c->state = CANDIDATE_ANSWERED;
    if (token.len > 0 && token.len <= LOOKUP_TOKEN_BYTES_MAX) {
        memcpy(c->token, token.at, token.len);
        c->token_len = (uint8_t)token.len;
    }
    return c;
}

void lookup_late(struct lookup *l, const struct dht_id *id)
{
    struct candidate *c = find(l, id);
    if (c != NULL && c->state == CANDIDATE_ASKED)
        c->state = CANDIDATE_LATE;
}

void lookup_failed(struct lookup *l, const struct dht_id *id)
{
    struct candidate *c = find(l, id);
    if (c != NULL && (c->state == CANDIDATE_ASKED || c->state == CANDIDATE_LATE))
        c->state = CANDIDATE_FAILED;
}

struct candidate *lookup_at(struct lookup *l, unsigned i)
{
    return i < l->count ? &l->place[l->order[i]] : NULL;
}

uint64_t lookup_reach(const struct lookup *l, unsigned count)
{
    for (unsigned i = 0; i < l->count; i++) {
        const struct candidate *c = &l->place[l->order[i]];
        if (c->state == CANDIDATE_ANSWERED && c->is_fit && --count == 0)
            return lookup_distance(l, &c->id);
    }
    return UINT64_MAX;
}

unsigned lookup_witnesses(const struct lookup *l)
{
    const struct candidate *first = NULL;
    for (unsigned i = 0; i < l->count; i++) {
        const struct candidate *c = &l->place[l->order[i]];
        if (c->state != CANDIDATE_ANSWERED)
            continue;
        if (first == NULL)
            first = c;
        else if (net_addr_is_private(&c->addr) ||
                 net_addr_region(&c->addr) != net_addr_region(&first->addr))
            return 2;
    }
    return first != NULL;
}

void lookup_check(const struct lookup *l)
{
    uint64_t seen = 0;
    assert(l->count <= l->places);
    for (unsigned i = 0; i < l->count; i++) {
        assert((seen >> l->order[i] & 1) == 0 && l->order[i] < l->count);
        seen |= (uint64_t)1 << l->order[i];
        assert(l->place[l->order[i]].path < l->cfg.paths);
        if (i > 0)
            assert(dht_id_closer(&l->cfg.target, &l->place[l->order[i - 1]].id,
                                 &l->place[l->order[i]].id) < 0);
    }
}
