// SPDX-License-Identifier: MIT
// One host's NAT: what went out lately, and what may therefore come in.
//
// Of sim/net, which tells the kinds. Remotes are told apart by the host's number and its port.
#ifndef SIM_NET_NAT_H
#define SIM_NET_NAT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/rng.h"
#include "sim/net.h"

#define NET_NAT_NOBODY UINT32_MAX // a remote that is no host: nothing ever comes from it

struct net_session {
    uint64_t until_us; // 0: free
    uint32_t remote;
    uint16_t remote_port;
    uint16_t port; // on the outside
};

struct net_nat {
    enum sim_nat kind;
    uint16_t port; // of a kind that keeps it
    uint32_t sets;
    uint64_t session_us;
    uint64_t out_us; // when something left last; 0: never
    struct net_session *session;
};

// sessions: at most as many are remembered, in sets of eight. RC_NOMEM.
MUST_USE enum rc net_nat_init(struct net_nat *t, struct arena *arena, const struct sim_host_cfg *c,
                              uint32_t sessions);
void net_nat_forget(struct net_nat *t);
// Something leaves for `remote`, addressed to its remote_port: from which port. False: nothing
// leaves here.
bool net_nat_out(struct net_nat *t, uint32_t remote, uint16_t remote_port, uint64_t now_us,
                 struct rng *rng, uint16_t *port);
// Whether something from there, to `port`, comes in.
bool net_nat_in(const struct net_nat *t, uint32_t remote, uint16_t remote_port, uint16_t port,
                uint64_t now_us);

#endif
