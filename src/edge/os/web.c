// SPDX-License-Identifier: MIT
// The server: a listening socket and the house of its connections.
#include "os/web.h"

#include <assert.h>

#include <uv.h>

#include "base/num.h"
#include "base/text.h"
#include "os/addr.h"
#include "os/web_conn.h"

#define BACKLOG 511 // as nginx's; the kernel cuts it at net.core.somaxconn
// A rush at the door must not starve those who are in: 4,000 a second, some tenth of our time. Nor
// may a long turn shut the door: what it held up is let in after it.
#define ACCEPT_US   UINT64_C(250)
#define ACCEPTS_MAX 256
#define DOOR_US     UINT64_C(4000) // some at once, not one by one

#define CONNECTIONS_MAX ((size_t)1 << 24) // so that sums of sizes cannot wrap

struct web_server {
    struct web_house house;
    uv_tcp_t listener;
    bool is_listening; // the listener's handle is not yet closed
    bool is_waiting;   // one stands at the door, and there was no memory or time for it
    uint16_t port;
    uint64_t accepts_us; // all until then are paid for
    struct loop_timer *door;
};

static struct web_server *server_of(struct web_house *h)
{
    return CONTAINER_OF(h, struct web_server, house);
}

struct web_limits web_limits_default(void)
{
    return (struct web_limits){.connections_max = 1024,
                               .message_bytes_max = (size_t)256 << 20,
                               .body_bytes_max = (size_t)1 << 20,
                               .queue_bytes_max = (size_t)16 << 20,
                               .memory_bytes_max = (size_t)1 << 30,
                               .handshake_us_max = UINT64_C(10) * US_PER_S,
                               .ping_us = UINT64_C(10) * US_PER_S,
                               .dead_us = UINT64_C(30) * US_PER_S,
                               .take_bytes_s_min = 4096};
}

static bool is_welcome(struct web_house *h, const struct web_conn *c)
{
    const struct web_handlers *to = &h->handlers;
    if (h->conn_count - h->away_count > h->limits.connections_max) // c is among them
        return false;
    return to->on_accept == NULL || to->on_accept(to->self, stream_addr(&c->stream));
}

static void judge(struct web_house *h, struct web_conn *c)
{
    if (stream_accept(&c->stream, (uv_stream_t *)&server_of(h)->listener) == RC_OK &&
        is_welcome(h, c)) {
        c->was_let_in = true;
        stream_serve(&c->stream, h->tls);
        return;
    }
    c->is_away = true;
    h->away_count++;
    c->phase = WEB_ENDING;
    stream_reset(&c->stream, "not welcome");
}

// True: the next one has to wait a little.
static bool is_rush(struct web_server *s)
{
    const uint64_t now_us = loop_now_us(s->house.loop);
    const uint64_t saved_us = num_min(time_since(s->accepts_us, now_us), ACCEPTS_MAX * ACCEPT_US);
    if (saved_us < ACCEPT_US) {
        loop_timer_at(s->door, time_after(now_us, DOOR_US));
        return true;
    }
    s->accepts_us = now_us - saved_us + ACCEPT_US;
    return false;
}

static void let_in(struct web_server *s)
{
    struct web_house *h = &s->house;
    struct web_conn *c = is_rush(s) ? NULL : conn_new(h, WEB_HTTP);
    s->is_waiting = c == NULL;
    if (c == NULL)
        return; // libuv calls no more until this one is taken: see on_room
    const struct stream_cfg cfg = conn_stream_cfg(c);
    if (stream_init(&c->stream, &cfg) != RC_OK) {
        conn_forget(c, "");
        s->is_waiting = true;
        return;
    }
    judge(h, c);
}

static void on_room(struct web_house *h)
{
    struct web_server *s = server_of(h);
    if (s->is_waiting && !h->is_over) {
        s->is_waiting = false; // let_in may come back here
        let_in(s);
    }
}

static void door_cb(void *self)
{
    struct web_server *s = self;
    on_room(&s->house);
}

static void connection_cb(uv_stream_t *listener, int status)
{
    struct web_server *s = listener->data;
    if (status == 0) // else a connection that ended while it waited
        let_in(s);
}

