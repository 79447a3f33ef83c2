// SPDX-License-Identifier: MIT
// A byte stream over TCP, with or without TLS: a bounded out-queue, and an orderly end.
//
//     new --connect, accept--> joining --on_ready--> open --stream_end--> ending --on_gone--> gone
//                                  any of these --stream_drop, error--> on_gone
//
//     stream_accept(&s, listener);    // takes what waits, learns who it is, reads nothing
//     if (is_welcome(stream_addr(&s)))
//         stream_serve(&s, tls);
//     else
//         stream_reset(&s, "not welcome");
//
// For edge/os alone. Embedded in its owner, whose memory must stay until on_gone, which always
// comes, once, on the loop and never inside a call. Callbacks may call anything here.
#ifndef OS_STREAM_H
#define OS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "base/arena.h"
#include "base/bytes.h"
#include "base/rc.h"
#include "host/net.h"
#include "os/loop.h"
#include "os/tls.h"

#define STREAM_WHY_BYTES 128 // one line

// Input that comes after we have turned away is thrown away; one who sends more than this has no
// mind to stop. What an honest peer had under way may be cut: it misses words, no more.
#define STREAM_LATE_BYTES_MAX ((size_t)1 << 20)

struct stream;

struct stream_ops { // a constant, shared by all streams of a kind
    // TCP is up and TLS's handshake over. Bytes may be put from now on.
    void (*on_ready)(struct stream *s);
    void (*on_bytes)(struct stream *s, struct bytes plain); // borrowed; never after stream_end
    void (*on_drain)(struct stream *s); // half the queue is free again after RC_FULL
    void (*on_gone)(struct stream *s);  // the last word; stream_why tells the reason
};

enum stream_state {
    STREAM_JOINING,
    STREAM_OPEN,
    STREAM_ENDING, // what is queued goes out, then FIN; input is thrown away
    STREAM_GONE,   // closed, on_gone comes or came
};

struct stream { // fields are private to stream.c
    uv_tcp_t tcp;
    const struct stream_ops *ops;
    struct loop *loop;
    struct budget *budget;
    struct tls *tls; // NULL: plain; owned
    size_t queued_bytes;
    size_t queue_bytes_max;
    bool wants_drain;
    bool is_shut; // FIN is queued
    bool is_fin_sent;
    bool has_peer_fin;
    bool is_paused;
    bool is_broken;      // the peer broke TLS
    uint32_t bite_bytes; // the next read's most: doubles where one was full, small after a pause
    uint64_t read_us;    // since when the read under way is being worked on
    uint8_t state;
    struct net_addr addr; // the peer's
    size_t late_bytes;    // thrown away while ending
    uint64_t given_bytes; // to libuv's queue, ever
    char peer[NET_ADDR_TEXT_BYTES];
    char why[STREAM_WHY_BYTES];
};

struct stream_cfg {
    struct loop *loop;
    const struct stream_ops *ops;
    struct budget *budget; // for the queue
    size_t queue_bytes_max;
};

// RC_IO: no on_gone will come, nothing is held. After RC_OK the stream must reach on_gone.
MUST_USE enum rc stream_init(struct stream *s, const struct stream_cfg *cfg);
// Takes one waiting connection. RC_OK: stream_addr is known, nothing was read, and stream_serve or
// stream_reset is to follow. RC_CLOSED: it was gone already, on_gone comes.
MUST_USE enum rc stream_accept(struct stream *s, uv_stream_t *listener);
// tls: NULL for plain. Failing is heard of by on_gone.
void stream_serve(struct stream *s, struct tls_context *tls);
// As stream_drop, and the kernel keeps nothing either: the peer sees a reset, not an end.
void stream_reset(struct stream *s, const char *why);
// The caller keeps req until on_connect, which gets 0 or libuv's error, and then stream_join.
MUST_USE int stream_connect(struct stream *s, uv_connect_t *req, const struct sockaddr *address,
                            uv_connect_cb on_connect);
// A client, connected: goes on to TLS (host as in tls_new; tls NULL: plain) and on_ready.
void stream_join(struct stream *s, struct tls_context *tls, const char *host);

// May len more bytes be put? RC_FULL (on_drain will come), RC_NOMEM, RC_CLOSED.
MUST_USE enum rc stream_room(struct stream *s, size_t len);
// Writes at once what it can, copies the rest into the queue. A failure shows by on_gone; room
// was asked for before. head may be empty.
void stream_put(struct stream *s, struct bytes head, struct bytes body);
size_t stream_queued_bytes(const struct stream *s);
// Of what ever had to be queued, how much the kernel has taken: grows while the peer reads.
uint64_t stream_taken_bytes(const struct stream *s);

// Reads nothing until stream_resume, so that the peer's window fills and it has to wait. on_bytes
// may come for what the read callback under way has brought. Nor is the peer's end noticed.
// stream_end resumes. Both are harmless twice.
void stream_pause(struct stream *s);
void stream_resume(struct stream *s);
// In on_bytes: what the read under way has cost, in time, since it began or this was last asked.
uint64_t stream_work_us(struct stream *s);

// No more input; flushes, sends FIN, waits for the peer's. The owner bounds the time by
// stream_drop. Does nothing if it ends already. The first reason given is the one kept.
void stream_end(struct stream *s, const char *why);
void stream_drop(struct stream *s, const char *why);    // at once
void stream_because(struct stream *s, const char *why); // the reason, if none was given yet
const char *stream_why(const struct stream *s);
const char *stream_peer(const struct stream *s);
const struct net_addr *stream_addr(const struct stream *s); // zeros before it is connected
bool stream_is_broken(const struct stream *s); // the peer broke TLS, handshake or records

#endif
