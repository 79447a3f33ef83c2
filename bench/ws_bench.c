// SPDX-License-Identifier: MIT
// Bench: WebSocket messages relayed per CPU second, and memory per idle connection.
//
// usage: ws_bench [CONNECTIONS [SECONDS [MESSAGE_BYTES]]]
//
// A server process relays each message to another connection; this process plays all the clients
// over loopback with a window of messages in flight. Measured beside it: `bare`, the same libuv
// moving the same number of bytes without HTTP, frames, masks, bounds or pings. CPU time is the
// server's alone (user and system).
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <uv.h>

#include "base/rng.h"
#include "os/clock.h"
#include "os/web.h"
#include "os/ws.h"

#define CONNS_MAX  20000
#define BYTES_MAX  60000
#define WINDOW     200
#define HEAD_IN    8 // a masked head for 126 .. 65535 bytes
#define HEAD_OUT   4
#define PAGE_BYTES 4096
#define EVENTS     256

// ---- The servers, each in a process of its own

struct relay {
    struct web_conn *conn[CONNS_MAX];
    size_t count;
    struct rng rng;
};

static void on_open(void *self, struct web_conn *conn)
{
    struct relay *r = self;
    if (r->count < CONNS_MAX)
        r->conn[r->count++] = conn;
}

static void on_message(void *self, struct web_conn *conn, struct bytes message, bool is_text)
{
    struct relay *r = self;
    (void)conn;
    if (web_send(r->conn[rng_below(&r->rng, r->count)], message, is_text) != RC_OK)
        abort();
}

static void serve_web(int tell)
{
    static struct relay r;
    struct loop *loop = NULL;
    struct web_server *server = NULL;
    struct err err = {0};
    struct web_listen_cfg cfg = {.address = "127.0.0.1", .limits = web_limits_default()};
    const struct web_handlers handlers = {.self = &r, .on_open = on_open, .on_message = on_message};
    cfg.limits.connections_max = CONNS_MAX;
    r.rng = rng_seeded(1);
    if (loop_new(&loop, &err) != RC_OK ||
        web_listen(&server, loop, &cfg, &handlers, &err) != RC_OK) {
        (void)fprintf(stderr, "ws_bench: %s\n", err.text);
        _exit(1);
    }
    const uint16_t port = web_port(server);
    if (write(tell, &port, sizeof port) == sizeof port)
        loop_run(loop);
    _exit(0);
}

struct bare {
    uv_loop_t loop;
    uv_tcp_t listener;
    uv_tcp_t conn[CONNS_MAX];
    size_t count;
    size_t message_bytes;
    struct rng rng;
    char scratch[65536];
};

static void bare_alloc(uv_handle_t *handle, size_t size, uv_buf_t *out)
{
    struct bare *b = handle->data;
    (void)size;
    *out = uv_buf_init(b->scratch, sizeof b->scratch);
}

// A read holds a whole message here: clients wait for the answer to their last one.
static void bare_read(uv_stream_t *from, ssize_t got, const uv_buf_t *in)
{
    struct bare *b = from->data;
    if (got <= HEAD_IN)
        return;
    const uv_buf_t out = uv_buf_init(in->base + HEAD_IN - HEAD_OUT, (unsigned)(got - HEAD_OUT));
    if (uv_try_write((uv_stream_t *)&b->conn[rng_below(&b->rng, b->count)], &out, 1) < 0)
        abort();
}

static void bare_connection(uv_stream_t *listener, int status)
{
    struct bare *b = listener->data;
    uv_tcp_t *c = &b->conn[b->count];
    if (status != 0 || b->count == CONNS_MAX || uv_tcp_init(&b->loop, c) != 0)
        abort();
    c->data = b;
    b->count++;
    if (uv_accept(listener, (uv_stream_t *)c) != 0 || uv_tcp_nodelay(c, 1) != 0 ||
        uv_read_start((uv_stream_t *)c, bare_alloc, bare_read) != 0)
        abort();
}

static void serve_bare(int tell)
{
    static struct bare b;
    struct sockaddr_in at;
    int len = sizeof at;
    b.rng = rng_seeded(1);
    if (uv_loop_init(&b.loop) != 0 || uv_tcp_init(&b.loop, &b.listener) != 0 ||
        uv_ip4_addr("127.0.0.1", 0, &at) != 0 ||
        uv_tcp_bind(&b.listener, (struct sockaddr *)&at, 0) != 0)
        abort();
    b.listener.data = &b;
    if (uv_listen((uv_stream_t *)&b.listener, 511, bare_connection) != 0 ||
        uv_tcp_getsockname(&b.listener, (struct sockaddr *)&at, &len) != 0)
        abort();
    const uint16_t port = ntohs(at.sin_port);
    if (write(tell, &port, sizeof port) == sizeof port)
        (void)uv_run(&b.loop, UV_RUN_DEFAULT);
    _exit(0);
}

// ---- The clients

struct load {
    int fd[CONNS_MAX];
    size_t got[CONNS_MAX]; // bytes of the message that arrives there
    size_t count;
    int epoll;
    uint8_t frame[BYTES_MAX + WS_HEAD_BYTES_MAX];
    size_t frame_len;
    size_t answer_len;
};

