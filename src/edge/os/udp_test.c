// SPDX-License-Identifier: MIT
// Tests of datagrams: real sockets on loopback, of both families; batches, drops, a group.
#include "os/udp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/attr.h"
#include "os/clock.h"
#include "os/loop.h"

#define LOOPBACK    0x7f000001u
#define PATIENCE_US 10000000u

struct end {
    struct udp *udp;
    struct net net;
    bool is_echo; // answers what it hears
    unsigned count;
    size_t len; // of the last one
    uint8_t last[UDP_BYTES_MAX];
    struct net_addr from;
};

struct world {
    struct loop *loop;
    struct loop_timer *patience;
    struct end a, b;
};

static void on_datagram(void *self, const struct net_addr *from, struct bytes datagram)
{
    struct end *e = self;
    e->count++;
    e->from = *from;
    e->len = datagram.len;
    if (datagram.len > 0)
        memcpy(e->last, datagram.at, datagram.len);
    if (e->is_echo)
        e->net.send(e->net.self, from, datagram);
}

static void on_late(void *self)
{
    (void)self;
    fail_msg("nothing came");
}

static void end_open(struct end *e, struct loop *loop, struct net_addr at)
{
    struct err err = {.text = ""};
    const struct udp_cfg cfg = {.loop = loop, .at = at, .self = e, .on_datagram = on_datagram};
    if (udp_new(&e->udp, &cfg, &err) != RC_OK)
        fail_msg("%s", err.text);
    e->net = udp_net(e->udp);
}

static void world_open(struct world *w, struct net_addr a, struct net_addr b)
{
    *w = (struct world){.loop = NULL};
    struct err err;
    assert_int_equal(loop_new(&w->loop, &err), RC_OK);
    assert_int_equal(loop_timer_new(&w->patience, w->loop, on_late, w), RC_OK);
    end_open(&w->a, w->loop, a);
    end_open(&w->b, w->loop, b);
}

static void world_close(struct world *w)
{
    udp_free(w->a.udp);
    udp_free(w->b.udp);
    loop_timer_free(w->patience);
    loop_free(w->loop);
}

// Turns until e has heard `count` in all.
static void await(struct world *w, const struct end *e, unsigned count)
{
    loop_timer_at(w->patience, clock_now_us() + PATIENCE_US);
    while (e->count < count)
        loop_turn(w->loop, true);
    loop_timer_at(w->patience, UINT64_MAX);
}

static struct net_addr loopback(const struct udp *u)
{
    return net_addr_ip4(LOOPBACK, udp_at(u).port);
}

static void say(const struct end *e, struct net_addr to, const char *text)
{
    e->net.send(e->net.self, &to, bytes_text(text));
}

static void a_question_and_its_answer(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, net_addr_ip4(LOOPBACK, 0), net_addr_ip4(LOOPBACK, 0));
    w.b.is_echo = true;
    say(&w.a, loopback(w.b.udp), "question");
    loop_turn(w.loop, false);
    assert_int_equal(w.b.count, 0); // not yet flushed
    udp_flush(w.a.udp);
    await(&w, &w.a, 1);
    assert_int_equal(w.a.len, 8);
    assert_memory_equal(w.a.last, "question", 8);
    const struct net_addr b = loopback(w.b.udp), a = loopback(w.a.udp);
    assert_true(net_addr_equal(&w.a.from, &b));
    assert_true(net_addr_equal(&w.b.from, &a));
    const struct udp_stat s = udp_stat(w.b.udp);
    assert_int_equal(s.in, 1);
    assert_int_equal(s.out, 1);
    assert_int_equal(s.in_bytes, 8 + NET_HEAD_BYTES);
    assert_int_equal(s.out_bytes, 8 + NET_HEAD_BYTES);
    world_close(&w);
}

static void both_families_on_one_socket(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, (struct net_addr){.port = 0}, net_addr_ip4(LOOPBACK, 0));
    w.a.is_echo = true;
    assert_true(udp_has_ip4(w.a.udp) && udp_has_ip4(w.b.udp));
    assert_false(udp_has_ip6(w.b.udp));
    say(&w.b, loopback(w.a.udp), "by IPv4");
    udp_flush(w.b.udp);
    await(&w, &w.b, 1);
    assert_true(net_addr_is_ip4(&w.a.from)); // mapped, as everywhere

    struct end c = {.udp = NULL};
    struct net_addr ip6 = {.ip = {[15] = 1}};
    const struct udp_cfg cfg = {.loop = w.loop, .at = ip6, .self = &c, .on_datagram = on_datagram};
    if (udp_new(&c.udp, &cfg, NULL) == RC_OK) { // a machine may have no IPv6
        assert_true(udp_has_ip6(w.a.udp) && udp_has_ip6(c.udp) && !udp_has_ip4(c.udp));
        c.net = udp_net(c.udp);
        ip6.port = udp_at(w.a.udp).port;
        say(&c, ip6, "by IPv6");
        udp_flush(c.udp);
        await(&w, &c, 1);
        assert_true(net_addr_equal(&c.from, &ip6));
        udp_free(c.udp);
    }
    world_close(&w);
}

