// SPDX-License-Identifier: MIT
// Addresses as the kernel has them, to and from host/net's.
#include "os/addr.h"

#include <string.h>

#define IP4_AT 12 // where an IPv4 address lies in a mapped one

bool addr_of(struct net_addr *out, const struct sockaddr *a)
{
    union addr_place p;
    *out = (struct net_addr){.port = 0};
    if (a->sa_family == AF_INET) {
        memcpy(&p.ip4, a, sizeof p.ip4);
        *out = net_addr_ip4(ntohl(p.ip4.sin_addr.s_addr), ntohs(p.ip4.sin_port));
        return true;
    }
    if (a->sa_family != AF_INET6)
        return false;
    memcpy(&p.ip6, a, sizeof p.ip6);
    memcpy(out->ip, &p.ip6.sin6_addr, sizeof out->ip);
    out->port = ntohs(p.ip6.sin6_port);
    return true;
}

socklen_t addr_place(union addr_place *out, const struct net_addr *a, bool is_ip6)
{
    if (is_ip6) {
        out->ip6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
        memcpy(&out->ip6.sin6_addr, a->ip, sizeof a->ip);
        return sizeof out->ip6;
    }
    out->ip4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
    memcpy(&out->ip4.sin_addr, a->ip + IP4_AT, sizeof out->ip4.sin_addr);
    return sizeof out->ip4;
}
