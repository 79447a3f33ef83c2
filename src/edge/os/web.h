// SPDX-License-Identifier: MIT
// HTTP and WebSockets, with or without TLS: a server and a client of whole messages.
//
// A server answers HTTP requests from on_request and turns WebSocket upgrades into
// connections; a client makes one WebSocket connection. Both give the same `struct web_conn`:
//
//     connecting --on_open--> open --web_close, peer, error--> closing --on_close--> gone
//
// All callbacks come on the loop, never inside a call of ours, so any function here may be
// called from any of them. A conn is valid until its on_close returns (exactly one on_close for
// each on_open, and for each successful web_connect) or its server or client is freed. Memory:
// heads, joined messages and out-queues of all connections are counted against
// limits.memory_bytes_max.
//
// Strangers: on_accept keeps them out before they cost anything, on_read and web_pause hold them
// to a rate, limits bound what each may hold and for how long, on_gone tells how they ended.
#ifndef OS_WEB_H
#define OS_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
#include "host/net.h"
#include "os/http.h"
#include "os/loop.h"
#include "os/tls.h"

struct web_server;
struct web_conn;

struct web_limits {            // all at least 1
    size_t connections_max;    // a server's; more are hung up on
    size_t message_bytes_max;  // either way; longer ones end the connection with code 1009
    size_t body_bytes_max;     // of an HTTP request
    size_t queue_bytes_max;    // written and not yet taken by the peer, per connection
    size_t memory_bytes_max;   // see above; a message of n bytes needs up to 3 n while joined
    uint64_t handshake_us_max; // from connect or accept to open; between HTTP requests too
    uint64_t ping_us;          // silence after which a ping is sent
    uint64_t dead_us;          // silence after which the peer is gone; more than ping_us
    uint64_t take_bytes_s_min; // a server's: what a peer must take of its queue, over dead_us
};

// 1024 connections; 256 MiB messages; 1 MiB bodies; 16 MiB queues; 1 GiB memory; handshake 10 s;
// ping 10 s; dead 30 s; 4 KiB/s.
struct web_limits web_limits_default(void);

enum web_end {         // what the peer has to answer for
    WEB_END_NORMAL,    // nothing: closed by either side, lost, silent
    WEB_END_TIMEOUT,   // no first request, or half of one, or of TLS, within handshake_us_max
    WEB_END_MALFORMED, // it broke TLS, HTTP or WebSocket, or sent a longer message than allowed
    WEB_END_SLOW,      // it did not take what was sent to it
};

#define WEB_PAUSE_US_MAX UINT64_C(60000000) // so that a peer's end is not missed for longer

struct web_handlers { // copied; any may be NULL
    void *self;       // given to each
    // A server's: TCP has brought somebody; nothing was read, and TLS is not begun. False: reset at
    // once, nothing is kept, and nothing more is heard of it. Not asked for those who come when
    // connections_max are there.
    bool (*on_accept)(void *self, const struct net_addr *from);
    // A server's: once for each that on_accept let in (NULL: all), when its socket is gone; after
    // on_close, and also where that is not owed.
    void (*on_gone)(void *self, const struct net_addr *from, enum web_end end);
    // What one read has brought, after the calls that came of it: plain bytes, and the requests or
    // frames (also pings and parts of messages) that ended in them. The place to count, and to
    // web_pause. conn may be closing by now.
    void (*on_read)(void *self, struct web_conn *conn, size_t bytes, size_t frames);
    // Fills *response, which is 404 without a body before; what it points to is copied right
    // after the call. Not called for upgrades. conn is for its peer's address alone.
    void (*on_request)(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *response);
    // False refuses the upgrade with *refusal (403 before). The place to look at path, token,
    // Origin, and to web_set_user. NULL: all are welcome.
    bool (*on_upgrade)(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *refusal);
    // A client's, TLS only: whom did we reach? Nothing was sent to it yet. is_trusted: the
    // system's authorities vouch for the name; why: else, what is wrong. True goes on. NULL: only
    // trusted ones.
    bool (*on_peer)(void *self, struct web_conn *conn, const struct digest *fingerprint,
                    bool is_trusted, const char *why);
    void (*on_open)(void *self, struct web_conn *conn);
    void (*on_message)(void *self, struct web_conn *conn, struct bytes message, bool is_text);
    // The queue that answered RC_FULL is at most half full again.
    void (*on_drain)(void *self, struct web_conn *conn);
    // reason is one line for people: "closed by peer: 1001 going away".
    void (*on_close)(void *self, struct web_conn *conn, const char *reason);
};