static void more_than_a_batch(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, net_addr_ip4(LOOPBACK, 0), net_addr_ip4(LOOPBACK, 0));
    w.b.is_echo = true;
    const struct net_addr b = loopback(w.b.udp);
    for (unsigned i = 0; i < 3 * UDP_BATCH + 1; i++) {
        const uint8_t number = (uint8_t)i;
        w.a.net.send(w.a.net.self, &b, bytes_of(&number, 1));
    }
    assert_int_equal(udp_stat(w.a.udp).out, 3 * UDP_BATCH); // full blocks went at once
    udp_flush(w.a.udp);
    await(&w, &w.a, 3 * UDP_BATCH + 1);
    assert_int_equal(w.a.last[0], 3 * UDP_BATCH); // the last one, in order
    assert_int_equal(udp_stat(w.a.udp).dropped, 0);
    world_close(&w);
}

static void what_cannot_go_is_counted(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, net_addr_ip4(LOOPBACK, 0), net_addr_ip4(LOOPBACK, 0));
    const struct net_addr b = loopback(w.b.udp);
    static const uint8_t zeros[UDP_BYTES_MAX + 1];
    w.a.net.send(w.a.net.self, &b, bytes_of(zeros, sizeof zeros)); // too long
    struct net_addr ip6 = {.ip = {[15] = 1}, .port = b.port};
    say(&w.a, ip6, "of the other family");
    say(&w.a, net_addr_ip4(0xffffffffu, 1), "broadcast, which is not allowed");
    say(&w.a, b, "goes nevertheless");
    udp_flush(w.a.udp);
    await(&w, &w.b, 1);
    assert_int_equal(udp_stat(w.a.udp).dropped, 3);
    assert_int_equal(udp_stat(w.a.udp).out, 1);
    world_close(&w);
}

static void lengths_at_the_edges(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, net_addr_ip4(LOOPBACK, 0), net_addr_ip4(LOOPBACK, 0));
    const struct net_addr b = loopback(w.b.udp);
    static const uint8_t zeros[UDP_BYTES_MAX];
    w.a.net.send(w.a.net.self, &b, (struct bytes){0});
    w.a.net.send(w.a.net.self, &b, bytes_of(zeros, sizeof zeros));
    udp_flush(w.a.udp);
    await(&w, &w.b, 2);
    assert_int_equal(w.b.len, UDP_BYTES_MAX);
    assert_int_equal(udp_stat(w.b.udp).cut, 0);
    world_close(&w);
}

static void a_taken_port_is_told(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, net_addr_ip4(LOOPBACK, 0), net_addr_ip4(LOOPBACK, 0));
    struct err err = {.text = ""};
    struct udp *second = w.a.udp;
    struct udp_cfg cfg = {.loop = w.loop, .at = udp_at(w.a.udp), .on_datagram = on_datagram};
    assert_int_equal(udp_new(&second, &cfg, &err), RC_CONFIG);
    assert_null(second);
    assert_non_null(strstr(err.text, "cannot listen on 127.0.0.1:"));
    cfg.at = net_addr_ip4(0xc0000201, 0); // 192.0.2.1, nobody's
    assert_int_equal(udp_new(&second, &cfg, &err), RC_CONFIG);
    udp_free(NULL);
    world_close(&w);
}

static void a_group_is_heard_on_its_network(void **state)
{
    (void)state;
    struct world w;
    world_open(&w, net_addr_ip4(LOOPBACK, 0), net_addr_ip4(LOOPBACK, 0));
    const struct net_addr here = net_addr_ip4(LOOPBACK, 0);
    struct net_addr group = net_addr_ip4(0xefc05348, 0); // 239.192.83.72
    struct end ears = {.udp = NULL};
    struct udp_cfg cfg = {
        .loop = w.loop, .at = group, .is_shared = true, .self = &ears, .on_datagram = on_datagram};
    assert_int_equal(udp_new(&ears.udp, &cfg, NULL), RC_OK);
    group.port = udp_at(ears.udp).port;
    assert_int_equal(udp_join(ears.udp, &group, &here), RC_OK);
    assert_int_equal(udp_send_through(w.a.udp, &here), RC_OK);
    say(&w.a, group, "here I am");
    udp_flush(w.a.udp);
    await(&w, &ears, 1);
    const struct net_addr a = loopback(w.a.udp);
    assert_true(net_addr_equal(&ears.from, &a));
    udp_free(ears.udp);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_and_its_answer),
        cmocka_unit_test(both_families_on_one_socket),
        cmocka_unit_test(more_than_a_batch),
        cmocka_unit_test(what_cannot_go_is_counted),
        cmocka_unit_test(lengths_at_the_edges),
        cmocka_unit_test(a_taken_port_is_told),
        cmocka_unit_test(a_group_is_heard_on_its_network),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
