// SPDX-License-Identifier: MIT
// Upkeep: contacts kept fresh with little traffic, bootstrap, our address and id, own records.
//
// What it costs when nobody wants anything (doc/dht.md): a ping every PING_US, a lookup every
// REFRESH_US, and as much again from others who do the same.
#include <assert.h>
#include <string.h>

#include "dht/dht_parts.h"

#define PING_US         UINT64_C(10000000)
#define PING_US_METERED UINT64_C(60000000)
#define PING_US_MIN     UINT64_C(2000000) // when many are found dead
#define LOSS_HEAVY      300u              // permille of pings without an answer

#define REFRESH_US         UINT64_C(1800000000)
#define REFRESH_US_METERED UINT64_C(14400000000)
#define REFRESH_US_POOR    UINT64_C(3000000) // while joining: a bucket that has too few
#define POOR_TRIES         12u

#define BOOT_US     UINT64_C(1000000)
#define BOOT_US_MAX UINT64_C(300000000)

#define STALE_S   900u // BEP 5: questionable after 15 minutes
#define RETRY_S   5u
#define OFFLINE_S 60u // nobody answers for so long, while we ask: the network is gone

#define STRANGERS_S     1u // addresses that are written to unasked
#define STRANGERS_BURST 60u
#define VOTES_NEEDED    3u

#define OWN_US       UINT64_C(28800000000) // 8 h, +- 25 %
#define OWN_RETRY_US UINT64_C(60000000)
#define OWN_LIFE_S   86400u

// Others' records are passed on half an hour after anybody last put them here (Kademlia, section
// 2.5), +- 25 %: of all who keep one, the first does it for the rest. At most one a minute.
#define PASS_US      UINT64_C(1800000000)
#define PASS_LOOK_US UINT64_C(60000000)
#define OWN_NONE     UINT32_MAX

static uint64_t about(struct dht *d, uint64_t us)
{
    return us - us / 4 + rng_below(&d->rng, us / 2 + 1);
}

static bool knows_nobody(const struct family *f)
{
    return table_count(&f->table) == 0;
}

void upkeep_start(struct dht *d)
{
    for (unsigned i = 0; i < 2; i++) {
        struct family *f = &d->family[i];
        f->ping_due_us = f->refresh_due_us = UINT64_MAX;
        f->boot_due_us = f->is_on ? d->now_us : UINT64_MAX;
        f->boot_wait_us = BOOT_US;
    }
    const bool is_sparing = d->cfg.is_metered || d->cfg.is_read_only;
    d->pass_due_us = is_sparing ? UINT64_MAX : d->now_us + PASS_LOOK_US;
}

// ---- Coming in: look for ourselves until somebody answers, then fill what is poor

static void refresh(struct dht *d, unsigned family, const struct dht_id *target)
{
    struct op *op = op_new(d, OP_REFRESH, 0);
    if (op == NULL)
        return;
    op->target = *target;
    op->is_six = family == 1;
    op->is_six_left = false;
}

static bool is_refreshing(const struct dht *d, unsigned family)
{
    for (uint32_t i = 0; i < d->cfg.ops_max; i++) {
        const struct op *op = &d->op[i];
        if (op->state != OP_FREE && op->kind == OP_REFRESH && op->is_six == (family == 1))
            return true;
    }
    return false;
}

static void boot_tick(struct dht *d, unsigned family)
{
    struct family *f = &d->family[family];
    if (d->now_us < f->boot_due_us)
        return;
    f->boot_due_us = d->now_us + about(d, f->boot_wait_us);
    f->boot_wait_us = f->boot_wait_us * 2 < BOOT_US_MAX ? f->boot_wait_us * 2 : BOOT_US_MAX;
    const bool has_somebody = f->boot_count > 0 || !knows_nobody(f);
    if (has_somebody && !is_refreshing(d, family))
        refresh(d, family, &d->id);
}

// Somebody answered whom we knew, or the host has somebody new: no more waiting.
static void boot_again(struct dht *d, struct family *f)
{
    if (f->has_joined)
        return;
    f->boot_wait_us = BOOT_US;
    f->boot_due_us = d->now_us;
    d->is_dirty = true;
}

