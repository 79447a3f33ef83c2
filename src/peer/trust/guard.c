// SPDX-License-Identifier: MIT
// Guard: how much one stranger may ask of us, and for how long one who misbehaves is kept out.
#include "trust/guard.h"

#include <assert.h>
#include <string.h>

#include "base/heap.h"
#include "base/map.h"
#include "base/num.h"
#include "link/bucket.h"

// Faults are counted in millionths, so that a bucket of whole units can forget them slowly.
#define FAULT_UNITS UINT64_C(1000000)

static_assert(GUARD_FAULTS_MAX * FAULT_UNITS <= BUCKET_BURST_BYTES_MAX, "faults fit a bucket");
static_assert(FAULT_UNITS * US_PER_S <= BUCKET_RATE_BYTES_S_MAX, "so does forgetting in 1 us");
static_assert(FAULT_UNITS * US_PER_S >= GUARD_TIME_US_MAX, "and in the longest time");

struct entry {
    struct heap_node node; // in idle, by seen_us; in banned, by ban_end_us; in neither while open
    struct guard_key key;
    uint32_t open;
    uint32_t bans;       // not yet made up for
    uint64_t ban_end_us; // of the last ban; 0: none yet
    uint64_t seen_us;
    uint64_t paid_us; // when the work done for it will be paid off
    struct bucket connect;
    struct bucket messages;
    struct bucket bytes;
    struct bucket faults; // what is left to be forgiven
};

static_assert(sizeof(struct entry) <= 264, "as GUARD_ARENA_BYTES says");

struct guard {
    struct guard_cfg cfg;
    struct bucket_cfg connect;
    struct bucket_cfg messages;
    struct bucket_cfg bytes;
    struct bucket_cfg faults;
    struct arena *arena;
    struct map *entries;
    struct heap idle;
    struct heap banned; // and nothing open
    uint64_t now_us;    // the latest time we were given
    uint32_t share_ppm; // of our time, for each key
    struct guard_stat stat;
};

// ---- Make

struct guard_rate guard_rate_of(uint64_t per_s, uint64_t burst_s)
{
    assert(burst_s >= 1);
    return (struct guard_rate){.per_s = per_s, .burst = per_s > 0 ? per_s * burst_s : 1};
}

static bool is_rate(const struct guard_rate *r)
{
    return r->per_s == 0 || (r->per_s <= BUCKET_RATE_BYTES_S_MAX && r->burst >= 1 &&
                             r->burst <= BUCKET_BURST_BYTES_MAX);
}

static bool is_time(uint64_t us)
{
    return us >= 1 && us <= GUARD_TIME_US_MAX;
}

static bool is_good(const struct guard_cfg *c)
{
    const bool has_bans = is_time(c->fault_us) && is_time(c->ban_us) && is_time(c->ban_us_max) &&
                          c->ban_us <= c->ban_us_max;
    return c->keys_max >= 1 && c->keys_max <= GUARD_KEYS_MAX && is_rate(&c->connect) &&
           is_rate(&c->messages) && is_rate(&c->bytes) && c->faults_max <= GUARD_FAULTS_MAX &&
           (c->faults_max == 0 || has_bans);
}

static struct bucket_cfg bucket_cfg_of(const struct guard_rate *r)
{
    return (struct bucket_cfg){.rate_bytes_s = r->per_s, .burst_bytes = r->burst};
}

enum rc guard_new(struct guard **out, struct arena *arena, const struct guard_cfg *cfg,
                  uint64_t seed)
{
    *out = NULL;
    if (!is_good(cfg))
        return RC_CONFIG;
    struct guard *g = arena_take(arena, sizeof *g);
    if (g == NULL)
        return RC_NOMEM;
    *g = (struct guard){.cfg = *cfg,
                        .connect = bucket_cfg_of(&cfg->connect),
                        .messages = bucket_cfg_of(&cfg->messages),
                        .bytes = bucket_cfg_of(&cfg->bytes),
                        .arena = arena,
                        .share_ppm = GUARD_SHARE_WHOLE};
    if (cfg->faults_max > 0)
        g->faults = (struct bucket_cfg){.rate_bytes_s = FAULT_UNITS * US_PER_S / cfg->fault_us,
                                        .burst_bytes = cfg->faults_max * FAULT_UNITS};
    g->entries = map_new(arena, GUARD_KEY_BYTES, cfg->keys_max, seed);
    if (g->entries == NULL || heap_init(&g->idle, arena, cfg->keys_max) != RC_OK ||
        heap_init(&g->banned, arena, cfg->keys_max) != RC_OK)
        return RC_NOMEM;
    *out = g;
    return RC_OK;
}

struct guard_key guard_key_of(const struct net_addr *a)
{
    struct guard_key key = {{0}};
    memcpy(key.b, a->ip, net_addr_is_ip4(a) ? sizeof a->ip : sizeof a->ip / 2);
    return key;
}

