// SPDX-License-Identifier: MIT
// One host's NAT: what went out lately, and what may therefore come in.
#include "sim/net_nat.h"

#include <string.h>

#define WAYS     8u // sessions of a set
#define PORT_MIN 1024u

static bool has_sessions(enum sim_nat kind)
{
    return kind == SIM_NAT_FW || kind == SIM_NAT_ADDRESS || kind == SIM_NAT_PORT ||
           kind == SIM_NAT_SYMMETRIC;
}

enum rc net_nat_init(struct net_nat *t, struct arena *arena, const struct sim_host_cfg *c,
                     uint32_t sessions)
{
    *t = (struct net_nat){
        .kind = c->nat, .port = c->addr.port, .sets = sessions / WAYS, .session_us = c->session_us};
    if (!has_sessions(c->nat))
        return RC_OK;
    t->session = arena_take_array(arena, (size_t)t->sets * WAYS, sizeof *t->session);
    return t->session != NULL ? RC_OK : RC_NOMEM;
}

void net_nat_forget(struct net_nat *t)
{
    t->out_us = 0;
    if (t->session != NULL)
        memset(t->session, 0, (size_t)t->sets * WAYS * sizeof *t->session);
}

static struct net_session *set_of(const struct net_nat *t, uint32_t remote)
{
    return &t->session[(size_t)(rng_mix(remote) % t->sets) * WAYS];
}

// An address-restricted NAT asks for the address alone.
static bool is_session(const struct net_nat *t, const struct net_session *s, uint32_t remote,
                       uint16_t remote_port, uint64_t now_us)
{
    return s->until_us > now_us && s->remote == remote &&
           (t->kind == SIM_NAT_ADDRESS || s->remote_port == remote_port);
}

static struct net_session *open_session(struct net_nat *t, uint32_t remote, uint16_t remote_port,
                                        uint64_t now_us, struct rng *rng)
{
    struct net_session *set = set_of(t, remote);
    struct net_session *oldest = set;
    for (struct net_session *s = set; s < set + WAYS; s++) {
        if (is_session(t, s, remote, remote_port, now_us))
            return s;
        oldest = s->until_us < oldest->until_us ? s : oldest;
    }
    *oldest = (struct net_session){.remote = remote, .remote_port = remote_port, .port = t->port};
    if (t->kind == SIM_NAT_SYMMETRIC)
        oldest->port = (uint16_t)(PORT_MIN + rng_below(rng, 65536 - PORT_MIN));
    return oldest;
}

bool net_nat_out(struct net_nat *t, uint32_t remote, uint16_t remote_port, uint64_t now_us,
                 struct rng *rng, uint16_t *port)
{
    *port = t->port;
    t->out_us = now_us;
    if (t->session != NULL && remote != NET_NAT_NOBODY) {
        struct net_session *s = open_session(t, remote, remote_port, now_us, rng);
        s->until_us = now_us + t->session_us;
        *port = s->port;
    }
    return t->kind != SIM_NAT_BLOCKED;
}

bool net_nat_in(const struct net_nat *t, uint32_t remote, uint16_t remote_port, uint16_t port,
                uint64_t now_us)
{
    if (t->kind == SIM_NAT_OPEN || t->kind == SIM_NAT_BLOCKED)
        return t->kind == SIM_NAT_OPEN;
    if (t->kind == SIM_NAT_FULL)
        return t->out_us != 0 && now_us < t->out_us + t->session_us;
    const struct net_session *set = set_of(t, remote);
    for (const struct net_session *s = set; s < set + WAYS; s++)
        if (is_session(t, s, remote, remote_port, now_us) && s->port == port)
            return true;
    return false;
}