static void fall_out(struct dht *d, struct family *f)
{
    f->has_joined = false;
    f->ping_due_us = f->refresh_due_us = UINT64_MAX;
    f->boot_wait_us = BOOT_US;
    f->boot_due_us = d->now_us;
    d->is_dirty = true;
}

static void go_online(struct dht *d, bool is_online)
{
    if (d->is_online == is_online)
        return;
    d->is_online = is_online;
    d->has_online_news = true;
}

static void refresh_done(struct dht *d, const struct op *op)
{
    struct family *f = &d->family[op->is_six];
    if (op->counts.answers == 0)
        return;
    const uint64_t pause = d->cfg.is_metered ? PING_US_METERED : PING_US;
    if (!f->has_joined) {
        f->has_joined = true;
        f->boot_due_us = UINT64_MAX;
        f->ping_due_us = d->now_us + about(d, pause);
        f->refresh_due_us = d->now_us + about(d, REFRESH_US_POOR);
        f->poor_tries = 0;
        f->poor_bits = 0;
        f->round = 0;
    }
}

// A random id of a bucket with too few; else, in turns, of ours and of anywhere.
static void refresh_tick(struct dht *d, unsigned family)
{
    struct family *f = &d->family[family];
    if (d->now_us < f->refresh_due_us)
        return;
    unsigned bits = f->poor_bits;
    struct dht_id target = f->round % 2 == 0 ? d->id : dht_id_random(&d->rng);
    const bool is_poor = f->poor_tries < POOR_TRIES && table_poor(&f->table, &bits);
    if (is_poor) {
        target = dht_id_beside(&d->id, bits, &d->rng);
        f->poor_bits = (uint8_t)(bits + 1);
        f->poor_tries++;
    } else {
        f->poor_bits = 0;
        f->poor_tries = POOR_TRIES - 2;
        f->round++;
    }
    const uint64_t pause = d->cfg.is_metered ? REFRESH_US_METERED : REFRESH_US;
    f->refresh_due_us = d->now_us + about(d, is_poor ? REFRESH_US_POOR : pause);
    if (!is_refreshing(d, family))
        refresh(d, family, &target);
}

// ---- Contacts kept fresh

static uint64_t ping_pause_us(const struct dht *d)
{
    if (d->cfg.is_metered)
        return PING_US_METERED;
    if (d->loss_permille <= LOSS_HEAVY)
        return PING_US;
    const uint64_t us = PING_US * LOSS_HEAVY / d->loss_permille / 2;
    return us > PING_US_MIN ? us : PING_US_MIN;
}

static void ping_tick(struct dht *d, unsigned family)
{
    struct family *f = &d->family[family];
    if (d->now_us < f->ping_due_us)
        return;
    f->ping_due_us = d->now_us + about(d, ping_pause_us(d));
    const uint32_t now_s = dht_now_s(d);
    const struct contact *c = table_stalest(&f->table, STALE_S, RETRY_S, now_s);
    if (c == NULL || ask_is_pending(d, &c->addr))
        return;
    const struct net_addr to = c->addr;
    const struct dht_id id = c->id;
    table_asked(&f->table, c, now_s);
    (void)ask_ping(d, &to, &id); // too many under way: another time
    if (c->fails > 0)            // it is not handed out meanwhile: soon the next
        f->ping_due_us = d->now_us + PING_US_MIN;
}

static bool may_write_to_stranger(struct dht *d)
{
    return dht_afford(&d->stranger, 1, STRANGERS_S, STRANGERS_BURST, d->now_us);
}

void upkeep_heard(struct dht *d, const struct net_addr *from, const struct krpc *m)
{
    struct family *f = dht_family(d, from);
    if (table_find(&f->table, &m->id) != NULL) {
        table_heard(&f->table, &m->id, from, dht_now_s(d));
        return;
    }
    if (m->is_read_only ||
        d->stranger.full_us > d->now_us + (uint64_t)(STRANGERS_BURST - 1) * 1000000)
        return;
    // Its place is free: ask it at once, so that it can be told to others in a moment.
    if (!ask_is_pending(d, from) && table_wants(&f->table, &m->id, from, krpc_is_shoal(m)) &&
        may_write_to_stranger(d))
        (void)ask_ping(d, from, &m->id); // too many under way: it will come again
}