// ---- The table

static struct entry *entry_of(struct heap_node *n)
{
    return CONTAINER_OF(n, struct entry, node);
}

static bool is_banned(const struct entry *e, uint64_t now_us)
{
    return e->ban_end_us > now_us;
}

// Where it belongs while nothing is open.
static struct heap *home_of(struct guard *g, const struct entry *e)
{
    return is_banned(e, g->now_us) ? &g->banned : &g->idle;
}

static void park(struct guard *g, struct entry *e)
{
    assert(e->open == 0);
    struct heap *h = home_of(g, e);
    const enum rc rc = heap_put(h, &e->node, h == &g->banned ? e->ban_end_us : e->seen_us);
    assert(rc == RC_OK); // each heap has room for every entry
}

// Every call begins here. Bans that have ended make their keys idle.
static void pass_time(struct guard *g, uint64_t now_us)
{
    g->now_us = num_max(g->now_us, now_us);
    struct heap_node *first = heap_first(&g->banned);
    while (first != NULL && first->key <= g->now_us) {
        struct heap_node *n = heap_pop(&g->banned);
        park(g, entry_of(n));
        first = heap_first(&g->banned);
    }
}

// The memory of a key that may be forgotten. NULL: there is none.
static struct entry *forget_one(struct guard *g)
{
    const size_t bans_max = (g->cfg.keys_max + 1) / 2;
    struct heap_node *n = heap_pop(&g->idle);
    if (n == NULL && g->banned.count > bans_max)
        n = heap_pop(&g->banned);
    if (n == NULL)
        return NULL;
    struct entry *e = entry_of(n);
    void *was = map_del(g->entries, &e->key);
    assert(was == e);
    g->stat.forgotten++;
    return e;
}

static struct entry *room(struct guard *g)
{
    struct entry *e = NULL;
    if (map_count(g->entries) < g->cfg.keys_max)
        e = arena_take(g->arena, sizeof *e);
    return e != NULL ? e : forget_one(g);
}

static void fill(struct bucket *b, const struct bucket_cfg *cfg, uint64_t now_us)
{
    if (cfg->rate_bytes_s == 0) // no limit: not used
        return;
    const enum rc rc = bucket_init(b, cfg, now_us);
    assert(rc == RC_OK); // guard_new has looked at it
}

// The key's entry, made if there is room, in no heap. NULL: no room.
static struct entry *meet(struct guard *g, const struct guard_key *key)
{
    struct entry *e = map_get(g->entries, key);
    if (e == NULL) {
        e = room(g);
        if (e == NULL)
            return NULL;
        *e = (struct entry){.key = *key};
        fill(&e->connect, &g->connect, g->now_us);
        fill(&e->messages, &g->messages, g->now_us);
        fill(&e->bytes, &g->bytes, g->now_us);
        fill(&e->faults, &g->faults, g->now_us);
        const enum rc rc = map_put(g->entries, key, e);
        assert(rc == RC_OK);
    }
    heap_del(home_of(g, e), &e->node); // harmless while it is open
    e->seen_us = g->now_us;
    return e;
}

// ---- Use

static enum rc judge(struct guard *g, struct entry *e)
{
    if (is_banned(e, g->now_us)) {
        g->stat.refused_banned++;
        return RC_REFUSED;
    }
    if ((g->cfg.open_max > 0 && e->open >= g->cfg.open_max) || e->open == UINT32_MAX) {
        g->stat.refused_open++;
        return RC_FULL;
    }
    if (g->cfg.connect.per_s > 0 && bucket_take(&e->connect, 1, g->now_us) != RC_OK) {
        g->stat.refused_often++;
        return RC_AGAIN;
    }
    g->stat.admitted++;
    return RC_OK;
}

enum rc guard_admit(struct guard *g, const struct guard_key *key, uint64_t now_us)
{
    pass_time(g, now_us);
    struct entry *e = meet(g, key);
    if (e == NULL) {
        g->stat.refused_table++;
        return RC_FULL;
    }
    const enum rc rc = judge(g, e);
    if (rc == RC_OK) {
        e->open++;
        g->stat.open++;
    } else if (e->open == 0) {
        park(g, e);
    }
    return rc;
}

// Of one who was admitted and has not left.
static struct entry *open_entry(struct guard *g, const struct guard_key *key)
{
    struct entry *e = map_get(g->entries, key);
    assert(e != NULL);
    assert(e->open > 0);
    e->seen_us = g->now_us;
    return e;
}

void guard_leave(struct guard *g, const struct guard_key *key, uint64_t now_us)
{
    pass_time(g, now_us);
    struct entry *e = open_entry(g, key);
    assert(g->stat.open > 0);
    e->open--;
    g->stat.open--;
    if (e->open == 0)
        park(g, e);
}

