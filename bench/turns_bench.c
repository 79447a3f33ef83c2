// SPDX-License-Identifier: MIT
// What a packet costs in link/turns, beside a plain queue; and how near the rates come.
//
// usage: turns_bench [cost|rate|socket]; nothing: cost and rate
#include <arpa/inet.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/num.h"
#include "base/rng.h"
#include "link/turns.h"

#define MTU     1472u
#define PACKETS 4000000u

static uint64_t clock_us(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * US_PER_S + (uint64_t)t.tv_nsec / 1000;
}

static void need(bool is_true, const char *what)
{
    if (is_true)
        return;
    fprintf(stderr, "turns_bench: %s\n", what);
    exit(1);
}

struct load { // peers of random weights, two packets waiting for each
    struct arena *arena;
    struct turns *t;
    uint32_t peers;
    size_t bytes;
};

static struct load load_of(uint32_t peers, bool is_limited)
{
    const uint32_t packets = peers * 4;
    struct turns_cfg cfg = {.peers_max = peers,
                            .packets_max = packets,
                            .packet_bytes_max = MTU,
                            .peer_packets_max = 64,
                            .peer_bytes_max = 64 * MTU,
                            .share_permille = {0, 200, 80, 40}};
    if (is_limited) { // never reached, but looked at
        const struct bucket_cfg far = {UINT64_C(1) << 40, UINT64_C(1) << 40};
        cfg.total = cfg.peer = far;
        for (unsigned c = 0; c < TURN_CLASSES; c++)
            cfg.cap[c] = far;
    }
    struct load l = {.peers = peers, .arena = arena_new(TURNS_ARENA_BYTES(peers, packets))};
    need(l.arena != NULL && turns_new(&l.t, l.arena, &cfg, 0) == RC_OK, "no memory");
    l.bytes = arena_used_bytes(l.arena);
    struct rng dice = rng_seeded(1);
    for (uint32_t i = 0; i < peers; i++) {
        uint32_t peer;
        need(turns_join(l.t, 1 + (uint32_t)rng_below(&dice, 256), &peer, 0) == RC_OK, "join");
        for (int n = 0; n < 2; n++) {
            const struct turn p = {.bytes = 64 + (uint32_t)rng_below(&dice, MTU - 63),
                                   .peer = i,
                                   .class = (enum turn_class)rng_below(&dice, TURN_CLASSES)};
            need(turns_put(l.t, &p, 0) == RC_OK, "put");
        }
    }
    return l;
}

// Nanoseconds for a packet in and one out.
static double turns_ns(uint32_t peers, bool is_limited)
{
    struct load l = load_of(peers, is_limited);
    const uint64_t start_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    for (uint32_t i = 0; i < PACKETS; i++) {
        struct turn p;
        need(turns_next(l.t, i, &p), "next");
        need(turns_put(l.t, &p, i) == RC_OK, "put");
    }
    const uint64_t us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - start_us;
    arena_free(l.arena);
    return (double)us * 1000 / PACKETS;
}

static double ring_ns(uint32_t peers)
{
    const size_t cap = (size_t)peers * 2;
    struct arena *arena = arena_new(cap * sizeof(uint32_t) + 131072);
    volatile uint32_t *slot = arena != NULL ? arena_take_array(arena, cap, sizeof *slot) : NULL;
    size_t head = 0;
    need(slot != NULL, "no memory");
    const uint64_t start_us = clock_us(CLOCK_PROCESS_CPUTIME_ID);
    for (uint32_t i = 0; i < PACKETS; i++) { // full: what is popped is pushed behind all others
        slot[head] = slot[head] + 1;
        head = (head + 1) % cap;
    }
    const uint64_t us = clock_us(CLOCK_PROCESS_CPUTIME_ID) - start_us;
    arena_free(arena);
    return (double)us * 1000 / PACKETS;
}

