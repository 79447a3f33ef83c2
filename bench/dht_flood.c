// SPDX-License-Identifier: MIT
// Load for a node of the DHT: as many queries as it answers, from many addresses of 127.0.0.0/8.
//
// usage: dht_flood ADDR:PORT ping|find_node|get_peers|get SECONDS [TARGET]
//
// SOURCES sockets, each bound to an address in a /24 of its own, keep WINDOW queries each under
// way and send one more for each answer; what is not answered in LOST_US is given up and
// replaced. Targets are random unless one is given (40 hex digits). Prints one JSON object. The
// node's own CPU time is whoever started it to read: see dht_flood.py.
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/num.h"
#include "base/rng.h"
#include "base/text.h"
#include "host/net.h"
#include "os/clock.h"

#define SOURCES   16u
#define WINDOW    16u
#define BYTES_MAX 2048u
#define LOST_US   200000u
#define ID_BYTES  20u

struct source {
    int fd;
    uint8_t id[ID_BYTES];
    unsigned under_way;
    uint64_t heard_us;
};

struct flood {
    struct source source[SOURCES];
    struct pollfd poll[SOURCES];
    struct sockaddr_in to;
    const char *query;
    bool has_target;
    uint8_t target[ID_BYTES];
    struct rng rng;
    uint64_t sent, answers, errors, lost, in_bytes, out_bytes;
    uint8_t room[WINDOW][BYTES_MAX];
    struct iovec part[WINDOW];
    struct mmsghdr head[WINDOW];
};

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void random_id(struct rng *r, uint8_t out[static ID_BYTES])
{
    for (size_t i = 0; i < ID_BYTES; i++)
        out[i] = (uint8_t)rng_u64(r);
}

static void open_source(struct flood *f, unsigned i)
{
    struct source *s = &f->source[i];
    const uint32_t ip = 0x7f000000u | (uint32_t)(rng_u64(&f->rng) % 250 + 1) << 16 | (i + 1) << 8 |
                        (uint32_t)(rng_u64(&f->rng) % 250 + 1);
    const struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(ip)}};
    const int size = 4 << 20;
    s->fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (s->fd < 0 || bind(s->fd, (const struct sockaddr *)&at, sizeof at) != 0 ||
        connect(s->fd, (const struct sockaddr *)&f->to, sizeof f->to) != 0)
        die("socket");
    (void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    random_id(&f->rng, s->id);
    f->poll[i] = (struct pollfd){.fd = s->fd, .events = POLLIN};
}

// "d1:ad2:id20:...6:target20:...e1:q4:ping1:t4:....1:y1:qe"
static size_t write_query(struct flood *f, const struct source *s, uint8_t out[static BYTES_MAX])
{
    struct buffer b = buffer_of(out, BYTES_MAX);
    uint8_t target[ID_BYTES];
    char head[16];
    struct text t = text_of(head, sizeof head);
    buffer_put(&b, bytes_text("d1:ad2:id20:"));
    buffer_put(&b, bytes_of(s->id, ID_BYTES));
    if (strcmp(f->query, "ping") != 0) {
        random_id(&f->rng, target);
        buffer_put(
            &b, bytes_text(strcmp(f->query, "get_peers") == 0 ? "9:info_hash20:" : "6:target20:"));
        buffer_put(&b, bytes_of(f->has_target ? f->target : target, ID_BYTES));
    }
    text_addf(&t, "e1:q%zu:", strlen(f->query));
    buffer_put(&b, bytes_text(head));
    buffer_put(&b, bytes_text(f->query));
    buffer_put(&b, bytes_text("1:t4:"));
    buffer_u32(&b, (uint32_t)f->sent);
    buffer_put(&b, bytes_text("1:y1:qe"));
    return b.len;
}

