// SPDX-License-Identifier: MIT
// A node of the DHT: its life, what arrives, time, and the events that come out.
#include "dht/dht.h"

#include <assert.h>
#include <string.h>

#include "dht/dht_parts.h"

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
    d->ask_due_us = d->own_due_us = UINT64_MAX;
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
    d->is_dirty = true;
    *out = d;
    return RC_OK;
}

size_t dht_bytes(const struct dht *d)
{
    return d->bytes;
}

// ---- For the other parts

uint32_t dht_now_s(const struct dht *d)
{
    return (uint32_t)((d->now_us - d->start_us) / 1000000);
}

void dht_send(struct dht *d, const struct net_addr *to, struct bytes datagram)
{
    d->stat.out_packets++;
    d->stat.out_bytes += datagram.len;
    d->cfg.net.send(d->cfg.net.self, to, datagram);
}

struct family *dht_family(struct dht *d, const struct net_addr *addr)
{
    struct family *f = &d->family[net_addr_is_ip4(addr) ? 0 : 1];
    return f->is_on ? f : NULL;
}

uint64_t dht_unix_s(const struct dht *d)
{
    return d->wall_s + (d->now_us - d->wall_us) / 1000000;
}

bool dht_afford(struct dht_purse *p, uint64_t cost, uint64_t per_s, uint64_t burst, uint64_t now_us)
{
    // Kept as the time at which the purse will have been full for good.
    const uint64_t burst_us = burst * 1000000 / per_s;
    const uint64_t cost_us = cost * 1000000 / per_s;
    const uint64_t from = p->full_us > now_us ? p->full_us : now_us;
    if (from + cost_us > now_us + burst_us)
        return false;
    p->full_us = from + cost_us;
    return true;
}

// ---- Events: a header and its bytes, one after another, until the last is taken

struct stored_event {
    uint32_t bytes; // of all, this included
    uint32_t op;
    uint8_t kind;
    uint16_t part[4]; // lengths of what follows: addresses or samples; v, k, sig; record
    int64_t seq;
    int64_t num;
    int64_t interval_s;
    uint64_t rtt_us;
};

static void put_part(struct dht *d, uint32_t *at, struct bytes part)
{
    if (part.len > 0)
        memcpy(d->event + *at, part.at, part.len);
    *at += (uint32_t)part.len;
}

void dht_tell(struct dht *d, const struct dht_event *e)
{
    const struct bytes part[4] = {
        e->addr_count > 0 ? bytes_of(e->addrs, e->addr_count * sizeof *e->addrs) : e->samples,
        e->kind == DHT_RECORD ? e->record_bytes : e->item.v, e->item.k, e->item.sig};
    struct stored_event s = {.op = e->op,
                             .kind = (uint8_t)e->kind,
                             .seq = e->item.seq,
                             .num = e->num,
                             .interval_s = e->interval_s,
                             .rtt_us = e->rtt_us};
    size_t len = sizeof s;
    for (unsigned i = 0; i < 4; i++) {
        s.part[i] = (uint16_t)part[i].len;
        len += part[i].len;
    }
    len = (len + 7) / 8 * 8;
    if (d->event_head == d->event_tail)
        d->event_head = d->event_tail = 0;
    if (len > d->cfg.events_bytes - d->event_tail) {
        d->stat.dropped_events++;
        return;
    }
    s.bytes = (uint32_t)len;
    uint32_t at = d->event_tail;
    put_part(d, &at, bytes_of(&s, sizeof s));
    for (unsigned i = 0; i < 4; i++)
        put_part(d, &at, part[i]);
    d->event_tail += (uint32_t)len;
}

static void take_event(struct dht *d, struct dht_event *out)
{
    struct stored_event s;
    const uint8_t *at = d->event + d->event_head;
    memcpy(&s, at, sizeof s);
    d->event_head += s.bytes;
    struct bytes part[4];
    at += sizeof s;
    for (unsigned i = 0; i < 4; i++) {
        part[i] = bytes_of(at, s.part[i]);
        at += s.part[i];
    }
    out->op = s.op;
    out->kind = (enum dht_event_kind)s.kind;
    out->num = s.num;
    out->interval_s = s.interval_s;
    out->rtt_us = s.rtt_us;
    switch (out->kind) {
    case DHT_PEERS:
    case DHT_PONG:
        out->addrs = (const struct net_addr *)(const void *)part[0].at;
        out->addr_count = (uint32_t)(part[0].len / sizeof *out->addrs);
        break;
    case DHT_SAMPLES:
        out->samples = part[0];
        break;
    case DHT_ITEM:
        out->item = (struct item){.v = part[1], .k = part[2], .sig = part[3], .seq = s.seq};
        break;
    case DHT_RECORD:
        out->record_bytes = part[1];
        if (record_decode(&out->record, part[1]) != RC_OK)
            assert(false); // it was decoded before it was told
        break;
    case DHT_DONE:
    case DHT_SELF:
    case DHT_RESPONDS:
        assert(false); // never queued
    }
}

static bool next_news(struct dht *d, struct dht_event *out)
{
    if (d->has_online_news) {
        d->has_online_news = false;
        out->kind = DHT_RESPONDS;
        out->rc = d->is_online ? RC_OK : RC_TIMEOUT;
        return true;
    }
    for (unsigned i = 0; i < 2; i++) {
        if (!d->has_self_news[i])
            continue;
        d->has_self_news[i] = false;
        out->kind = DHT_SELF;
        out->addrs = &d->family[i].self;
        out->addr_count = 1;
        return true;
    }
    return false;
}

// The op that ended, of those the one that began first.
static bool next_done(struct dht *d, struct dht_event *out)
{
    struct op *first = NULL;
    for (uint32_t i = 0; i < d->cfg.ops_max; i++) {
        struct op *op = &d->op[i];
        if (op->state == OP_ENDED && (first == NULL || op->number - first->number > UINT32_MAX / 2))
            first = op;
    }
    if (first == NULL)
        return false;
    out->op = first->number;
    out->kind = DHT_DONE;
    out->rc = first->rc;
    out->counts = first->counts;
    out->addrs = first->nearest;
    out->addr_count = first->nearest_count;
    first->state = OP_FREE;
    d->ended--;
    return true;
}

bool dht_next(struct dht *d, struct dht_event *out)
{
    *out = (struct dht_event){0};
    if (d->event_head < d->event_tail) {
        take_event(d, out);
        return true;
    }
    return next_news(d, out) || (d->ended > 0 && next_done(d, out));
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
    op_tick(d);
    uint64_t due = upkeep_due_us(d);
    due = d->ask_due_us < due ? d->ask_due_us : due;
    d->due_us = op_is_ready(d) ? d->now_us : due;
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
    const enum rc rc = krpc_decode(&m, datagram);
    sweep_shelf(d);
    if (rc != RC_OK && rc != RC_REFUSED)
        d->stat.malformed++;
    else if (rc == RC_REFUSED || m.kind == KRPC_QUERY)
        input_query(d, from, &m, datagram.len, rc == RC_REFUSED);
    else
        ask_input(d, from, &m);
    if (d->is_dirty)
        settle(d);
}

void dht_tick(struct dht *d, uint64_t now_us)
{
    go_on(d, now_us);
    sweep_shelf(d);
    ask_tick(d);
    upkeep_tick(d);
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
    assert(ended == d->ended);
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
