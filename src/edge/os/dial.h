// SPDX-License-Identifier: MIT
// A client's way to a stream: a host's name looked up, its addresses tried one after another.
//
//     dial_begin(&d, &cfg)   --no such name, no socket--> on_nowhere; d.rc and d.why say why
//         |  the system answers
//     an address --TCP, then TLS if it is asked for--> the stream's on_ready
//         |  refused, lost
//     the stream's on_gone:  if (dial_again(&d)) return;   // the next address is being tried
//
// For edge/os alone. Embedded in its owner, who has the stream as well and whose memory must stay
// until dial_is_idle. Everything comes on the loop and never inside a call here.
#ifndef OS_DIAL_H
#define OS_DIAL_H

#include <stdbool.h>
#include <stdint.h>

#include <uv.h>

#include "base/attr.h"
#include "base/rc.h"
#include "host/net.h"
#include "os/names.h"
#include "os/stream.h"

struct dial;

struct dial_cfg {
    const char *host; // name or address, without brackets; copied
    uint16_t port;
    struct tls_context *tls; // NULL: plain
    struct stream *stream;   // the owner's; not yet initialised
    struct stream_cfg stream_cfg;
    // Nothing was found, or dial_stop came before the name did; the stream has not begun.
    void (*on_nowhere)(struct dial *d);
};

struct dial {
    struct dial_cfg cfg;                    // private, as all that is not marked
    char host[NAMES_HOST_BYTES_MAX];        // read it
    char target[NAMES_HOST_BYTES_MAX + 16]; // read it: "host:port", as people and HTTP write it
    uv_getaddrinfo_t lookup;
    struct addrinfo *addresses; // owned
    struct addrinfo *next;      // not yet tried
    uv_connect_t connect;
    struct net_addr addr;  // read it: tried last; zeros: none yet
    uint64_t since_us;     // its first packet
    uint64_t connected_us; // read it: from then until it took us
    bool is_looking;       // the lookup's callback is awaited
    bool has_stream;       // the stream's on_gone is awaited
    bool is_found;         // read it: there are addresses
    bool is_connected;     // read it: TCP stands, and no other address is tried
    bool is_stopped;
    // Read them: why the last attempt failed. RC_ABSENT: no such name, or no way there; RC_REFUSED:
    // nothing listens there; RC_TIMEOUT; RC_IO.
    enum rc rc;
    char why[STREAM_WHY_BYTES];
};

// RC_CONFIG: no host, or one that no name can be; RC_NOMEM. Nothing is held then.
MUST_USE enum rc dial_begin(struct dial *d, const struct dial_cfg *cfg);
// To be asked in the stream's on_gone. True: another address is being tried, and on_gone comes
// again. False: that was the end.
bool dial_again(struct dial *d);
// Off, with this reason if there is none yet: on_nowhere or the stream's on_gone still comes.
// False: the system's lookup cannot be called off and may take a minute.
bool dial_stop(struct dial *d, const char *why);
// Neither of them will come any more.
bool dial_is_idle(const struct dial *d);
void dial_end(struct dial *d); // when it is idle; harmless before dial_begin, on zeros

#endif