static void release(struct web_house *h)
{
    struct web_server *s = server_of(h);
    if (s->is_listening || h->conn_count > 0)
        return;
    loop_timer_free(s->door);
    house_close(h);
    arena_free(h->arena);
}

static void listener_closed(uv_handle_t *handle)
{
    struct web_server *s = handle->data;
    s->is_listening = false;
    release(&s->house);
}

void web_server_free(struct web_server *s)
{
    if (s == NULL)
        return;
    struct web_house *h = &s->house;
    assert(!h->is_over);
    h->is_over = true;
    h->is_silent = true;
    LIST_FOR (it, &h->conns) { // nothing leaves the list inside this call
        struct web_conn *c = CONTAINER_OF(it, struct web_conn, link);
        web_close(c, WS_CODE_GOING_AWAY, "going away");
        web_drop(c);
    }
    uv_close((uv_handle_t *)&s->listener, listener_closed);
}

static int listen_at(struct web_server *s, const struct web_listen_cfg *cfg)
{
    uv_loop_t *uv = loop_uv(s->house.loop);
    char port[8];
    struct text t = text_of(port, sizeof port);
    text_addf(&t, "%u", cfg->port);
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
    uv_getaddrinfo_t found;
    int failed = uv_getaddrinfo(uv, &found, NULL, cfg->address, port, &hints); // waits: start only
    if (failed != 0)
        return failed;
    failed = uv_tcp_bind(&s->listener, found.addrinfo->ai_addr, 0);
    uv_freeaddrinfo(found.addrinfo);
    if (failed == 0)
        failed = uv_listen((uv_stream_t *)&s->listener, BACKLOG, connection_cb);
    union addr_place bound;
    struct net_addr at = {.port = 0};
    int len = sizeof bound;
    if (failed == 0)
        failed = uv_tcp_getsockname(&s->listener, &bound.any, &len);
    if (failed == 0 && addr_of(&at, &bound.any))
        s->port = at.port;
    return failed;
}

static enum rc server_new(struct web_server **out, struct loop *loop,
                          const struct web_limits *limits, const struct web_handlers *handlers)
{
    if (limits->connections_max > CONNECTIONS_MAX)
        return RC_CONFIG;
    // The first block of an arena, which the server lies in, is not for the heap if that is large.
    const size_t bytes = sizeof(struct web_server) + HOUSE_BYTES(limits->connections_max);
    struct arena *arena = arena_new(65536 + bytes);
    struct web_server *s = arena != NULL ? arena_take(arena, sizeof *s) : NULL;
    enum rc rc = s != NULL ? house_open(&s->house, arena, loop, limits, handlers, true) : RC_NOMEM;
    if (rc == RC_OK) {
        rc = loop_timer_new(&s->door, loop, door_cb, s);
        if (rc != RC_OK)
            house_close(&s->house);
    }
    if (rc != RC_OK) {
        arena_free(arena);
        return rc;
    }
    s->house.on_empty = release;
    s->house.on_room = on_room;
    *out = s;
    return RC_OK;
}

enum rc web_listen(struct web_server **out, struct loop *loop, const struct web_listen_cfg *cfg,
                   const struct web_handlers *handlers, struct err *err)
{
    *out = NULL;
    struct web_server *s = NULL;
    enum rc rc = server_new(&s, loop, &cfg->limits, handlers);
    if (rc != RC_OK)
        return err_set(err, rc, "cannot listen on %s:%u: %s", cfg->address, cfg->port,
                       rc == RC_CONFIG ? "a limit is out of range" : rc_text(rc));
    s->house.tls = cfg->tls;
    int failed = uv_tcp_init(loop_uv(loop), &s->listener);
    assert(failed == 0); // makes no descriptor yet
    s->listener.data = s;
    s->is_listening = true;
    failed = listen_at(s, cfg);
    if (failed != 0) {
        web_server_free(s);
        return err_set(err, RC_CONFIG, "cannot listen on %s:%u: %s", cfg->address, cfg->port,
                       uv_strerror(failed));
    }
    *out = s;
    return RC_OK;
}

uint16_t web_port(const struct web_server *s)
{
    return s->port;
}

size_t web_connections(const struct web_server *s)
{
    return s->house.conn_count - s->house.away_count;
}