static uint64_t charge(struct bucket *b, const struct guard_rate *rate, uint64_t count,
                       uint64_t now_us)
{
    if (rate->per_s == 0)
        return 0;
    bucket_charge(b, count, now_us);
    return bucket_wait_us(b, 1, now_us);
}

uint64_t guard_charge(struct guard *g, const struct guard_key *key, uint64_t messages,
                      uint64_t bytes, uint64_t now_us)
{
    pass_time(g, now_us);
    struct entry *e = open_entry(g, key);
    const uint64_t wait_us = num_max(charge(&e->messages, &g->cfg.messages, messages, g->now_us),
                                     charge(&e->bytes, &g->cfg.bytes, bytes, g->now_us));
    g->stat.paused += wait_us > 0;
    return wait_us;
}

void guard_share(struct guard *g, uint32_t share_ppm)
{
    assert(share_ppm >= 1 && share_ppm <= GUARD_SHARE_WHOLE);
    g->share_ppm = share_ppm;
}

uint64_t guard_spend(struct guard *g, const struct guard_key *key, uint64_t work_us,
                     uint64_t now_us)
{
    pass_time(g, now_us);
    struct entry *e = open_entry(g, key);
    assert(g->share_ppm >= 1);
    const uint64_t pay_us = num_min(work_us, GUARD_DEBT_US_MAX) * GUARD_SHARE_WHOLE / g->share_ppm;
    const uint64_t debt_us = num_min(time_since(g->now_us, e->paid_us) + pay_us, GUARD_DEBT_US_MAX);
    e->paid_us = time_after(g->now_us, debt_us);
    if (debt_us <= GUARD_CREDIT_US)
        return 0;
    g->stat.slowed++;
    return debt_us;
}

static void ban(struct guard *g, struct entry *e)
{
    const struct guard_cfg *c = &g->cfg;
    const uint64_t made_up = time_since(e->ban_end_us, g->now_us) / c->ban_us_max;
    e->bans -= (uint32_t)num_min(e->bans, made_up);
    // Shifting the larger one down asks the same without wrapping; 63 is past any sense.
    const uint64_t shift = num_min(e->bans, 63);
    const uint64_t ban_us = c->ban_us > c->ban_us_max >> shift ? c->ban_us_max : c->ban_us << shift;
    assert(ban_us >= c->ban_us && ban_us <= c->ban_us_max);
    e->bans += e->bans < UINT32_MAX;
    e->ban_end_us = time_after(g->now_us, ban_us);
    fill(&e->faults, &g->faults, g->now_us); // paid for by the ban
    g->stat.bans++;
}

bool guard_fault(struct guard *g, const struct guard_key *key, uint32_t weight, uint64_t now_us)
{
    pass_time(g, now_us);
    struct entry *e = meet(g, key);
    g->stat.faults += weight;
    if (e == NULL)
        return false;
    if (g->cfg.faults_max > 0 && !is_banned(e, g->now_us) &&
        bucket_take(&e->faults, weight * FAULT_UNITS, g->now_us) != RC_OK)
        ban(g, e);
    if (e->open == 0)
        park(g, e);
    return is_banned(e, g->now_us);
}

uint64_t guard_banned_us(const struct guard *g, const struct guard_key *key, uint64_t now_us)
{
    const struct entry *e = map_get(g->entries, key);
    return e != NULL ? time_since(num_max(g->now_us, now_us), e->ban_end_us) : 0;
}

// ---- Ask

struct guard_stat guard_stat(struct guard *g, uint64_t now_us)
{
    pass_time(g, now_us);
    g->stat.keys = (uint32_t)map_count(g->entries);
    g->stat.banned = (uint32_t)g->banned.count;
    return g->stat;
}

void guard_check(const struct guard *g)
{
    size_t at = 0;
    size_t keys = 0;
    size_t open_keys = 0;
    uint64_t open = 0;
    for (const struct entry *e; (e = map_next(g->entries, &at)) != NULL; keys++) {
        const size_t slot = e->node.index;
        assert((e->open == 0) == (slot > 0));
        assert(g->cfg.open_max == 0 || e->open <= g->cfg.open_max);
        assert(e->seen_us <= g->now_us);
        if (e->open == 0) { // in one heap, and in the right one
            const struct heap *h = is_banned(e, g->now_us) ? &g->banned : &g->idle;
            assert(slot <= h->count && h->slot[slot - 1] == &e->node);
        }
        open_keys += e->open > 0;
        open += e->open;
    }
    assert(keys == map_count(g->entries) && keys <= g->cfg.keys_max);
    assert(keys == open_keys + g->idle.count + g->banned.count);
    assert(open == g->stat.open);
}
