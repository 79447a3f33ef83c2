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
#ifndef OS_WEB_H
#define OS_WEB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attr.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "crypt/hash.h"
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
};

// 1024 connections; 256 MiB messages; 1 MiB bodies; 16 MiB queues; 1 GiB memory; handshake 10 s;
// ping 10 s; dead 30 s.
struct web_limits web_limits_default(void);

struct web_handlers { // copied; any may be NULL
    void *self;       // given to each
    // Fills *response, which is 404 without a body before; what it points to is copied right
    // after the call. Not called for upgrades. conn is for web_peer_text only.
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
size_t web_connections(const struct web_server *s); // accepted and not yet gone
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

// Starts; what comes of it comes by on_open or on_close (`no hub answers at HOST:PORT: connection
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
// Starts the closing handshake: code 1000 .. 4999, words at most 123 bytes. What is queued still
// goes out; nothing is received any more. Harmless on a conn that closes already.
void web_close(struct web_conn *c, uint16_t code, const char *words);
void web_set_user(struct web_conn *c, void *user);
void *web_user(const struct web_conn *c); // NULL at first
// "127.0.0.1:51234", "[::1]:8765"; for a client before it is connected, the name it was given.
const char *web_peer_text(const struct web_conn *c);
// Gone at once, without a word to the peer and without on_close; for a client's conn at the end
// of a program. NULL is fine.
void web_drop(struct web_conn *c);

#endif
