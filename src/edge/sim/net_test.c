// SPDX-License-Identifier: MIT
// Tests of simulated datagrams: latency, loss, narrow links, every pair of NATs, partitions.
#include "sim/net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/num.h"

#define SESSION_US ((uint64_t)120 * US_PER_S)

struct rig {
    struct world *world;
    struct sim_net *net;
};

struct ear { // a host that writes down what it hears, and may answer
    struct rig *rig;
    uint32_t host;
    uint32_t heard;
    uint64_t heard_us;
    size_t len;
    struct net_addr from;
    bool is_echo;
};

static struct rig rig_of(uint64_t seed, const struct sim_net_cfg *cfg)
{
    struct rig r = {.world = world_new(seed)};
    assert_non_null(r.world);
    assert_int_equal(sim_net_new(&r.net, r.world, cfg), RC_OK);
    return r;
}

static void end(struct rig *r)
{
    sim_net_free(r->net);
    world_free(r->world);
}

static const struct sim_net_cfg plain = {
    .hosts_max = 64, .rtt_ms = 90, .queue_us_max = US_PER_S, .sessions_max = 64};

static void say(struct ear *e, const struct net_addr *to, size_t len)
{
    static const uint8_t data[NET_DATAGRAM_BYTES_MAX] = {7};
    const struct net face = sim_net_face(e->rig->net, e->host);
    face.send(face.self, to, bytes_of(len > 0 ? data : NULL, len));
}

static void hear(void *self, const struct net_addr *from, struct bytes datagram)
{
    struct ear *e = self;
    e->heard++;
    e->heard_us = world_now_us(e->rig->world);
    e->len = datagram.len;
    e->from = *from;
    if (e->is_echo)
        say(e, from, datagram.len);
}

static struct net_addr addr_of(uint32_t i)
{
    return net_addr_ip4(0x05000000 + 256 * i, 6881);
}

static struct sim_host_cfg host_of(struct ear *e, uint32_t i, enum sim_nat nat)
{
    return (struct sim_host_cfg){
        .addr = addr_of(i), .nat = nat, .session_us = SESSION_US, .input = hear, .self = e};
}

static void join(struct ear *e, struct rig *r, uint32_t i, enum sim_nat nat)
{
    const struct sim_host_cfg cfg = host_of(e, i, nat);
    *e = (struct ear){.rig = r};
    assert_int_equal(sim_net_add(r->net, &cfg, &e->host), RC_OK);
    assert_int_equal(e->host, i);
}

static void pass_us(struct rig *r, uint64_t us)
{
    (void)world_run_until(r->world, world_now_us(r->world) + us);
}

static void arrives_after_half_a_round_trip(void **state)
{
    (void)state;
    struct rig r = rig_of(1, &plain);
    struct ear a;
    struct ear b;
    join(&a, &r, 0, SIM_NAT_OPEN);
    join(&b, &r, 1, SIM_NAT_OPEN);
    b.is_echo = true;
    const uint64_t rtt_us = sim_net_rtt_us(r.net, 0, 1);
    assert_int_equal(rtt_us, sim_net_rtt_us(r.net, 1, 0));
    const uint64_t start_us = world_now_us(r.world);
    const struct net_addr to = addr_of(1);
    say(&a, &to, 100);
    pass_us(&r, US_PER_S);
    assert_int_equal(b.heard, 1);
    assert_int_equal(b.len, 100);
    const struct net_addr from = addr_of(0);
    assert_true(net_addr_equal(&b.from, &from));
    assert_in_range(b.heard_us - start_us, rtt_us / 2 - 2, rtt_us / 2 + 2);
    assert_int_equal(a.heard, 1);
    assert_in_range(a.heard_us - start_us, rtt_us - 4, rtt_us + 4);
    const struct sim_host_stat stat = sim_net_host_stat(r.net, 0);
    assert_int_equal(stat.sent, 1);
    assert_int_equal(stat.received_bytes, 100 + NET_HEAD_BYTES);
    say(&a, &to, 0); // empty ones travel too
    pass_us(&r, US_PER_S);
    assert_int_equal(b.heard, 2);
    end(&r);
}

