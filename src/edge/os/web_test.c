// SPDX-License-Identifier: MIT
// Tests of the web over loopback: our server and our client, each also against raw bytes.
#include "os/web.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/text.h"
#include "os/clock.h"
#include "os/scratch_test.h"
#include "os/web_conn.h"

#define PATIENCE_US   UINT64_C(30000000) // a test that waits longer has failed
#define MESSAGE_BYTES ((size_t)21 << 20)

struct side { // what one side's handlers saw
    struct world *world;
    struct web_conn *conn; // the latest
    unsigned opened;
    unsigned closed;
    unsigned messages;
    unsigned drains;
    bool echoes;
    bool last_was_text;
    bool refuses;
    bool trusts;
    struct digest fingerprint;
    uint64_t sum; // of the last message
    size_t last_len;
    char last[64];
    char reason[256];
};

struct world {
    struct loop *loop;
    struct web_server *server;
    struct web_limits limits;
    struct side at_server;
    struct side at_client;
    uint8_t *big;
};

static uint64_t checksum(struct bytes b)
{
    uint64_t sum = b.len;
    for (size_t i = 0; i < b.len; i++)
        sum = sum * 31 + b.at[i];
    return sum;
}

static void on_request(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *response)
{
    (void)self;
    assert_non_null(strstr(web_peer_text(conn), "127.0.0.1:"));
    assert_int_equal(response->status, 404);
    if (strcmp(request->target, "/hello") != 0)
        return;
    response->status = 200;
    response->content_type = "text/plain";
    response->body = request->body.len > 0 ? request->body : bytes_text("hello");
}

static bool on_upgrade(void *self, struct web_conn *conn, const struct http_request *request,
                       struct http_response *refusal)
{
    struct side *s = self;
    refusal->status = 401;
    web_set_user(conn, s);
    return !s->refuses && strcmp(request->target, "/ws") == 0;
}

static bool on_peer(void *self, struct web_conn *conn, const struct digest *fingerprint,
                    bool is_trusted, const char *why)
{
    struct side *s = self;
    (void)conn;
    assert_false(is_trusted);
    assert_string_equal(why, "self-signed certificate");
    s->fingerprint = *fingerprint;
    return s->trusts;
}

static void on_open(void *self, struct web_conn *conn)
{
    struct side *s = self;
    s->conn = conn;
    s->opened++;
}

static void on_message(void *self, struct web_conn *conn, struct bytes message, bool is_text)
{
    struct side *s = self;
    assert_ptr_equal(s->conn, conn);
    s->messages++;
    s->last_was_text = is_text;
    s->last_len = message.len;
    s->sum = checksum(message);
    bytes_to_text(message, s->last, sizeof s->last);
    if (s->echoes)
        assert_int_equal(web_send(conn, message, is_text), RC_OK);
}

static void on_drain(void *self, struct web_conn *conn)
{
    (void)conn;
    ((struct side *)self)->drains++;
}

static void on_close(void *self, struct web_conn *conn, const char *reason)
{
    struct side *s = self;
    s->closed++;
    (void)snprintf(s->reason, sizeof s->reason, "%s", reason);
    web_close(conn, WS_CODE_NORMAL, "again"); // harmless
    assert_int_equal(web_send(conn, bytes_text("x"), true), RC_CLOSED);
    s->conn = NULL;
}

static struct web_handlers handlers_of(struct side *s)
{
    return (struct web_handlers){.self = s,
                                 .on_request = on_request,
                                 .on_upgrade = on_upgrade,
                                 .on_peer = on_peer,
                                 .on_open = on_open,
                                 .on_message = on_message,
                                 .on_drain = on_drain,
                                 .on_close = on_close};
}

static int make(void **state)
{
    static struct world w;
    struct err err;
    w = (struct world){.limits = web_limits_default(), .at_server.echoes = true};
    w.limits.message_bytes_max = MESSAGE_BYTES;
    w.at_server.world = &w;
    w.at_client.world = &w;
    *state = &w;
    return loop_new(&w.loop, &err) != RC_OK;
}

