// SPDX-License-Identifier: MIT
// Tests of holding peers to a rate: what is counted, pauses, and floods after the end.
#include "os/web_rig_test.h"

static void reads_are_counted(void **state)
{
    struct world *w = *state;
    serve(w, NULL);
    const int http = raw_from(w, "127.0.0.1");
    raw_send(w, http, bytes_text("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET"));
    turn_for(w, 20 * MS);
    assert_int_equal(w->read_bytes, 2 * 18 + 3);
    assert_int_equal(w->frames, 2);
    const int fd = raw_ws(w);
    const struct bytes pings = many_frames(PING, sizeof PING - 1);
    raw_send(w, fd, pings);
    raw_send(w, fd, bytes_of("\x02\x80\0\0\0\0\x00\x80\0\0\0\0", 12)); // two parts of a message
    turn_for(w, 20 * MS);
    assert_int_equal(w->read_bytes, pings.len + 12);
    assert_int_equal(w->frames, pings.len / 7 + 2);
    assert_int_equal(w->messages, 0);
    static char pongs[65536];
    const ssize_t got = recv(fd, pongs, sizeof pongs, MSG_DONTWAIT);
    assert_in_range(got, 3, 3 * w->reads); // one a read answers for all
    assert_memory_equal(pongs, "\x8a\x01p", 3);
    (void)close(http);
    (void)close(fd);
}

static void a_pause_stops_a_flood(void **state)
{
    struct world *w = *state;
    serve(w, NULL);
    const int fd = raw_ws(w);
    w->pause_us = 600 * MS;
    const uint64_t start_us = clock_now_us();
    const size_t sent = flood(w, fd); // ends when the peer's window is full
    assert_true(clock_now_us() - start_us < 600 * MS);
    assert_int_equal(w->reads, 1);
    assert_true(w->read_bytes <= LOOP_SCRATCH_BYTES);
    assert_true(sent > 4 * w->read_bytes);
    const unsigned messages = w->messages;
    assert_int_equal(messages, w->read_bytes / 7); // what it brought was delivered, no more
    turn_for(w, 200 * MS);
    assert_int_equal(w->messages, messages);
    until(w, &w->reads, 2);
    assert_in_range(clock_now_us() - start_us, 600 * MS, 5000 * MS);
    w->pause_us = 0;
    until(w, &w->messages, (unsigned)(sent / 7)); // and all comes in the end
    assert_int_equal(w->messages, sent / 7);
    (void)close(fd);
    until(w, &w->gone, 1);
    assert_int_equal(w->end, WEB_END_NORMAL);
}

// The paused one is not dead, though it says nothing that we would hear; it gets our pings. When
// we listen again its clock starts anew, and then it counts.
static void the_paused_are_not_dead(void **state)
{
    struct world *w = *state;
    w->limits.ping_us = 50 * MS;
    w->limits.dead_us = 200 * MS;
    serve(w, NULL);
    const int fd = raw_ws(w);
    const uint64_t start_us = clock_now_us();
    web_pause(w->conn, loop_now_us(w->loop) + 800 * MS);
    web_pause(w->conn, loop_now_us(w->loop) + 100 * MS); // does not shorten it
    turn_for(w, 700 * MS);
    assert_int_equal(w->closed, 0);
    char got[256];
    const ssize_t pings = recv(fd, got, sizeof got, MSG_DONTWAIT);
    assert_in_range(pings, 2 * 5, 2 * 16); // one each 50 ms and a sweep
    assert_memory_equal(got, "\x89\0\x89\0", 4);
    until(w, &w->closed, 1);
    assert_in_range(clock_now_us() - start_us, 1000 * MS, 5000 * MS);
    assert_int_equal(w->closed_end, WEB_END_NORMAL);
    (void)close(fd);
}

static void pauses_are_bounded(void **state)
{
    struct world *w = *state;
    serve(w, NULL);
    const int fd = raw_ws(w);
    const uint64_t now_us = loop_now_us(w->loop);
    web_pause(w->conn, now_us - 1);
    web_pause(w->conn, now_us); // no pauses
    raw_send(w, fd, bytes_of(FRAME, 7));
    until(w, &w->messages, 1);
    web_pause(w->conn, UINT64_MAX);
    assert_in_range(w->conn->pause.key, now_us + WEB_PAUSE_US_MAX,
                    loop_now_us(w->loop) + WEB_PAUSE_US_MAX);
    raw_send(w, fd, bytes_of(FRAME, 7));
    turn_for(w, 50 * MS);
    assert_int_equal(w->messages, 1);
    web_close(w->conn, WS_CODE_POLICY, "too much"); // ends the pause: its answer is awaited
    raw_send(w, fd, bytes_of(CLOSE, 6));
    assert_false(raw_end(w, fd, NULL));
    assert_int_equal(w->closed, 0); // our end is awaited too
    (void)close(fd);
    until(w, &w->closed, 1);
    assert_int_equal(w->end, WEB_END_NORMAL);
    assert_int_equal(w->messages, 1);
    const int two = raw_ws(w);
    web_pause(w->conn, UINT64_MAX);
    web_drop(w->conn);
    until(w, &w->gone, 2);
    assert_int_equal(w->closed, 1); // not owed
    const int three = raw_ws(w);
    web_pause(w->conn, UINT64_MAX); // and the server goes in mid-pause
    web_server_free(w->server);
    w->server = NULL;
    (void)raw_end(w, three, NULL);
    (void)close(two);
    (void)close(three);
    assert_int_equal(w->gone, 2);
}

