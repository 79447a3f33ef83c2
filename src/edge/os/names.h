// SPDX-License-Identifier: MIT
// Addresses of hosts that have names, asked for on the loop.
//
// The system's resolver runs in libuv's threads; each address that it finds comes back on the
// loop, IPv4 mapped as everywhere. Several names may be under way.
#ifndef OS_NAMES_H
#define OS_NAMES_H

#include <stdint.h>

#include "base/attr.h"
#include "base/rc.h"
#include "host/net.h"

struct loop;
struct names;

#define NAMES_MAX            16u // under way at once
#define NAMES_HOST_BYTES_MAX 256 // of a name, with its final 0: RFC 1035 lets it have 253

struct names_handlers {
    void *self;
    // One of its addresses, with the port that was asked for. Several calls for one name.
    void (*on_address)(void *self, const char *host, const struct net_addr *addr);
    void (*on_failed)(void *self, const char *host, const char *why);
};

// RC_NOMEM: *out is NULL.
MUST_USE enum rc names_new(struct names **out, struct loop *loop, const struct names_handlers *h);
// No call comes any more; the loop waits for what is still under way. NULL is fine.
void names_free(struct names *n);

// host: a name or an address, without brackets; copied. RC_FULL: NAMES_MAX are under way;
// RC_CONFIG: it is longer than any name; RC_IO: the system will not ask.
MUST_USE enum rc names_ask(struct names *n, const char *host, uint16_t port);

// For edge/os alone: why uv_getaddrinfo found none, for people. RC_ABSENT: there is no such name;
// RC_IO: nobody could be asked.
enum rc names_failure(int status, const char **why);

#endif
