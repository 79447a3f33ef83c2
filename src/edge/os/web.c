// SPDX-License-Identifier: MIT
// The server: a listening socket and the house of its connections.
#include "os/web.h"

#include <assert.h>

#include <uv.h>

#include "base/num.h"
#include "base/text.h"
#include "os/web_conn.h"

#define BACKLOG 511 // as nginx's; the kernel cuts it at net.core.somaxconn

struct web_server {
    struct web_house house;
    uv_tcp_t listener;
    bool is_listening; // the listener's handle is not yet closed
    bool is_waiting;   // one stands at the door, and there was no memory for it
    uint16_t port;
};

struct web_limits web_limits_default(void)
{
    return (struct web_limits){.connections_max = 1024,
                               .message_bytes_max = (size_t)256 << 20,
                               .body_bytes_max = (size_t)1 << 20,
                               .queue_bytes_max = (size_t)16 << 20,
                               .memory_bytes_max = (size_t)1 << 30,
                               .handshake_us_max = UINT64_C(10) * US_PER_S,
                               .ping_us = UINT64_C(10) * US_PER_S,
                               .dead_us = UINT64_C(30) * US_PER_S};
}

static void let_in(struct web_server *s)
{
    struct web_house *h = &s->house;
    const bool is_full = h->conn_count >= h->limits.connections_max;
    struct web_conn *c = conn_new(h, WEB_HTTP);
    s->is_waiting = c == NULL;
    if (c == NULL)
        return; // libuv calls no more until this one is taken: see on_room
    if (conn_stream_init(c) != RC_OK) {
        conn_forget(c, "");
        s->is_waiting = true;
        return;
    }
    stream_accept(&c->stream, (uv_stream_t *)&s->listener, is_full ? NULL : h->tls);
    if (is_full)
        web_drop(c);
}

static void on_room(struct web_house *h)
{
    struct web_server *s = CONTAINER_OF(h, struct web_server, house);
    if (s->is_waiting && !h->is_over) {
        s->is_waiting = false; // let_in may come back here
        let_in(s);
    }
}

static void connection_cb(uv_stream_t *listener, int status)
{
    struct web_server *s = listener->data;
    if (status == 0) // else a connection that ended while it waited
        let_in(s);
}

static void release(struct web_house *h)
{
    struct web_server *s = CONTAINER_OF(h, struct web_server, house);
    if (s->is_listening || h->conn_count > 0)
        return;
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
    struct sockaddr_storage bound;
    int len = sizeof bound;
    if (failed == 0)
        failed = uv_tcp_getsockname(&s->listener, (struct sockaddr *)&bound, &len);
    if (failed == 0)
        s->port =
            ntohs(bound.ss_family == AF_INET6 ? ((const struct sockaddr_in6 *)&bound)->sin6_port
                                              : ((const struct sockaddr_in *)&bound)->sin_port);
    return failed;
}

enum rc web_listen(struct web_server **out, struct loop *loop, const struct web_listen_cfg *cfg,
                   const struct web_handlers *handlers, struct err *err)
{
    *out = NULL;
    struct arena *arena = arena_new(sizeof(struct web_server) + 4096);
    struct web_server *s = arena != NULL ? arena_take(arena, sizeof *s) : NULL;
    enum rc rc =
        s != NULL ? house_open(&s->house, arena, loop, &cfg->limits, handlers, true) : RC_NOMEM;
    if (rc != RC_OK) {
        arena_free(arena);
        return err_set(err, rc, "cannot listen on %s:%u: %s", cfg->address, cfg->port,
                       rc == RC_CONFIG ? "a limit is out of range" : rc_text(rc));
    }
    s->house.tls = cfg->tls;
    s->house.on_empty = release;
    s->house.on_room = on_room;
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
    return s->house.conn_count;
}
