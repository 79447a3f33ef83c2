// SPDX-License-Identifier: MIT
// A socket for datagrams on the loop, behind host/net: read and written in batches.
//
//     udp_new(&udp, &cfg, &err);
//     dht_new(..., udp_net(udp));        // whoever sends through host/net
//     loop_set_sleep_hook(loop, drain);  // ends with udp_flush(udp)
//
// One system call reads up to UDP_BATCH datagrams, and one writes what was sent meanwhile; each
// goes to an address of its own. Nothing is allocated for a datagram. libuv's own uv_udp reads in
// batches too, but version 1.44 writes each datagram with a call of its own, so this one waits
// with uv_poll and does the rest itself.
//
// What the kernel will not take now is dropped and counted, as a network would.
#ifndef OS_UDP_H
#define OS_UDP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "host/net.h"

struct loop;
struct udp;

#define UDP_BATCH      64u
#define UDP_BYTES_MAX  2048u      // a longer datagram is dropped, coming or going
#define UDP_KERNEL_MAX (4u << 20) // bytes that the kernel is asked to hold, in each direction

struct udp_cfg {
    struct loop *loop;
    struct net_addr at; // an address of this machine, or zeros: all of them, IPv6 and IPv4
    bool is_shared;     // others on this machine may read from the same port (multicast)
    void *self;
    // from and datagram are borrowed for the call.
    void (*on_datagram)(void *self, const struct net_addr *from, struct bytes datagram);
};

struct udp_stat {
    uint64_t in;
    uint64_t in_bytes; // with NET_HEAD_BYTES each, as the next field
    uint64_t out;
    uint64_t out_bytes;
    uint64_t cut;     // came, and were too long
    uint64_t dropped; // could not be sent
};

// *out is NULL on failure. RC_CONFIG: this address or port cannot be had, in words; RC_IO,
// RC_NOMEM.
MUST_USE enum rc udp_new(struct udp **out, const struct udp_cfg *cfg, struct err *err);
void udp_free(struct udp *u); // NULL is fine; what was not flushed is not sent

// Sends with the next flush, which comes by itself when UDP_BATCH are waiting and after each
// batch that was read. Valid as long as *u.
struct net udp_net(struct udp *u);
void udp_flush(struct udp *u);

// Where it listens, with the port that the system chose if cfg->at had none.
struct net_addr udp_at(const struct udp *u);
struct udp_stat udp_stat(const struct udp *u);
// Can it write to this family at all?
bool udp_has_ip4(const struct udp *u);
bool udp_has_ip6(const struct udp *u);

// Hears what is sent to `group` (multicast, IPv4) on the network that has the address `at`
// (IPv4; zeros: the one of the default route). RC_IO: the system will not.
MUST_USE enum rc udp_join(struct udp *u, const struct net_addr *group, const struct net_addr *at);
// What this socket sends to groups leaves through that network. RC_IO.
MUST_USE enum rc udp_send_through(struct udp *u, const struct net_addr *at);

#endif
