// SPDX-License-Identifier: MIT
// A simulated Internet for datagrams: far and near hosts, loss, narrow links, NATs, partitions.
//
//     rc = sim_net_add(n, &(struct sim_host_cfg){.addr = a, .input = hear, .self = node}, &host);
//     face = sim_net_face(n, host);            // a struct net: face.send(face.self, &to, bytes)
//
// A datagram waits for its sender's uplink, crosses the world, waits for the receiver's downlink,
// must get past its NAT, and is then given to `input`. It may be lost; nobody is told. A host is
// one socket on one address. Each host has dice of its own, so that what one sends does not shift
// the luck of others, and everything hangs on one world: same seed, same calls, same datagrams.
//
// Latency: hosts are points on a plane plus a height (Dabek, Cox, Kaashoek, Morris, "Vivaldi",
// SIGCOMM 2004, which embeds 1740 measured Internet hosts in exactly that with a median error of
// 11 %): distance is the network's core, height the way from the home to it. Points are drawn
// around seven population centres, heights are lognormal, and all of it is scaled so that the
// median round trip between two hosts is rtt_ms. doc/simulation.md has the quantiles.
//
// NATs, in the words of RFC 4787 (mapping, filtering) with port preservation, one host each:
//
//     open        none
//     fw          no translation, address and port-dependent filtering
//     full        endpoint-independent mapping and filtering
//     address     endpoint-independent mapping, address-dependent filtering
//     port        endpoint-independent mapping, address and port-dependent filtering
//     symmetric   a port of its own for each remote address and port, filtering likewise
//     blocked     no UDP at all
//
// What is sent out keeps a session alive for session_us (outbound refresh, REQ-6). The path of a
// datagram costs well under a microsecond of processor time and no malloc (bench/sim_bench.c).
#ifndef SIM_NET_H
#define SIM_NET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/bytes.h"
#include "base/rc.h"
#include "host/net.h"
#include "sim/world.h"

#define SIM_NET_HOSTS_MAX  65536u
#define SIM_NET_FLIGHT_MAX 65536u // datagrams under way; more are dropped and counted

struct sim_net;

enum sim_nat {
    SIM_NAT_OPEN,
    SIM_NAT_FW,
    SIM_NAT_FULL,
    SIM_NAT_ADDRESS,
    SIM_NAT_PORT,
    SIM_NAT_SYMMETRIC,
    SIM_NAT_BLOCKED,
    SIM_NAT_COUNT
};

struct sim_net_cfg {
    uint32_t hosts_max;    // 1 .. SIM_NET_HOSTS_MAX
    double rtt_ms;         // median round trip between two hosts
    double jitter_ms;      // mean of what a datagram takes longer than the last one did
    double loss;           // share of datagrams lost on the way, 0 .. 1
    uint64_t queue_us_max; // a datagram that would wait longer for a link is dropped
    uint32_t sessions_max; // remembered by a NAT, the oldest goes; 8 .. 65536
};

struct sim_host_cfg {
    struct net_addr addr; // as others see it, but for a symmetric NAT's port
    enum sim_nat nat;
    uint64_t session_us; // idle, then forgotten; RFC 4787 REQ-5 asks for 120 s at least
    uint64_t up_bytes_s; // 0: no bound
    uint64_t down_bytes_s;
    // from and datagram are borrowed for the call, which may send.
    void (*input)(void *self, const struct net_addr *from, struct bytes datagram);
    void *self;
};

// The world outlives it. RC_NOMEM: *out is NULL.
MUST_USE enum rc sim_net_new(struct sim_net **out, struct world *w, const struct sim_net_cfg *cfg);
void sim_net_free(struct sim_net *n); // NULL is fine; what is under way is lost

// A new host, up, on side 0; its number counts from 0. RC_FULL: hosts_max. RC_REFUSED: somebody
// has that address.
MUST_USE enum rc sim_net_add(struct sim_net *n, const struct sim_host_cfg *cfg, uint32_t *host);
struct net sim_net_face(struct sim_net *n, uint32_t host); // lives as long as n
// Down: must not send (asserted), and what arrives is lost. Its NAT remembers.
void sim_net_set_up(struct sim_net *n, uint32_t host, bool is_up);
// It goes on under another address, behind a NAT that remembers nothing. RC_REFUSED: taken.
MUST_USE enum rc sim_net_move(struct sim_net *n, uint32_t host, const struct net_addr *addr);
// Hosts on different sides cannot reach each other; 0 at first.
void sim_net_set_side(struct sim_net *n, uint32_t host, uint8_t side);
void sim_net_set_loss(struct sim_net *n, double loss);

uint64_t sim_net_rtt_us(const struct sim_net *n, uint32_t a, uint32_t b); // without jitter, queues
bool sim_net_find(const struct sim_net *n, const struct net_addr *addr, uint32_t *host);

struct sim_net_stat {
    uint64_t sent; // datagrams; the rest of these says what became of them
    uint64_t delivered;
    uint64_t lost;       // on the way
    uint64_t no_host;    // nobody has that address
    uint64_t down;       // the receiver was
    uint64_t filtered;   // by a NAT, or blocked
    uint64_t parted;     // by a partition
    uint64_t queue;      // links were too narrow
    uint64_t full;       // SIM_NET_FLIGHT_MAX
    uint64_t sent_bytes; // with NET_HEAD_BYTES each
    uint64_t delivered_bytes;
};

void sim_net_stat(const struct sim_net *n, struct sim_net_stat *out);
struct sim_host_stat {
    uint64_t sent;
    uint64_t sent_bytes; // with NET_HEAD_BYTES each
    uint64_t received;
    uint64_t received_bytes;
};
struct sim_host_stat sim_net_host_stat(const struct sim_net *n, uint32_t host);

const char *sim_nat_name(enum sim_nat nat);
bool sim_nat_find(struct bytes name, enum sim_nat *out);

#endif
