// SPDX-License-Identifier: MIT
// A way to a stream: found and lost, refused, named as it should be, called off at every stage.
#include "os/dial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <string.h>
#include <unistd.h>

#include "base/attr.h"
#include "os/clock.h"

#define PATIENCE_US UINT64_C(30000000) // a test that waits longer has failed

struct world {
    struct loop *loop;
    struct budget budget;
    struct dial dial;
    struct stream stream;
    int listener; // a socket of the kernel's, so that nobody but the dial is tested
    uint16_t port;
    unsigned ready, gone, nowhere;
    bool is_last; // what dial_again said at the end was no
};

static void on_ready(struct stream *s)
{
    CONTAINER_OF(s, struct world, stream)->ready++;
}

static void on_bytes(struct stream *s, struct bytes plain)
{
    (void)s;
    fail_msg("%zu bytes of nobody", plain.len);
}

static void on_drain(struct stream *s)
{
    (void)s;
}

static void on_gone(struct stream *s)
{
    struct world *w = CONTAINER_OF(s, struct world, stream);
    w->gone++;
    w->is_last = !dial_again(&w->dial);
}

static void on_nowhere(struct dial *d)
{
    CONTAINER_OF(d, struct world, dial)->nowhere++;
}

// A port that is ours, where nothing listens yet.
static int make(void **state)
{
    static struct world w;
    struct err err;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    w = (struct world){.budget.limit_bytes = 65536};
    w.listener = socket(AF_INET, SOCK_STREAM, 0);
    *state = &w;
    if (loop_new(&w.loop, &err) != RC_OK || w.listener < 0 ||
        bind(w.listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        getsockname(w.listener, (struct sockaddr *)&at, &len) != 0)
        return -1;
    w.port = ntohs(at.sin_port);
    return 0;
}

static int unmake(void **state)
{
    struct world *w = *state;
    dial_end(&w->dial);
    loop_free(w->loop);
    (void)close(w->listener);
    return w->budget.used_bytes == 0 ? 0 : -1;
}

static enum rc begin(struct world *w, const char *host)
{
    static const struct stream_ops ops = {on_ready, on_bytes, on_drain, on_gone};
    const struct dial_cfg cfg = {.host = host,
                                 .port = w->port,
                                 .stream = &w->stream,
                                 .stream_cfg = {w->loop, &ops, &w->budget, 4096},
                                 .on_nowhere = on_nowhere};
    return dial_begin(&w->dial, &cfg);
}

static void until(struct world *w, const unsigned *counter)
{
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    while (*counter == 0) {
        assert_true(clock_now_us() < end_us);
        loop_turn(w->loop, true);
    }
}

static void until_idle(struct world *w)
{
    const uint64_t end_us = clock_now_us() + PATIENCE_US;
    while (!dial_is_idle(&w->dial)) {
        assert_true(clock_now_us() < end_us);
        loop_turn(w->loop, true);
    }
}

static void it_finds_who_listens(void **state)
{
    struct world *w = *state;
    assert_int_equal(listen(w->listener, 1), 0);
    assert_int_equal(begin(w, "127.0.0.1"), RC_OK);
    assert_false(dial_is_idle(&w->dial));
    until(w, &w->ready);
    const struct net_addr want = net_addr_ip4(INADDR_LOOPBACK, w->port);
    assert_true(net_addr_equal(&w->dial.addr, &want));
    assert_true(net_addr_equal(stream_addr(&w->stream), &want));
    assert_true(w->dial.is_found && w->dial.is_connected);
    assert_string_equal(w->dial.host, "127.0.0.1");
    stream_drop(&w->stream, "enough"); // what was connected once is not tried again
    until(w, &w->gone);
    assert_true(w->is_last);
    assert_int_equal(w->gone, 1);
    assert_int_equal(w->nowhere, 0);
}

static void a_name_is_tried_address_by_address(void **state)
{
    struct world *w = *state;
    assert_int_equal(listen(w->listener, 1), 0); // on IPv4 alone
    assert_int_equal(begin(w, "localhost"), RC_OK);
    until(w, &w->ready);
    assert_true(net_addr_is_ip4(&w->dial.addr));
    assert_true(dial_stop(&w->dial, "enough"));
    until_idle(w);
    assert_true(w->is_last);
}

static void where_nothing_listens_it_is_refused(void **state)
{
    struct world *w = *state;
    assert_int_equal(begin(w, "127.0.0.1"), RC_OK);
    until(w, &w->gone);
    assert_true(w->is_last);
    assert_true(w->dial.is_found);
    assert_false(w->dial.is_connected);
    assert_int_equal(w->dial.rc, RC_REFUSED);
    assert_string_equal(w->dial.why, "connection refused");
    assert_int_equal(w->ready + w->nowhere, 0);
}

static void a_host_must_be_one(void **state)
{
    struct world *w = *state;
    char longest[NAMES_HOST_BYTES_MAX + 1];
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = 0;
    assert_int_equal(begin(w, ""), RC_CONFIG);
    assert_int_equal(begin(w, longest), RC_CONFIG);
    assert_true(dial_is_idle(&w->dial));
    assert_int_equal(begin(w, "256.256.256.256"), RC_OK); // no address, so perhaps a name
    until(w, &w->nowhere);
    assert_true(w->dial.rc == RC_ABSENT || w->dial.rc == RC_IO); // or there is nobody to ask
    assert_true(w->dial.why[0] != 0);
    assert_false(w->dial.is_found);
    assert_int_equal(w->gone, 0);
}

static void targets_are_as_people_write_them(void **state)
{
    struct world *w = *state;
    w->port = 8765;
    assert_int_equal(begin(w, "::1"), RC_OK);
    assert_string_equal(w->dial.target, "[::1]:8765");
    (void)dial_stop(&w->dial, "enough");
    until_idle(w);
    dial_end(&w->dial);
    assert_int_equal(begin(w, "127.0.0.1"), RC_OK);
    assert_string_equal(w->dial.target, "127.0.0.1:8765");
    (void)dial_stop(&w->dial, "enough");
    until_idle(w);
}

static void it_can_be_called_off_at_every_stage(void **state)
{
    struct world *w = *state;
    assert_int_equal(listen(w->listener, 1), 0);
    assert_int_equal(begin(w, "127.0.0.1"), RC_OK);
    (void)dial_stop(&w->dial, "while looking"); // it may be too late to call the lookup off
    until_idle(w);
    assert_int_equal(w->nowhere + w->gone, 1);
    assert_int_equal(w->ready, 0);
    assert_string_equal(w->dial.why, "while looking");
    dial_end(&w->dial);
    w->nowhere = w->gone = 0;
    assert_int_equal(begin(w, "127.0.0.1"), RC_OK);
    while (!w->dial.has_stream)
        loop_turn(w->loop, true);
    assert_true(dial_stop(&w->dial, "on the way"));
    until_idle(w);
    assert_int_equal(w->gone, 1);
    assert_true(w->is_last);
    assert_string_equal(stream_why(&w->stream), "on the way");
}

#define T(f) cmocka_unit_test_setup_teardown(f, make, unmake)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_finds_who_listens),
        T(a_name_is_tried_address_by_address),
        T(where_nothing_listens_it_is_refused),
        T(a_host_must_be_one),
        T(targets_are_as_people_write_them),
        T(it_can_be_called_off_at_every_stage),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