static void requests_are_paused_too(void **state)
{
    struct world *w = *state;
    w->limits.handshake_us_max = 100 * MS;
    w->pause_us = 400 * MS;
    serve(w, NULL);
    const int fd = raw_from(w, "127.0.0.1");
    raw_send(w, fd, bytes_text("GET / HTTP/1.1\r\n\r\n"));
    until(w, &w->reads, 1);
    w->pause_us = 0;
    raw_send(w, fd, bytes_text("GET / HTTP/1.1\r\n\r\n"));
    turn_for(w, 300 * MS);
    assert_int_equal(w->reads, 1);
    w->pause_us = 400 * MS;
    until(w, &w->reads, 2); // not timed out in between
    assert_int_equal(w->frames, 2);
    const uint64_t start_us = clock_now_us();
    until(w, &w->gone, 1); // its time to ask begins when we listen
    assert_in_range(clock_now_us() - start_us, 490 * MS, 5000 * MS);
    assert_int_equal(w->end, WEB_END_NORMAL);
    (void)close(fd);
}

static void late_floods_are_cut(void **state)
{
    struct world *w = *state;
    serve(w, NULL);
    const int fd = raw_ws(w);
    web_close(w->conn, WS_CODE_POLICY, "go away");
    const uint64_t start_us = clock_now_us();
    const size_t sent = flood(w, fd);
    until(w, &w->gone, 1);
    assert_true(clock_now_us() - start_us < 5000 * MS); // the closing handshake may take 10 s
    assert_in_range(w->read_bytes, STREAM_LATE_BYTES_MAX,
                    STREAM_LATE_BYTES_MAX + LOOP_SCRATCH_BYTES);
    assert_true(sent >= w->read_bytes);
    assert_int_equal(w->messages, 0);
    (void)close(fd);
    const int two = raw_ws(w);
    raw_send(w, two, bytes_of(CLOSE, 6)); // now the stream ends, and throws all away
    (void)flood(w, two);
    until(w, &w->gone, 2);
    assert_true(clock_now_us() - start_us < 9000 * MS);
    (void)close(two);
}

struct client { // through our own client
    unsigned opened;
    unsigned closed;
};

static void client_open(void *self, struct web_conn *conn)
{
    (void)conn;
    ((struct client *)self)->opened++;
}

static bool client_peer(void *self, struct web_conn *conn, const struct digest *fingerprint,
                        bool is_trusted, const char *why)
{
    (void)self, (void)conn, (void)fingerprint, (void)is_trusted, (void)why;
    return true;
}

static void client_close(void *self, struct web_conn *conn, const char *reason)
{
    (void)conn, (void)reason;
    ((struct client *)self)->closed++;
}

static void tls_is_paused_too(void **state)
{
    struct world *w = *state;
    struct tls_context *server = NULL;
    struct tls_context *context = NULL;
    struct err err = {0};
    struct client client = {0};
    serve_tls(w, &server);
    assert_int_equal(tls_client_context(&context, &err), RC_OK);
    struct web_connect_cfg cfg = {.host = "127.0.0.1",
                                  .port = web_port(w->server),
                                  .path = "/ws",
                                  .tls = context,
                                  .limits = w->limits};
    cfg.limits.ping_us = 50 * MS; // kept alive by the pings of the one who does not read
    cfg.limits.dead_us = 400 * MS;
    cfg.limits.queue_bytes_max = 1 << 20; // a kernel short of memory takes it 64 KB at a time
    const struct web_handlers handlers = {
        .self = &client, .on_open = client_open, .on_peer = client_peer, .on_close = client_close};
    struct web_conn *c = NULL;
    web_server_free(w->server);
    w->limits.ping_us = 100 * MS;
    serve(w, server);
    cfg.port = web_port(w->server);
    assert_int_equal(web_connect(&c, w->loop, &cfg, &handlers, &err), RC_OK);
    until(w, &client.opened, 1);
    until(w, &w->opened, 1);
    assert_int_equal(web_peer_addr(c)->ip[12], 127);
    static uint8_t message[50000];
    unsigned sent = 0;
    w->reads = 0;
    w->pause_us = 1000 * MS;
    const uint64_t start_us = clock_now_us();
    while (web_send(c, bytes_of(message, sizeof message), false) == RC_OK)
        sent++;
    turn_for(w, 900 * MS);
    assert_true(w->messages < sent);
    assert_true(w->read_bytes <= (size_t)2 * LOOP_SCRATCH_BYTES); // the request, one read
    assert_int_equal(client.closed, 0);
    w->pause_us = 0;
    until(w, &w->messages, sent);
    assert_in_range(clock_now_us() - start_us, 1000 * MS, 20000 * MS);
    web_close(c, WS_CODE_NORMAL, "done");
    until(w, &w->gone, 1);
    until(w, &client.closed, 1);
    assert_int_equal(w->end, WEB_END_NORMAL);
    tls_context_free(server);
    tls_context_free(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(reads_are_counted),  T(a_pause_stops_a_flood),   T(the_paused_are_not_dead),
        T(pauses_are_bounded), T(requests_are_paused_too), T(late_floods_are_cut),
        T(tls_is_paused_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