static void cost(void)
{
    printf(" peers   turns   with all buckets   plain ring   (ns for a packet in and out)   "
           "bytes a peer\n");
    struct load one = load_of(1, false);
    const size_t fixed = one.bytes - 4 * 32; // and a peer
    arena_free(one.arena);
    for (uint32_t peers = 10; peers <= 100000; peers *= peers == 10 ? 100 : 10) {
        struct load l = load_of(peers, false);
        const size_t bytes = l.bytes - fixed - (size_t)peers * 4 * 32; // 32 a packet
        arena_free(l.arena);
        printf("%6u  %6.0f  %17.0f  %11.1f  %45zu\n", peers, turns_ns(peers, false),
               turns_ns(peers, true), ring_ns(peers), bytes / (peers - 1));
    }
}

// Long run, virtual time: a clock that is up to late_us late each time.
static double error_of(uint64_t rate, uint32_t bytes, uint64_t late_us)
{
    const struct bucket_cfg bucket = {rate, bytes + rate / 200}; // as link/bandwidth has it
    const struct turns_cfg cfg = {.peers_max = 1,
                                  .packets_max = 4,
                                  .packet_bytes_max = bytes,
                                  .peer_packets_max = 4,
                                  .peer_bytes_max = 4 * (uint64_t)bytes,
                                  .total = bucket};
    struct arena *arena = arena_new(TURNS_ARENA_BYTES(1, 4));
    struct turns *t = NULL;
    uint32_t peer;
    need(arena != NULL && turns_new(&t, arena, &cfg, 0) == RC_OK, "no memory");
    need(turns_join(t, 1, &peer, 0) == RC_OK, "join");
    struct rng dice = rng_seeded(1);
    uint64_t now_us = 0;
    uint64_t sent = 0;
    uint64_t start_us = 0;
    for (uint64_t i = 0; i < 300000 || now_us < US_PER_S / 4;) {
        const struct turn p = {.bytes = bytes, .peer = peer, .class = TURN_URGENT};
        if (turns_stat(t)->queued_packets < 2)
            need(turns_put(t, &p, now_us) == RC_OK, "put");
        struct turn got;
        if (turns_next(t, now_us, &got)) {
            sent += start_us > 0 ? got.bytes : 0; // what was full at the start is not counted
            i++;
        } else {
            start_us = start_us > 0 ? start_us : now_us + 1;
            now_us = turns_due_us(t) + rng_below(&dice, late_us + 1);
        }
    }
    arena_free(arena);
    return 100 * ((double)sent * 1e6 / (double)(now_us + 1 - start_us) / (double)rate - 1);
}

static void rate(void)
{
    printf("\nrate off by %% in the long run (packets of 100, 1472, 65536 bytes; clock exact, then "
           "up to 1 ms late)\n");
    static const char *const name[] = {"1 kB/s",  "10 kB/s",  "100 kB/s", "1 MB/s",
                                       "10 MB/s", "100 MB/s", "1 GB/s",   "10 GB/s"};
    uint64_t r = 1000;
    for (unsigned i = 0; i < 8; i++, r *= 10) {
        printf("%-9s", name[i]);
        for (unsigned late_us = 0; late_us <= 1000; late_us += 1000)
            printf("  %+9.5f %+9.5f %+9.5f ", error_of(r, 100, late_us), error_of(r, MTU, late_us),
                   error_of(r, 65536, late_us));
        printf("\n");
    }
}

// Real time, real datagrams on loopback: what a receiver counts in five seconds.
struct sent {
    uint64_t bytes;
    uint64_t late_us; // the worst
    uint64_t over_us; // lateness beyond 5 ms, in all
};

