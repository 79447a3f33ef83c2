// SPDX-License-Identifier: MIT
// A stream against a bare socket: a bounded queue, an orderly end, a reset, memory that runs out.
#include "os/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "os/clock.h"

#define PATIENCE_US UINT64_C(30000000) // a test that waits longer has failed
#define QUEUE_BYTES ((size_t)1 << 20)

struct world {
    struct loop *loop;
    struct budget budget;
    struct stream stream;
    uv_connect_t connect;
    int peer; // the other end, a socket of the kernel's
    unsigned ready, drains, gone;
    size_t got; // by the stream
    uint8_t last;
};

static void on_ready(struct stream *s)
{
    CONTAINER_OF(s, struct world, stream)->ready++;
}

static void on_bytes(struct stream *s, struct bytes plain)
{
    struct world *w = CONTAINER_OF(s, struct world, stream);
    w->got += plain.len;
    w->last = plain.at[plain.len - 1];
}

static void on_drain(struct stream *s)
{
    CONTAINER_OF(s, struct world, stream)->drains++;
}

static void on_gone(struct stream *s)
{
    CONTAINER_OF(s, struct world, stream)->gone++;
}

static void on_connect(uv_connect_t *req, int status)
{
    assert_int_equal(status, 0);
    stream_join(req->data, NULL, NULL);
}

static void until(struct world *w, const unsigned *counter)
{
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    while (*counter == 0) {
        assert_true(clock_now_us() < end_us);
        loop_turn(w->loop, true);
    }
}

