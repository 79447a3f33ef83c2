// SPDX-License-Identifier: MIT
// Tests of the web among strangers: who is let in, and what they answer for when they end.
#include "os/web_rig_test.h"

// ---- The door

static void the_unwelcome_are_kept_out(void **state)
{
    struct world *w = *state;
    static const uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 2};
    w->unwelcome = 2;
    serve(w, NULL);
    const int in = raw_from(w, "127.0.0.3");
    until(w, &w->asked, 1);
    const struct web_house *h = (const struct web_house *)(const void *)w->server;
    const size_t used_bytes = h->budget.used_bytes;
    for (unsigned i = 0; i < 100; i++) {
        size_t len = 0;
        const int out = raw_from(w, "127.0.0.2");
        (void)send(out, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL);
        assert_true(raw_end(w, out, &len)); // no state is left in the kernel
        assert_int_equal(len, 0);
        assert_memory_equal(w->asked_by.ip, mapped, 16);
        (void)close(out);
    }
    loop_turn(w->loop, false);
    assert_int_equal(h->budget.used_bytes, used_bytes);
    assert_int_equal(web_connections(w->server), 1);
    assert_int_equal(w->asked, 101);
    assert_int_equal(w->gone + w->reads, 0);
    (void)close(in);
    until(w, &w->gone, 1);
    assert_int_equal(w->gone_by.ip[15], 3);
    assert_int_equal(w->end, WEB_END_NORMAL);
    turn_for(w, 20 * MS);
    assert_int_equal(w->gone, 1);
}