static int by_size(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void median_is_what_was_asked(void **state)
{
    (void)state;
    static uint64_t rtt_us[64 * 63 / 2];
    for (uint64_t ms = 30; ms <= 300; ms *= 3) {
        struct sim_net_cfg cfg = plain;
        cfg.rtt_ms = (double)ms;
        struct rig r = rig_of(ms, &cfg);
        struct ear e[64];
        size_t pairs = 0;
        for (uint32_t i = 0; i < 64; i++) {
            join(&e[i], &r, i, SIM_NAT_OPEN);
            for (uint32_t j = 0; j < i; j++)
                rtt_us[pairs++] = sim_net_rtt_us(r.net, i, j);
        }
        qsort(rtt_us, pairs, sizeof *rtt_us, by_size);
        assert_in_range(rtt_us[pairs / 2], ms * 750, ms * 1250); // of 64 hosts alone
        assert_true(rtt_us[0] < ms * 400 && rtt_us[pairs - 1] > ms * 2000);
        end(&r);
    }
}

// Who can be reached by whom did not write to: rows and columns as enum sim_nat has them.
static void unasked(void **state)
{
    (void)state;
    static const bool is_heard[SIM_NAT_COUNT] = {[SIM_NAT_OPEN] = true};
    for (unsigned nat = 0; nat < SIM_NAT_COUNT; nat++) {
        struct rig r = rig_of(1, &plain);
        struct ear a;
        struct ear b;
        join(&a, &r, 0, SIM_NAT_OPEN);
        join(&b, &r, 1, (enum sim_nat)nat);
        const struct net_addr to = addr_of(1);
        say(&a, &to, 9);
        pass_us(&r, US_PER_S);
        assert_int_equal(b.heard, is_heard[nat]);
        end(&r);
    }
}

// Both write to a third host, which tells each how it sees the other; then both write at once,
// twice. RFC 5128 section 3.3, and what is known of it: all but symmetric with port-restricted or
// symmetric get through.
static bool is_punched(enum sim_nat nat_a, enum sim_nat nat_b)
{
    struct rig r = rig_of(3, &plain);
    struct ear a;
    struct ear b;
    struct ear third;
    join(&a, &r, 0, nat_a);
    join(&b, &r, 1, nat_b);
    join(&third, &r, 2, SIM_NAT_OPEN);
    const struct net_addr meet = addr_of(2);
    say(&a, &meet, 9);
    pass_us(&r, US_PER_S);
    const struct net_addr seen_a = third.from;
    say(&b, &meet, 9);
    pass_us(&r, US_PER_S);
    const struct net_addr seen_b = third.from;
    for (int i = 0; i < 2; i++) {
        a.is_echo = b.is_echo = i == 1;
        say(&a, &seen_b, 9);
        say(&b, &seen_a, 9);
        pass_us(&r, i == 1 ? US_PER_S / 2 : US_PER_S);
    }
    const bool is_through = a.heard > 0 && b.heard > 0;
    end(&r);
    return is_through;
}

static void every_pair(void **state)
{
    (void)state;
    for (unsigned a = 0; a < SIM_NAT_COUNT; a++)
        for (unsigned b = 0; b < SIM_NAT_COUNT; b++) {
            const bool is_strict = a == SIM_NAT_PORT || a == SIM_NAT_FW || a == SIM_NAT_SYMMETRIC;
            const bool is_also = b == SIM_NAT_PORT || b == SIM_NAT_FW || b == SIM_NAT_SYMMETRIC;
            const bool is_symmetric = a == SIM_NAT_SYMMETRIC || b == SIM_NAT_SYMMETRIC;
            const bool is_hopeless = (is_strict && is_also && is_symmetric) ||
                                     a == SIM_NAT_BLOCKED || b == SIM_NAT_BLOCKED;
            assert_int_equal(is_punched((enum sim_nat)a, (enum sim_nat)b), !is_hopeless);
        }
}

static void sessions_end(void **state)
{
    (void)state;
    static const enum sim_nat kind[] = {SIM_NAT_FULL, SIM_NAT_ADDRESS, SIM_NAT_PORT, SIM_NAT_FW,
                                        SIM_NAT_SYMMETRIC};
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++) {
        struct rig r = rig_of(1, &plain);
        struct ear a;
        struct ear b;
        join(&a, &r, 0, SIM_NAT_OPEN);
        join(&b, &r, 1, kind[i]);
        const struct net_addr to = addr_of(0);
        say(&b, &to, 9);
        pass_us(&r, SESSION_US - US_PER_S);
        const struct net_addr back = a.from; // its port, if that is symmetric
        say(&a, &back, 9);
        pass_us(&r, US_PER_S);
        assert_int_equal(b.heard, 1); // what comes in does not prolong it
        say(&a, &back, 9);
        pass_us(&r, US_PER_S);
        assert_int_equal(b.heard, 1);
        say(&b, &to, 9);
        pass_us(&r, US_PER_S);
        assert_true(net_addr_equal(&a.from, &back) == (kind[i] != SIM_NAT_SYMMETRIC));
        end(&r);
    }
}

