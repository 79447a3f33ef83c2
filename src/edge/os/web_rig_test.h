// SPDX-License-Identifier: MIT
// What the tests about strangers share: a server that counts, and raw peers over loopback.
//
// For test programs alone, each of which includes nothing else: it brings cmocka along.
#ifndef OS_WEB_RIG_TEST_H
#define OS_WEB_RIG_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/num.h"
#include "base/text.h"
#include "os/clock.h"
#include "os/scratch_test.h"
#include "os/web.h"
#include "os/web_conn.h"

#define PATIENCE_US UINT64_C(30000000) // a test that waits longer has failed
#define MS          UINT64_C(1000)

struct world {
    struct loop *loop;
    struct web_server *server;
    struct web_limits limits;
    const char *address; // listened on
    uint8_t unwelcome;   // the last byte of the IPv4 address that is kept out
    struct web_conn *conn;
    unsigned asked; // on_accept
    unsigned gone;
    unsigned opened;
    unsigned closed;
    unsigned messages;
    unsigned reads;
    uint64_t pause_us; // from each read on; 0: none
    size_t read_bytes;
    size_t frames;
    size_t most_bytes; // of one read
    enum web_end end;  // of the last one gone
    enum web_end closed_end;
    struct net_addr asked_by;
    struct net_addr gone_by;
};

static inline bool on_accept(void *self, const struct net_addr *from)
{
    struct world *w = self;
    w->asked++;
    w->asked_by = *from;
    return w->unwelcome == 0 || from->ip[15] != w->unwelcome;
}

static inline void on_gone(void *self, const struct net_addr *from, enum web_end end)
{
    struct world *w = self;
    w->gone++;
    w->end = end;
    w->gone_by = *from;
}

static inline void on_read(void *self, struct web_conn *conn, size_t bytes, size_t frames)
{
    struct world *w = self;
    w->reads++;
    w->read_bytes += bytes;
    w->frames += frames;
    w->most_bytes = num_max(w->most_bytes, bytes);
    if (w->pause_us > 0)
        web_pause(conn, loop_now_us(w->loop) + w->pause_us);
}

static inline void on_request(void *self, struct web_conn *conn, const struct http_request *request,
                              struct http_response *response)
{
    struct world *w = self;
    static uint8_t page[100000]; // so that many of them fill a queue
    assert_true(net_addr_equal(web_peer_addr(conn), &w->asked_by));
    response->status = 200;
    response->body = bytes_of(page, strcmp(request->target, "/long") == 0 ? sizeof page : 0);
}

static inline void on_open(void *self, struct web_conn *conn)
{
    struct world *w = self;
    w->conn = conn;
    w->opened++;
}

static inline void on_message(void *self, struct web_conn *conn, struct bytes message, bool is_text)
{
    struct world *w = self;
    (void)conn, (void)message, (void)is_text;
    w->messages++;
}

static inline void on_close(void *self, struct web_conn *conn, const char *reason)
{
    struct world *w = self;
    (void)reason;
    w->closed++;
    w->closed_end = web_end_of(conn);
    w->conn = NULL;
}

static inline int make(void **state)
{
    static struct world w;
    struct err err;
    w = (struct world){.limits = web_limits_default(), .address = "127.0.0.1"};
    *state = &w;
    return loop_new(&w.loop, &err) != RC_OK;
}

static inline int unmake(void **state)
{
    struct world *w = *state;
    web_server_free(w->server);
    loop_free(w->loop);
    return 0;
}

static inline void serve(struct world *w, struct tls_context *tls)
{
    struct err err = {0};
    const struct web_listen_cfg cfg = {.address = w->address, .tls = tls, .limits = w->limits};
    const struct web_handlers handlers = {.self = w,
                                          .on_accept = on_accept,
                                          .on_gone = on_gone,
                                          .on_read = on_read,
                                          .on_request = on_request,
                                          .on_open = on_open,
                                          .on_message = on_message,
                                          .on_close = on_close};
    if (web_listen(&w->server, w->loop, &cfg, &handlers, &err) != RC_OK)
        fail_msg("%s", err.text);
}

