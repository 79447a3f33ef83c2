// SPDX-License-Identifier: MIT
// Tests of finding others: two nodes on the loopback network hear one another, and not themselves.
#include "os/lan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attr.h"
#include "os/clock.h"
#include "os/loop.h"

#define LOOPBACK    0x7f000001u
#define PATIENCE_US 10000000u

struct node {
    struct udp *udp;
    struct lan *lan;
    unsigned heard;
    unsigned strange; // heard of what is no node of this test
    const struct node *other;
};

struct world {
    struct loop *loop;
    struct loop_timer *patience;
    struct node a, b;
};

static void on_late(void *self)
{
    (void)self;
    fail_msg("nothing was heard");
}

static void on_datagram(void *self, const struct net_addr *from, struct bytes datagram)
{
    (void)self;
    (void)from;
    (void)datagram;
}

static void on_heard(void *self, const struct net_addr *from)
{
    struct node *n = self;
    const struct net_addr own = udp_at(n->udp), other = udp_at(n->other->udp);
    assert_false(net_addr_equal(from, &own));
    if (net_addr_equal(from, &other)) // another program of ours may run on this machine
        n->heard++;
    else
        n->strange++;
}

static void node_open(struct node *n, struct loop *loop)
{
    const struct net_addr at = net_addr_ip4(LOOPBACK, 0);
    const struct udp_cfg udp = {.loop = loop, .at = at, .self = n, .on_datagram = on_datagram};
    assert_int_equal(udp_new(&n->udp, &udp, NULL), RC_OK);
}

static void node_look(struct node *n, struct loop *loop)
{
    struct err err = {.text = ""};
    const struct lan_cfg lan = {loop, n->udp, net_addr_ip4(LOOPBACK, 0), .self = n,
                                .on_heard = on_heard};
    if (lan_new(&n->lan, &lan, &err) != RC_OK)
        fail_msg("%s", err.text);
    udp_flush(n->udp);
}

static void node_close(struct node *n)
{
    lan_free(n->lan);
    udp_free(n->udp);
}

static void whoever_came_first_hears_the_second(void **state)
{
    (void)state;
    struct world w = {.loop = NULL};
    assert_int_equal(loop_new(&w.loop, NULL), RC_OK);
    assert_int_equal(loop_timer_new(&w.patience, w.loop, on_late, &w), RC_OK);
    w.a.other = &w.b;
    w.b.other = &w.a;
    node_open(&w.a, w.loop);
    node_open(&w.b, w.loop);
    node_look(&w.a, w.loop);

    // No word, and one that ends in the middle: nobody cares.
    const struct net_addr group = net_addr_ip4(LAN_GROUP, LAN_PORT);
    const struct net net = udp_net(w.b.udp);
    assert_int_equal(udp_send_through(w.b.udp, &(struct net_addr){.ip = {[12] = 127, [15] = 1}}),
                     RC_OK);
    net.send(net.self, &group, bytes_text("shoal node 2\n12345678"));
    net.send(net.self, &group, bytes_text("shoal node 1\n1234567"));
    net.send(net.self, &group, (struct bytes){0});
    udp_flush(w.b.udp);
    node_look(&w.b, w.loop);
    loop_timer_at(w.patience, clock_now_us() + PATIENCE_US);
    while (w.a.heard == 0)
        loop_turn(w.loop, true);
    assert_int_equal(w.a.heard, 1); // what was no word came before it
    assert_int_equal(w.b.heard, 0);
    node_close(&w.a);
    node_close(&w.b);
    lan_free(NULL);
    loop_timer_free(w.patience);
    loop_free(w.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whoever_came_first_hears_the_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