static int unmake(void **state)
{
    struct world *w = *state;
    if (w->at_client.conn != NULL)
        web_drop(w->at_client.conn);
    web_server_free(w->server);
    loop_free(w->loop);
    free(w->big);
    return 0;
}

static void serve(struct world *w, struct tls_context *tls)
{
    struct err err = {0};
    const struct web_listen_cfg cfg = {.address = "127.0.0.1", .tls = tls, .limits = w->limits};
    const struct web_handlers handlers = handlers_of(&w->at_server);
    if (web_listen(&w->server, w->loop, &cfg, &handlers, &err) != RC_OK)
        fail_msg("%s", err.text);
}

static void dial(struct world *w, const char *path, struct tls_context *tls)
{
    struct err err = {0};
    const struct web_connect_cfg cfg = {.host = "127.0.0.1",
                                        .port = web_port(w->server),
                                        .path = path,
                                        .fields = "X-Token: t\r\n",
                                        .tls = tls,
                                        .limits = w->limits};
    const struct web_handlers handlers = handlers_of(&w->at_client);
    if (web_connect(&w->at_client.conn, w->loop, &cfg, &handlers, &err) != RC_OK)
        fail_msg("%s", err.text);
}

// Turns the loop until the counter is at least `least`.
static void until(struct world *w, const unsigned *counter, unsigned least)
{
    const uint64_t start_us = clock_now_us();
    while (*counter < least) {
        loop_turn(w->loop, true); // the server's sweep wakes it
        if (clock_now_us() - start_us > PATIENCE_US)
            fail_msg("waited in vain for %u, at %u", least, *counter);
    }
}

static void open_both(struct world *w)
{
    serve(w, NULL);
    dial(w, "/ws", NULL);
    until(w, &w->at_client.opened, 1);
    until(w, &w->at_server.opened, 1);
}

// ---- A raw peer: a plain socket