static void send_more(struct flood *f, struct source *s)
{
    const unsigned count = WINDOW - s->under_way;
    for (unsigned i = 0; i < count; i++) {
        const size_t len = write_query(f, s, f->room[i]);
        f->part[i].iov_len = len;
        f->out_bytes += len;
        f->sent++;
    }
    const int gone = count > 0 ? sendmmsg(s->fd, f->head, count, 0) : 0;
    if (gone < 0 && errno != EAGAIN && errno != ECONNREFUSED)
        die("sendmmsg");
    s->under_way = WINDOW; // what was not sent is lost like any other
}

static void read_answers(struct flood *f, struct source *s, uint64_t now_us)
{
    for (unsigned i = 0; i < WINDOW; i++)
        f->part[i].iov_len = BYTES_MAX;
    const int came = recvmmsg(s->fd, f->head, WINDOW, MSG_DONTWAIT, NULL);
    for (int i = 0; i < came; i++) {
        const struct bytes raw = bytes_of(f->room[i], f->head[i].msg_len);
        const bool is_reply = memmem(raw.at, raw.len, "1:y1:r", 6) != NULL;
        const bool is_error = !is_reply && memmem(raw.at, raw.len, "1:y1:e", 6) != NULL;
        if (!is_reply && !is_error) // a query: it wants to know us
            continue;
        f->answers += is_reply;
        f->errors += is_error;
        f->in_bytes += raw.len;
        s->under_way -= s->under_way > 0;
        s->heard_us = now_us;
    }
}

static void run(struct flood *f, uint64_t time_us)
{
    const uint64_t start_us = clock_now_us();
    for (uint64_t now_us = start_us; now_us < start_us + time_us; now_us = clock_now_us()) {
        for (unsigned i = 0; i < SOURCES; i++) {
            struct source *s = &f->source[i];
            if (s->under_way == WINDOW && now_us - s->heard_us > LOST_US) {
                f->lost += s->heard_us != 0 ? s->under_way : 0;
                s->under_way = 0;
                s->heard_us = now_us;
            }
            if (s->under_way <= WINDOW / 2)
                send_more(f, s);
        }
        if (poll(f->poll, SOURCES, 20) < 0 && errno != EINTR)
            die("poll");
        for (unsigned i = 0; i < SOURCES; i++)
            if ((f->poll[i].revents & (POLLIN | POLLERR)) != 0)
                read_answers(f, &f->source[i], clock_now_us());
    }
}

static int usage(void)
{
    fputs("usage: dht_flood ADDR:PORT ping|find_node|get_peers|get SECONDS [TARGET]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    static struct flood f;
    struct net_addr to;
    uint64_t seconds = 0;
    if (argc < 4 || argc > 5 || !net_addr_parse(&to, argv[1]) || !net_addr_is_ip4(&to) ||
        !text_to_u64(argv[3], 1, 3600, &seconds))
        return usage();
    f.query = argv[2];
    f.has_target = argc == 5;
    if (f.has_target && !hex_decode(bytes_text(argv[4]), f.target, ID_BYTES))
        return usage();
    f.to = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(to.port)};
    memcpy(&f.to.sin_addr, to.ip + 12, 4);
    f.rng = rng_seeded(clock_now_us());
    for (unsigned i = 0; i < WINDOW; i++) {
        f.part[i] = (struct iovec){.iov_base = f.room[i]};
        f.head[i].msg_hdr = (struct msghdr){.msg_iov = &f.part[i], .msg_iovlen = 1};
    }
    for (unsigned i = 0; i < SOURCES; i++)
        open_source(&f, i);
    run(&f, seconds * US_PER_S);
    printf("{\"sent\": %" PRIu64 ", \"answers\": %" PRIu64 ", \"errors\": %" PRIu64
           ", \"lost\": %" PRIu64 ", \"query_bytes\": %.1f, \"answer_bytes\": %.1f}\n",
           f.sent, f.answers, f.errors, f.lost, (double)f.out_bytes / (double)num_max(f.sent, 1),
           (double)f.in_bytes / (double)num_max(f.answers + f.errors, 1));
    return 0;
}