static void loss_is_a_share(void **state)
{
    (void)state;
    struct rig r = rig_of(5, &plain);
    struct ear a;
    struct ear b;
    join(&a, &r, 0, SIM_NAT_OPEN);
    join(&b, &r, 1, SIM_NAT_OPEN);
    const struct net_addr to = addr_of(1);
    sim_net_set_loss(r.net, 0.1);
    for (int i = 0; i < 10000; i++)
        say(&a, &to, 1);
    pass_us(&r, US_PER_S);
    assert_in_range(b.heard, 8850, 9150); // five deviations
    struct sim_net_stat stat;
    sim_net_stat(r.net, &stat);
    assert_int_equal(stat.sent, 10000);
    assert_int_equal(stat.lost + stat.delivered, 10000);
    sim_net_set_loss(r.net, 1);
    say(&a, &to, 1);
    pass_us(&r, US_PER_S);
    sim_net_stat(r.net, &stat);
    assert_int_equal(stat.lost + stat.delivered, 10001);
    assert_int_equal(stat.delivered, b.heard);
    end(&r);
}

static void links_are_narrow(void **state)
{
    (void)state;
    struct rig r = rig_of(5, &plain);
    struct ear a;
    struct ear b;
    join(&a, &r, 0, SIM_NAT_OPEN);
    struct sim_host_cfg cfg = host_of(&b, 1, SIM_NAT_OPEN);
    cfg.down_bytes_s = 10000;
    b = (struct ear){.rig = &r};
    assert_int_equal(sim_net_add(r.net, &cfg, &b.host), RC_OK);
    const struct net_addr to = addr_of(1);
    for (int i = 0; i < 30; i++)
        say(&a, &to, 1000 - NET_HEAD_BYTES); // three seconds' worth, of which one may wait
    const uint64_t start_us = world_now_us(r.world);
    pass_us(&r, 10 * (uint64_t)US_PER_S);
    assert_int_equal(b.heard, 11);
    assert_in_range(b.heard_us - start_us, 1100000, 1100000 + sim_net_rtt_us(r.net, 0, 1));
    struct sim_net_stat stat;
    sim_net_stat(r.net, &stat);
    assert_int_equal(stat.queue, 19);
    end(&r);
}

