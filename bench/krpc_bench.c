// SPDX-License-Identifier: MIT
// How much of a core do DHT messages take, before any socket?
//
//     krpc_bench [ROUNDS]      (1000000; signatures a two-hundredth of it)
//
// For each kind: a query read, and read and answered with eight nodes, peers or a value, as a node
// does; then what the shelf and signatures add. CPU time of the process, the best of five turns.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"
#include "dht/packets_test.h"
#include "dht/shelf.h"
#include "dht/token.h"

#define TURNS 5

struct bench {
    struct packets packets;
    struct packets_room room;
    struct krpc reply;
    struct bytes query;
    struct shelf *shelf;
    struct dht_id hash;
    struct item item;
    struct sign_public public;
    struct signature signature;
    uint64_t sink; // so that no work is dropped
};

static void need(bool is_good, const char *what)
{
    if (is_good)
        return;
    fprintf(stderr, "krpc_bench: %s\n", what);
    exit(1);
}

static double cpu_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); // cannot fail with this clock
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void read_query(struct bench *b)
{
    struct krpc m;
    need(krpc_decode(&m, b->query) == RC_OK, "a query was refused");
    b->sink += m.id.b[0] + m.transaction.len;
}

static void write_reply(struct bench *b)
{
    uint8_t out[KRPC_BYTES_MAX];
    struct buffer buffer = buffer_of(out, sizeof out);
    krpc_encode(&buffer, &b->reply);
    b->sink += buffer.len;
}

static void both(struct bench *b)
{
    read_query(b);
    write_reply(b);
}

static void make_token(struct bench *b)
{
    static const struct token_secret secret = {{1}};
    const struct net_addr who = net_addr_ip4(0x08080808u + (uint32_t)(b->sink & 0xff), 1);
    b->sink += token_make(&secret, &who, b->sink).b[0];
}

static void get_peers(struct bench *b)
{
    uint8_t out[160];
    struct buffer values = buffer_of(out, sizeof out);
    b->sink += shelf_peers(b->shelf, &b->hash, true, &values, 1);
}

static void get_nothing(struct bench *b)
{
    uint8_t out[160];
    struct buffer values = buffer_of(out, sizeof out);
    const struct dht_id hash = {{(uint8_t)b->sink, 0xff}};
    b->sink += 1 + shelf_peers(b->shelf, &hash, true, &values, 1);
}

static void announce(struct bench *b)
{
    const struct net_addr a = net_addr_ip4(0x18000000u + ((uint32_t)(b->sink++ % 200) << 8), 1);
    need(shelf_put_peer(b->shelf, &b->hash, &a, 1) == KRPC_NO_ERROR, "a peer was refused");
}

static void check_signature(struct bench *b)
{
    need(item_check(&b->item) == KRPC_NO_ERROR, "a signature was refused");
}

static void measure(struct bench *b, const char *what, void (*work)(struct bench *), size_t rounds)
{
    double best = 0;
    for (int turn = 0; turn < TURNS; turn++) {
        const double from = cpu_ns();
        for (size_t i = 0; i < rounds; i++)
            work(b);
        const double each = (cpu_ns() - from) / (double)rounds;
        best = turn == 0 || each < best ? each : best;
    }
    printf("%-34s %8.0f ns  %10.0f a second\n", what, best, 1e9 / best);
}

static struct bytes packet(const struct bench *b, size_t i)
{
    return bytes_of(b->packets.packet[i].at, b->packets.packet[i].len);
}

// The reply as it is in the packets, so with the same fields.
static void take_reply(struct bench *b, size_t i)
{
    need(krpc_decode(&b->reply, packet(b, i)) == RC_OK && b->reply.kind == KRPC_REPLY, "no reply");
}

static void fill_shelf(struct bench *b, struct arena *arena)
{
    const struct shelf_cfg cfg = shelf_cfg_node();
    need(shelf_new(&b->shelf, arena, &cfg) == RC_OK, "memory");
    for (uint32_t i = 0; i < 20000; i++) {
        const struct dht_id hash = {{(uint8_t)(i >> 8), (uint8_t)i}};
        const struct net_addr a = net_addr_ip4(0x18000000u + (i << 8), 1);
        need(shelf_put_peer(b->shelf, &hash, &a, 1) == KRPC_NO_ERROR, "a peer was refused");
        if (i < 200)
            (void)shelf_put_peer(b->shelf, &b->hash, &a, 1);
    }
}

static void sign_item(struct bench *b)
{
    struct sign_key *key;
    const uint8_t seed[SIGN_SEED_BYTES] = {1};
    need(sign_key_new(&key, seed) == RC_OK, "memory");
    b->item = (struct item){.v = bytes_text("12:Hello World!"), .seq = 1};
    need(item_sign(&b->item, key, &b->public, &b->signature) == RC_OK, "signing");
    sign_key_free(key);
}

static void messages(struct bench *b, size_t rounds)
{
    static const struct {
        const char *name;
        size_t query, reply; // in the packets: their order is that of packets_test.h
    } kind[] = {{"ping", 0, 11}, {"find_node", 1, 12}, {"get_peers", 2, 14}, {"get", 3, 15}};
    for (size_t i = 0; i < ARRAY_COUNT(kind); i++) {
        char what[64];
        b->query = packet(b, kind[i].query);
        take_reply(b, kind[i].reply);
        (void)snprintf(what, sizeof what, "%s: read, %zu bytes", kind[i].name, b->query.len);
        measure(b, what, read_query, rounds);
        (void)snprintf(what, sizeof what, "%s: and answered, %zu bytes", kind[i].name,
                       b->packets.packet[kind[i].reply].len);
        measure(b, what, both, rounds);
    }
}

int main(int argc, char **argv)
{
    const size_t rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 1000000;
    struct arena *arena = arena_new(32u << 20);
    struct bench *b = arena != NULL ? arena_take(arena, sizeof *b) : NULL;
    need(b != NULL && rounds >= 200, "memory, or too few rounds");
    b->packets = packets_make();
    b->hash.b[0] = 0xaa;
    messages(b, rounds);
    fill_shelf(b, arena);
    sign_item(b);
    measure(b, "a token", make_token, rounds);
    measure(b, "shelf: peers of a popular hash", get_peers, rounds);
    measure(b, "shelf: one of 200 peers renewed", announce, rounds);
    measure(b, "shelf: a hash nobody has", get_nothing, rounds);
    measure(b, "item: signature checked", check_signature, rounds / 200);
    need(b->sink > 0, "nothing was done");
    arena_free(arena);
    return 0;
}
