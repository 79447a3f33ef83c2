// SPDX-License-Identifier: MIT
// One non-blocking WebSocket connection of the load generator: masked text frames over loopback.
//
//     if (link_take(l, net))                // what the socket holds, into the shared scratch
//         while (link_next(l, net, &text))  // one message after the other, borrowed
//             link_send(l, net, answer);    // copied and masked into l's own queue
//     link_flush_all(net);                  // one send() per connection and turn
//
// Hand-rolled, with no event library, so that it costs several times less than what it measures.
// One link is read to its end before the next is taken: they share the scratch. A link that died
// is LINK_OFF with a reason in `why`; its owner may start it again.
#ifndef HUB_LOAD_LINK_H
#define HUB_LOAD_LINK_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/list.h"
#include "base/rng.h"

#define LINK_MESSAGE_BYTES_MAX 131072                // longer ones are a fault of the other side
#define LINK_SCRATCH_BYTES     (4u * 65536 + 131072) // a part of a message, and one read
#define LINK_OUT_BYTES_MAX     ((size_t)256 << 20)   // more is not queued: the program ends

enum link_state { LINK_OFF, LINK_CONNECTING, LINK_UPGRADING, LINK_OPEN };

struct link {
    int fd;
    enum link_state state;
    const char *why;   // after it went off: for people
    struct list dirty; // on net->dirty while something waits to be sent
    uint8_t *kept;     // the front of a message whose rest is still to come
    size_t kept_len;
    uint8_t *out;
    size_t out_len, out_cap;
    bool is_blocked; // the socket is full: epoll tells when it is not
};

struct link_net { // what all links share
    int epoll;
    struct sockaddr_in to;
    char host[32]; // ADDR:PORT, for the handshake
    struct rng rng;
    struct list dirty;
    uint8_t *scratch;
    size_t in_at, in_len; // of scratch: not yet looked at
};

NO_RETURN void load_die(const char *what);   // says what, and errno's words, and exits with 1
void *load_alloc(size_t count, size_t size); // zeros; never NULL: dies instead

void link_net_init(struct link_net *net, const char *host, uint16_t port, uint64_t seed);
void link_net_end(struct link_net *net);

void link_init(struct link *l);
// Epoll gives &l back as data.ptr. On failure the link stays LINK_OFF.
void link_start(struct link *l, struct link_net *net);
// Two open links that are the two ends of one connection, without a coordinator between.
void link_pair(struct link *a, struct link *b, struct link_net *net);
void link_close(struct link *l, const char *why); // gives its memory back; harmless twice
void link_abort(struct link *l, const char *why); // as link_close, with RST and not FIN

// What epoll said of a link: finishes connecting and upgrading, sends what was blocked. True: it
// is open and has something to read.
bool link_events(struct link *l, struct link_net *net, uint32_t events);
bool link_take(struct link *l, struct link_net *net);
bool link_next(struct link *l, struct link_net *net, struct bytes *text);
void link_send(struct link *l, struct link_net *net, struct bytes text); // only if LINK_OPEN
void link_flush_all(struct link_net *net);

#endif
