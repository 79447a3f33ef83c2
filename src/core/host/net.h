// SPDX-License-Identifier: MIT
// What a host gives: datagrams, and the addresses between which they go.
//
// An address is 16 bytes of IPv6 and a port; IPv4 is mapped to it (::ffff:a.b.c.d, RFC 4291
// section 2.5.5.2). Value types without I/O; names are resolved by the host, not here.
#ifndef HOST_NET_H
#define HOST_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

#define NET_DATAGRAM_BYTES_MAX 1472u // of UDP over IPv4 in an Ethernet frame
#define NET_HEAD_BYTES         28u   // of IPv4 and UDP, which every datagram costs besides

struct net_addr {
    uint8_t ip[16]; // network order
    uint16_t port;
};

// Sends a datagram, or drops it: nobody is told, as on the Internet. `to` and `datagram` are
// borrowed for the call, which never calls back into the sender.
struct net {
    void (*send)(void *self, const struct net_addr *to, struct bytes datagram);
    void *self;
};

struct net_addr net_addr_ip4(uint32_t ip, uint16_t port); // ip: 0x7f000001 is 127.0.0.1
bool net_addr_is_ip4(const struct net_addr *a);
bool net_addr_equal(const struct net_addr *a, const struct net_addr *b);
// One host that can be written to: a port, and no unspecified, multicast or broadcast address.
bool net_addr_is_host(const struct net_addr *a);
// Loopback, link-local, private (RFC 1918, RFC 4193) or carrier's (RFC 6598): nobody on the
// Internet has it.
bool net_addr_is_private(const struct net_addr *a);
// The same number for all addresses of one /24 (IPv6: /48), which one owner may have at no cost.
uint64_t net_addr_block(const struct net_addr *a);
// The same number for all addresses of one /16 (IPv6: /32): another owner, most likely.
uint32_t net_addr_region(const struct net_addr *a);

// Compact form (BEP 5, BEP 32): 4 or 16 bytes of address, 2 of port.
#define NET_COMPACT4_BYTES 6u
#define NET_COMPACT6_BYTES 18u
void net_addr_put(struct buffer *b, const struct net_addr *a);
// From the whole of `compact`, of either length; false: another length, *out is untouched. Not
// yet judged: see net_addr_is_host.
bool net_addr_get(struct net_addr *out, struct bytes compact);

// "192.0.2.1:6881", "[2001:db8::1]:6881" (RFC 5952).
#define NET_ADDR_TEXT_BYTES 48
void net_addr_text(const struct net_addr *a, char out[static NET_ADDR_TEXT_BYTES]);
// The same forms, strictly; false: neither of them, *out is untouched.
bool net_addr_parse(struct net_addr *out, const char *text);

#endif