static void parted_down_and_moved(void **state)
{
    (void)state;
    struct rig r = rig_of(5, &plain);
    struct ear a;
    struct ear b;
    join(&a, &r, 0, SIM_NAT_OPEN);
    join(&b, &r, 1, SIM_NAT_OPEN);
    const struct net_addr to = addr_of(1);
    const struct net_addr other = addr_of(9);
    sim_net_set_side(r.net, 1, 1);
    say(&a, &to, 1);
    pass_us(&r, US_PER_S);
    sim_net_set_side(r.net, 1, 0);
    sim_net_set_up(r.net, 1, false);
    say(&a, &to, 1);
    pass_us(&r, US_PER_S);
    sim_net_set_up(r.net, 1, true);
    assert_int_equal(sim_net_move(r.net, 1, &other), RC_OK);
    const struct net_addr taken = addr_of(0);
    assert_int_equal(sim_net_move(r.net, 1, &taken), RC_REFUSED);
    say(&a, &to, 1); // to where it was
    say(&a, &other, 1);
    pass_us(&r, US_PER_S);
    assert_int_equal(b.heard, 1);
    struct sim_net_stat stat;
    sim_net_stat(r.net, &stat);
    assert_int_equal(stat.parted, 1);
    assert_int_equal(stat.down, 1);
    assert_int_equal(stat.no_host, 1);
    assert_int_equal(stat.delivered, 1);
    uint32_t host = 0;
    assert_true(sim_net_find(r.net, &other, &host));
    assert_int_equal(host, 1);
    assert_false(sim_net_find(r.net, &to, &host));
    end(&r);
}

static void refuses(void **state)
{
    (void)state;
    struct sim_net_cfg cfg = plain;
    cfg.hosts_max = 2;
    struct rig r = rig_of(5, &cfg);
    struct ear e[2];
    join(&e[0], &r, 0, SIM_NAT_OPEN);
    struct sim_host_cfg host = host_of(&e[1], 0, SIM_NAT_OPEN);
    uint32_t at = 0;
    assert_int_equal(sim_net_add(r.net, &host, &at), RC_REFUSED);
    join(&e[1], &r, 1, SIM_NAT_SYMMETRIC);
    host = host_of(&e[1], 2, SIM_NAT_OPEN);
    assert_int_equal(sim_net_add(r.net, &host, &at), RC_FULL);
    enum sim_nat nat = SIM_NAT_OPEN;
    for (unsigned i = 0; i < SIM_NAT_COUNT; i++) {
        assert_true(sim_nat_find(bytes_text(sim_nat_name((enum sim_nat)i)), &nat));
        assert_int_equal(nat, i);
    }
    assert_false(sim_nat_find(bytes_text("cone"), &nat));
    end(&r);
}

static uint64_t hash_of_chatter(uint64_t seed)
{
    struct sim_net_cfg cfg = plain;
    cfg.loss = 0.05;
    cfg.jitter_ms = 3;
    struct rig r = rig_of(seed, &cfg);
    struct ear e[64];
    for (uint32_t i = 0; i < 64; i++) {
        join(&e[i], &r, i, (enum sim_nat)(i % SIM_NAT_COUNT));
        e[i].is_echo = true;
    }
    for (uint32_t i = 0; i < 64; i++) {
        const struct net_addr to = addr_of((i + 7) % 64);
        const struct net_addr open = addr_of(0);
        say(&e[i], &to, 20 + i);
        say(&e[i], &open, 20 + i);
    }
    pass_us(&r, 60 * (uint64_t)US_PER_S);
    const uint64_t hash = world_hash(r.world);
    end(&r);
    return hash;
}

static void same_seed_same_datagrams(void **state)
{
    (void)state;
    assert_true(hash_of_chatter(1) == hash_of_chatter(1));
    assert_true(hash_of_chatter(1) != hash_of_chatter(2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arrives_after_half_a_round_trip),
        cmocka_unit_test(median_is_what_was_asked),
        cmocka_unit_test(unasked),
        cmocka_unit_test(every_pair),
        cmocka_unit_test(sessions_end),
        cmocka_unit_test(loss_is_a_share),
        cmocka_unit_test(links_are_narrow),
        cmocka_unit_test(parted_down_and_moved),
        cmocka_unit_test(refuses),
        cmocka_unit_test(same_seed_same_datagrams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
