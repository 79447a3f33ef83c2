// SPDX-License-Identifier: MIT
// Upkeep: coming into the network and staying there, with little traffic.
//
// What it costs when nobody wants anything (doc/dht.md): a ping every PING_US, a lookup every
// REFRESH_US, and as much again from others who do the same.
#include <assert.h>
#include <string.h>

#include "base/num.h"
#include "dht/dht_state.h"

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
}

// ---- Coming in: look for ourselves until somebody answers, then fill what is poor

static void refresh(struct dht *d, unsigned family, const struct dht_id *target)
{
    assert(family < 2 && d->family[family].is_on);
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
    f->boot_due_us = d->now_us + dht_about(d, f->boot_wait_us);
    assert(f->boot_due_us > d->now_us); // or the tick would never end
    f->boot_wait_us = f->boot_wait_us * 2 < BOOT_US_MAX ? f->boot_wait_us * 2 : BOOT_US_MAX;
    const bool has_somebody = f->boot_count > 0 || !knows_nobody(f);
    if (has_somebody && !is_refreshing(d, family))
        refresh(d, family, &d->id);
}

// Somebody answered whom we knew, or the host has somebody new: no more waiting.
static void boot_again(struct dht *d, struct family *f)
{
    assert(f->is_on);
    if (f->has_joined)
        return;
    f->boot_wait_us = BOOT_US;
    f->boot_due_us = d->now_us;
    d->is_dirty = true;
}

static void fall_out(struct dht *d, struct family *f)
{
    assert(f->is_on);
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

void upkeep_done(struct dht *d, const struct op *op)
{
    struct family *f = &d->family[op->is_six];
    assert(op->kind == OP_REFRESH && op->state == OP_ENDED);
    if (op->counts.answers == 0)
        return;
    const uint64_t pause = d->cfg.is_metered ? PING_US_METERED : PING_US;
    if (!f->has_joined) {
        f->has_joined = true;
        f->boot_due_us = UINT64_MAX;
        f->ping_due_us = d->now_us + dht_about(d, pause);
        f->refresh_due_us = d->now_us + dht_about(d, REFRESH_US_POOR);
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
    assert(f->has_joined); // falling out puts it off
    unsigned bits = f->poor_bits;
    struct dht_id target = f->round % 2 == 0 ? d->id : dht_id_random(&d->rng);
    const bool is_poor = f->poor_tries < POOR_TRIES && table_poor(&f->table, &bits);
    if (is_poor) {
        assert(bits < TABLE_BUCKETS);
        target = dht_id_beside(&d->id, bits, &d->rng);
        f->poor_bits = (uint8_t)(bits + 1);
        f->poor_tries++;
    } else {
        f->poor_bits = 0;
        f->poor_tries = POOR_TRIES - 2;
        f->round++;
    }
    const uint64_t pause = d->cfg.is_metered ? REFRESH_US_METERED : REFRESH_US;
    f->refresh_due_us = d->now_us + dht_about(d, is_poor ? REFRESH_US_POOR : pause);
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
    assert(f->has_joined); // likewise
    f->ping_due_us = d->now_us + dht_about(d, ping_pause_us(d));
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
    assert(f != NULL && !d->cfg.is_read_only);
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

// Our neighbours are others now: looked for at once.
void upkeep_moved(struct dht *d)
{
    for (unsigned i = 0; i < 2; i++) {
        struct family *f = &d->family[i];
        if (!f->has_joined)
            continue;
        f->poor_tries = 0;
        f->poor_bits = 0;
        f->refresh_due_us = d->now_us;
        refresh(d, i, &d->id);
    }
}

static void answered(struct dht *d, const struct ask *a)
{
    struct family *f = dht_family(d, &a->to);
    go_online(d, true);
    if (!f->has_joined && a->slot == NONE8 && f->boot_due_us > d->now_us + BOOT_US)
        boot_again(d, f);
}

static void silent(struct dht *d, const struct ask *a)
{
    struct family *f = dht_family(d, &a->to);
    const bool is_alone = d->now_us - f->answered_us > (uint64_t)OFFLINE_S * 1000000;
    if (!f->has_joined || (!knows_nobody(f) && !is_alone))
        return;
    fall_out(d, f);
    if (!d->family[0].has_joined && !d->family[1].has_joined)
        go_online(d, false);
}

void upkeep_news(struct dht *d, const struct ask_news *n)
{
    switch (n->fate) {
    case ASK_ANSWERED:
    case ASK_STRANGE:
        answered(d, &n->ask);
        break;
    case ASK_SILENT:
        silent(d, &n->ask);
        break;
    case ASK_REFUSED:
    case ASK_SLOW:
        break;
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
    assert(f->boot_count <= BOOT_PLACES);
    boot_again(d, f);
}

// ---- Time

void upkeep_tick(struct dht *d)
{
    for (unsigned i = 0; i < 2; i++) {
        if (!d->family[i].is_on)
            continue;
        boot_tick(d, i);
        refresh_tick(d, i);
        ping_tick(d, i);
    }
}

uint64_t upkeep_due_us(const struct dht *d)
{
    uint64_t due = UINT64_MAX;
    for (unsigned i = 0; i < 2; i++) {
        const struct family *f = &d->family[i];
        due = num_min(due, num_min(f->boot_due_us, num_min(f->refresh_due_us, f->ping_due_us)));
    }
    return due;
}