static int raw_socket(const struct world *w)
{
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in to = {.sin_family = AF_INET,
                             .sin_port = htons(web_port(w->server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static void raw_send(struct world *w, int fd, struct bytes b)
{
    while (b.len > 0) {
        const ssize_t put = send(fd, b.at, b.len, MSG_NOSIGNAL);
        if (put > 0)
            b = bytes_part(b, (size_t)put, SIZE_MAX);
        loop_turn(w->loop, false);
    }
}

// Reads until the text is seen, or (text NULL) until the peer's end. Returns the length.
static size_t raw_until(struct world *w, int fd, const char *text, char *out, size_t cap)
{
    const uint64_t start_us = clock_now_us();
    size_t len = 0;
    out[0] = 0;
    for (;;) {
        loop_turn(w->loop, false);
        const ssize_t got = recv(fd, out + len, cap - 1 - len, MSG_DONTWAIT);
        if (got > 0)
            len += (size_t)got;
        out[len] = 0;
        if (text != NULL && strstr(out, text) != NULL)
            return len;
        if (got == 0 || (got < 0 && errno != EAGAIN)) // a reset is an end too
            break;
        if (clock_now_us() - start_us > PATIENCE_US)
            fail_msg("waited in vain for %s, got %s", text != NULL ? text : "the end", out);
    }
    if (text != NULL)
        fail_msg("ended before %s: %s", text, out);
    return len;
}

static void ask(struct world *w, const char *request, const char *answer)
{
    char got[4096];
    const int fd = raw_socket(w);
    raw_send(w, fd, bytes_text(request));
    (void)raw_until(w, fd, answer, got, sizeof got);
    (void)close(fd);
}

static int raw_ws(struct world *w)
{
    char got[4096];
    const int fd = raw_socket(w);
    raw_send(w, fd,
             bytes_text("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"));
    (void)raw_until(w, fd, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", got, sizeof got);
    return fd;
}

// ---- HTTP

static void http_requests(void **state)
{
    struct world *w = *state;
    w->limits.body_bytes_max = 100;
    serve(w, NULL);
    ask(w, "GET /hello HTTP/1.1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n"
        "Connection: keep-alive\r\nContent-Type: text/plain\r\n"
        "\r\nhello");
    ask(w, "GET /none HTTP/1.1\r\n\r\n", "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n");
    ask(w, "POST /hello HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc", "\r\n\r\nabc");
    ask(w, "POST /hello HTTP/1.1\r\nContent-Length: 101\r\n\r\n", "HTTP/1.1 413 ");
    ask(w, "nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request");
    ask(w, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", "Sec-WebSocket-Version: 13\r\n");
    ask(w, "GET /hello HTTP/1.1\r\n\r\nGET /hello HTTP/1.1\r\n\r\nGET / HTTP/1.0\r\n\r\n",
        "\r\n\r\nhelloHTTP/1.1 200"); // three in one go
    char got[4096];
    const int fd = raw_socket(w);
    raw_send(w, fd, bytes_text("HEAD /hello HTTP/1.1\r\nConnection: close\r\n\r\n"));
    (void)raw_until(w, fd, NULL, got, sizeof got);
    assert_non_null(strstr(got, "Content-Length: 5\r\n"));
    assert_null(strstr(got, "hello"));
    (void)close(fd);
}

static void an_oversized_head_is_refused(void **state)
{
    struct world *w = *state;
    serve(w, NULL);
    char got[4096];
    char line[1000];
    memset(line, 'a', sizeof line);
    const int fd = raw_socket(w);
    raw_send(w, fd, bytes_text("GET /hello HTTP/1.1\r\nX: "));
    for (int i = 0; i < 17; i++)
        raw_send(w, fd, bytes_of(line, sizeof line));
    (void)raw_until(w, fd, "HTTP/1.1 431 Request Header Fields Too Large\r\n", got, sizeof got);
    (void)close(fd);
}

static void a_half_handshake_is_dropped(void **state)
{
    struct world *w = *state;
    w->limits.handshake_us_max = 100000;
    serve(w, NULL);
    char got[64];
    const int silent = raw_socket(w);
    const int half = raw_socket(w);
    raw_send(w, half, bytes_text("GET /hello HTTP/1.1\r\nX: "));
    assert_int_equal(raw_until(w, silent, NULL, got, sizeof got), 0);
    assert_int_equal(raw_until(w, half, NULL, got, sizeof got), 0);
    (void)close(silent);
    (void)close(half);
    assert_int_equal(w->at_server.closed, 0); // on_close is for what was open
}

static void more_than_allowed_are_hung_up_on(void **state)
{
    struct world *w = *state;
    w->limits.connections_max = 2;
    serve(w, NULL);
    char got[64];
    const int one = raw_ws(w);
    const int two = raw_ws(w);
    const int three = raw_socket(w);
    assert_int_equal(raw_until(w, three, NULL, got, sizeof got), 0);
    assert_int_equal(web_connections(w->server), 2);
    (void)close(one);
    until(w, &w->at_server.closed, 1);
    const int four = raw_ws(w);
    (void)close(two);
    (void)close(three);
    (void)close(four);
}

static void without_memory_they_wait_at_the_door(void **state)
{
    struct world *w = *state;
    w->limits.memory_bytes_max = 28000; // one handshake's head, and little more
    serve(w, NULL);
    char got[256];
    const int one = raw_socket(w);
    const int two = raw_socket(w);
    raw_send(w, one, bytes_text("GET /hello HTTP/1.1\r\nX: "));
    raw_send(w, two, bytes_text("GET /hello HTTP/1.1\r\nX: "));
    (void)raw_until(w, two, "HTTP/1.1 503 ", got, sizeof got);
    raw_send(w, one, bytes_text("x\r\n\r\n"));
    (void)raw_until(w, one, "\r\n\r\nhello", got, sizeof got);
    (void)close(one);
    (void)close(two);
}

// ---- WebSocket

static void echo_one(struct world *w, size_t len, bool is_text)
{
    struct bytes message = bytes_of(w->big, len);
    const unsigned before = w->at_client.messages;
    assert_int_equal(web_send(w->at_client.conn, message, is_text), RC_OK);
    until(w, &w->at_client.messages, before + 1);
    assert_int_equal(w->at_client.last_len, len);
    assert_int_equal(w->at_client.last_was_text, is_text);
    assert_int_equal(w->at_client.sum, checksum(message));
}

static void echo_sizes(struct world *w)
{
    static const size_t size[] = {0, 1, 125, 126, 65535, 65536, 70000, (size_t)20 << 20};
    w->big = malloc(MESSAGE_BYTES);
    assert_non_null(w->big);
    for (size_t i = 0; i < MESSAGE_BYTES; i++)
        w->big[i] = (uint8_t)(' ' + i * i % 89);
    for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
        echo_one(w, size[i], false);
        echo_one(w, size[i], true);
    }
}

static void echo_of_every_size(void **state)
{
    struct world *w = *state;
    open_both(w);
    assert_ptr_equal(web_user(w->at_server.conn), &w->at_server);
    echo_sizes(w);
    assert_int_equal(web_send(w->at_client.conn, bytes_of(w->big, MESSAGE_BYTES + 1), false),
                     RC_REFUSED);
}

static void the_closing_handshake(void **state)
{
    struct world *w = *state;
    open_both(w);
    assert_int_equal(web_send(w->at_client.conn, bytes_text("last words"), true), RC_OK);
    web_close(w->at_client.conn, 4001, "bye");
    web_close(w->at_client.conn, 4002, "ignored");
    until(w, &w->at_client.closed, 1);
    until(w, &w->at_server.closed, 1);
    assert_int_equal(w->at_server.messages, 1); // sent before, so it arrived
    assert_int_equal(w->at_client.messages, 0); // closing: nothing is received any more
    assert_string_equal(w->at_client.reason, "closed: 4001 bye");
    assert_string_equal(w->at_server.reason, "closed by peer: 4001 bye");
    assert_int_equal(web_connections(w->server), 0);
}

static void the_server_closes(void **state)
{
    struct world *w = *state;
    open_both(w);
    web_close(w->at_server.conn, WS_CODE_GOING_AWAY, "restarting");
    until(w, &w->at_client.closed, 1);
    until(w, &w->at_server.closed, 1);
    assert_string_equal(w->at_client.reason, "closed by peer: 1001 restarting");
    assert_string_equal(w->at_server.reason, "closed: 1001 restarting");
}

static void a_vanished_server_is_noticed(void **state)
{
    struct world *w = *state;
    open_both(w);
    web_server_free(w->server);
    w->server = NULL;
    until(w, &w->at_client.closed, 1);
    assert_string_equal(w->at_client.reason, "closed by peer: 1001 going away");
    assert_int_equal(w->at_server.closed, 0); // no callbacks after web_server_free
}

static void violations_are_answered_with_codes(void **state)
{
    struct world *w = *state;
    serve(w, NULL);
    static const struct {
        const char *wire;
        size_t len;
        const char *answer; // 0x88, length, code
    } bad[] = {
        {"\x81\x01x", 3,
         "\x88\x16\x03\xea"
         "a frame without a mask"},
        {"\xc1\x81\x01\x01\x01\x01x", 7,
         "\x03\xea"
         "reserved bits are set"},
        {"\x81\x81\x01\x01\x01\x01\xff", 7,
         "\x03\xef"
         "text that is not UTF-8"},
        {"\x88\x82\x01\x01\x01\x01\x02\xec", 8, "\x03\xea"}, // code 1005
        {"\x82\xff\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01\x01x", 15, "\x03\xf1"},
    };
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char got[256];
        const int fd = raw_ws(w);
        raw_send(w, fd, bytes_of(bad[i].wire, bad[i].len));
        (void)raw_until(w, fd, bad[i].answer + (i == 0 ? 2 : 0), got, sizeof got);
        (void)raw_until(w, fd, NULL, got, sizeof got); // and the end
        (void)close(fd);
        until(w, &w->at_server.closed, i + 1);
        assert_non_null(strstr(w->at_server.reason, "hung up on peer: 10"));
    }
}

static void fragments_and_pings_from_a_raw_peer(void **state)
{
    struct world *w = *state;
    char got[256];
    serve(w, NULL);
    const int fd = raw_ws(w);
    raw_send(w, fd, bytes_of("\x01\x82\0\0\0\0He\x89\x81\0\0\0\0p", 15));
    (void)raw_until(w, fd, "\x8a\x01p", got, sizeof got);
    raw_send(w, fd, bytes_of("\x80\x83\0\0\0\0llo", 9));
    (void)raw_until(w, fd, "\x81\x05Hello", got, sizeof got);
    (void)close(fd);
    until(w, &w->at_server.closed, 1);
    assert_string_equal(w->at_server.reason, "closed by peer");
}

static void the_silent_are_pinged_then_dropped(void **state)
{
    struct world *w = *state;
    char got[64];
    w->limits.ping_us = 50000;
    w->limits.dead_us = 400000;
    serve(w, NULL);
    dial(w, "/ws", NULL);
    until(w, &w->at_client.opened, 1);
    const int fd = raw_ws(w); // pings come; it does not answer
    (void)raw_until(w, fd, "\x89", got, sizeof got);
    until(w, &w->at_server.closed, 1);
    assert_non_null(strstr(w->at_server.reason, "no sign of life for "));
    assert_int_equal(w->at_client.closed, 0); // which is as old, and answers
    assert_int_equal(web_connections(w->server), 1);
    (void)close(fd);
}

static void a_slow_reader_fills_its_queue(void **state)
{
    struct world *w = *state;
    w->limits.queue_bytes_max = 1 << 20;
    serve(w, NULL);
    static uint8_t message[100000];
    memset(message, 'x', sizeof message);
    const int fd = raw_ws(w);
    until(w, &w->at_server.opened, 1);
    size_t sent = 0;
    enum rc rc;
    while ((rc = web_send(w->at_server.conn, bytes_of(message, sizeof message), false)) == RC_OK)
        sent++;
    assert_int_equal(rc, RC_FULL);
    const size_t queued = web_queued_bytes(w->at_server.conn);
    assert_true(queued > sizeof message && queued <= w->limits.queue_bytes_max);
    assert_int_equal(web_send(w->at_server.conn, bytes_of(message, sizeof message), false),
                     RC_FULL);
    assert_int_equal(web_queued_bytes(w->at_server.conn), queued);
    assert_int_equal(w->at_server.drains, 0);
    size_t want = sent * (sizeof message + 10);
    static char got[65536];
    while (want > 0) {
        loop_turn(w->loop, false);
        const ssize_t n = recv(fd, got, sizeof got, 0);
        if (n > 0)
            want -= (size_t)n;
    }
    assert_int_equal(w->at_server.drains, 1);
    assert_int_equal(web_queued_bytes(w->at_server.conn), 0);
    assert_int_equal(web_send(w->at_server.conn, bytes_text("on we go"), false), RC_OK);
    (void)close(fd);
}

static void a_client_is_refused_in_words(void **state)
{
    struct world *w = *state;
    char want[256];
    w->at_server.refuses = true;
    serve(w, NULL);
    dial(w, "/ws", NULL);
    until(w, &w->at_client.closed, 1);
    (void)snprintf(want, sizeof want, "127.0.0.1:%u: it answers 401 Unauthorized, not a WebSocket",
                   web_port(w->server));
    assert_string_equal(w->at_client.reason, want);
    assert_int_equal(w->at_client.opened, 0);
    assert_int_equal(w->at_server.opened + w->at_server.closed, 0);
}

static void connect_to(struct world *w, const char *host, uint16_t port)
{
    struct err err = {0};
    const struct web_connect_cfg cfg = {
        .host = host, .port = port, .path = "/ws", .limits = w->limits};
    const struct web_handlers handlers = handlers_of(&w->at_client);
    w->at_client.closed = 0;
    assert_int_equal(web_connect(&w->at_client.conn, w->loop, &cfg, &handlers, &err), RC_OK);
    assert_int_equal(w->at_client.closed, 0); // never inside the call
    until(w, &w->at_client.closed, 1);
}

static void nobody_there_is_said(void **state)
{
    struct world *w = *state;
    char want[256];
    serve(w, NULL);
    const uint16_t port = web_port(w->server);
    web_server_free(w->server);
    w->server = NULL;
    loop_turn(w->loop, false); // the socket is closed now
    connect_to(w, "127.0.0.1", port);
    (void)snprintf(want, sizeof want, "no answer from 127.0.0.1:%u: connection refused", port);
    assert_string_equal(w->at_client.reason, want);
    connect_to(w, "localhost", port); // maybe two addresses, each refused
    (void)snprintf(want, sizeof want, "no answer from localhost:%u: connection refused", port);
    assert_string_equal(w->at_client.reason, want);
    connect_to(w, "no-such-host.invalid", port);
    assert_non_null(strstr(w->at_client.reason, "cannot find no-such-host.invalid: "));
}

static void a_silent_hub_times_out(void **state)
{
    struct world *w = *state;
    w->limits.handshake_us_max = 200000;
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, len), 0);
    assert_int_equal(listen(fd, 5), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    connect_to(w, "127.0.0.1", ntohs(at.sin_port));
    assert_non_null(strstr(w->at_client.reason, ": timed out"));
    (void)close(fd);
}

static void a_port_in_use_is_said(void **state)
{
    struct world *w = *state;
    struct web_server *second = NULL;
    struct err err = {0};
    char want[256];
    serve(w, NULL);
    struct web_listen_cfg cfg = {
        .address = "127.0.0.1", .port = web_port(w->server), .limits = w->limits};
    const struct web_handlers none = {0};
    assert_int_equal(web_listen(&second, w->loop, &cfg, &none, &err), RC_CONFIG);
    assert_null(second);
    (void)snprintf(want, sizeof want, "cannot listen on 127.0.0.1:%u: address already in use",
                   cfg.port);
    assert_string_equal(err.text, want);
    cfg.address = "no-such-host.invalid";
    assert_int_equal(web_listen(&second, w->loop, &cfg, &none, &err), RC_CONFIG);
    cfg.address = "127.0.0.1";
    cfg.limits.ping_us = 0;
    assert_int_equal(web_listen(&second, w->loop, &cfg, &none, &err), RC_CONFIG);
    assert_non_null(strstr(err.text, "a limit is out of range"));
}

static void bad_connect_settings_are_refused(void **state)
{
    struct world *w = *state;
    struct web_conn *c = NULL;
    struct err err = {0};
    struct web_connect_cfg cfg = {.host = "", .port = 1, .path = "/", .limits = w->limits};
    const struct web_handlers none = {0};
    assert_int_equal(web_connect(&c, w->loop, &cfg, &none, &err), RC_CONFIG);
    cfg.host = "localhost";
    cfg.path = "no-slash";
    assert_int_equal(web_connect(&c, w->loop, &cfg, &none, &err), RC_CONFIG);
    assert_null(c);
    cfg.path = "/";
    assert_int_equal(web_connect(&c, w->loop, &cfg, &none, &err), RC_OK);
    web_drop(c); // in the middle of the look-up
    assert_int_equal(web_connect(&c, w->loop, &cfg, &none, &err), RC_OK);
    web_close(c, WS_CODE_NORMAL, "changed my mind");
    web_drop(NULL);
}

// ---- TLS

static void with_tls(struct world *w, struct tls_context **server, struct tls_context **client)
{
    char folder[SCRATCH_BYTES];
    struct err err = {0};
    assert_int_equal(scratch_make(folder), 0);
    assert_int_equal(tls_self_made_context(server, folder, &err), RC_OK);
    assert_int_equal(tls_client_context(client, &err), RC_OK);
    assert_int_equal(scratch_remove(folder), 0);
    serve(w, *server);
}

static void tls_echo_and_fingerprint(void **state)
{
    struct world *w = *state;
    struct tls_context *server = NULL;
    struct tls_context *client = NULL;
    with_tls(w, &server, &client);
    w->at_client.trusts = true;
    dial(w, "/ws", client);
    until(w, &w->at_client.opened, 1);
    const struct digest own = tls_context_fingerprint(server);
    assert_memory_equal(&w->at_client.fingerprint, &own, sizeof own);
    echo_sizes(w);
    web_close(w->at_client.conn, WS_CODE_NORMAL, "done");
    until(w, &w->at_client.closed, 1);
    assert_string_equal(w->at_client.reason, "closed: 1000 done");
    until(w, &w->at_server.closed, 1);
    assert_string_equal(w->at_server.reason, "closed by peer: 1000 done");
    tls_context_free(server);
    tls_context_free(client);
}

static void an_untrusted_hub_is_left(void **state)
{
    struct world *w = *state;
    struct tls_context *server = NULL;
    struct tls_context *client = NULL;
    with_tls(w, &server, &client);
    dial(w, "/ws", client);
    until(w, &w->at_client.closed, 1);
    assert_non_null(
        strstr(w->at_client.reason, ": its certificate is not trusted: self-signed certificate"));
    dial(w, "/ws", NULL); // plain words to a TLS port
    until(w, &w->at_client.closed, 2);
    assert_int_equal(w->at_client.opened + w->at_server.opened, 0);
    tls_context_free(server);
    tls_context_free(client);
}

static void tls_to_a_plain_port(void **state)
{
    struct world *w = *state;
    struct tls_context *client = NULL;
    struct err err = {0};
    assert_int_equal(tls_client_context(&client, &err), RC_OK);
    serve(w, NULL);
    dial(w, "/ws", client);
    until(w, &w->at_client.closed, 1);
    assert_non_null(strstr(w->at_client.reason, "TLS handshake failed: wrong version number"));
    tls_context_free(client);
}

static void idle_connections_are_small(void **state)
{
    struct world *w = *state;
    open_both(w);
    w->big = calloc(1, 300000);
    assert_non_null(w->big);
    echo_one(w, 300000, false); // leaves nothing behind
    for (int i = 0; i < 3; i++)
        loop_turn(w->loop, false);
    const struct web_house *h = w->at_server.conn->house;
    // One spare frame reader (4.8 KiB) is shared by all.
    assert_true(h->budget.used_bytes < 2048 + 5000);
    assert_true(sizeof(struct web_conn) <= 1024);
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(http_requests),
        T(an_oversized_head_is_refused),
        T(a_half_handshake_is_dropped),
        T(more_than_allowed_are_hung_up_on),
        T(without_memory_they_wait_at_the_door),
        T(echo_of_every_size),
        T(the_closing_handshake),
        T(the_server_closes),
        T(a_vanished_server_is_noticed),
        T(violations_are_answered_with_codes),
        T(fragments_and_pings_from_a_raw_peer),
        T(the_silent_are_pinged_then_dropped),
        T(a_slow_reader_fills_its_queue),
        T(a_client_is_refused_in_words),
        T(nobody_there_is_said),
        T(a_silent_hub_times_out),
        T(a_port_in_use_is_said),
        T(bad_connect_settings_are_refused),
        T(tls_echo_and_fingerprint),
        T(an_untrusted_hub_is_left),
        T(tls_to_a_plain_port),
        T(idle_connections_are_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
