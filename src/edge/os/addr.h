// SPDX-License-Identifier: MIT
// Addresses as the kernel has them (struct sockaddr), to and from host/net's.
//
// For edge/os alone: everybody else knows host/net. Values, nothing to free.
#ifndef OS_ADDR_H
#define OS_ADDR_H

#include <stdbool.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "host/net.h"

union addr_place { // a socket address of either family
    struct sockaddr any;
    struct sockaddr_in ip4;
    struct sockaddr_in6 ip6;
};

// An IPv4 or IPv6 address; IPv4 becomes mapped. False, and *out zeros: it is of another family.
bool addr_of(struct net_addr *out, const struct sockaddr *a);
// For a socket of the family is_ip6 says; a must be IPv4 unless it is that. Returns its length.
socklen_t addr_place(union addr_place *out, const struct net_addr *a, bool is_ip6);

#endif