static struct sent send_for(struct turns *t, uint32_t peer, int fd, uint64_t until_us)
{
    struct sent sum = {0};
    static uint8_t zeros[MTU];
    for (uint64_t now_us; (now_us = clock_us(CLOCK_MONOTONIC)) < until_us;) {
        struct turn p = {.bytes = MTU, .peer = peer, .class = TURN_URGENT};
        if (turns_stat(t)->queued_packets < 2)
            need(turns_put(t, &p, now_us) == RC_OK, "put");
        if (turns_next(t, now_us, &p)) {
            need(send(fd, zeros, p.bytes, 0) == (ssize_t)p.bytes, "send");
            sum.bytes += p.bytes;
        } else {
            const uint64_t wait_us = turns_due_us(t) - now_us;
            const struct timespec wait = {(time_t)(wait_us / US_PER_S),
                                          (long)(wait_us % US_PER_S * 1000)};
            (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &wait, NULL);
            const uint64_t late_us = time_since(now_us + wait_us, clock_us(CLOCK_MONOTONIC));
            sum.late_us = num_max(sum.late_us, late_us);
            sum.over_us += time_since(5000, late_us);
        }
    }
    return sum;
}

static uint64_t received(int fd)
{
    static uint8_t in[MTU];
    uint64_t sum = 0;
    for (ssize_t n; (n = recv(fd, in, sizeof in, MSG_DONTWAIT)) > 0;)
        sum += (uint64_t)n;
    return sum;
}

static void socket_rate(uint64_t rate_bytes_s)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t len = sizeof to;
    const int in = socket(AF_INET, SOCK_DGRAM, 0);
    const int out = socket(AF_INET, SOCK_DGRAM, 0);
    const int room = 64 << 20;
    need(in >= 0 && out >= 0 && bind(in, (struct sockaddr *)&to, sizeof to) == 0, "socket");
    (void)setsockopt(in, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    need(getsockname(in, (struct sockaddr *)&to, &len) == 0, "socket");
    need(connect(out, (struct sockaddr *)&to, len) == 0, "connect");
    const struct turns_cfg cfg = {.peers_max = 1,
                                  .packets_max = 4,
                                  .packet_bytes_max = MTU,
                                  .peer_packets_max = 4,
                                  .peer_bytes_max = 4 * MTU,
                                  .total = {rate_bytes_s, MTU + rate_bytes_s / 200}};
    struct arena *arena = arena_new(TURNS_ARENA_BYTES(1, 4));
    struct turns *t = NULL;
    uint32_t peer;
    const uint64_t start_us = clock_us(CLOCK_MONOTONIC);
    need(arena != NULL && turns_new(&t, arena, &cfg, start_us) == RC_OK, "no memory");
    need(turns_join(t, 1, &peer, start_us) == RC_OK, "join");
    uint64_t sum = 0;
    struct sent sent = {0};
    for (unsigned ms = 5; ms <= 5000; ms += 5) {
        const struct sent part = send_for(t, peer, out, start_us + ms * UINT64_C(1000));
        sent.bytes += part.bytes;
        sent.late_us = num_max(sent.late_us, part.late_us);
        sent.over_us += part.over_us;
        sum += received(in);
    }
    const uint64_t passed_us = clock_us(CLOCK_MONOTONIC) - start_us;
    const double want = (double)rate_bytes_s * (double)passed_us / 1e6;
    printf("%9" PRIu64
           " bytes/s: sent %+.3f %%, received %+.3f %% in %.3f s; woken %.1f ms late at "
           "worst, %.1f ms beyond 5 in all\n",
           rate_bytes_s, 100 * ((double)sent.bytes / want - 1), 100 * ((double)sum / want - 1),
           (double)passed_us / 1e6, (double)sent.late_us / 1e3, (double)sent.over_us / 1e3);
    arena_free(arena);
    close(in);
    close(out);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    if (strcmp(what, "rate") != 0 && strcmp(what, "socket") != 0)
        cost();
    if (strcmp(what, "cost") != 0 && strcmp(what, "socket") != 0)
        rate();
    if (strcmp(what, "socket") == 0)
        for (uint64_t r = 100000; r <= 100000000; r *= 10)
            socket_rate(r);
    return 0;
}
