// SPDX-License-Identifier: MIT
// What all parts of a node need: its clocks and dice, the way out, budgets of what strangers cost.
#include "dht/dht_state.h"

#include <assert.h>

#include "base/num.h"

uint32_t dht_now_s(const struct dht *d)
{
    return (uint32_t)((d->now_us - d->start_us) / 1000000);
}

uint64_t dht_unix_s(const struct dht *d)
{
    return d->wall_s + (d->now_us - d->wall_us) / 1000000;
}

void dht_send(struct dht *d, const struct net_addr *to, struct bytes datagram)
{
    assert(datagram.len > 0 && datagram.len <= KRPC_BYTES_MAX);
    d->stat.out_packets++;
    d->stat.out_bytes += datagram.len;
    d->cfg.net.send(d->cfg.net.self, to, datagram);
}

struct family *dht_family(struct dht *d, const struct net_addr *addr)
{
    struct family *f = &d->family[net_addr_is_ip4(addr) ? 0 : 1];
    return f->is_on ? f : NULL;
}

bool dht_afford(struct dht_purse *p, uint64_t cost, uint64_t per_s, uint64_t burst, uint64_t now_us)
{
    // Kept as the time at which the purse will have been full for good.
    assert(per_s > 0 && burst > 0);
    const uint64_t burst_us = burst * 1000000 / per_s;
    const uint64_t cost_us = cost * 1000000 / per_s;
    const uint64_t from = p->full_us > now_us ? p->full_us : now_us;
    if (from + cost_us > now_us + burst_us)
        return false;
    p->full_us = from + cost_us;
    return true;
}

uint64_t dht_about(struct dht *d, uint64_t us)
{
    return us - us / 4 + rng_below(&d->rng, us / 2 + 1);
}