// Connected to a bare socket, plain.
static int make(void **state)
{
    static const struct stream_ops ops = {on_ready, on_bytes, on_drain, on_gone};
    static struct world w;
    struct err err;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    w = (struct world){.budget.limit_bytes = 4 * QUEUE_BYTES};
    *state = &w;
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (loop_new(&w.loop, &err) != RC_OK || listener < 0 ||
        bind(listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(listener, 1) != 0 ||
        getsockname(listener, (struct sockaddr *)&at, &len) != 0)
        return -1;
    const struct stream_cfg cfg = {w.loop, &ops, &w.budget, QUEUE_BYTES};
    w.connect.data = &w.stream;
    if (stream_init(&w.stream, &cfg) != RC_OK ||
        stream_connect(&w.stream, &w.connect, (struct sockaddr *)&at, on_connect) != 0)
        return -1;
    until(&w, &w.ready);
    w.peer = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    (void)close(listener);
    return w.peer >= 0 ? 0 : -1;
}

static int unmake(void **state)
{
    struct world *w = *state;
    stream_drop(&w->stream, "over");
    loop_free(w->loop);
    (void)close(w->peer);
    return w->budget.used_bytes == 0 && w->gone == 1 ? 0 : -1;
}

static struct bytes block(void)
{
    static const uint8_t zeros[65536];
    return bytes_of(zeros, sizeof zeros);
}

// Puts until there is no room; returns what was put.
static size_t fill(struct world *w)
{
    size_t put = 0;
    while (stream_room(&w->stream, block().len) == RC_OK) {
        stream_put(&w->stream, bytes_of(NULL, 0), block());
        put += block().len;
    }
    return put;
}

// Reads what the stream sends, to its end if there is one; -1: a reset.
static ssize_t drain(struct world *w, size_t want)
{
    static uint8_t room[65536];
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    size_t got = 0;
    while (got < want) {
        assert_true(clock_now_us() < end_us);
        const ssize_t n = recv(w->peer, room, sizeof room, MSG_DONTWAIT);
        if (n == 0)
            break;
        if (n < 0 && errno != EAGAIN)
            return -1;
        got += n > 0 ? (size_t)n : 0;
        loop_turn(w->loop, false);
    }
    return (ssize_t)got;
}

static void bytes_pass_both_ways(void **state)
{
    struct world *w = *state;
    stream_put(&w->stream, bytes_of("head", 4), bytes_of("body", 4));
    assert_int_equal(stream_queued_bytes(&w->stream), 0); // the kernel took them at once
    assert_int_equal(drain(w, 8), 8);
    assert_int_equal(send(w->peer, "answer", 6, 0), 6);
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    while (w->got < 6) {
        assert_true(clock_now_us() < end_us);
        loop_turn(w->loop, true);
    }
    assert_int_equal(w->last, 'r');
}

static void a_full_queue_says_so_and_drains(void **state)
{
    struct world *w = *state;
    const size_t put = fill(w);
    assert_int_equal(stream_room(&w->stream, block().len), RC_FULL);
    assert_true(stream_queued_bytes(&w->stream) <= QUEUE_BYTES);
    assert_true(stream_queued_bytes(&w->stream) > QUEUE_BYTES / 2);
    const uint64_t taken = stream_taken_bytes(&w->stream);
    assert_int_equal(drain(w, put), put);
    until(w, &w->drains);
    assert_int_equal(w->drains, 1); // once for each time that there was no room
    assert_true(stream_taken_bytes(&w->stream) > taken);
    assert_int_equal(stream_room(&w->stream, block().len), RC_OK);
}

static void an_end_comes_after_the_last_byte(void **state)
{
    struct world *w = *state;
    const size_t put = fill(w);
    stream_end(&w->stream, "enough");
    stream_end(&w->stream, "said twice");
    stream_put(&w->stream, bytes_of(NULL, 0), block()); // is not sent any more
    assert_int_equal(stream_room(&w->stream, 1), RC_CLOSED);
    assert_int_equal(drain(w, SIZE_MAX), put);
    (void)send(w->peer, "late", 4, MSG_NOSIGNAL); // thrown away
    assert_int_equal(shutdown(w->peer, SHUT_WR), 0);
    until(w, &w->gone);
    assert_int_equal(w->got, 0);
    assert_string_equal(stream_why(&w->stream), "enough");
}

static void who_never_stops_is_cut_off(void **state)
{
    struct world *w = *state;
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    stream_end(&w->stream, "enough");
    while (w->gone == 0) {
        assert_true(clock_now_us() < end_us);
        (void)send(w->peer, block().at, block().len, MSG_NOSIGNAL | MSG_DONTWAIT);
        loop_turn(w->loop, false);
    }
    assert_int_equal(w->got, 0);
}

static void a_reset_leaves_nothing(void **state)
{
    struct world *w = *state;
    stream_reset(&w->stream, "not welcome");
    until(w, &w->gone);
    assert_int_equal(drain(w, SIZE_MAX), -1);
    assert_string_equal(stream_why(&w->stream), "not welcome");
}

static void memory_runs_out(void **state)
{
    struct world *w = *state;
    (void)fill(w); // from here on everything has to be queued
    w->budget.limit_bytes = w->budget.used_bytes + 100;
    w->stream.queue_bytes_max = SIZE_MAX;
    assert_int_equal(stream_room(&w->stream, block().len), RC_NOMEM);
    assert_int_equal(stream_room(&w->stream, SIZE_MAX), RC_NOMEM); // no sum wraps
    assert_int_equal(w->gone, 0);
    stream_put(&w->stream, bytes_of(NULL, 0), block()); // unasked, so that is its end
    until(w, &w->gone);
    assert_string_equal(stream_why(&w->stream), "out of memory");
}

static void a_pause_lets_the_peer_wait(void **state)
{
    struct world *w = *state;
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    stream_pause(&w->stream);
    stream_pause(&w->stream);
    assert_int_equal(send(w->peer, "waits", 5, 0), 5);
    for (int i = 0; i < 100; i++)
        loop_turn(w->loop, false);
    assert_int_equal(w->got, 0);
    stream_resume(&w->stream);
    while (w->got < 5) {
        assert_true(clock_now_us() < end_us);
        loop_turn(w->loop, true);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bytes_pass_both_ways),
        T(a_full_queue_says_so_and_drains),
        T(an_end_comes_after_the_last_byte),
        T(who_never_stops_is_cut_off),
        T(a_reset_leaves_nothing),
        T(memory_runs_out),
        T(a_pause_lets_the_peer_wait),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
