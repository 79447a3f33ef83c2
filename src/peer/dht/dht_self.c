// SPDX-License-Identifier: MIT
// Who we are to others: our address is what several of them agree on, and our id follows it.
#include <assert.h>
#include <string.h>

#include "base/rng.h"
#include "dht/dht_state.h"

#define VOTES_NEEDED 3u

static_assert(VOTES_NEEDED <= VOTERS, "so many are counted");

static void move_to(struct dht *d, const struct dht_id *id)
{
    d->id = *id;
    d->stat.ids++;
    for (unsigned i = 0; i < 2; i++)
        if (d->family[i].is_on)
            table_move(&d->family[i].table, id);
    upkeep_moved(d);
}

static bool is_same_host(const struct net_addr *a, const struct net_addr *b)
{
    return memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static void become(struct dht *d, unsigned family, const struct net_addr *addr)
{
    struct family *f = &d->family[family];
    assert(f->is_on && net_addr_is_ip4(addr) == (family == 0));
    const bool is_moved = !is_same_host(&f->self, addr);
    f->self = *addr;
    d->has_self_news[family] = true;
    d->is_dirty = true;
    if (!is_moved)
        return;
    own_renew(d);
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
    assert(v->count < VOTES_NEEDED); // they are spent when there are as many
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

void self_vote(struct dht *d, const struct net_addr *from, struct bytes ip)
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