static void die(const char *what)
{
    (void)fprintf(stderr, "ws_bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void shake_hands(int fd)
{
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    char answer[512] = "";
    size_t len = 0;
    if (send(fd, request, sizeof request - 1, 0) != (ssize_t)sizeof request - 1)
        die("send");
    while (strstr(answer, "\r\n\r\n") == NULL) {
        const ssize_t got = recv(fd, answer + len, sizeof answer - 1 - len, 0);
        if (got <= 0)
            die("handshake");
        len += (size_t)got;
    }
}

static void join(struct load *l, uint16_t port, bool is_web)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const int one = 1;
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        die("connect");
    if (is_web)
        shake_hands(fd);
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = l->count};
    if (epoll_ctl(l->epoll, EPOLL_CTL_ADD, fd, &e) != 0)
        die("epoll_ctl");
    l->fd[l->count] = fd;
    l->got[l->count] = 0;
    l->count++;
}

static void send_one(const struct load *l, size_t index)
{
    if (send(l->fd[index], l->frame, l->frame_len, 0) != (ssize_t)l->frame_len)
        die("send");
}

// A message that arrived anywhere lets a random connection send its next one.
static uint64_t take(struct load *l, size_t index, struct rng *rng)
{
    static char sink[1 << 18];
    const ssize_t got = recv(l->fd[index], sink, sizeof sink, MSG_DONTWAIT);
    if (got <= 0)
        die("recv");
    l->got[index] += (size_t)got;
    const uint64_t done = l->got[index] / l->answer_len;
    l->got[index] %= l->answer_len;
    for (uint64_t i = 0; i < done; i++)
        send_one(l, (size_t)rng_below(rng, l->count));
    return done;
}

static uint64_t drive(struct load *l, uint64_t seconds)
{
    struct rng rng = rng_seeded(2);
    uint64_t done = 0;
    const uint64_t end_us = clock_now_us() + seconds * 1000000;
    for (size_t i = 0; i < WINDOW; i++)
        send_one(l, i % l->count);
    while (clock_now_us() < end_us) {
        struct epoll_event e[EVENTS];
        const int n = epoll_wait(l->epoll, e, EVENTS, 1000);
        for (int i = 0; i < n; i++)
            done += take(l, (size_t)e[i].data.u64, &rng);
    }
    return done;
}

// ---- The figures

static double cpu_s(pid_t pid)
{
    clockid_t clock;
    struct timespec t;
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &t) != 0)
        die("clock");
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double resident_bytes(pid_t pid)
{
    char path[64];
    char line[128];
    char *at = line;
    (void)snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *f = fopen(path, "r");
    if (f == NULL || fgets(line, sizeof line, f) == NULL)
        die(path);
    (void)fclose(f);            // only read from
    (void)strtoul(at, &at, 10); // the whole size; the second number is what is resident
    const unsigned long pages = strtoul(at, NULL, 10);
    return (double)pages * PAGE_BYTES;
}

static void measure(bool is_web, size_t conns, uint64_t seconds, size_t message_bytes)
{
    static struct load l;
    int from[2];
    uint16_t port = 0;
    if (pipe(from) != 0)
        die("pipe");
    const pid_t server = fork();
    if (server == 0) {
        if (is_web)
            serve_web(from[1]);
        serve_bare(from[1]);
    }
    if (server < 0 || read(from[0], &port, sizeof port) != sizeof port)
        die("server");
    static const uint8_t key[WS_KEY_BYTES] = {1, 2, 3, 4};
    static uint8_t payload[BYTES_MAX];
    memset(payload, 'x', message_bytes);
    l = (struct load){.epoll = epoll_create1(0)};
    l.frame_len = ws_head(l.frame, WS_TEXT, message_bytes, key);
    ws_mask(l.frame + l.frame_len, payload, message_bytes, key, 0);
    l.frame_len += message_bytes;
    l.answer_len = l.frame_len - WS_KEY_BYTES;
    join(&l, port, is_web); // pays what is paid once
    const double before_bytes = resident_bytes(server);
    const double before_s = cpu_s(server);
    while (l.count < conns)
        join(&l, port, is_web);
    const double idle_bytes = (resident_bytes(server) - before_bytes) / (double)(conns - 1);
    const double joined_s = cpu_s(server);
    const uint64_t done = drive(&l, seconds);
    const double spent_s = cpu_s(server) - joined_s;
    printf("%-5s %6zu conns %6zu B: %7.0f messages per CPU second, %5.0f B per idle connection, "
           "%3.0f us CPU per join\n",
           is_web ? "web" : "bare", conns, message_bytes, (double)done / spent_s, idle_bytes,
           (joined_s - before_s) / (double)(conns - 1) * 1e6);
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    for (size_t i = 0; i < l.count; i++)
        (void)close(l.fd[i]);
    (void)close(l.epoll);
    (void)close(from[0]);
    (void)close(from[1]);
}

int main(int argc, char **argv)
{
    const size_t conns = argc > 1 ? strtoul(argv[1], NULL, 10) : 2000;
    const uint64_t seconds = argc > 2 ? strtoul(argv[2], NULL, 10) : 3;
    const size_t bytes = argc > 3 ? strtoul(argv[3], NULL, 10) : 1500;
    if (conns < 2 || conns > CONNS_MAX || bytes < 126 || bytes > BYTES_MAX || seconds == 0) {
        (void)fprintf(stderr, "usage: ws_bench [2..%d [SECONDS [126..%d]]]\n", CONNS_MAX,
                      BYTES_MAX);
        return 2;
    }
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0)
        die("getrlimit");
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        die("setrlimit");
    (void)signal(SIGPIPE, SIG_IGN);
    measure(true, conns, seconds, bytes);
    measure(false, conns, seconds, bytes);
    return 0;
}
