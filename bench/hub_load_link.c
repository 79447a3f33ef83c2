// SPDX-License-Identifier: MIT
// Non-blocking sockets, the opening handshake, and frames for the load generator.
#include "hub_load_link.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/ws.h"

#define FRAME_FIN     0x80
#define FRAME_MASK    0x80
#define FRAME_OPCODE  0x0f
#define LENGTH_16     126
#define LENGTH_64     127
#define OUT_BYTES_MIN 1024

void load_die(const char *what)
{
    (void)fprintf(stderr, "hub_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

void *load_alloc(size_t count, size_t size)
{
    void *at = calloc(count > 0 ? count : 1, size);
    if (at == NULL)
        load_die("memory");
    return at;
}

void link_net_init(struct link_net *net, const char *host, uint16_t port, uint64_t seed)
{
    *net = (struct link_net){.epoll = epoll_create1(EPOLL_CLOEXEC),
                             .to = {.sin_family = AF_INET, .sin_port = htons(port)},
                             .rng = rng_seeded(seed)};
    if (net->epoll < 0)
        load_die("epoll_create1");
    if (inet_pton(AF_INET, host, &net->to.sin_addr) != 1) {
        errno = EINVAL;
        load_die(host);
    }
    (void)snprintf(net->host, sizeof net->host, "%s:%u", host, port);
    list_init(&net->dirty);
    net->scratch = load_alloc(1, LINK_SCRATCH_BYTES);
}

void link_net_end(struct link_net *net)
{
    (void)close(net->epoll);
    free(net->scratch);
    net->scratch = NULL;
}

void link_init(struct link *l)
{
    *l = (struct link){.fd = -1};
    list_init(&l->dirty);
}

void link_close(struct link *l, const char *why)
{
    if (l->state == LINK_OFF)
        return;
    (void)close(l->fd); // which takes it out of epoll, too
    free(l->kept);
    free(l->out);
    list_del(&l->dirty);
    *l = (struct link){.fd = -1, .why = why};
    list_init(&l->dirty);
}

void link_abort(struct link *l, const char *why)
{
    const struct linger hard = {.l_onoff = 1};
    if (l->state != LINK_OFF && setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard) != 0)
        load_die("SO_LINGER");
    link_close(l, why);
}

static void watch(struct link *l, const struct link_net *net, int operation, uint32_t events)
{
    struct epoll_event e = {.events = events, .data.ptr = l};
    if (epoll_ctl(net->epoll, operation, l->fd, &e) != 0)
        load_die("epoll_ctl");
}

static void set_no_delay(int fd)
{
    const int one = 1;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)
        load_die("TCP_NODELAY");
}

void link_start(struct link *l, struct link_net *net)
{
    assert(l->state == LINK_OFF);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (l->fd < 0)
        load_die("socket");
    set_no_delay(l->fd);
    l->state = LINK_CONNECTING;
    if (connect(l->fd, (const struct sockaddr *)&net->to, sizeof net->to) != 0 &&
        errno != EINPROGRESS) {
        link_close(l, "connection refused");
        return;
    }
    watch(l, net, EPOLL_CTL_ADD, EPOLLIN | EPOLLOUT);
}

void link_pair(struct link *a, struct link *b, struct link_net *net)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    a->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0 || a->fd < 0 || bind(listener, (struct sockaddr *)&at, sizeof at) != 0 ||
        listen(listener, 1) != 0 || getsockname(listener, (struct sockaddr *)&at, &len) != 0 ||
        connect(a->fd, (struct sockaddr *)&at, sizeof at) != 0)
        load_die("a pair of sockets");
    b->fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (b->fd < 0)
        load_die("accept4");
    (void)close(listener);
    struct link *end[] = {a, b};
    for (size_t i = 0; i < ARRAY_COUNT(end); i++) { // all sends and reads say MSG_DONTWAIT
        set_no_delay(end[i]->fd);
        end[i]->state = LINK_OPEN;
        watch(end[i], net, EPOLL_CTL_ADD, EPOLLIN);
    }
}