static void ipv6_is_given_whole(void **state)
{
    struct world *w = *state;
    static const uint8_t loopback[16] = {[15] = 1};
    w->address = "::1";
    serve(w, NULL);
    const int fd = socket(AF_INET6, SOCK_STREAM, 0);
    const struct sockaddr_in6 to = {.sin6_family = AF_INET6,
                                    .sin6_port = htons(web_port(w->server)),
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    assert_int_equal(connect(fd, (const struct sockaddr *)&to, sizeof to), 0);
    until(w, &w->asked, 1);
    assert_memory_equal(w->asked_by.ip, loopback, 16);
    (void)close(fd);
    until(w, &w->gone, 1);
    assert_true(net_addr_equal(&w->gone_by, &w->asked_by));
}

// Those kept out do not take the places of others, and those who find all taken are not asked.
static void places_are_for_those_let_in(void **state)
{
    struct world *w = *state;
    w->limits.connections_max = 2;
    w->unwelcome = 2;
    serve(w, NULL);
    int out[40];
    for (size_t i = 0; i < ARRAY_COUNT(out); i++)
        out[i] = raw_from(w, "127.0.0.2"); // one after the other, and the two behind them
    const int one = raw_from(w, "127.0.0.1");
    const int two = raw_from(w, "127.0.0.1");
    until(w, &w->asked, ARRAY_COUNT(out) + 2);
    assert_int_equal(w->asked, ARRAY_COUNT(out) + 2);
    assert_int_equal(web_connections(w->server), 2);
    const int three = raw_from(w, "127.0.0.1");
    (void)raw_end(w, three, NULL);
    assert_int_equal(w->asked, ARRAY_COUNT(out) + 2);
    assert_int_equal(w->gone, 0);
    (void)close(one);
    until(w, &w->gone, 1);
    const int four = raw_from(w, "127.0.0.1");
    until(w, &w->asked, ARRAY_COUNT(out) + 3);
    for (size_t i = 0; i < ARRAY_COUNT(out); i++)
        (void)close(out[i]);
    (void)close(two);
    (void)close(three);
    (void)close(four);
}

static void a_rush_is_spread_over_turns(void **state)
{
    struct world *w = *state;
    serve(w, NULL);
    int fd[400];
    for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
        fd[i] = raw_from(w, "127.0.0.1");
    const uint64_t start_us = clock_now_us();
    while (w->asked < ARRAY_COUNT(fd)) {
        loop_turn(w->loop, true);
        assert_true(w->asked <= 256 + (clock_now_us() - start_us) / 250 + 1);
    }
    assert_int_equal(web_connections(w->server), ARRAY_COUNT(fd));
    for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
        (void)close(fd[i]);
    until(w, &w->gone, ARRAY_COUNT(fd));
}

// Else who is slow anyway would let in the fewest, and those behind a rush would wait for seconds.
static void a_long_turn_does_not_shut_the_door(void **state)
{
    struct world *w = *state;
    serve(w, NULL);
    int fd[400];
    for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
        fd[i] = raw_from(w, "127.0.0.1");
    loop_turn(w->loop, true);
    assert_true(w->asked < ARRAY_COUNT(fd));
    (void)usleep(50000);
    for (int i = 0; i < 3 && w->asked < ARRAY_COUNT(fd); i++) // its timer, and the listener
        loop_turn(w->loop, true);
    assert_int_equal(w->asked, ARRAY_COUNT(fd));
    for (size_t i = 0; i < ARRAY_COUNT(fd); i++)
        (void)close(fd[i]);
    until(w, &w->gone, ARRAY_COUNT(fd));
}

// ---- How it ends

static void expect_end(struct world *w, const char *words, enum web_end end)
{
    const unsigned before = w->gone;
    const int fd = raw_from(w, "127.0.0.1");
    raw_send(w, fd, bytes_text(words));
    (void)raw_end(w, fd, NULL);
    (void)close(fd);
    until(w, &w->gone, before + 1);
    if (w->end != end)
        fail_msg("%s: %d, not %d", words, (int)w->end, (int)end);
}

static void ends_of_http(void **state)
{
    struct world *w = *state;
    w->limits.handshake_us_max = 100 * MS;
    w->limits.body_bytes_max = 10;
    serve(w, NULL);
    expect_end(w, "", WEB_END_TIMEOUT);
    expect_end(w, "GET / HTTP/1.1\r\nX: ", WEB_END_TIMEOUT);
    expect_end(w, "POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab", WEB_END_TIMEOUT);
    expect_end(w, "GET / HTTP/1.1\r\n\r\n", WEB_END_NORMAL); // kept alive, and idle
    expect_end(w, "GET / HTTP/1.1\r\n\r\nGET", WEB_END_TIMEOUT);
    expect_end(w, "GET / HTTP/1.0\r\n\r\n", WEB_END_NORMAL);
    expect_end(w, "\x16\x03\x01 nonsense\r\n\r\n", WEB_END_MALFORMED);
    expect_end(w, "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n", WEB_END_MALFORMED);
    expect_end(w, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", WEB_END_MALFORMED);
    assert_int_equal(w->closed, 0);
}

static void ends_of_frames(void **state)
{
    struct world *w = *state;
    w->limits.message_bytes_max = 1000;
    serve(w, NULL);
    static const struct {
        struct bytes wire;
        enum web_end end;
    } cases[] = {
        {{(const uint8_t *)CLOSE, 6}, WEB_END_NORMAL},
        {{(const uint8_t *)"\x81\x01x", 3}, WEB_END_MALFORMED},                 // no mask
        {{(const uint8_t *)"\x82\xfe\x03\xe9\0\0\0\0x", 9}, WEB_END_MALFORMED}, // 1001 bytes
        {{(const uint8_t *)"\x81\x81\0\0\0\0\xff", 7}, WEB_END_MALFORMED},      // not UTF-8
    };
    for (unsigned i = 0; i < ARRAY_COUNT(cases); i++) {
        const int fd = raw_ws(w);
        raw_send(w, fd, cases[i].wire);
        (void)raw_end(w, fd, NULL);
        (void)close(fd);
        until(w, &w->gone, i + 1);
        assert_int_equal(w->end, cases[i].end);
        assert_int_equal(w->closed_end, cases[i].end);
        assert_int_equal(w->closed, i + 1);
    }
    const int fd = raw_ws(w);
    (void)close(fd); // lost is no fault
    until(w, &w->gone, ARRAY_COUNT(cases) + 1);
    assert_int_equal(w->end, WEB_END_NORMAL);
}

// It sends all the time, so it is not silent, and never reads.
static void one_who_never_reads_is_dropped(void **state)
{
    struct world *w = *state;
    w->limits.ping_us = 100 * MS;
    w->limits.dead_us = 400 * MS;
    serve(w, NULL);
    static uint8_t message[1 << 20];
    const uint64_t start_us = clock_now_us();
    const int fd = raw_ws(w);
    while (web_send(w->conn, bytes_of(message, sizeof message), false) == RC_OK)
        ;
    while (w->closed == 0) {
        (void)send(fd, FRAME, 7, MSG_NOSIGNAL);
        turn_for(w, 10 * MS);
        assert_true(clock_now_us() - start_us < PATIENCE_US);
    }
    assert_in_range(clock_now_us() - start_us, 400 * MS, 5000 * MS);
    assert_true(w->messages > 0);
    assert_int_equal(w->closed_end, WEB_END_SLOW);
    until(w, &w->gone, 1);
    assert_int_equal(w->end, WEB_END_SLOW);
    (void)close(fd);
}

// One at more than the least rate stays, though its queue is never empty; one below goes.
static void slow_is_below_the_least_rate(void **state)
{
    struct world *w = *state;
    w->limits.ping_us = 100 * MS;
    w->limits.dead_us = 500 * MS;
    w->limits.take_bytes_s_min = 4 << 20;
    serve(w, NULL);
    static uint8_t message[1 << 20];
    static char got[1 << 20];
    const int fd = raw_ws(w);
    const uint64_t start_us = clock_now_us();
    size_t taken = 0;
    while (clock_now_us() - start_us < 2500 * MS) { // 10 MiB/s
        while (web_send(w->conn, bytes_of(message, sizeof message), false) == RC_OK)
            ;
        (void)send(fd, FRAME, 7, MSG_NOSIGNAL);
        while (taken < (clock_now_us() - start_us) * 10) {
            loop_turn(w->loop, false);
            const ssize_t n = recv(fd, got, sizeof got, MSG_DONTWAIT);
            assert_true(n > 0 || (n < 0 && errno == EAGAIN));
            taken += n > 0 ? (size_t)n : 0;
        }
        assert_int_equal(w->closed, 0);
        turn_for(w, 10 * MS);
    }
    while (w->closed == 0) { // now a tenth of it
        (void)send(fd, FRAME, 7, MSG_NOSIGNAL);
        (void)recv(fd, got, 10000, MSG_DONTWAIT);
        turn_for(w, 10 * MS);
        assert_true(clock_now_us() - start_us < PATIENCE_US);
    }
    assert_int_equal(w->closed_end, WEB_END_SLOW);
    (void)close(fd);
}

static void asking_without_listening_is_slow(void **state)
{
    struct world *w = *state;
    w->limits.queue_bytes_max = 1 << 20;
    serve(w, NULL);
    const int fd = raw_from(w, "127.0.0.1");
    while (w->gone == 0) {
        (void)send(fd, "GET /long HTTP/1.1\r\n\r\n", 22, MSG_NOSIGNAL);
        loop_turn(w->loop, false);
    }
    assert_int_equal(w->end, WEB_END_SLOW);
    (void)close(fd);
}

// ---- TLS

static void tls_is_not_begun_for_the_unwelcome(void **state)
{
    struct world *w = *state;
    struct tls_context *server = NULL;
    w->limits.handshake_us_max = 200 * MS;
    w->unwelcome = 2;
    serve_tls(w, &server);
    size_t len = 0;
    const int out = raw_from(w, "127.0.0.2");
    assert_true(raw_end(w, out, &len));
    assert_int_equal(len, 0);
    assert_int_equal(w->gone, 0);
    expect_end(w, "", WEB_END_TIMEOUT);
    expect_end(w, "GET / HTTP/1.1\r\n\r\n", WEB_END_MALFORMED);
    expect_end(w, "\x16\x03\x01", WEB_END_TIMEOUT); // half a record's head
    // A whole record, and no handshake message in it.
    expect_end(w,
               "\x16\x03\x01\x01\x01"
               "abcdefghijklmnopqrstuvwxyz",
               WEB_END_TIMEOUT);
    assert_int_equal(w->reads, 0);
    (void)close(out);
    tls_context_free(server);
}

// As browsers do that were shown a certificate which nobody vouches for.
static void an_alert_is_no_fault(void **state)
{
    struct world *w = *state;
    struct tls_context *server = NULL;
    struct tls_context *context = NULL;
    struct tls *client = NULL;
    struct err err = {0};
    const char *why = NULL;
    serve_tls(w, &server);
    assert_int_equal(tls_client_context(&context, &err), RC_OK);
    assert_int_equal(tls_new(&client, context, "localhost"), RC_OK);
    assert_int_equal(tls_handshake(client, &why), RC_AGAIN);
    const int fd = raw_from(w, "127.0.0.1");
    raw_send(w, fd, tls_output(client));
    uint8_t hello;
    while (recv(fd, &hello, 1, MSG_DONTWAIT) < 0) // the server's answer begins
        loop_turn(w->loop, false);
    raw_send(w, fd, bytes_of("\x15\x03\x03\0\x02\x02\x30", 7)); // unknown_ca
    (void)raw_end(w, fd, NULL);
    until(w, &w->gone, 1);
    assert_int_equal(w->end, WEB_END_NORMAL);
    (void)close(fd);
    tls_free(client);
    tls_context_free(context);
    tls_context_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_unwelcome_are_kept_out),
        T(ipv6_is_given_whole),
        T(places_are_for_those_let_in),
        T(a_rush_is_spread_over_turns),
        T(a_long_turn_does_not_shut_the_door),
        T(ends_of_http),
        T(ends_of_frames),
        T(one_who_never_reads_is_dropped),
        T(slow_is_below_the_least_rate),
        T(asking_without_listening_is_slow),
        T(tls_is_not_begun_for_the_unwelcome),
        T(an_alert_is_no_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
