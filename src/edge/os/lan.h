// SPDX-License-Identifier: MIT
// Others of our kind on the same network, found by multicast.
//
// Every LAN_EVERY_US, and at once at the start, a word goes from the socket that is to be found
// to 239.192.83.72:21368 with a reach of one network (TTL 1): that socket's address, as the
// hearer sees it, is all there is to tell. The word is "shoal node 1\n" and eight bytes of dice,
// by which a node knows its own; any other word of the group is passed over. Who hears one tells
// the node that sits behind it, and that may answer as it answers anybody.
//
// Nothing is believed by this: it is an address to try, like one that a stranger gave. IPv4 only.
#ifndef OS_LAN_H
#define OS_LAN_H

#include "base/attr.h"
#include "base/rc.h"
#include "host/net.h"
#include "os/udp.h"

struct loop;
struct lan;

#define LAN_GROUP    0xefc05348u // 239.192.83.72, of an organisation's own (RFC 2365 section 6.2)
#define LAN_PORT     21368u
#define LAN_EVERY_US 60000000u

struct lan_cfg {
    struct loop *loop;
    struct udp *udp;    // to be found; outlives this. Datagrams leave at its next flush
    struct net_addr at; // the network's own address of ours (IPv4); zeros: the default route's
    void *self;
    void (*on_heard)(void *self, const struct net_addr *from); // each time
};

// RC_IO: this machine has no such network; RC_NOMEM, RC_CONFIG. *out is NULL on failure.
MUST_USE enum rc lan_new(struct lan **out, const struct lan_cfg *cfg, struct err *err);
void lan_free(struct lan *l); // NULL is fine

#endif
