// SPDX-License-Identifier: MIT
// A node of the DHT: its life; what arrives and what time does, handed to whom it concerns.
#include "dht/dht.h"

#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "dht/dht_state.h"

#define SHELF_SWEEP_US  1000000u
#define SEED_PURPOSE(n) (0x9e3779b97f4a7c15u * (n))

// ---- Life

struct dht_cfg dht_cfg_small(void)
{
    struct dht_cfg cfg = {.contacts_max = 120,
                          .asks_max = 20,
                          .lookups_max = 2,
                          .candidates_max = 40,
                          .ops_max = 3,
                          .own_max = 4,
                          .events_bytes = DHT_EVENTS_BYTES_MIN,
                          .sources_max = 16,
                          .seen_max = 4,
                          .shelf = shelf_cfg_tiny()};
    // Half of what a tiny shelf has, and all of it is 32 KiB.
    cfg.shelf.peers.places = 16;
    cfg.shelf.items = (struct shelf_room){2, SHELF_ITEM_ROOM_BYTES};
    cfg.shelf.records = (struct shelf_room){14, 14 * 240};
    cfg.shelf.faults = (struct shelf_room){1, RECORD_BYTES_MAX};
    return cfg;
}

static uint32_t usual(uint32_t given, uint32_t number)
{
    return given == 0 ? number : given;
}

static bool fill_cfg(struct dht_cfg *cfg)
{
    cfg->contacts_max = usual(cfg->contacts_max, 512);
    cfg->asks_max = usual(cfg->asks_max, 128);
    cfg->lookups_max = usual(cfg->lookups_max, 8);
    cfg->candidates_max = usual(cfg->candidates_max, LOOKUP_PLACES_MAX);
    cfg->ops_max = usual(cfg->ops_max, 24);
    cfg->own_max = usual(cfg->own_max, 256);
    cfg->events_bytes = usual(cfg->events_bytes, 65536);
    cfg->sources_max = usual(cfg->sources_max, 2048);
    cfg->seen_max = usual(cfg->seen_max, 128);
    cfg->queries_s_max = usual(cfg->queries_s_max, 20);
    cfg->answer_bytes_s = usual(cfg->answer_bytes_s, 131072);
    return (cfg->has_ip4 || cfg->has_ip6) && cfg->net.send != NULL &&
           cfg->contacts_max <= DHT_CONTACTS_MAX && cfg->asks_max <= DHT_ASKS_MAX &&
           cfg->lookups_max <= DHT_LOOKUPS_MAX && cfg->ops_max >= cfg->lookups_max &&
           cfg->candidates_max <= LOOKUP_PLACES_MAX && cfg->ops_max <= DHT_OPS_MAX &&
           cfg->own_max <= DHT_OWN_MAX && cfg->events_bytes >= DHT_EVENTS_BYTES_MIN &&
           cfg->events_bytes <= DHT_EVENTS_BYTES_MAX && cfg->seen_max <= DHT_SEEN_MAX;
}

static void seed_secrets(struct dht *d)
{
    static const uint8_t none[SHELF_SECRET_BYTES];
    struct rng r = rng_seeded(d->cfg.seed ^ SEED_PURPOSE(1));
    for (size_t i = 0; i < TOKEN_SECRET_BYTES; i++)
        d->secret.b[i] = (uint8_t)rng_u64(&r);
    if (memcmp(d->cfg.shelf.secret, none, sizeof none) == 0)
        for (size_t i = 0; i < SHELF_SECRET_BYTES; i++)
            d->cfg.shelf.secret[i] = (uint8_t)rng_u64(&r);
}