static inline void until(struct world *w, const unsigned *counter, unsigned least)
{
    const uint64_t start_us = clock_now_us();
    while (*counter < least) {
        loop_turn(w->loop, true); // the server's sweep wakes it
        if (clock_now_us() - start_us > PATIENCE_US)
            fail_msg("waited in vain for %u, at %u", least, *counter);
    }
}

static inline void turn_for(struct world *w, uint64_t us)
{
    const uint64_t start_us = clock_now_us();
    while (clock_now_us() - start_us < us)
        loop_turn(w->loop, true);
}

// ---- Raw peers, from any address of the loopback net

static inline int raw_from(const struct world *w, const char *source)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(web_port(w->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
    assert_int_equal(bind(fd, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static inline void raw_send(struct world *w, int fd, struct bytes b)
{
    const uint64_t start_us = clock_now_us();
    while (b.len > 0) {
        const ssize_t put = send(fd, b.at, b.len, MSG_NOSIGNAL);
        if (put > 0)
            b = bytes_part(b, (size_t)put, SIZE_MAX);
        loop_turn(w->loop, false);
        if (clock_now_us() - start_us > PATIENCE_US)
            fail_msg("could not send, %zu left", b.len);
    }
}

// Reads to the peer's end. True: a reset, and not a FIN. *len: what came before, may be NULL.
static inline bool raw_end(struct world *w, int fd, size_t *len)
{
    const uint64_t start_us = clock_now_us();
    char got[4096];
    for (;;) {
        loop_turn(w->loop, false);
        const ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return n < 0;
        if (n > 0 && len != NULL)
            *len += (size_t)n;
        if (clock_now_us() - start_us > PATIENCE_US)
            fail_msg("waited in vain for the end");
    }
}

static inline int raw_ws(struct world *w)
{
    const unsigned before = w->opened;
    const int fd = raw_from(w, "127.0.0.1");
    char got[4096];
    raw_send(w, fd,
             bytes_text("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    until(w, &w->opened, before + 1);
    while (recv(fd, got, sizeof got, MSG_DONTWAIT) < 0) // all of it in one piece
        loop_turn(w->loop, false);
    w->reads = 0;
    w->read_bytes = 0;
    w->frames = 0;
    return fd;
}

#define FRAME "\x82\x81\0\0\0\0x" // a message of one byte, masked with zeros
#define PING  "\x89\x81\0\0\0\0p"
#define CLOSE "\x88\x80\0\0\0\0"

static inline struct bytes many_frames(const char *frame, size_t len)
{
    static uint8_t at[60000];
    const size_t count = sizeof at / len;
    for (size_t i = 0; i < count; i++)
        memcpy(at + i * len, frame, len);
    return bytes_of(at, count * len);
}

// Sends frames until nobody takes any more; returns how many bytes went.
static inline size_t flood(struct world *w, int fd)
{
    const struct bytes frames = many_frames(FRAME, sizeof FRAME - 1);
    size_t sent = 0;
    uint64_t last_us = clock_now_us();
    while (clock_now_us() - last_us < 50 * MS) {
        const struct bytes rest = bytes_part(frames, sent % frames.len, SIZE_MAX);
        const ssize_t put = send(fd, rest.at, rest.len, MSG_NOSIGNAL);
        if (put > 0) {
            sent += (size_t)put;
            last_us = clock_now_us();
        } else if (errno != EAGAIN) {
            return sent;
        }
        loop_turn(w->loop, false);
    }
    return sent;
}

// ---- TLS

static inline void serve_tls(struct world *w, struct tls_context **server)
{
    char folder[SCRATCH_BYTES];
    struct err err = {0};
    assert_int_equal(scratch_make(folder), 0);
    assert_int_equal(tls_self_made_context(server, folder, &err), RC_OK);
    assert_int_equal(scratch_remove(folder), 0);
    serve(w, *server);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, unmake)

#endif