// ---- Who we are to others

static void move_to(struct dht *d, const struct dht_id *id)
{
    d->id = *id;
    d->stat.ids++;
    for (unsigned i = 0; i < 2; i++) {
        struct family *f = &d->family[i];
        if (!f->is_on)
            continue;
        table_move(&f->table, id);
        if (f->has_joined) { // new neighbours: look for them at once
            f->poor_tries = 0;
            f->poor_bits = 0;
            f->refresh_due_us = d->now_us;
            refresh(d, i, id);
        }
    }
}

static bool is_same_host(const struct net_addr *a, const struct net_addr *b)
{
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static void become(struct dht *d, unsigned family, const struct net_addr *addr)
{
    struct family *f = &d->family[family];
    const bool is_moved = !is_same_host(&f->self, addr);
    f->self = *addr;
    d->has_self_news[family] = true;
    d->is_dirty = true;
    if (!is_moved)
        return;
    for (uint32_t i = 0; i < d->cfg.own_max; i++) // records carry addresses
        if (d->own[i].is_used && !d->own[i].is_running)
            d->own[i].due_us = d->now_us;
    d->own_due_us = d->own_count > 0 ? d->now_us : UINT64_MAX;
    // One id for both families: it follows the IPv4 address if there is one (BEP 32, BEP 42).
    if (family == 1 && d->family[0].is_on)
        return;
    if (dht_id_fits(&d->id, addr))
        return;
    const struct dht_id id = dht_id_of_addr(addr, &d->rng);
    move_to(d, &id);
}

static struct vote *vote_of(struct family *f, const struct net_addr *addr)
{
    struct vote *weakest = &f->vote[0];
    for (unsigned i = 0; i < VOTE_PLACES; i++) {
        struct vote *v = &f->vote[i];
        if (v->count > 0 && is_same_host(&v->addr, addr))
            return v;
        if (v->count < weakest->count)
            weakest = v;
    }
    *weakest = (struct vote){.addr = *addr};
    return weakest;
}

static uint32_t voter_region(const struct net_addr *from)
{
    return net_addr_is_private(from) ? (uint32_t)rng_mix(net_addr_block(from) << 8 | from->ip[15])
                                     : net_addr_region(from);
}

// Each region (/16) has one vote, so that a few liars in one place do not move us. Behind some
// NATs everybody sees another port: then the host is what is voted for.
static void count_vote(struct dht *d, const struct net_addr *from, const struct net_addr *addr)
{
    const unsigned family = net_addr_is_ip4(addr) ? 0 : 1;
    struct family *f = &d->family[family];
    struct vote *v = vote_of(f, addr);
    const uint32_t region = voter_region(from);
    for (unsigned i = 0; i < v->count; i++)
        if (v->region[i] == region)
            return;
    if (v->addr.port != addr->port)
        v->same_port = 0;
    v->same_port++;
    v->addr.port = addr->port;
    v->region[v->count++] = region;
    if (v->count < VOTES_NEEDED)
        return;
    const bool is_port_sure = v->same_port >= VOTES_NEEDED;
    const bool is_change =
        !is_same_host(&f->self, addr) || (is_port_sure && !net_addr_equal(&f->self, addr));
    // Votes are spent: to change again it takes as many.
    memset(f->vote, 0, sizeof f->vote);
    if (is_change)
        become(d, family, addr);
}

static void take_vote(struct dht *d, const struct net_addr *from, struct bytes ip)
{
    struct net_addr addr;
    if (!net_addr_get(&addr, ip) || !net_addr_is_host(&addr) ||
        net_addr_is_ip4(&addr) != net_addr_is_ip4(from))
        return;
    if (net_addr_is_private(&addr) && !net_addr_is_private(from))
        return;
    struct family *f = dht_family(d, from);
    if (net_addr_equal(&f->self, &addr)) { // as it should be: the others are forgotten
        memset(f->vote, 0, sizeof f->vote);
        return;
    }
    count_vote(d, from, &addr);
}

void upkeep_answer(struct dht *d, const struct ask *a, const struct krpc *m)
{
    go_online(d, true);
    d->loss_permille = a->has_id ? d->loss_permille * 31 / 32 : d->loss_permille;
    take_vote(d, &a->to, m->ip);
    struct family *f = dht_family(d, &a->to);
    if (!f->has_joined && a->slot == NONE8 && f->boot_due_us > d->now_us + BOOT_US)
        boot_again(d, f);
}

void upkeep_silent(struct dht *d, const struct ask *a)
{
    struct family *f = dht_family(d, &a->to);
    if (a->has_id && f->answered_us > a->sent_us)
        d->loss_permille = (d->loss_permille * 31 + 1000) / 32;
    if (f->has_joined &&
        (knows_nobody(f) || d->now_us - f->answered_us > (uint64_t)OFFLINE_S * 1000000)) {
        fall_out(d, f);
        if (!d->family[0].has_joined && !d->family[1].has_joined)
            go_online(d, false);
    }
}

void dht_woke(struct dht *d, uint64_t now_us)
{
    d->now_us = now_us > d->now_us ? now_us : d->now_us;
    for (unsigned i = 0; i < 2; i++) {
        struct family *f = &d->family[i];
        if (!f->is_on)
            continue;
        memset(f->vote, 0, sizeof f->vote);
        fall_out(d, f);
    }
}

void dht_contact(struct dht *d, const struct net_addr *addr)
{
    struct family *f = dht_family(d, addr);
    if (f == NULL || !net_addr_is_host(addr))
        return;
    for (unsigned i = 0; i < f->boot_count; i++)
        if (net_addr_equal(&f->boot[i], addr)) {
            boot_again(d, f);
            return;
        }
    if (f->boot_count < BOOT_PLACES)
        f->boot[f->boot_count++] = *addr;
    else
        f->boot[f->boot_next++ % BOOT_PLACES] = *addr;
    boot_again(d, f);
}

// ---- Own records

static void find_own_due(struct dht *d)
{
    d->own_due_us = UINT64_MAX;
    for (uint32_t i = 0; i < d->cfg.own_max; i++) {
        const struct own *o = &d->own[i];
        if (o->is_used && !o->is_running && o->due_us < d->own_due_us)
            d->own_due_us = o->due_us;
    }
}

static bool sign_own(struct dht *d, const struct own *o, struct buffer *out)
{
    struct record r = {.kind = RECORD_PROVIDER,
                       .key = o->subject,
                       .has_room = o->has_room,
                       .room = o->room,
                       .issued_s = dht_unix_s(d),
                       .expires_s = dht_unix_s(d) + OWN_LIFE_S};
    for (unsigned i = 0; i < 2; i++)
        if (d->family[i].self.port != 0)
            r.address[r.address_count++] = d->family[i].self;
    if (record_sign(&r, d->cfg.id->key) != RC_OK)
        return false;
    record_encode(out, &r);
    return !out->is_full;
}

static void publish_own(struct dht *d, uint32_t index)
{
    struct own *o = &d->own[index];
    uint8_t at[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(at, sizeof at);
    struct op *op = sign_own(d, o, &b) ? op_publish(d, OP_PROVIDE, buffer_bytes(&b), 0) : NULL;
    if (op == NULL) { // no room among the ops
        o->due_us = d->now_us + about(d, OWN_RETRY_US / 8);
        return;
    }
    op->own = index;
    o->is_running = true;
}

static bool is_publishing(const struct dht *d)
{
    for (uint32_t i = 0; i < d->cfg.ops_max; i++)
        if (d->op[i].state != OP_FREE && d->op[i].kind == OP_PROVIDE)
            return true;
    return false;
}

static void own_tick(struct dht *d)
{
    // One at a time: the host's ops need room too, and nobody waits for this.
    if (d->now_us < d->own_due_us || is_publishing(d) || !d->has_wall)
        return;
    for (uint32_t i = 0; i < d->cfg.own_max; i++) {
        const struct own *o = &d->own[i];
        if (!o->is_used || o->is_running || o->due_us > d->now_us)
            continue;
        publish_own(d, i);
        break;
    }
    find_own_due(d);
}

static void own_done(struct dht *d, const struct op *op)
{
    if (op->own == OWN_NONE)
        return;
    struct own *o = &d->own[op->own];
    o->is_running = false;
    if (op->counts.stored > 0) {
        d->stat.own_published++;
        o->failures = 0;
        o->due_us = d->now_us + about(d, OWN_US);
    } else {
        d->stat.own_failed++;
        if (o->failures < 4)
            o->failures++;
        o->due_us = d->now_us + about(d, OWN_RETRY_US << o->failures);
    }
    find_own_due(d);
}

static struct own *own_of(struct dht *d, const struct digest *subject)
{
    for (uint32_t i = 0; i < d->cfg.own_max; i++)
        if (d->own[i].is_used && digest_equal(&d->own[i].subject, subject))
            return &d->own[i];
    return NULL;
}

enum rc dht_provide(struct dht *d, const struct digest *subject, const struct digest *room)
{
    if (d->cfg.id == NULL)
        return RC_REFUSED;
    struct own *o = own_of(d, subject);
    for (uint32_t i = 0; i < d->cfg.own_max && o == NULL; i++)
        if (!d->own[i].is_used && !d->own[i].is_running)
            o = &d->own[i];
    if (o == NULL)
        return RC_FULL;
    if (!o->is_used) {
        *o = (struct own){.is_used = true, .subject = *subject};
        d->own_count++;
    }
    o->has_room = room != NULL;
    if (room != NULL)
        o->room = *room;
    o->due_us = d->now_us;
    d->own_due_us = d->now_us;
    d->is_dirty = true;
    return RC_OK;
}

void dht_unprovide(struct dht *d, const struct digest *subject)
{
    struct own *o = own_of(d, subject);
    if (o == NULL)
        return;
    o->is_used = false; // is_running may stay: its op ends by itself
    d->own_count--;
    find_own_due(d);
    d->is_dirty = true;
}

// ---- Others' records

static void pass_tick(struct dht *d)
{
    uint8_t at[RECORD_BYTES_MAX];
    struct buffer b = buffer_of(at, sizeof at);
    if (d->now_us < d->pass_due_us)
        return;
    d->pass_due_us = d->now_us + about(d, PASS_LOOK_US);
    if (is_publishing(d) || !shelf_pass(d->shelf, about(d, PASS_US), &b, d->now_us))
        return;
    struct op *op = op_publish(d, OP_PROVIDE, buffer_bytes(&b), 0);
    if (op != NULL) // no room: somebody else will do it
        op->own = OWN_NONE;
}

// ---- Time

void upkeep_done(struct dht *d, const struct op *op)
{
    if (op->kind == OP_PROVIDE)
        own_done(d, op);
    else
        refresh_done(d, op);
}

void upkeep_tick(struct dht *d)
{
    for (unsigned i = 0; i < 2; i++) {
        if (!d->family[i].is_on)
            continue;
        boot_tick(d, i);
        refresh_tick(d, i);
        ping_tick(d, i);
    }
    own_tick(d);
    pass_tick(d);
}

uint64_t upkeep_due_us(const struct dht *d)
{
    uint64_t due = d->pass_due_us;
    for (unsigned i = 0; i < 2; i++) {
        const struct family *f = &d->family[i];
        due = f->boot_due_us < due ? f->boot_due_us : due;
        due = f->refresh_due_us < due ? f->refresh_due_us : due;
        due = f->ping_due_us < due ? f->ping_due_us : due;
    }
    // What waits for a date, or for the one that is being published, is looked at when that comes.
    const bool is_held = !d->has_wall || is_publishing(d);
    return !is_held && d->own_due_us < due ? d->own_due_us : due;
}