// ---- Out

static void send_upgrade(struct link *l, const struct link_net *net)
{
    char request[256];
    int error = 0;
    socklen_t len = sizeof error;
    if (getsockopt(l->fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
        load_die("SO_ERROR");
    if (error != 0) {
        link_close(l, "connection refused");
        return;
    }
    const int n = snprintf(request, sizeof request,
                           "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\n"
                           "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                           "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                           net->host);
    if (send(l->fd, request, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) != n) {
        link_close(l, "closed before the handshake");
        return;
    }
    l->state = LINK_UPGRADING;
    watch(l, net, EPOLL_CTL_MOD, EPOLLIN);
}

static void flush_one(struct link *l, const struct link_net *net)
{
    const ssize_t sent = send(l->fd, l->out, l->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    const bool is_full = sent < 0 && errno == EAGAIN;
    size_t gone = sent > 0 ? (size_t)sent : 0;
    if (sent < 0 && !is_full)
        gone = l->out_len; // the other side is gone: the next read says so
    l->out_len -= gone;
    memmove(l->out, l->out + gone, l->out_len);
    list_del(&l->dirty);
    if (l->is_blocked != (l->out_len > 0)) {
        l->is_blocked = l->out_len > 0;
        watch(l, net, EPOLL_CTL_MOD, l->is_blocked ? EPOLLIN | EPOLLOUT : EPOLLIN);
    }
}

void link_flush_all(struct link_net *net)
{
    LIST_FOR_SAFE (at, &net->dirty)
        flush_one(CONTAINER_OF(at, struct link, dirty), net);
}

static uint8_t *out_room(struct link *l, size_t len)
{
    const size_t need = l->out_len + len;
    size_t cap = l->out_cap > 0 ? l->out_cap : OUT_BYTES_MIN;
    while (cap < need)
        cap *= 2;
    if (cap > LINK_OUT_BYTES_MAX) {
        errno = ENOBUFS;
        load_die("the coordinator does not read");
    }
    if (cap > l->out_cap) {
        l->out = realloc(l->out, cap);
        if (l->out == NULL)
            load_die("memory");
        l->out_cap = cap;
    }
    return l->out + l->out_len;
}

static void send_frame(struct link *l, struct link_net *net, enum ws_kind kind,
                       struct bytes payload)
{
    const uint32_t mask = (uint32_t)(rng_u64(&net->rng) & UINT32_MAX);
    uint8_t key[WS_KEY_BYTES];
    memcpy(key, &mask, sizeof key);
    uint8_t *at = out_room(l, WS_HEAD_BYTES_MAX + payload.len);
    const size_t head = ws_head(at, kind, payload.len, key);
    ws_mask(at + head, payload.at, payload.len, key, 0);
    l->out_len += head + payload.len;
    if (list_is_empty(&l->dirty) && !l->is_blocked)
        list_push_back(&net->dirty, &l->dirty);
}

void link_send(struct link *l, struct link_net *net, struct bytes text)
{
    assert(l->state == LINK_OPEN);
    assert(text.len <= LINK_MESSAGE_BYTES_MAX);
    send_frame(l, net, WS_TEXT, text);
}

// ---- In

bool link_events(struct link *l, struct link_net *net, uint32_t events)
{
    if (l->state == LINK_OFF)
        return false; // closed earlier in this turn
    if (l->state == LINK_CONNECTING) {
        send_upgrade(l, net);
        return false;
    }
    if ((events & EPOLLOUT) != 0 && l->out_len > 0)
        flush_one(l, net);
    return l->state != LINK_OFF && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0;
}

// Drops the answer's head from what was read, once it is all there.
static void finish_upgrade(struct link *l, struct link_net *net)
{
    static const char good[] = "HTTP/1.1 101";
    const uint8_t *head = net->scratch;
    const uint8_t *end = memmem(head, net->in_len, "\r\n\r\n", 4);
    if (end == NULL)
        return;
    if (memcmp(head, good, sizeof good - 1) != 0) {
        (void)fprintf(stderr, "hub_load: refused: %.*s\n", (int)strcspn((const char *)head, "\r"),
                      (const char *)head);
        link_close(l, "no WebSocket there");
        return;
    }
    net->in_at = (size_t)(end - head) + 4;
    l->state = LINK_OPEN;
}

bool link_take(struct link *l, struct link_net *net)
{
    if (l->kept_len > 0)
        memcpy(net->scratch, l->kept, l->kept_len);
    net->in_at = 0;
    net->in_len = l->kept_len;
    l->kept_len = 0;
    const ssize_t got =
        recv(l->fd, net->scratch + net->in_len, LINK_SCRATCH_BYTES - net->in_len, MSG_DONTWAIT);
    if (got == 0 || (got < 0 && errno != EAGAIN)) {
        link_close(l, l->state == LINK_OPEN ? "closed by the coordinator" : "handshake cut");
        return false;
    }
    net->in_len += got > 0 ? (size_t)got : 0;
    if (l->state == LINK_UPGRADING)
        finish_upgrade(l, net);
    return l->state != LINK_OFF;
}

// What is left of the scratch is the front of a message: it goes with the link.
static void keep_rest(struct link *l, const struct link_net *net)
{
    const size_t len = net->in_len - net->in_at;
    if (len > 0) {
        uint8_t *kept = realloc(l->kept, len);
        if (kept == NULL)
            load_die("memory");
        memcpy(kept, net->scratch + net->in_at, len);
        l->kept = kept;
    }
    l->kept_len = len;
}

struct frame {
    uint8_t first; // FIN and opcode
    bool is_masked;
    uint64_t len;
    size_t head_len; // with the key
};

static bool read_head(struct frame *f, struct bytes in)
{
    struct cursor c = {.left = in};
    f->first = cursor_u8(&c);
    const uint8_t second = cursor_u8(&c);
    f->is_masked = (second & FRAME_MASK) != 0;
    f->len = second & LENGTH_64;
    if (f->len == LENGTH_16)
        f->len = cursor_u16(&c);
    else if (f->len == LENGTH_64)
        f->len = cursor_u64(&c);
    if (f->is_masked)
        (void)cursor_take(&c, WS_KEY_BYTES); // the frame's own place is known by the head's end
    f->head_len = in.len - c.left.len;
    return !c.is_bad;
}

// A whole frame at the front of the scratch, its payload unmasked in place.
static bool next_frame(struct link *l, struct link_net *net, struct frame *f, struct bytes *payload)
{
    const struct bytes in = {net->scratch + net->in_at, net->in_len - net->in_at};
    if (!read_head(f, in))
        return false;
    if (f->len > LINK_MESSAGE_BYTES_MAX) {
        link_close(l, "a message too long");
        return false;
    }
    if (in.len - f->head_len < f->len)
        return false;
    uint8_t *at = net->scratch + net->in_at + f->head_len;
    if (f->is_masked)
        ws_mask(at, at, (size_t)f->len, at - WS_KEY_BYTES, 0);
    *payload = (struct bytes){at, (size_t)f->len};
    net->in_at += f->head_len + (size_t)f->len;
    return true;
}

bool link_next(struct link *l, struct link_net *net, struct bytes *text)
{
    struct frame f;
    while (l->state == LINK_OPEN && next_frame(l, net, &f, text)) {
        const uint8_t kind = f.first & FRAME_OPCODE;
        if (f.first == (FRAME_FIN | WS_TEXT))
            return true;
        if (kind == WS_PING)
            send_frame(l, net, WS_PONG, *text);
        else if (kind == WS_CLOSE)
            link_close(l, "closed by the coordinator, with a close frame");
        else if (kind != WS_PONG)
            link_close(l, "a frame that is no whole text"); // none of ours splits messages
    }
    if (l->state != LINK_OFF)
        keep_rest(l, net);
    return false;
}