struct web_listen_cfg {
    const char *address;     // "127.0.0.1", "::", "localhost"
    uint16_t port;           // 0: any free one (web_port)
    struct tls_context *tls; // NULL: plain; outlives the server
    struct web_limits limits;
};

// RC_CONFIG: cannot listen there, in words: `cannot listen on 127.0.0.1:8765: address already in
// use`; or a limit is 0. RC_NOMEM, RC_IO. *out is NULL on failure.
MUST_USE enum rc web_listen(struct web_server **out, struct loop *loop,
                            const struct web_listen_cfg *cfg, const struct web_handlers *handlers,
                            struct err *err);
uint16_t web_port(const struct web_server *s);
size_t web_connections(const struct web_server *s); // let in and not yet gone
// Tells open peers that we go away (1001, best effort) and hangs up. No callback comes any more.
// NULL is fine. loop_free waits for the rest.
void web_server_free(struct web_server *s);

struct web_connect_cfg {
    const char *host; // name or address, also what a certificate must carry
    uint16_t port;
    const char *path;        // "/helper"
    const char *fields;      // more header lines, each ended by "\r\n"; NULL: none
    struct tls_context *tls; // NULL: plain; outlives the connection
    struct web_limits limits;
};

// Starts; what comes of it comes by on_open or on_close (`no answer from HOST:PORT: connection
// refused`). cfg's texts are copied. RC_CONFIG: a text is too long or a limit is 0; RC_NOMEM.
MUST_USE enum rc web_connect(struct web_conn **out, struct loop *loop,
                             const struct web_connect_cfg *cfg, const struct web_handlers *handlers,
                             struct err *err);

// Written at once as far as the peer takes it, the rest is copied into the queue. RC_FULL: the
// queue is not empty and would grow above queue_bytes_max; nothing was sent; on_drain will come.
// RC_REFUSED: longer than message_bytes_max. Text must be UTF-8, or the peer will hang up.
// RC_CLOSED: not open. RC_NOMEM: the budget is spent; nothing was sent.
MUST_USE enum rc web_send(struct web_conn *c, struct bytes message, bool is_text);
size_t web_queued_bytes(const struct web_conn *c);
// In on_read: what the read has cost us in time, since it began or this was last asked.
uint64_t web_work_us(struct web_conn *c);
// Reads nothing from the peer until then, so that it has to wait: its bytes pile up at its side.
// What the read under way has brought is still delivered. Of several calls the latest time holds,
// WEB_PAUSE_US_MAX from now at most; one in the past is no pause. Meanwhile the peer is not taken
// for dead, and gets pings, so as not to take us for dead; its close is noticed afterwards.
// web_close ends the pause. Harmless on a conn that closes or is not yet connected.
void web_pause(struct web_conn *c, uint64_t until_us);
// Starts the closing handshake: code 1000 .. 4999, words at most 123 bytes. What is queued still
// goes out; nothing is received any more, and one who sends much more is hung up on. Harmless on
// a conn that closes already.
void web_close(struct web_conn *c, uint16_t code, const char *words);
void web_set_user(struct web_conn *c, void *user);
void *web_user(const struct web_conn *c); // NULL at first
// "127.0.0.1:51234", "[::1]:8765"; for a client before it is connected, the name it was given.
const char *web_peer_text(const struct web_conn *c);
const struct net_addr *web_peer_addr(const struct web_conn *c); // zeros before connected
// In on_close: what on_gone will say.
enum web_end web_end_of(const struct web_conn *c);
// Gone at once, without a word to the peer and without on_close (on_gone comes); for a client's
// conn at the end of a program, and for peers that deserve no word. NULL is fine.
void web_drop(struct web_conn *c);

#endif