static enum rc take_tables(struct dht *d, struct arena *arena)
{
    const bool is_on[2] = {d->cfg.has_ip4, d->cfg.has_ip6};
    for (unsigned i = 0; i < 2; i++) {
        d->family[i].is_on = is_on[i];
        if (!is_on[i])
            continue;
        const enum rc rc = table_init(&d->family[i].table, arena, d->cfg.contacts_max, &d->id);
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

static enum rc take_memory(struct dht *d, struct arena *arena)
{
    const struct dht_cfg *cfg = &d->cfg;
    d->body_count = (cfg->ops_max + 3) / 4;
    d->ask = arena_take_array(arena, cfg->asks_max, sizeof *d->ask);
    d->op = arena_take_array(arena, cfg->ops_max, sizeof *d->op);
    d->body = arena_take_array(arena, d->body_count, sizeof *d->body);
    d->slot = arena_take_array(arena, cfg->lookups_max, sizeof *d->slot);
    d->candidate = arena_take_array(arena, (size_t)cfg->lookups_max * cfg->candidates_max,
                                    sizeof *d->candidate);
    d->own = arena_take_array(arena, cfg->own_max, sizeof *d->own);
    d->seen = arena_take_array(arena, cfg->seen_max, sizeof *d->seen);
    d->event = arena_take(arena, cfg->events_bytes);
    if (d->ask == NULL || d->op == NULL || d->body == NULL || d->slot == NULL ||
        d->candidate == NULL || d->own == NULL || d->seen == NULL || d->event == NULL)
        return RC_NOMEM;
    enum rc rc = take_tables(d, arena);
    if (rc == RC_OK && cfg->queries_s_max != DHT_NO_LIMIT)
        rc = limit_init(&d->limit, arena, cfg->sources_max, cfg->queries_s_max,
                        cfg->seed ^ SEED_PURPOSE(2));
    return rc == RC_OK ? shelf_new(&d->shelf, arena, &cfg->shelf) : rc;
}

enum rc dht_new(struct dht **out, struct arena *arena, const struct dht_cfg *cfg, uint64_t now_us)
{
    *out = NULL;
    struct dht_cfg full = *cfg;
    if (!fill_cfg(&full))
        return RC_CONFIG;
    const size_t before = arena_used_bytes(arena);
    struct dht *d = arena_take(arena, sizeof *d);
    if (d == NULL)
        return RC_NOMEM;
    d->cfg = full;
    d->start_us = d->now_us = now_us;
    d->ask_due_us = UINT64_MAX;
    d->rng = rng_seeded(full.seed);
    d->id = full.self.port != 0 ? dht_id_of_addr(&full.self, &d->rng) : dht_id_random(&d->rng);
    seed_secrets(d);
    const enum rc rc = take_memory(d, arena);
    if (rc != RC_OK)
        return rc;
    struct family *f = full.self.port != 0 ? dht_family(d, &full.self) : NULL;
    if (f != NULL)
        f->self = full.self;
    d->bytes = arena_used_bytes(arena) - before;
    upkeep_start(d);
    own_start(d);
    d->is_dirty = true;
    *out = d;
    return RC_OK;
}

size_t dht_bytes(const struct dht *d)
{
    return d->bytes;
}

// ---- Input and time

static void go_on(struct dht *d, uint64_t now_us)
{
    if (now_us > d->now_us)
        d->now_us = now_us;
}

// After anything that may have changed what is due.
static void settle(struct dht *d)
{
    struct op done;
    run_tick(d);
    while (op_collect(d, &done))
        if (done.kind == OP_PROVIDE)
            own_done(d, &done);
        else
            upkeep_done(d, &done);
    assert(!run_is_due(d));
    d->due_us = num_min(num_min(upkeep_due_us(d), own_due_us(d)), d->ask_due_us);
    d->is_dirty = false;
}

uint64_t dht_due_us(const struct dht *d)
{
    return d->is_dirty ? d->now_us : d->due_us;
}

static void sweep_shelf(struct dht *d)
{
    if (d->now_us - d->shelf_us < SHELF_SWEEP_US)
        return;
    d->shelf_us = d->now_us;
    shelf_tick(d->shelf, d->now_us);
}

// What became of a query of ours, told to whom it concerns. m: the answer, if there is one.
static void take_news(struct dht *d, const struct ask_news *n, const struct krpc *m)
{
    const bool is_reply = n->fate == ASK_ANSWERED || n->fate == ASK_STRANGE;
    assert(!is_reply || m != NULL);
    upkeep_news(d, n);
    if (is_reply)
        self_vote(d, &n->ask.to, m->ip);
    if (n->ask.slot != NONE8)
        walk_news(d, n, m);
    else if (n->ask.purpose == ASK_FOR_OP)
        run_news(d, n, m);
}

static void input_query(struct dht *d, const struct net_addr *from, const struct krpc *m,
                        size_t len, bool is_wrong)
{
    d->stat.queries_in[is_wrong ? KRPC_NO_METHOD : m->method]++;
    if (d->cfg.is_read_only)
        return;
    if (d->cfg.queries_s_max != DHT_NO_LIMIT &&
        !limit_take(&d->limit, from, (uint32_t)(d->now_us / 1000))) {
        d->stat.dropped_source++;
        return;
    }
    if (is_wrong || m->method == KRPC_NO_METHOD) {
        answer_error(d, from, m);
        return;
    }
    answer_input(d, from, m, len);
    upkeep_heard(d, from, m);
}

void dht_input(struct dht *d, const struct net_addr *from, struct bytes datagram, uint64_t now_us)
{
    go_on(d, now_us);
    d->stat.in_packets++;
    d->stat.in_bytes += datagram.len;
    if (dht_family(d, from) == NULL || !net_addr_is_host(from))
        return;
    struct krpc m;
    struct ask_news news;
    const enum rc rc = krpc_decode(&m, datagram);
    sweep_shelf(d);
    if (rc != RC_OK && rc != RC_REFUSED)
        d->stat.malformed++;
    else if (rc == RC_REFUSED || m.kind == KRPC_QUERY)
        input_query(d, from, &m, datagram.len, rc == RC_REFUSED);
    else if (ask_input(d, from, &m, &news))
        take_news(d, &news, &m);
    if (d->is_dirty)
        settle(d);
}

void dht_tick(struct dht *d, uint64_t now_us)
{
    go_on(d, now_us);
    struct ask_news news;
    uint32_t at = 0;
    sweep_shelf(d);
    while (ask_next(d, &at, &news))
        take_news(d, &news, NULL);
    upkeep_tick(d);
    own_tick(d);
    settle(d);
}

void dht_wall(struct dht *d, uint64_t unix_s, uint64_t now_us)
{
    go_on(d, now_us);
    d->has_wall = true;
    d->wall_s = unix_s;
    d->wall_us = d->now_us;
    d->is_dirty = true;
}

// ---- What it is

const struct dht_id *dht_own_id(const struct dht *d)
{
    return &d->id;
}

struct net_addr dht_self(const struct dht *d)
{
    return d->family[0].self.port != 0 ? d->family[0].self : d->family[1].self;
}

static void count_contacts(const struct dht *d, const struct table *t, struct dht_stat *out)
{
    size_t at = 0;
    for (const struct contact *c; (c = table_next(t, &at)) != NULL;) {
        if (c->kind == TABLE_KIND_SPARE) {
            out->contacts_spare++;
            continue;
        }
        out->contacts_shoal += c->is_shoal;
        if (c->fails >= TABLE_BAD_FAILS)
            out->contacts_bad++;
        else if (c->fails == 0 && dht_now_s(d) - c->seen_s < TABLE_GOOD_S)
            out->contacts_good++;
        else
            out->contacts_questionable++;
    }
}

void dht_stat(const struct dht *d, struct dht_stat *out)
{
    *out = d->stat;
    double size = 0;
    for (unsigned i = 0; i < 2; i++) {
        if (!d->family[i].is_on)
            continue;
        count_contacts(d, &d->family[i].table, out);
        const double found = table_network_size(&d->family[i].table, false);
        size = found > size ? found : size;
    }
    out->network_size = (uint64_t)size;
    out->asks = d->ask_busy;
    for (uint32_t i = 0; i < d->cfg.ops_max; i++) {
        out->ops_running += d->op[i].state == OP_RUNS;
        out->ops_waiting += d->op[i].state == OP_WAITS;
    }
    out->own = d->own_count;
    out->rtt_us = d->rtt_us;
}

void dht_check(const struct dht *d)
{
    uint32_t busy = 0;
    uint32_t ended = 0;
    for (uint32_t i = 0; i < d->cfg.asks_max; i++) {
        busy += d->ask[i].state != ASK_FREE;
        assert(d->ask[i].state == ASK_FREE || i < d->ask_high);
    }
    assert(busy == d->ask_busy);
    for (uint32_t i = 0; i < d->cfg.ops_max; i++)
        ended += d->op[i].state == OP_ENDED;
    assert(ended == d->ended + d->uncollected);
    for (uint32_t i = 0; i < d->cfg.lookups_max; i++)
        if (d->slot[i].op != NULL) {
            assert(d->slot[i].op->state == OP_RUNS);
            lookup_check(&d->slot[i].lookup);
        }
    for (unsigned i = 0; i < 2; i++)
        if (d->family[i].is_on)
            table_check(&d->family[i].table);
    assert(d->event_head <= d->event_tail && d->event_tail <= d->cfg.events_bytes);
    shelf_check(d->shelf);
}
