// SPDX-License-Identifier: MIT
// What simulated time costs: events that set themselves again, and datagrams among many hosts.
//
// usage: sim_bench [HOSTS]
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/num.h"
#include "sim/net.h"
#include "sim/world.h"

#define EVENTS    10000000u
#define DATAGRAMS 10000000u
#define BYTES     120u

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

struct timer {
    struct world *world;
    uint64_t state;
};

static void wake(void *self, uint64_t tag)
{
    struct timer *t = self;
    t->state = rng_mix(t->state + 1);
    const uint64_t wait_us = t->state % (tag % 8 == 0 ? 60000000 : 100000); // a round, a datagram
    (void)world_at(t->world, world_now_us(t->world) + wait_us, wake, t, tag + 1);
}

static int bench_events(size_t timers)
{
    struct world *w = world_new(1);
    struct timer *timer = calloc(timers, sizeof *timer);
    if (w == NULL || timer == NULL)
        return 1;
    for (size_t i = 0; i < timers; i++) {
        timer[i] = (struct timer){w, i};
        (void)world_at(w, WORLD_START_US + i, wake, &timer[i], i);
    }
    const double start_s = now_s();
    for (uint32_t i = 0; i < EVENTS; i++)
        (void)world_step(w);
    printf("%zu timers: %.0f ns an event, hash %016" PRIx64 "\n", timers,
           1e9 * (now_s() - start_s) / EVENTS, world_hash(w));
    free(timer);
    world_free(w);
    return 0;
}

struct talker { // answers whoever writes, and writes to somebody else when it hears an answer
    struct net face;
    uint64_t state;
    size_t hosts;
};

static struct net_addr addr_of(size_t i)
{
    return net_addr_ip4((uint32_t)(0x10000000 + i), 6881);
}

static void say(struct talker *t, const struct net_addr *to, uint8_t what)
{
    uint8_t data[BYTES] = {what};
    t->face.send(t->face.self, to, bytes_of(data, BYTES));
}

static void ask_somebody(struct talker *t)
{
    t->state = rng_mix(t->state + 1);
    const struct net_addr to = addr_of(t->state % t->hosts);
    say(t, &to, 'q');
}

static void hear(void *self, const struct net_addr *from, struct bytes datagram)
{
    struct talker *t = self;
    if (datagram.at[0] == 'q')
        say(t, from, 'r');
    else
        ask_somebody(t);
}

static int bench_datagrams(size_t hosts, enum sim_nat nat)
{
    const struct sim_net_cfg cfg = {.hosts_max = (uint32_t)hosts,
                                    .rtt_ms = 90,
                                    .jitter_ms = 2,
                                    .queue_us_max = US_PER_S,
                                    .sessions_max = 256};
    struct world *w = world_new(1);
    struct talker *talker = calloc(hosts, sizeof *talker);
    struct sim_net *n = NULL;
    struct sim_net_stat stat = {.sent = 0};
    if (w == NULL || talker == NULL || sim_net_new(&n, w, &cfg) != RC_OK)
        return 1;
    for (size_t i = 0; i < hosts; i++) {
        const struct sim_host_cfg host = {.addr = addr_of(i),
                                          .nat = nat,
                                          .session_us = (uint64_t)120 * US_PER_S,
                                          .up_bytes_s = 1000000,
                                          .down_bytes_s = 5000000,
                                          .input = hear,
                                          .self = &talker[i]};
        uint32_t at = 0;
        if (sim_net_add(n, &host, &at) != RC_OK)
            return 1;
        talker[i] = (struct talker){sim_net_face(n, at), i, hosts};
    }
    for (size_t i = 0; i < hosts; i++)
        ask_somebody(&talker[i]);
    const double start_s = now_s();
    while (stat.sent < DATAGRAMS && world_step(w))
        sim_net_stat(n, &stat);
    printf("%zu hosts, nat %s: %" PRIu64 " datagrams of %u bytes, %.0f ns each, %.1f %% delivered, "
           "hash %016" PRIx64 "\n",
           hosts, sim_nat_name(nat), stat.sent, BYTES,
           1e9 * (now_s() - start_s) / (double)stat.sent,
           100.0 * (double)stat.delivered / (double)stat.sent, world_hash(w));
    sim_net_free(n);
    free(talker);
    world_free(w);
    return 0;
}

int main(int argc, char **argv)
{
    const size_t hosts = argc > 1 ? strtoull(argv[1], NULL, 10) : 10000;
    return bench_events(2 * hosts) || bench_datagrams(hosts, SIM_NAT_OPEN) ||
           bench_datagrams(hosts, SIM_NAT_FULL);
}
